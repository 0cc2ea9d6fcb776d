"""Jobs in the database: the port of six verbs, for as many processes as there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from api.jobs import accept, asks, events, query, remove
from api.jobs.port import Page, Query, Submission
from api.jobs.queue import Queue
from api.settings import Settings
from api.store.database import reading, writing
from api.store.errors import attempt
from api.store.line import Line
from models.faults import NoSuchJob
from models.jobs import Event, Job

T = TypeVar("T")


class Engine:
    """Implements :class:`api.jobs.port.Jobs`; raises besides Unavailable and StorageFull."""

    def __init__(self, engine: sa.Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._kept = settings.retention_days * 86_400
        self._queue = Queue(engine)
        # A tenant's submissions wait for each other here, not each with a connection of its own.
        self._lines = [Line() for _ in range(16)]

    def submit(self, submission: Submission) -> tuple[Job, bool]:
        """See :meth:`api.jobs.port.Jobs.submit`."""
        draft = accept.Draft(submission, self._settings)
        line = self._lines[hash(submission.tenant) % len(self._lines)]

        def once() -> tuple[Job, bool]:
            with line, writing(self._engine) as connection:
                return accept.accept(connection, self._queue, draft)

        return attempt(once)

    def known(self, tenant: str, key: str, body: str) -> Job | None:
        """See :meth:`api.jobs.port.Jobs.known`."""
        return self._read(lambda connection: accept.known(connection, tenant, key, body))

    def get(self, tenant: str, job: str) -> Job:
        """See :meth:`api.jobs.port.Jobs.get`."""
        return self._read(lambda connection: query.get(connection, tenant, job))

    def list(self, tenant: str, query_: Query) -> Page:
        """See :meth:`api.jobs.port.Jobs.list`."""
        return self._read(lambda connection: query.page(connection, tenant, query_))

    def events(self, tenant: str, job: str, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """See :meth:`api.jobs.port.Jobs.events`."""

        def read(connection: sa.Connection) -> Sequence[Event]:
            if not query.exists(connection, tenant, job):
                raise NoSuchJob(job)
            return events.read(connection, job, after, limit)

        return self._read(read)

    def changed(self, seen: Mapping[str, int]) -> dict[str, int]:
        """See :meth:`api.jobs.port.Jobs.changed`."""
        return self._read(lambda connection: events.changed(connection, seen))

    def stop(self, tenant: str, job: str) -> Job:
        """See :meth:`api.jobs.port.Jobs.stop`."""
        return self._ask(tenant, job, "stop")

    def cancel(self, tenant: str, job: str) -> Job:
        """See :meth:`api.jobs.port.Jobs.cancel`."""
        return self._ask(tenant, job, "cancel")

    def remove(self, tenant: str, job: str) -> Job:
        """See :meth:`api.jobs.port.Jobs.remove`."""
        return self._write(lambda connection: remove.remove(connection, tenant, job))

    def queue_depth(self) -> dict[tuple[int, str], int]:
        """Jobs that wait, by priority and tenant."""
        return self._read(query.depth)

    def close(self) -> None:
        """Let go of the queue; the database stays open."""
        self._queue.close()

    def _ask(self, tenant: str, job: str, what: asks.What) -> Job:
        told, left = self._write(
            lambda connection: asks.ask(connection, self._queue, tenant, job, what, self._kept)
        )
        self._queue.cancel(left)
        return told

    def _read(self, call: Callable[[sa.Connection], T]) -> T:
        def once() -> T:
            with reading(self._engine) as connection:
                return call(connection)

        return attempt(once)

    def _write(self, call: Callable[[sa.Connection], T]) -> T:
        def once() -> T:
            with writing(self._engine) as connection:
                return call(connection)

        return attempt(once)
