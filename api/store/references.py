"""What refers to what: the one place that knows, for whoever is about to remove something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from api.store.blobs import Blobs
from api.store.database import reading
from api.store.results import read_manifest
from api.store.schema import derived, instances, jobs, plans
from models.faults import DamagedBlob, NoSuchBlob
from models.jobs import FINAL

_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_PAGE = 1000


def mentioned(work: Any) -> Iterator[str]:
    """Everything in the work of a job that can be the id of an instance, a plan or a job.

    Whatever the field: a kind of work that is added later cannot be forgotten here.
    """
    waiting = [work]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if _ID.fullmatch(value):
                yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)


@dataclass
class Needed:
    """What jobs refer to."""

    unfinished: set[str] = field(default_factory=set)
    """The jobs themselves that have not finished."""
    jobs: set[str] = field(default_factory=set)
    """By those: jobs they go on from, whose plan they evaluate, whose batch they are of."""
    documents: set[tuple[str, str]] = field(default_factory=set)
    """Tenant and id of instances and plans, by jobs that have not expired."""


def needed(engine: sa.Engine, without: frozenset[str] = frozenset()) -> Needed:
    """What jobs refer to, but for those whose ids are given."""
    found, c = Needed(), jobs.c
    wanted = (c.number, c.id, c.tenant, c.state, c.instance, c.work, c.parent, c.batch)
    query = sa.select(*wanted).where(c.state != "expired").order_by(c.number)
    for row in _pages(engine, query):
        if row.id in without:
            continue
        ids = {*mentioned(row.work), *mentioned([row.instance])}
        found.documents.update((row.tenant, id) for id in ids)
        if row.state not in FINAL:
            found.unfinished.add(row.id)
            found.jobs.update(id for id in (*ids, row.parent, row.batch) if id is not None)
    return found


def _pages(engine: sa.Engine, query: sa.Select[Any]) -> Iterator[sa.Row[Any]]:
    """Rows in the order of their numbers; none is left out that was there at the start and stayed."""
    number = 0
    while True:
        with reading(engine) as connection:
            rows = connection.execute(query.where(jobs.c.number > number).limit(_PAGE)).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        number = rows[-1].number


class Unknown(Exception):
    """A manifest cannot be read: what it refers to is not known."""


def referenced(engine: sa.Engine, blobs: Blobs, without: frozenset[str] = frozenset()) -> set[bytes]:
    """Digests of all blobs that anything refers to, but for the jobs whose ids are given. Raises Unknown."""
    found: set[bytes] = set()
    unread: set[str] = set()
    c = jobs.c
    query = sa.select(c.number, c.id, c.result).where(c.result.is_not(None)).order_by(c.number)
    for row in _pages(engine, query):
        if row.id not in without and (own := bytes.fromhex(row.result)) not in found:
            found.add(own)
            try:
                files = read_manifest(blobs, row.result).files
            except (NoSuchBlob, DamagedBlob):
                unread.add(row.id)
                continue
            found.update(bytes.fromhex(file.digest) for file in files)
    if unread:
        raise Unknown(f"manifests of jobs {', '.join(sorted(unread)[:10])}")
    with reading(engine) as connection:
        for column in (instances.c.blob, plans.c.id, derived.c.blob):
            found.update(map(bytes.fromhex, connection.execute(sa.select(column)).scalars()))
    return found
