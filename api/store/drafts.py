"""Drafts of instances, kept while they are mended. Another tenant's is none. Safe from many threads."""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from api.store.database import reading, writing
from api.store.errors import attempt
from api.store.schema import drafts
from models.drafts import Draft
from models.drafts.sheets import SIZE
from models.faults import NoSuchDraft, TooManyDrafts

T = TypeVar("T")

MOST = 20
"""Drafts of a tenant at a time."""
DAYS = 14.0
"""After the last look at it a draft is removed."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class DraftRecord:
    """What is told of a draft."""

    id: str
    name: str
    origin: str | None
    version: int
    faults: int | None
    """As of the last check; None before it."""
    bytes: int
    created: float
    used: float


_TOLD = [drafts.c[name] for name in DraftRecord.__slots__]


class Drafts:
    """What tenants have not finished."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def put(self, tenant: str, draft: Draft, origin: str | None = None) -> str:
        """Keep a new draft and return its id. Raises TooLarge, TooManyDrafts, StorageFull."""
        data = draft.dumps()
        packed, now, id = zlib.compress(data, 3), time.time(), secrets.token_hex(16)
        row = {
            "tenant": tenant, "id": id, "name": draft.name[:200], "origin": origin, "version": 1,
            "faults": None, "bytes": len(data), "first": packed, "data": packed, "created": now, "used": now,
        }  # fmt: skip

        def once() -> None:
            with writing(self.engine) as connection:
                connection.execute(sa.delete(drafts).where(drafts.c.used < now - DAYS * _DAY))
                mine = sa.select(sa.func.count()).where(drafts.c.tenant == tenant)
                if (connection.scalar(mine) or 0) >= MOST:
                    raise TooManyDrafts(f"At most {MOST} are kept.")
                connection.execute(sa.insert(drafts).values(row))

        attempt(once)
        return id

    def list(self, tenant: str) -> Sequence[DraftRecord]:
        """Those of a tenant, the last one used first."""
        query = sa.select(*_TOLD).where(drafts.c.tenant == tenant, drafts.c.used >= _oldest())

        def once() -> Sequence[Any]:
            with reading(self.engine) as connection:
                return connection.execute(query.order_by(drafts.c.used.desc())).all()

        return [DraftRecord(*row) for row in attempt(once)]

    def get(self, tenant: str, id: str, *, first: bool = False) -> tuple[DraftRecord, bytes]:
        """What is told of a draft, and itself as JSON: as it is, or as it was sent. Raises NoSuchDraft."""
        query = sa.select(*_TOLD, drafts.c.first if first else drafts.c.data).where(*_here(tenant, id))

        def once() -> Any:
            with reading(self.engine) as connection:
                return connection.execute(query).first()

        row = attempt(once)
        if row is None:
            raise NoSuchDraft()
        return DraftRecord(*row[:-1]), _unpacked(row[-1])

    def change(self, tenant: str, id: str, function: Callable[[Draft], T]) -> T:
        """Change a draft in place; what others change meanwhile is kept. Raises NoSuchDraft, TooLarge."""

        def once() -> tuple[bool, T | None]:
            record, data = self.get(tenant, id)
            draft = Draft.loads(data)
            done = function(draft)
            after = draft.dumps()
            if after == data:
                return True, done
            values = {"bytes": len(after), "data": zlib.compress(after, 3), "used": time.time()}
            unchanged = drafts.c.version == record.version
            change = sa.update(drafts).where(*_here(tenant, id), unchanged)
            with writing(self.engine) as connection:
                made = change.values(**values, version=record.version + 1, faults=None)
                return bool(connection.execute(made).rowcount), done

        while True:
            made, done = attempt(once)
            if made:
                return done  # type: ignore[return-value]  # what the function gave, also where that is None

    def reset(self, tenant: str, id: str) -> None:
        """As it was sent. Raises NoSuchDraft."""
        self._set(tenant, id, version=drafts.c.version + 1, data=drafts.c.first, faults=None)

    def checked(self, tenant: str, record: DraftRecord, faults: int) -> None:
        """Note how many faults a check found, unless the draft was changed meanwhile."""
        here = _here(tenant, record.id)

        def once() -> None:
            with writing(self.engine) as connection:
                change = sa.update(drafts).where(*here, drafts.c.version == record.version)
                connection.execute(change.values(faults=faults, used=time.time()))

        attempt(once)

    def delete(self, tenant: str, id: str) -> None:
        """Forget a draft. Raises NoSuchDraft."""

        def once() -> int:
            with writing(self.engine) as connection:
                return connection.execute(sa.delete(drafts).where(*_here(tenant, id))).rowcount

        if not attempt(once):
            raise NoSuchDraft()

    def _set(self, tenant: str, id: str, **values: Any) -> None:
        def once() -> int:
            with writing(self.engine) as connection:
                change = sa.update(drafts).where(*_here(tenant, id))
                return connection.execute(change.values(**values, used=time.time())).rowcount

        if not attempt(once):
            raise NoSuchDraft()


def _oldest() -> float:
    return time.time() - DAYS * _DAY


def _here(tenant: str, id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return drafts.c.tenant == tenant, drafts.c.id == id, drafts.c.used >= _oldest()


def _unpacked(packed: bytes) -> bytes:
    """At most what a draft may have."""
    return zlib.decompressobj().decompress(packed, SIZE + 1)
