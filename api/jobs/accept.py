"""Accepting a job: one transaction makes its row, its tags, its first event and its place in the queue."""

from __future__ import annotations

import hashlib
import math
import time
import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api import webhooks
from api.jobs import cache, events, fair, query, rows
from api.jobs.port import Submission
from api.jobs.queue import Queue
from api.settings import Settings
from api.store.database import insert, is_sqlite
from api.store.schema import instances, jobs, plans, submissions, tags
from models.faults import (
    BadRequest,
    NoResult,
    NoSuchInstance,
    NoSuchJob,
    NoSuchPlan,
    QueueFull,
    StillAccepted,
    UsedIdempotencyKey,
)
from models.jobs import BatchRequest, EvaluateRequest, Job, SolveRequest

_CHUNK = 500
_KEY_LENGTH = 255


class Draft:
    """A submission with all that can be worked out before the transaction: ids, rows, digests."""

    def __init__(self, submission: Submission, settings: Settings) -> None:
        self.submission = submission
        self.request = submission.request
        self.now = time.time()
        self.kept = settings.retention_days * 86_400
        self.limit = settings.queue_limit
        self.id = uuid.uuid4().hex
        self.row = rows.of_request(self.id, submission.tenant, submission.key, self.request, self.now)
        ids = iter(lambda: uuid.uuid4().hex, "")
        self.members = rows.of_members(self.row, ids) if isinstance(self.request, BatchRequest) else []
        self.instances = rows.instances_of(self.request)
        key = submission.idempotency_key
        if key is not None and not (0 < len(key) <= _KEY_LENGTH and key.isprintable()):
            raise BadRequest(f"An idempotency key has 1 to {_KEY_LENGTH} printable characters.")
        if len(self.members) > self.limit:
            raise BadRequest(f"A batch of {len(self.members):,} instances; {self.limit:,} jobs may wait.")


def accept(connection: sa.Connection, queue: Queue, draft: Draft) -> tuple[Job, bool]:
    """The job, and whether it is new; within a transaction that writes."""
    tenant = draft.submission.tenant
    _alone(connection, tenant, draft.submission.idempotency_key)
    known = _known(connection, draft)
    if known is not None:
        return query.get(connection, tenant, known), False
    _check(connection, draft)
    wanted = draft.members or [draft.row]
    found = {} if draft.request.fresh else cache.find(connection, tenant, (r["cache_key"] for r in wanted))
    made = [
        cache.answered(row, found[row["cache_key"]], draft.now, draft.kept)
        if row["cache_key"] in found
        else row
        for row in wanted
    ]
    waiting = [row for row in made if row["state"] == "queued"]
    _room(connection, tenant, len(waiting), draft.limit)
    if waiting:
        turn = fair.next_turn(connection, tenant, draft.request.priority)
        places = {row["id"]: turn + i for i, row in enumerate(waiting)}
        made = [row | {"turn": places.get(row["id"], rows.NO_TURN)} for row in made]
        waiting = [row for row in made if row["id"] in places]
    if draft.members:
        made.insert(0, rows.of_batch(draft.row, len(made) - len(waiting)))
    connection.execute(sa.insert(jobs), made)
    events.first(connection, made)
    if draft.row["tags"]:
        connection.execute(sa.insert(tags), [{"job": draft.id, "tag": tag} for tag in draft.row["tags"]])
    _remember(connection, draft)
    queue.runs(connection, [(row["id"], fair.packed(row["priority"], row["turn"])) for row in waiting])
    if not waiting:
        _at_once(connection, queue, draft)
    return query.get(connection, tenant, draft.id), True


def _alone(connection: sa.Connection, tenant: str, key: str | None) -> None:
    """One submission of a tenant at a time, so that keys, turns and the queue's limit are exact.

    On SQLite every writer is alone already.
    """
    if is_sqlite(connection):
        return
    if key is not None:
        try:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_number("key", tenant, key))))
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03":  # lock_not_available, after lock_timeout
                raise
            raise StillAccepted(retry_after=1) from error
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_number("tenant", tenant))))


