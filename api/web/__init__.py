"""The workbench: pages over the same parts as the HTTP interface, beside it.

``install`` is called once, when the application is made.
"""

from __future__ import annotations

from fastapi import FastAPI

from api.web import assets, compare, errors, instances, jobs, login, plan, start


def install(app: FastAPI) -> None:
    """Add the pages to an application."""
    errors.install(app)
    for router in (start.index, start.router, login.router, assets.router):
        app.include_router(router)
    for room in (instances, jobs, plan, compare):
        app.include_router(room.router, include_in_schema=False)
