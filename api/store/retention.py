"""Removing what is over: results, then rows, then documents, then blobs that nothing refers to.

Nothing that is referred to is removed, also while jobs are submitted. That rests on one rule: whoever writes
a reference has put, resolved or touched its target less than :data:`HOLD` seconds before. So

* a document whose ``used`` is older, and a job whose ``expires`` is over, is removed in one statement that
  asks for that once more;
* blobs older than that are listed first, then all references are read, then what is left over is removed,
  each unless it was touched meanwhile;
* a blob whose reference is given up is touched before: what was copied from there at that moment, or is
  being read, has time as well.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from api.settings import Settings
from api.store.blobs import Blobs
from api.store.database import reading, writing
from api.store.errors import attempt
from api.store.references import Unknown, needed, referenced
from api.store.requests import HOLD
from api.store.results import read_manifest
from api.store.schema import (
    checkpoints,
    deliveries,
    derived,
    events,
    instances,
    jobs,
    plans,
    submissions,
    tags,
)
from models.faults import DamagedBlob, NoSuchBlob
from models.jobs import FINAL

T = TypeVar("T")

_DAY = 86_400.0
_MANY = 100
"""Rows in one transaction."""
_ENDED = FINAL - {"expired"}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Pruned:
    """What was removed, or would be."""

    expired: int = 0
    """Finished jobs whose results were given up."""
    forgotten: int = 0
    """Expired jobs whose rows went."""
    instances: int = 0
    plans: int = 0
    derived: int = 0
    """Reports and models made on demand, of results and instances that are gone."""
    blobs: int = 0
    bytes: int = 0
    """Of the blobs."""
    halves: int = 0
    """Files of writes that were cut off."""


def prune(
    engine: sa.Engine, blobs: Blobs, settings: Settings, *, now: float | None = None, dry: bool = False
) -> Pruned:
    """Remove what is over and say how much; ``dry``: remove nothing.

    Safe from many processes, while the service runs. What is given up stays as blobs for another hour, so
    that its bytes are counted, and free, the next time.
    """
    run = _Run(engine, blobs, settings, time.time() if now is None else now, dry)
    expired = run.expire()
    forgotten = run.forget(expired)
    found = needed(engine, without=frozenset(expired)).documents
    pruned = Pruned(
        expired=len(expired),
        forgotten=len(forgotten),
        instances=run.documents(instances, instances.c.blob, found),
        plans=run.documents(plans, plans.c.id, found),
        derived=run.derived(),
    )
    return run.unreferenced(pruned)


@dataclass(frozen=True)
class _Run:
    engine: sa.Engine
    blobs: Blobs
    settings: Settings
    now: float
    dry: bool

    def expire(self) -> list[str]:
        """End the results of jobs that finished too long ago, and return the jobs."""
        c, before = jobs.c, self.now - _DAY * self.settings.retention_days
        over = [
            c.state.in_(_ENDED),
            c.finished < before,
            c.expires.is_(None) | (c.expires < self.now),  # what the job was promised, or was held for
        ]
        rows = self._all(sa.select(c.id, c.batch, c.result).where(*over).order_by(c.number))
        held = needed(self.engine)
        rows = [row for row in rows if row.id not in held.jobs and row.batch not in held.unfinished]
        if self.dry:
            return [row.id for row in rows]
        done: list[str] = []
        for part in _parts(rows):
            for row in part:
                self._touch_result(row.result)
            end = sa.update(jobs).where(c.id.in_([row.id for row in part]), *over)
            end = end.values(state="expired", result=None, version=c.version + 1)
            done += attempt(partial(self._end, end.returning(c.id)))
        return done

    def _end(self, end: Any) -> list[str]:
        with writing(self.engine) as connection:
            ended = list(connection.execute(end).scalars())
            for table in (events, checkpoints):
                connection.execute(sa.delete(table).where(table.c.job.in_(ended)))
        return ended

    def _touch_result(self, result: str | None) -> None:
        if result is None:
            return
        try:
            files = read_manifest(self.blobs, result).files
        except (NoSuchBlob, DamagedBlob) as error:
            _log.warning("manifest of a job that expires", digest=result, error=str(error))
            return
        for digest in (*(file.digest for file in files), result):
            self.blobs.touch(digest)

    def forget(self, expired: Collection[str]) -> list[str]:
        """Remove the rows of jobs that expired and finished long ago, and return their ids."""
        c, before, over = jobs.c, self.now - _DAY * self.settings.forget_days, set(expired)
        old = sa.select(c.id, c.state).where(c.state.in_(FINAL), c.finished < before).order_by(c.number)
        held = needed(self.engine).jobs
        ids = [
            row.id
            for row in self._all(old)
            if (row.state == "expired" or row.id in over) and row.id not in held
        ]
        if not self.dry:
            for part in _parts(ids):
                attempt(partial(self._forget, part))
        return ids

    def _forget(self, ids: Sequence[str]) -> None:
        with writing(self.engine) as connection:
            for table in (tags, events, checkpoints, submissions, deliveries):
                connection.execute(sa.delete(table).where(table.c.job.in_(ids)))
            connection.execute(sa.delete(jobs).where(jobs.c.id.in_(ids), jobs.c.state == "expired"))

    def documents(self, table: sa.Table, blob: sa.Column[Any], found: set[tuple[str, str]]) -> int:
        """Remove rows of instances or plans that nobody refers to or has used for long; how many."""
        c, before = table.c, self.now - max(HOLD, _DAY * self.settings.retention_days)
        rows = self._all(sa.select(c.tenant, c.id, blob.label("blob")).where(c.used < before))
        rows = [row for row in rows if (row.tenant, row.id) not in found]
        if self.dry:
            return len(rows)
        done = 0
        for part in _parts(rows):
            for row in part:
                self.blobs.touch(row.blob)
            here = sa.or_(*((c.tenant == row.tenant) & (c.id == row.id) for row in part))
            done += self._delete(sa.delete(table).where(here, c.used < before))
        return done

    def derived(self) -> int:
        """Remove rows of what was made from something that is gone, or by another version; how many."""
        c, before = derived.c, self.now - HOLD
        sources = sa.union(
            sa.select(jobs.c.result).where(jobs.c.result.is_not(None)), sa.select(instances.c.id)
        )
        over = (c.created < before) & (c.source.not_in(sources) | (c.version != version("stockpile")))
        if self.dry:
            return len(self._all(sa.select(c.source).where(over)))
        return self._delete(sa.delete(derived).where(over))

    def unreferenced(self, pruned: Pruned) -> Pruned:
        """Remove blobs that nothing refers to, and halves."""
        before = self.now - HOLD
        old = [digest for digest, written in self.blobs.digests() if written < before]
        try:
            kept = referenced(self.engine, self.blobs) if old else set()
        except Unknown as error:
            _log.error("no blob is removed: what is referred to is not known", unread=str(error))
            return pruned
        count = size = 0
        for digest in old:
            if bytes.fromhex(digest) not in kept:
                bytes_ = self.blobs.size(digest) or 0
                if self.dry or self.blobs.remove(digest, before):
                    count, size = count + 1, size + bytes_
        halves = 0 if self.dry else self.blobs.tidy(before)
        return replace(pruned, blobs=count, bytes=size, halves=halves)

    def _all(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        def once() -> Sequence[sa.Row[Any]]:
            with reading(self.engine) as connection:
                return connection.execute(query).all()

        return attempt(once)

    def _delete(self, statement: sa.Delete) -> int:
        def once() -> int:
            with writing(self.engine) as connection:
                return connection.execute(statement).rowcount

        return attempt(once)


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(rows), _MANY):
        yield rows[at : at + _MANY]
