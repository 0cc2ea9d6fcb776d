"""The room of comparisons: choose plans, sweep budgets, see alternatives side by side."""

from __future__ import annotations

from fastapi import APIRouter

from api.web.compare import showing, sweeping

router = APIRouter()
for _part in (sweeping.router, showing.router):
    router.include_router(_part)

__all__ = ["router"]
