"""Batches: a job whose parts are jobs. It takes no place in the queue; it ends when the last of them has."""

from __future__ import annotations

import time

import sqlalchemy as sa

from api import webhooks
from api.jobs import events
from api.jobs.queue import Queue
from api.store.schema import jobs
from models.jobs import FINAL


def members_ended(
    connection: sa.Connection, queue: Queue, batch: str, count: int = 1, *, kept: float
) -> None:
    """Count jobs of a batch that have just ended, in the transaction that ends them.

    With the last of them the batch is cancelled, if that was asked or nothing of it was ever run, else its
    gathering is enqueued. ``kept``: seconds until what a cancelled batch has expires.
    """
    unfinished = [jobs.c.id == batch, jobs.c.state.not_in(FINAL)]
    told = sa.select(jobs.c.done, jobs.c.total).where(jobs.c.id == batch)
    before = connection.execute(told.with_for_update()).one()
    done = before.done + count
    progress = ("progress", {"done": done, "total": before.total})
    rows = events.change(connection, unfinished, [progress], wanted=[jobs.c.cancel_asked], done=done)
    if rows and done == before.total:
        if rows[0]["cancel_asked"] is not None or not _has_outcomes(connection, batch):
            cancelled(connection, batch, kept)
        else:
            queue.gather(connection, batch)


def cancelled(connection: sa.Connection, batch: str, kept: float) -> None:
    """End a batch without a result."""
    now = time.time()
    note = ("state", {"state": "cancelled", "solver_status": None})
    where = [jobs.c.id == batch, jobs.c.state.not_in(FINAL)]
    for row in events.change(
        connection, where, [note], state="cancelled", phase=None, finished=now, expires=now + kept
    ):
        webhooks.note_end(connection, row)


def _has_outcomes(connection: sa.Connection, batch: str) -> bool:
    ended = sa.select(jobs.c.id).where(jobs.c.batch == batch, jobs.c.state.in_(("succeeded", "failed")))
    return connection.execute(ended.limit(1)).first() is not None
