"""Results are found again: the same work of the same tenant is not done twice.

A result answers for another submission only if more time would not have made it better: a solve that is
optimal, infeasible or unbounded; work of other kinds that ended by itself. How far a solve was let go is told
by its status, so its limits do not matter; for work of other kinds they do, and are part of the key. The
version is part of it too: a newer one may know better.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache as memoize
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa

from api.store.schema import jobs

SETTLED = ("optimal", "infeasible", "unbounded")
"""Statuses of the solver that more time would not change."""
TAKEN = ("solver_status", "objective", "bound", "gap", "relative_gap", "done", "total", "result")
"""What a job answered from the cache takes over."""
_CHUNK = 500
_FIND = (
    sa.select(*(jobs.c[name] for name in ("id", "cache_key", "kind", "state", "stop_asked", "cached_from")))
    .add_columns(*(jobs.c[name] for name in TAKEN))
    .where(
        jobs.c.tenant == sa.bindparam("tenant"),
        jobs.c.cache_key.in_(sa.bindparam("keys", expanding=True)),
        jobs.c.state == "succeeded",
    )
    .order_by(jobs.c.number)
)


@memoize
def _version() -> str:
    return version("stockpile")


def key(kind: str, work: Mapping[str, Any], limits: Mapping[str, Any]) -> str:
    """SHA-256 of all that a complete result depends on: not on where the search has started."""
    matter = {} if kind == "solve" else {name: value for name, value in limits.items() if value is not None}
    work = {name: value for name, value in work.items() if name != "warm"}
    text = json.dumps([_version(), kind, work, matter], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_complete(row: Mapping[str, Any]) -> bool:
    """Whether a job's result answers for the same work asked again."""
    status = row["solver_status"]
    settled = status in SETTLED if row["kind"] == "solve" else status is None or status in SETTLED
    return (
        row["state"] == "succeeded"
        and row["kind"] != "batch"  # each of its jobs is looked up for itself
        and row["result"] is not None
        and row["stop_asked"] is None
        and settled
    )


def find(connection: sa.Connection, tenant: str, keys: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Rows of jobs whose results answer these keys; the newest of each."""
    wanted = sorted(set(keys))
    found: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(_FIND, {"tenant": tenant, "keys": wanted[start : start + _CHUNK]})
        found |= {row["cache_key"]: row for row in map(dict, rows.mappings()) if is_complete(row)}
    return found


def answered(row: Mapping[str, Any], source: Mapping[str, Any], now: float, kept: float) -> dict[str, Any]:
    """The row of a new job with the result of another; kept so many seconds."""
    return {
        **row,
        **{name: source[name] for name in TAKEN},
        "state": "succeeded",
        "cached_from": source["cached_from"] or source["id"],
        "finished": now,
        "expires": now + kept,
    }
