"""The application: parts, routes, and what is around them."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from api import metrics, web
from api.http import openapi, problems, routes
from api.http.auth import Admin, Caller, Guard, Reader, Submitter
from api.http.limits import Buffered, Rates
from api.http.middleware import Envelope
from api.http.parts import Needs, Parts
from api.http.sse import Streams
from api.jobs.port import Jobs
from api.settings import Settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from api.store.documents import Documents
    from api.store.keys import Keys

_SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""The framework's own telemetry, which an environment variable could turn on: figures are at /metrics."""
BUFFERED = 8
"""Bodies of the largest size that are held in memory at a time."""


def make_app(
    settings: Settings,
    *,
    jobs: Jobs,
    documents: Documents,
    keys: Keys,
    engine: sa.Engine | None = None,
) -> FastAPI:
    """The HTTP service over these parts; ``engine`` is the database's, for health and figures."""
    app = FastAPI(
        title="stockpile",
        version=version("stockpile"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=_SILENT,
    )
    app.state.parts = Parts(
        settings=settings,
        jobs=jobs,
        documents=documents,
        keys=keys,
        engine=engine,
        streams=Streams(jobs),
        rates=Rates(settings.requests_per_minute),
        buffered=Buffered(BUFFERED * settings.body_mb * 2**20),
    )
    app.state.guard = Guard()
    problems.install(app)
    metrics.install(app, engine, settings)
    web.install(app)
    app.add_middleware(Envelope)
    for module in (routes.instances, routes.validate, routes.jobs, routes.events):
        app.include_router(module.router)
    for module in (routes.results, routes.schema, routes.health):
        app.include_router(module.router)
    app.include_router(openapi.router)
    return app


__all__ = ["Admin", "Caller", "Needs", "Parts", "Reader", "Submitter", "make_app"]
