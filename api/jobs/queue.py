"""The queue, which DBOS keeps: jobs wait there until a worker takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import structlog
from dbos import DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions

from api.jobs import names

_FEW = 8
"""Up to so many are enqueued one by one, a millisecond each."""
_log = structlog.get_logger(__name__)


class Queue:
    """Puts jobs into the queue within the transaction that makes them, and takes them out."""

    def __init__(self, engine: sa.Engine) -> None:
        self._client = DBOSClient(
            system_database_engine=engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=names.APPLICATION,
            lazy=True,
            retry_connection_errors=False,
        )

    def runs(self, connection: sa.Connection, jobs: Sequence[tuple[str, int]]) -> None:
        """Enqueue the runs of jobs (id, packed priority)."""
        single = jobs if len(jobs) <= _FEW else jobs[:1]
        for job, priority in single:
            self._one(connection, names.RUN, job, job, priority)
        if len(jobs) > len(single):
            self._like(connection, jobs[0][0], jobs[1:])

    def gather(self, connection: sa.Connection, batch: str) -> None:
        """Enqueue the gathering of a batch, before all jobs that wait."""
        self._one(connection, names.GATHER, f"{batch}-{names.GATHER}", batch, None)

    def cancel(self, jobs: Sequence[str]) -> None:
        """Take jobs out; called when that they are cancelled has been committed.

        Their rows say so already, and a worker looks there before it runs anything: if the database is lost
        between the two, nothing is run that was cancelled.
        """
        if not jobs:
            return
        try:
            for start in range(0, len(jobs), 1000):
                self._client.cancel_workflows(list(jobs[start : start + 1000]))
        except sa.exc.SQLAlchemyError as error:
            _log.warning("cancelled jobs still in the queue", jobs=len(jobs), error=type(error).__name__)

    def close(self) -> None:
        """Let go of the client; the engine stays open."""
        self._client.destroy()

    def _one(
        self, connection: sa.Connection, workflow: str, id: str, argument: str, priority: int | None
    ) -> None:
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": names.QUEUE,
            "workflow_id": id,
            "app_version": names.APPLICATION,
            "application_name": names.APPLICATION,
        }
        if priority is not None:  # without one it comes before all that have one
            options["priority"] = priority
        self._client.enqueue_in_transaction(connection, options, argument)

    def _like(self, connection: sa.Connection, first: str, others: Sequence[tuple[str, int]]) -> None:
        """Enqueue many as one was: its rows copied with other ids, a hundred times faster than one by one."""
        tables = self._client._sys_db.tables
        status, inputs = tables.workflow_status, tables.workflow_input
        row = _row(connection, status, first)
        given = _row(connection, inputs, first)
        connection.execute(
            sa.insert(status),
            [row | {"workflow_uuid": id, "priority": priority, "creator_xid": id} for id, priority in others],
        )
        connection.execute(
            sa.insert(inputs),
            [given | {"workflow_uuid": id, "inputs": given["inputs"].replace(first, id)} for id, _ in others],
        )


def _row(connection: sa.Connection, table: sa.Table, id: str) -> dict[str, Any]:
    found = connection.execute(sa.select(table).where(table.c.workflow_uuid == id)).mappings().one()
    return {name: value for name, value in found.items() if value is not None}
