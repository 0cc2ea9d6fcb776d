"""API keys: ``sp_<id>_<secret>``. The database holds an Argon2 hash; the key is told once, when it is made.

The secret is 32 random bytes; the id is the beginning of its SHA-256. So a key whose parts do not belong
together is refused without a look at the database, and Argon2 runs only for a secret whose id exists, once
in each process: guessing costs the service next to nothing, and says nothing about which keys there are. (64
bits of a digest of 256 random bits are no help in finding these.)

A key that was found right is remembered for :data:`REMEMBERED` seconds by a salted digest; after that its row
is read again. A key revoked is refused everywhere within that time.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import argon2
import sqlalchemy as sa
import structlog

from api.store.database import reading, writing
from api.store.errors import attempt, fault_of
from api.store.schema import keys
from models.faults import BadRequest, NoSuchKey
from models.instance.base import well_formed
from models.jobs import ROLES, Role

REMEMBERED = 5.0
"""Seconds for which a key that was right is not looked up again."""
_NOTED = 60.0
"""Seconds after which the last use of a key is written down again."""
_MOST = 10_000
"""Keys remembered."""
_FORM = re.compile(r"sp_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's least for passwords people choose; these secrets are random."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key without its secret. Times are seconds since 1970, UTC."""

    id: str
    tenant: str
    name: str
    role: Role
    created: float
    expires: float | None = None
    revoked: float | None = None
    used: float | None = None

    def valid(self, now: float) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def allows(self, role: Role) -> bool:
        """Whether it may do what a role may."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(slots=True)
class _Known:
    """A key that was right: its hash then, its record, and when both were last read."""

    hash: str
    record: KeyRecord
    read: float

    def fresh(self, now: float) -> bool:
        return 0 <= now - self.read < REMEMBERED


class Keys:
    """The keys of the service. Safe from many threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._salt = os.urandom(16)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._lock = threading.Lock()
        self._exist = False

    def create(self, tenant: str, name: str, role: Role, days: float | None = None) -> tuple[KeyRecord, str]:
        """A new key and its text, which is kept nowhere. Raises BadRequest."""
        for what, text in (("tenant", tenant), ("name", name)):
            if not (text and well_formed(text, an_id=False)):
                raise BadRequest(f"{what}: a word of at most 200 characters, not {text[:80]!r}.")
        if role not in ROLES:
            raise BadRequest(f"role: one of {', '.join(ROLES)}, not {role!r}.")
        if days is not None and not 0 < days <= 36_500:
            raise BadRequest(f"days: more than 0, at most 36,500, not {days!r}.")
        secret, now = secrets.token_urlsafe(32), time.time()
        expires = None if days is None else now + 86_400 * days
        record = KeyRecord(_id(secret), tenant, name, role, now, expires)
        row = {**_plain(record), "hash": _HASHER.hash(secret)}

        def once() -> None:
            with writing(self.engine) as connection:
                connection.execute(sa.insert(keys).values(row))

        attempt(once)
        return record, f"sp_{record.id}_{secret}"

    def list(self, tenant: str | None = None) -> Sequence[KeyRecord]:
        """All keys, revoked and expired ones too, in the order they were made."""
        query = sa.select(keys).order_by(keys.c.created, keys.c.id)
        if tenant is not None:
            query = query.where(keys.c.tenant == tenant)

        def once() -> Sequence[KeyRecord]:
            with reading(self.engine) as connection:
                return tuple(map(_record, connection.execute(query)))

        return attempt(once)

    def revoke(self, id: str) -> KeyRecord:
        """End a key for good; again is the same. Raises NoSuchKey."""
        end = (
            sa.update(keys)
            .where(keys.c.id == id)
            .values(revoked=sa.func.coalesce(keys.c.revoked, time.time()))
            .returning(keys)
        )

        def once() -> KeyRecord:
            with writing(self.engine) as connection:
                row = connection.execute(end).one_or_none()
            if row is None:
                raise NoSuchKey(f"{id[:80]!r}.")
            return _record(row)

        return attempt(once)

    def any(self) -> bool:
        """Whether a key was ever made: revoking the last one opens nothing."""
        if not self._exist:
            query = sa.select(keys.c.id).limit(1)

            def once() -> bool:
                with reading(self.engine) as connection:
                    return connection.scalar(query) is not None

            self._exist = attempt(once)
        return self._exist

    def check(self, text: str) -> KeyRecord | None:
        """Whose key it is; None if it is not valid. Raises Unavailable."""
        digest, now = self._digest(text), time.time()
        with self._lock:
            known = self._known.get(digest)
        if known is None or not known.fresh(now):
            known = self._look_up(text, known, now)
            with self._lock:
                if known is None:
                    self._known.pop(digest, None)
                else:
                    self._known[digest] = known
                    self._known.move_to_end(digest)
                    while len(self._known) > _MOST:
                        self._known.popitem(last=False)
        return known.record if known is not None and known.record.valid(now) else None

    def recall(self, text: str) -> KeyRecord | None:
        """The same from memory alone, without ever waiting; None also if it has to be looked up."""
        known, now = self._known.get(self._digest(text)), time.time()
        return known.record if known is not None and known.fresh(now) and known.record.valid(now) else None

    def _digest(self, text: str) -> bytes:
        data = text.encode(errors="surrogatepass")
        return hashlib.blake2b(data, key=self._salt, digest_size=32).digest()

    def _look_up(self, text: str, known: _Known | None, now: float) -> _Known | None:
        parts = _FORM.fullmatch(text)
        if parts is None or not hmac.compare_digest(parts[1], _id(parts[2])):
            return None
        query = sa.select(keys).where(keys.c.id == parts[1])

        def once() -> sa.Row[Any] | None:
            with reading(self.engine) as connection:
                return connection.execute(query).one_or_none()

        row = attempt(once)
        if row is None or not _record(row).valid(now):
            return None
        if known is None or not hmac.compare_digest(known.hash, row.hash):
            try:
                _HASHER.verify(row.hash, parts[2])
            except argon2.exceptions.VerifyMismatchError:
                return None
        if row.used is None or row.used < now - _NOTED:
            self._note(row.id, now)
        return _Known(row.hash, _record(row), now)

    def _note(self, id: str, now: float) -> None:
        """Write down that a key is used; a key is not worth less while that cannot be written."""
        stale = keys.c.used.is_(None) | (keys.c.used < now - _NOTED)
        note = sa.update(keys).where(keys.c.id == id, stale).values(used=now)

        try:
            with writing(self.engine) as connection:
                connection.execute(note)
        except sa.exc.SQLAlchemyError as error:
            if fault_of(error) is None:
                raise
            structlog.get_logger().warning("use of a key not written", id=id, error=repr(error))


def _id(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def _plain(record: KeyRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in KeyRecord.__slots__}


def _record(row: sa.Row[Any]) -> KeyRecord:
    return KeyRecord(**{name: getattr(row, name) for name in KeyRecord.__slots__})
