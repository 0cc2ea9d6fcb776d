"""Reading jobs: one, a page of a list, places in the queue, its depth."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.jobs import rows
from api.jobs.port import Page, Query
from api.store.schema import jobs, tags
from models.faults import BadCursor, NoSuchJob
from models.jobs import Job

LIMIT = 1000
"""Jobs of a page at most."""

_WAITS = (jobs.c.state == "queued", jobs.c.turn >= 0)
"""Of jobs in the queue; a batch has no turn."""
_OWN = (jobs.c.id == sa.bindparam("job"), jobs.c.tenant == sa.bindparam("tenant"))
_ROW = sa.select(jobs).where(*_OWN)
_EXISTS = sa.select(jobs.c.id).where(*_OWN)
_PLACE = (jobs.c.priority, jobs.c.turn, jobs.c.number)
_AHEAD = sa.select(sa.func.count()).where(
    *_WAITS,
    sa.tuple_(*_PLACE) < sa.tuple_(*(sa.bindparam(column.name, type_=column.type) for column in _PLACE)),
)


def row(connection: sa.Connection, tenant: str, job: str) -> Mapping[str, Any] | None:
    """The row of a tenant's job."""
    found = connection.execute(_ROW, {"job": job, "tenant": tenant}).mappings().one_or_none()
    return None if found is None else dict(found)


def exists(connection: sa.Connection, tenant: str, job: str) -> bool:
    """Whether a tenant has such a job."""
    return connection.execute(_EXISTS, {"job": job, "tenant": tenant}).first() is not None


def get(connection: sa.Connection, tenant: str, job: str) -> Job:
    """A tenant's job, with its place in the queue. Raises NoSuchJob."""
    found = row(connection, tenant, job)
    if found is None:
        raise NoSuchJob(job)
    return rows.job(found, position(connection, found))


def page(connection: sa.Connection, tenant: str, query: Query) -> Page:
    """A part of the list of a tenant's jobs, newest first. Raises BadCursor."""
    limit = max(1, min(query.limit, LIMIT))
    wanted = sa.select(jobs).where(jobs.c.tenant == tenant)
    if query.states:
        wanted = wanted.where(jobs.c.state.in_(query.states))
    if query.kinds:
        wanted = wanted.where(jobs.c.kind.in_(query.kinds))
    for name in ("parent", "batch", "instance"):
        if getattr(query, name) is not None:
            wanted = wanted.where(jobs.c[name] == getattr(query, name))
    if query.text:
        named = (jobs.c[name].icontains(query.text, autoescape=True) for name in ("title", "member"))
        wanted = wanted.where(sa.or_(*named, jobs.c.id.istartswith(query.text, autoescape=True)))
    for tag in set(query.tags):
        tagged = sa.select(tags.c.job).where(tags.c.job == jobs.c.id, tags.c.tag == tag)
        wanted = wanted.where(tagged.exists())
    if query.cursor is not None:
        wanted = wanted.where(jobs.c.number < before(query, tenant))
    newest = connection.execute(wanted.order_by(jobs.c.number.desc()).limit(limit + 1))
    found = [dict(r) for r in newest.mappings()]
    places = _positions(connection) if any(_waits(r) for r in found) else {}
    more = len(found) > limit
    return Page(
        tuple(rows.job(r, places.get(r["id"])) for r in found[:limit]),
        cursor(query, tenant, found[limit - 1]["number"]) if more else None,
    )


def depth(connection: sa.Connection) -> dict[tuple[int, str], int]:
    """Jobs that wait, by priority and tenant."""
    counted = (
        sa.select(jobs.c.priority, jobs.c.tenant, sa.func.count())
        .where(*_WAITS)
        .group_by(jobs.c.priority, jobs.c.tenant)
    )
    return {(priority, tenant): n for priority, tenant, n in connection.execute(counted)}


def cursor(query: Query, tenant: str, number: int) -> str:
    """The place after a job in this list; opaque, and good for this list only."""
    text = json.dumps([number, _list(query, tenant)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def before(query: Query, tenant: str) -> int:
    """The number of the job that a query's cursor stands at. Raises BadCursor."""
    text = query.cursor or ""
    try:
        number, of = json.loads(
            base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        )
    except (ValueError, TypeError):
        raise BadCursor from None
    if of != _list(query, tenant) or type(number) is not int or not 0 < number < 2**63:
        raise BadCursor
    return number


def _list(query: Query, tenant: str) -> str:
    """Digest of what makes a list: everything but the page."""
    parts = [sorted(set(query.states)), sorted(set(query.kinds)), sorted(set(query.tags))]
    text = json.dumps([tenant, *parts, query.parent, query.batch, query.instance, query.text or None])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _waits(found: Mapping[str, Any]) -> bool:
    return bool(found["state"] == "queued" and found["turn"] >= 0)


def position(connection: sa.Connection, found: Mapping[str, Any]) -> int | None:
    """The place in the queue of the job of a row."""
    if not _waits(found):
        return None
    own = {column.name: found[column.name] for column in _PLACE}
    return (connection.scalar(_AHEAD, own) or 0) + 1


def _positions(connection: sa.Connection) -> dict[str, int]:
    waiting = sa.select(jobs.c.id).where(*_WAITS).order_by(*_PLACE)
    return {id: place for place, id in enumerate(connection.execute(waiting).scalars(), start=1)}
