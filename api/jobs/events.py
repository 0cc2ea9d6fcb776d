"""Changes of jobs and the events that tell of them; ids of events count from 1 within a job, without holes.

The row of a job holds the id of its last event. It is raised by the same statement that changes the row,
which holds a lock on it until the transaction ends: two writers never take one id, and a change undone takes
none.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.store.schema import events, jobs
from models.jobs import Event

Note = tuple[str, dict[str, Any]]
"""Type and data of an event."""
_CHUNK = 500


def change(
    connection: sa.Connection,
    where: Sequence[sa.ColumnElement[bool]],
    notes: Sequence[Note] = (),
    *,
    wanted: Iterable[sa.ColumnElement[Any]] = jobs.c,
    **values: Any,
) -> list[Mapping[str, Any]]:
    """Change jobs, count the change, add events; the ``wanted`` columns of those that were changed."""
    changed = {**values, "version": jobs.c.version + 1, "events": jobs.c.events + len(notes)}
    columns = {column.name: column for column in (jobs.c.id, jobs.c.events, *wanted)}
    statement = sa.update(jobs).where(*where).values(changed).returning(*columns.values())
    rows: list[Mapping[str, Any]] = [dict(row) for row in connection.execute(statement).mappings()]
    added = [
        _event(row["id"], row["events"] - len(notes) + 1 + i, note)
        for row in rows
        for i, note in enumerate(notes)
    ]
    if added:
        connection.execute(sa.insert(events), added)
    return rows


def first(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """The first event of new jobs."""
    connection.execute(sa.insert(events), [_event(row["id"], 1, state(row)) for row in rows])


def state(row: Mapping[str, Any]) -> Note:
    """The event that tells a job's state."""
    return "state", {"state": row["state"], "solver_status": row["solver_status"]}


def read(connection: sa.Connection, job: str, after: int, limit: int) -> list[Event]:
    """Events of a job with ids above ``after``."""
    rows = connection.execute(
        sa.select(events.c.id, events.c.at, events.c.type, events.c.data)
        .where(events.c.job == job, events.c.id > after)
        .order_by(events.c.id)
        .limit(limit)
    )
    return [Event(**row) for row in rows.mappings()]


def changed(connection: sa.Connection, seen: Mapping[str, int]) -> dict[str, int]:
    """Of jobs with the last events seen: the last event of those that have newer ones, 0 of those gone."""
    wanted = list(seen)
    last: dict[str, int] = dict.fromkeys(wanted, 0)
    for start in range(0, len(wanted), _CHUNK):
        ids = wanted[start : start + _CHUNK]
        rows = connection.execute(sa.select(jobs.c.id, jobs.c.events).where(jobs.c.id.in_(ids)))
        last |= {row.id: row.events for row in rows}
    return {job: id for job, id in last.items() if id > seen[job] or id == 0}


def _event(job: str, id: int, note: Note) -> dict[str, Any]:
    return {"job": job, "id": id, "at": time.time(), "type": note[0], "data": note[1]}
