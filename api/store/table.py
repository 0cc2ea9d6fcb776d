"""Blobs as rows of the database: one thing to back up, and machines need not share a disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from api.store.blobs import digest_of, well_formed
from api.store.database import insert, is_sqlite, writing
from api.store.errors import attempt
from api.store.schema import blobs
from models.faults import DamagedBlob, NoSuchBlob, TooLarge

LARGEST = 2**29
"""Bytes of a blob: below what a message to PostgreSQL and a row of either database can hold."""
_PAGE = 10_000


class TableBlobs:
    """Blobs in the table ``stockpile_blobs``."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def put(self, data: bytes) -> str:
        """Keep bytes, durably, and return their digest. Raises StorageFull, TooLarge: nothing is kept."""
        if len(data) > LARGEST:
            raise TooLarge(f"A row of the database holds at most {LARGEST // 2**20} MB.")
        digest = digest_of(data)
        attempt(lambda: self._put(digest, data))
        return digest

    def _put(self, digest: str, data: bytes) -> None:
        now = time.time()
        values = {"digest": digest, "bytes": len(data), "written": now, "data": data}
        with writing(self.engine) as connection:
            there = _touch(digest, now).where(_whole(connection, digest, data))
            if not connection.execute(there).rowcount:
                new = insert(connection, blobs).values(values)
                connection.execute(new.on_conflict_do_update(index_elements=["digest"], set_=values))

    def get(self, digest: str) -> bytes:
        """The bytes. Raises NoSuchBlob; DamagedBlob if they are not what their digest says."""
        if not well_formed(digest):
            raise NoSuchBlob(repr(digest))
        query = sa.select(blobs.c.data).where(blobs.c.digest == digest)
        data: bytes | None = attempt(lambda: self._one(query))
        if data is None:
            raise NoSuchBlob(digest)
        if digest_of(data) != digest:
            raise DamagedBlob(digest)
        return data

    def size(self, digest: str) -> int | None:
        """Bytes; None if it is not there."""
        query = sa.select(blobs.c.bytes).where(blobs.c.digest == digest)
        size: int | None = attempt(lambda: self._one(query)) if well_formed(digest) else None
        return size

    def _one(self, query: sa.Select[Any]) -> Any:
        with self.engine.connect() as connection:
            return connection.scalar(query)

    def touch(self, digest: str) -> bool:
        """As if it had been put again; False if it is not there."""
        return well_formed(digest) and self._changes(_touch(digest, time.time()))

    def digests(self) -> Iterator[tuple[str, float]]:
        """All there are, with the time each was last written, put again or touched (for pruning)."""
        last = ""
        while True:
            page = sa.select(blobs.c.digest, blobs.c.written).order_by(blobs.c.digest).limit(_PAGE)
            with self.engine.connect() as connection:
                rows = connection.execute(page.where(blobs.c.digest > last)).all()
            if not rows:
                return
            yield from ((row.digest, row.written) for row in rows)
            last = rows[-1].digest

    def remove(self, digest: str, before: float | None = None) -> bool:
        """Remove it if it is there and was last written, put again or touched before a time."""
        statement = sa.delete(blobs).where(blobs.c.digest == digest)
        if before is not None:
            statement = statement.where(blobs.c.written < before)
        return self._changes(statement)

    def _changes(self, statement: sa.Update | sa.Delete) -> bool:
        def once() -> bool:
            with writing(self.engine) as connection:
                return bool(connection.execute(statement).rowcount)

        return attempt(once)

    def tidy(self, before: float) -> int:
        """Nothing: a transaction leaves no halves."""
        return 0


def _touch(digest: str, now: float) -> sa.Update:
    return sa.update(blobs).where(blobs.c.digest == digest).values(written=now)


def _whole(connection: sa.Connection, digest: str, data: bytes) -> sa.ColumnElement[bool]:
    """That what is there is not damaged; a server is not sent the bytes for that."""
    if is_sqlite(connection):
        return blobs.c.data == data
    return sa.func.encode(sa.func.sha256(blobs.c.data), "hex") == digest