def _number(*parts: str) -> int:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _known(connection: sa.Connection, draft: Draft) -> str | None:
    """The id of the job this submission has already become."""
    # An earlier attempt may have been committed and its answer lost: its id is the draft's.
    if connection.execute(sa.select(jobs.c.id).where(jobs.c.id == draft.id)).first() is not None:
        return draft.id
    key, tenant = draft.submission.idempotency_key, draft.submission.tenant
    if key is None:
        return None
    row = connection.execute(
        sa.select(submissions.c.job, submissions.c.body)
        .join(jobs, jobs.c.id == submissions.c.job)  # a job long forgotten frees its key
        .where(submissions.c.tenant == tenant, submissions.c.key == key)
    ).one_or_none()
    if row is None:
        return None
    if row.body != (draft.submission.body or ""):
        raise UsedIdempotencyKey("Take a new key for a new request.")
    return str(row.job)


def _remember(connection: sa.Connection, draft: Draft) -> None:
    submission = draft.submission
    if submission.idempotency_key is None:
        return
    values = {"body": submission.body or "", "job": draft.id, "created": draft.now}
    statement = insert(connection, submissions).values(
        tenant=submission.tenant, key=submission.idempotency_key, **values
    )
    connection.execute(statement.on_conflict_do_update(index_elements=["tenant", "key"], set_=values))


def _check(connection: sa.Connection, draft: Draft) -> None:
    """Whether all that the request names is the tenant's own."""
    tenant, request = draft.submission.tenant, draft.request
    wanted = sorted(draft.instances)
    missing = set(wanted)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        mine = sa.select(instances.c.id).where(instances.c.tenant == tenant, instances.c.id.in_(chunk))
        missing -= set(connection.execute(mine).scalars())
    if missing:
        raise NoSuchInstance(", ".join(sorted(missing)[:10]))
    if request.parent is not None:
        _earlier(connection, tenant, request.parent, with_plan=isinstance(request, SolveRequest))
    if isinstance(request, EvaluateRequest):
        plan = request.plan
        if not isinstance(plan, str):
            raise TypeError("documents of a request are stored before it is submitted")
        if len(plan) == 32:
            _earlier(connection, tenant, plan, with_plan=True)
            return
        mine = sa.select(plans.c.id).where(plans.c.tenant == tenant, plans.c.id == plan)
        if connection.execute(mine).first() is None:
            raise NoSuchPlan(plan)


def _earlier(connection: sa.Connection, tenant: str, job: str, *, with_plan: bool) -> None:
    row = query.row(connection, tenant, job)
    if row is None:
        raise NoSuchJob(job)
    if with_plan and not has_plan(row):
        raise NoResult(f"Job {job} has no plan to go on from; it is {row['state']}.")


def has_plan(row: Mapping[str, Any]) -> bool:
    """Whether a job has found a plan."""
    none = ("infeasible", "unbounded", "error")
    found = row["state"] == "succeeded" and row["result"] is not None
    return row["kind"] == "solve" and found and row["solver_status"] not in none


def _room(connection: sa.Connection, tenant: str, more: int, limit: int) -> None:
    if not more:
        return
    own = sa.select(jobs.c.id).where(
        jobs.c.tenant == tenant, jobs.c.state == "queued", jobs.c.kind != "batch"
    )
    waiting = connection.scalar(sa.select(sa.func.count()).select_from(own.limit(limit + 1).subquery())) or 0
    if waiting + more > limit:
        raise QueueFull(f"{waiting:,} jobs wait; {limit:,} may.", retry_after=_soon(connection, tenant))


def _soon(connection: sa.Connection, tenant: str) -> int:
    """Seconds until one of the jobs that run may end: their usual time over their number; 1 to 60."""
    last = (
        sa.select(jobs.c.seconds)
        .where(jobs.c.tenant == tenant, jobs.c.seconds.is_not(None))
        .order_by(jobs.c.number.desc())
        .limit(20)
        .subquery()
    )
    usual = connection.scalar(sa.select(sa.func.avg(last.c.seconds))) or 1.0
    running = sa.select(sa.func.count()).where(jobs.c.state == "running", jobs.c.kind != "batch")
    return max(1, min(60, math.ceil(usual / max(1, connection.scalar(running) or 0))))


def _at_once(connection: sa.Connection, queue: Queue, draft: Draft) -> None:
    """What follows where nothing has to wait."""
    if draft.members:
        queue.gather(connection, draft.id)
        return
    row = query.row(connection, draft.submission.tenant, draft.id)
    if row is not None:
        webhooks.note_end(connection, row)
