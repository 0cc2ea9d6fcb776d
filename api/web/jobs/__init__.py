"""The room of jobs: a list, one job while it runs and afterwards, new jobs."""

from __future__ import annotations

from fastapi import APIRouter

from api.web.jobs import acting, files, looking

router = APIRouter()
for _part in (acting.router, files.router, looking.router):
    router.include_router(_part)

__all__ = ["router"]
