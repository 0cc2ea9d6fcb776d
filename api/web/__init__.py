"""The workbench: pages over the same parts as the HTTP interface, beside it.

``install`` is called once, when the application is made.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from fastapi import FastAPI

from api.web import assets, errors, login, start

ROOMS = ("instances", "jobs", "plan", "compare")
"""Each a module or package of this one, with a ``router``."""


def install(app: FastAPI) -> None:
    """Add the pages to an application."""
    errors.install(app)
    for router in (start.index, start.router, login.router, assets.router):
        app.include_router(router)
    for name in ROOMS:
        found = find_spec(f"api.web.{name}")
        if found is not None and found.origin is not None:
            app.include_router(import_module(f"api.web.{name}").router, include_in_schema=False)
