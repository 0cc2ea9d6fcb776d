"""Rows of jobs: what a request becomes in the table, and what the table says as a Job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.jobs import cache
from api.store.schema import jobs
from models.jobs import BatchRequest, Envelope, EvaluateRequest, Job, Kind, Limits, Problem, Request

NO_TURN = -1.0
"""Turn of a job that is not, or no longer, in the queue: batches, answers from the cache, jobs cancelled
before they were served (whoever cancels keeps the place in the fair order)."""

_ENVELOPE = frozenset(Envelope.model_fields)
_SAME = frozenset(Job.model_fields) - {"tags", "work", "limits", "problem", "position"}


def job(row: Mapping[str, Any], position: int | None = None) -> Job:
    """A row as the service tells it."""
    return Job(
        **{name: row[name] for name in _SAME},
        tags=tuple(row["tags"]),
        work=row["work"],
        limits=Limits.model_validate(row["limits"]),
        problem=None if row["problem"] is None else Problem.model_validate(row["problem"]),
        position=position,
    )


def whole(row: Mapping[str, Any], number: int | None) -> dict[str, Any]:
    """A new row with the columns it leaves empty, as the table would give it."""
    return {**dict.fromkeys(jobs.c.keys()), **row, "number": number}


def work_of(request: Request) -> dict[str, Any]:
    """The work of a request as plain data, without its envelope."""
    return request.model_dump(mode="json", exclude=set(_ENVELOPE))


def of_request(id: str, tenant: str, key: str | None, request: Request, now: float) -> dict[str, Any]:
    """The row of a new job, waiting, without its turn."""
    instance = None if isinstance(request, BatchRequest) else request.instance
    total = len(request.instances) if isinstance(request, BatchRequest) else None
    values = _new(id, tenant, key, request, work_of(request), request.kind, now)
    return values | {
        "title": request.title,
        "tags": sorted(set(request.tags)),
        "instance": _stored(instance),
        "parent": request.parent,
        "webhook": request.webhook,
        "done": None if total is None else 0,
        "total": total,
    }


def of_members(batch: Mapping[str, Any], ids: Iterator[str]) -> list[dict[str, Any]]:
    """Rows of the jobs of a batch, in its order; they share its priority, limits and options."""
    work = batch["work"]
    rows = []
    for member in work["instances"]:
        single = {"kind": "solve", "instance": member["instance"], "options": work["options"]}
        rows.append(
            {
                **batch,
                "id": next(ids),
                "kind": "solve",
                "work": single,
                "cache_key": cache.key("solve", single, batch["limits"]),
                "instance": _stored(member["instance"]),
                "batch": batch["id"],
                "member": member["name"],
                "title": None,
                "tags": [],
                "parent": None,
                "webhook": None,
                "done": None,
                "total": None,
            }
        )
    return rows


def of_batch(row: dict[str, Any], done: int) -> dict[str, Any]:
    """The row of a batch, some of whose jobs are done at once; with all of them only its table is missing."""
    if done < row["total"]:
        return row | {"done": done}
    return row | {"done": done, "state": "running", "started": row["created"]}


def instances_of(request: Request) -> set[str]:
    """Ids of the stored instances a request needs."""
    if isinstance(request, BatchRequest):
        return {_needed(member.instance) for member in request.instances}
    if isinstance(request, EvaluateRequest):
        return {_needed(ref) for ref in (request.instance, request.scenarios) if ref is not None}
    return {_needed(request.instance)}


def _new(
    id: str, tenant: str, key: str | None, request: Request, work: dict[str, Any], kind: Kind, now: float
) -> dict[str, Any]:
    limits = request.limits.model_dump(mode="json")
    return {
        "id": id,
        "tenant": tenant,
        "key": key,
        "kind": kind,
        "state": "queued",
        "priority": request.priority,
        "turn": NO_TURN,
        "work": work,
        "cache_key": cache.key(kind, work, limits),
        "limits": limits,
        "batch": None,
        "member": None,
        "solver_status": None,
        "objective": None,
        "bound": None,
        "gap": None,
        "relative_gap": None,
        "started": None,
        "finished": None,
        "expires": None,
        "cached_from": None,
        "result": None,
        "attempt": 0,
        "events": 1,
        "version": 1,
        "created": now,
    }


def _stored(ref: object) -> str | None:
    return None if ref is None else _needed(ref)


def _needed(ref: object) -> str:
    if not isinstance(ref, str):
        raise TypeError("documents of a request are stored before it is submitted")
    return ref
