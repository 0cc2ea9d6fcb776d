"""Accepting a job: one transaction makes its row, its tags, its first event and its place in the queue."""

from __future__ import annotations

import math
import time
import uuid

import sqlalchemy as sa

from api import webhooks
from api.jobs import cache, events, fair, needs, query, rows
from api.jobs.port import Submission
from api.jobs.queue import Queue
from api.settings import Settings
from api.store.database import is_sqlite, lock_number
from api.store.schema import jobs, submissions, tags
from models.faults import (
    BadRequest,
    QueueFull,
    StillAccepted,
    UsedIdempotencyKey,
)
from models.jobs import BatchRequest, Job

_KEY_LENGTH = 255

# Statements are made once: making them anew for each job takes longer than running them.
_TENANT = sa.bindparam("tenant", type_=sa.String)
_INSERT = sa.insert(jobs).returning(jobs.c.number)
_REMEMBER = sa.insert(submissions)
_SUBMITTED = (
    sa.select(jobs.c.id, submissions.c.body)
    .join(jobs, jobs.c.id == submissions.c.job, isouter=True)
    .where(submissions.c.tenant == _TENANT, submissions.c.key == sa.bindparam("key"))
)
_WAITING = sa.select(sa.func.count()).select_from(
    sa.select(jobs.c.id)
    .where(jobs.c.tenant == _TENANT, jobs.c.state == "queued", jobs.c.turn >= 0)
    .limit(sa.bindparam("enough", type_=sa.Integer))
    .subquery()
)
# How long the last jobs took, whosever; few, since this is asked when many are refused.
_LAST = (
    sa.select(jobs.c.seconds)
    .where(jobs.c.finished.is_not(None))
    .order_by(jobs.c.finished.desc())
    .limit(50)
    .subquery()
)
_USUAL = sa.select(sa.func.avg(_LAST.c.seconds))
_RUNNING = sa.select(sa.func.count()).where(jobs.c.state == "running", jobs.c.turn >= 0)


class Draft:
    """A submission with all that can be worked out before the transaction: ids, rows, digests."""

    def __init__(self, submission: Submission, settings: Settings) -> None:
        self.submission = submission
        self.request = submission.request
        self.now = time.time()
        self.kept = settings.retention_days * 86_400
        self.limit = settings.queue_limit
        self.tried = False
        """Whether it may have been accepted already, and the answer lost."""
        self.stale = False
        """Whether its idempotency key is known of a job that is forgotten."""
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
        return query.get(connection, tenant, known), known == draft.id
    needs.check(connection, tenant, draft.request, draft.instances)
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
    number = connection.scalar(_INSERT, made[0])
    if draft.members:
        connection.execute(sa.insert(jobs), made[1:])
    events.first(connection, made)
    if draft.row["tags"]:
        connection.execute(sa.insert(tags), [{"job": draft.id, "tag": tag} for tag in draft.row["tags"]])
    _remember(connection, draft)
    queue.runs(connection, [(row["id"], fair.packed(row["priority"], row["turn"])) for row in waiting])
    row = rows.whole(made[0], number)
    if draft.members and not waiting:
        queue.gather(connection, draft.id)
    elif not waiting:
        webhooks.note_end(connection, row)
    return rows.job(row, query.position(connection, row)), True


def known(connection: sa.Connection, tenant: str, key: str, body: str) -> Job | None:
    """The job that a request with an idempotency key has become already. Raises UsedIdempotencyKey."""
    row = connection.execute(_SUBMITTED, {"tenant": tenant, "key": key}).one_or_none()
    if row is None or row.id is None:
        return None
    if row.body != body:
        raise UsedIdempotencyKey("Take a new key for a new request.")
    return query.get(connection, tenant, row.id)


def _alone(connection: sa.Connection, tenant: str, key: str | None) -> None:
    """One submission of a tenant at a time, so that keys, turns and the queue's limit are exact.

    On SQLite every writer is alone already.
    """
    if is_sqlite(connection):
        return
    if key is not None:
        try:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number(f"key\0{tenant}\0{key}"))))
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03":  # lock_not_available, after lock_timeout
                raise
            raise StillAccepted(retry_after=1) from error
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number(f"tenant\0{tenant}"))))


def _known(connection: sa.Connection, draft: Draft) -> str | None:
    """The id of the job this submission has already become."""
    key, tenant = draft.submission.idempotency_key, draft.submission.tenant
    if draft.tried and query.exists(connection, tenant, draft.id):
        return draft.id
    draft.tried = True
    if key is None:
        return None
    row = connection.execute(_SUBMITTED, {"tenant": tenant, "key": key}).one_or_none()
    draft.stale = row is not None and row.id is None  # a job long forgotten frees its key
    if row is None or draft.stale:
        return None
    if row.body != (draft.submission.body or ""):
        raise UsedIdempotencyKey("Take a new key for a new request.")
    return str(row.id)


def _remember(connection: sa.Connection, draft: Draft) -> None:
    submission = draft.submission
    if submission.idempotency_key is None:
        return
    if draft.stale:
        named = (submissions.c.tenant == submission.tenant, submissions.c.key == submission.idempotency_key)
        connection.execute(sa.delete(submissions).where(*named))
    values = {"tenant": submission.tenant, "key": submission.idempotency_key, "job": draft.id}
    connection.execute(_REMEMBER, values | {"body": submission.body or "", "created": draft.now})


def _room(connection: sa.Connection, tenant: str, more: int, limit: int) -> None:
    if not more:
        return
    waiting = connection.scalar(_WAITING, {"tenant": tenant, "enough": limit + 1}) or 0
    if waiting + more > limit:
        raise QueueFull(f"{waiting:,} jobs wait; {limit:,} may.", retry_after=_soon(connection))


def _soon(connection: sa.Connection) -> int:
    """Seconds until one of the jobs that run may end: the usual time over their number; 1 to 60."""
    usual = connection.scalar(_USUAL) or 1.0
    running = connection.scalar(_RUNNING) or 0
    return max(1, min(60, math.ceil(usual / max(1, running))))
