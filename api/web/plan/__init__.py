"""A plan as pages: what it buys and holds, what may happen, why it is so, what it rests on."""

from __future__ import annotations

from fastapi import APIRouter

from api.web.plan import downloads, pages, reasons_pages

router = APIRouter(include_in_schema=False)
for _module in (downloads, reasons_pages, pages):  # pages last: it takes every other address below
    router.include_router(_module.router)

__all__ = ["router"]
