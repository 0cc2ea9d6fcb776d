"""Whether the service lives, can work, and how it fares."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from starlette.responses import Response

from api import webhooks
from api.http.auth import Admin, Reader
from api.http.parts import Needs, Parts
from api.jobs.heartbeat import clock
from api.metrics import Metrics
from api.store.database import reading
from api.store.schema import workers
from models.faults import StockpileError, Unavailable

router = APIRouter(tags=["service"])

KEPT = 2.0
"""Seconds for which an answer of /readyz stands: whoever asks often does not make the disk work."""
_log = structlog.get_logger(__name__)


class Check(BaseModel):
    """One thing that the service needs."""

    ok: bool
    detail: str = ""


class Readiness(BaseModel):
    """Whether the service can take and run jobs."""

    ready: bool
    checks: dict[str, Check] = Field(description="database, blobs, workers")


class Worker(BaseModel):
    """A process that runs jobs."""

    id: str
    host: str
    pid: int
    alive: bool
    slots: int = Field(description="jobs it can run at a time")
    busy: int = Field(description="jobs it runs")
    memory_mb: float = Field(description="of its jobs, now")
    version: str
    started: float
    silent_seconds: float = Field(description="since it was last heard of")


class WorkerList(BaseModel):
    """All that have been heard of and have not left in good order."""

    workers: tuple[Worker, ...]


class Version(BaseModel):
    """What runs here."""

    stockpile: str
    python: str
    dbos: str
    highs: str


class WebhookSecret(BaseModel):
    """What webhooks are signed with."""

    secret: str


@router.get("/healthz", operation_id="healthz")
async def healthz() -> dict[str, str]:
    """Answer that the process lives; it asks nobody else."""
    return {"status": "alive"}


@router.get("/readyz", operation_id="readyz", response_model=Readiness)
def readyz(request: Request, parts: Needs) -> Response:
    """Tell whether jobs can be taken and run: the database answers, blobs can be written, a worker lives.

    503 with what is wrong otherwise. The reasons in full are in the log, not in the answer.
    """
    state = request.app.state
    with _checking:
        at, found = getattr(state, "readiness", (-KEPT, None))
        if found is None or time.monotonic() - at >= KEPT:
            found = readiness(parts)
            state.readiness = (time.monotonic(), found)
    return Response(found.model_dump_json(), 200 if found.ready else 503, media_type="application/json")


_checking = threading.Lock()


def readiness(parts: Parts) -> Readiness:
    """Look at everything, whatever is wrong with one of them."""
    checks = {
        "database": _check("database", lambda: _database(parts)),
        "blobs": _check("blobs", lambda: _blobs(parts)),
        "workers": _check("workers", lambda: _workers(parts)),
    }
    return Readiness(ready=all(check.ok for check in checks.values()), checks=checks)


def _check(name: str, call: Callable[[], str]) -> Check:
    try:
        return Check(ok=True, detail=call())
    except StockpileError as error:
        _log.warning("not ready", check=name, error=str(error))
        return Check(ok=False, detail=str(error))
    except (OSError, sa.exc.SQLAlchemyError) as error:
        _log.warning("not ready", check=name, error=str(error).split("\n", 1)[0])
        return Check(ok=False, detail=_WRONG[name])


_WRONG = {
    "database": "It does not answer.",
    "blobs": "They cannot be written.",
    "workers": "The database, which knows them, does not answer.",
}


def _engine(parts: Parts) -> sa.Engine:
    if parts.engine is None:
        raise Unavailable("There is no database.")
    return parts.engine


def _database(parts: Parts) -> str:
    with reading(_engine(parts)) as connection:
        connection.scalar(sa.select(1))
    return ""


def _blobs(parts: Parts) -> str:
    """Written, read and removed: what is there already would not have to be written."""
    blobs, data = parts.documents.blobs, os.urandom(16)
    digest = blobs.put(data)
    blobs.get(digest)
    blobs.remove(digest)
    return ""


def _workers(parts: Parts) -> str:
    alive = sum(worker.alive for worker in _heard_of(parts))
    if not alive:
        raise Unavailable("No worker lives: jobs wait.")
    return f"{alive} alive"


def _heard_of(parts: Parts) -> list[Worker]:
    w = workers.c
    with reading(_engine(parts)) as connection:
        silent = (clock(connection) - w.heartbeat).label("silent")
        rows = connection.execute(sa.select(workers, silent).order_by(w.id)).mappings().all()
    return [
        Worker(
            **{name: row[name] for name in Worker.model_fields if name in row},
            alive=row["silent"] < parts.settings.dead_seconds,
            silent_seconds=max(0.0, row["silent"]),
        )
        for row in rows
    ]


@router.get("/metrics", operation_id="metrics", response_class=Response)
def metrics(request: Request, caller: Reader) -> Response:
    """Figures in the text format of Prometheus."""
    found: Metrics = request.app.state.metrics
    return Response(found.scrape(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get("/version", operation_id="version", response_model=Version)
@router.get("/v1/version", include_in_schema=False)
def tell_version() -> dict[str, str]:
    """Tell what runs here."""
    return {
        "stockpile": version("stockpile"),
        "python": platform.python_version(),
        "dbos": version("dbos"),
        "highs": version("highspy"),
    }


@router.get("/v1/workers", operation_id="list_workers", response_model=WorkerList)
def list_workers(caller: Admin, parts: Needs) -> Any:
    """List the processes that run jobs, also those that have fallen silent."""
    return WorkerList(workers=tuple(_heard_of(parts)))


@router.get("/v1/webhook-secret", operation_id="webhook_secret", response_model=WebhookSecret)
def webhook_secret(caller: Admin, parts: Needs) -> Any:
    """Tell what webhooks of this service are signed with: `whsec_` and base64 of the key of the HMAC."""
    return WebhookSecret(secret=webhooks.secret(_engine(parts)))
