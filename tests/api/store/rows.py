"""Rows of jobs, written as the engine would write them."""

from __future__ import annotations

import secrets
import time
from typing import Any

import sqlalchemy as sa

from api.store.schema import jobs
from models.jobs import Job

DAY = 86_400.0
SMALL: dict[str, Any] = {
    "schema_version": "1",
    "name": "small",
    "horizon": {"start_year": 2027, "periods": 1},
    "countries": [{"id": "USA", "name": "United States", "group": "domestic"}],
}
"""An instance as plain data."""


def small(name: str = "small") -> dict[str, Any]:
    """Another instance for each name."""
    return {**SMALL, "name": name}


def job_values(**values: Any) -> dict[str, Any]:
    """The row of a job that has just succeeded, but for what is given."""
    now = time.time()
    return {
        "id": secrets.token_hex(16),
        "tenant": "t",
        "kind": "solve",
        "state": "succeeded",
        "tags": [],
        "priority": 5,
        "turn": 0.0,
        "work": {"kind": "solve"},
        "cache_key": "0" * 64,
        "limits": {},
        "created": now,
        "finished": now,
        "objective": 1.0,
    } | values


def add_job(engine: sa.Engine, **values: Any) -> str:
    """The same in the database; its id."""
    row = job_values(**values)
    with engine.begin() as connection:
        connection.execute(sa.insert(jobs).values(row))
    return str(row["id"])


def job_row(engine: sa.Engine, id: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(sa.select(jobs).where(jobs.c.id == id)).one_or_none()


def job(engine: sa.Engine, id: str) -> Job:
    row = job_row(engine, id)
    return Job(**{name: getattr(row, name) for name in ("id", "kind", "state", "work", "created", "result")})
