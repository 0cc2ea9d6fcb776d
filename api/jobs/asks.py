"""Stop and cancel: what waits ends at once; what runs is asked, and its worker sees to it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa

from api import webhooks
from api.jobs import batches, events, query
from api.jobs.queue import Queue
from api.jobs.rows import NO_TURN
from api.store.schema import jobs
from models.faults import NoSuchJob
from models.jobs import Job

What = Literal["stop", "cancel"]
_ENDED: events.Note = ("state", {"state": "cancelled", "solver_status": None})

_BRIEF = [column for column in jobs.c if column is not jobs.c.work]


def ask(
    connection: sa.Connection, queue: Queue, tenant: str, job: str, what: What, kept: float
) -> tuple[Job, list[str]]:
    """The job afterwards, and the jobs to take out of the queue once this is committed. Raises NoSuchJob.

    Jobs of a batch are locked before the batch, as workers do.
    """
    found = query.row(connection, tenant, job)
    if found is None:
        raise NoSuchJob(job)
    if found["kind"] == "batch":
        left = _end_waiting(connection, [jobs.c.batch == job], kept)
        _ask_running(connection, [jobs.c.batch == job], what)
        _ask_running(connection, [jobs.c.id == job], what, ("queued", "running", "stopping"))
        if left:
            batches.members_ended(connection, queue, job, len(left), kept=kept)
    else:
        left = _end_waiting(connection, [jobs.c.id == job], kept)
        if left and found["batch"]:
            batches.members_ended(connection, queue, found["batch"], kept=kept)
        if not left:
            _ask_running(connection, [jobs.c.id == job], what)
    return query.get(connection, tenant, job), left


def _end_waiting(
    connection: sa.Connection, where: Sequence[sa.ColumnElement[bool]], kept: float
) -> list[str]:
    """Cancel what waits; nobody has begun it, so there is nothing to keep whatever was asked."""
    now = time.time()
    ended = events.change(
        connection,
        [*where, jobs.c.state == "queued"],
        [_ENDED],
        wanted=_BRIEF,
        state="cancelled",
        cancel_asked=now,
        turn=NO_TURN,
        finished=now,
        expires=now + kept,
    )
    for row in ended:
        webhooks.note_end(connection, row)
    return [row["id"] for row in ended]


def _ask_running(
    connection: sa.Connection,
    where: Sequence[sa.ColumnElement[bool]],
    what: What,
    states: Sequence[str] = ("running", "stopping"),
) -> None:
    asked = jobs.c.stop_asked if what == "stop" else jobs.c.cancel_asked
    values: dict[str, Any] = {asked.name: time.time(), "state": "stopping"}
    note: events.Note = ("state", {"state": "stopping", "solver_status": None, "asked": what})
    where = [*where, jobs.c.state.in_(states), asked.is_(None)]
    events.change(connection, where, [note], wanted=(), **values)
