"""Sessions of the pages, and how often somebody has tried to begin one.

A session is a random token in a cookie; the database holds its SHA-256 and the id of the key it was begun
with. Whose it is and what it may do is that key's, looked up each time: a session ends when it expires, at
logout, and when its key is revoked or expires. Any process on the database knows every session.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time

import sqlalchemy as sa

from api.store.database import insert, reading, writing
from api.store.errors import attempt
from api.store.keys import KeyRecord
from api.store.schema import keys, logins, sessions
from models.faults import TooManyRequests

WINDOW = 60.0
"""Seconds over which attempts to log in are counted."""
PER_ADDRESS = 20
PER_KEY = 10
"""Attempts within them, of one address and with the id of one key; those that succeed do not count."""


class Sessions:
    """The sessions of the service. Safe from many threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def begin(self, key: str, seconds: float) -> str:
        """The token of a new session, which is kept nowhere. Sessions that are over are forgotten."""
        token, now = secrets.token_urlsafe(32), time.time()
        row = {"id": _digest(token), "key": key, "created": now, "expires": now + seconds}

        def once() -> None:
            with writing(self.engine) as connection:
                connection.execute(sa.delete(sessions).where(sessions.c.expires < now))
                connection.execute(sa.delete(logins).where(logins.c.since < now - WINDOW))
                connection.execute(sa.insert(sessions).values(row))

        attempt(once)
        return token

    def find(self, token: str) -> KeyRecord | None:
        """The key that a session was begun with; None if the session is over or never was."""
        now = time.time()
        query = (
            sa.select(*(keys.c[name] for name in KeyRecord.__slots__))
            .join(sessions, sessions.c.key == keys.c.id)
            .where(sessions.c.id == _digest(token), sessions.c.expires > now)
        )

        def once() -> KeyRecord | None:
            with reading(self.engine) as connection:
                row = connection.execute(query).mappings().one_or_none()
            return None if row is None else KeyRecord(**row)

        record = attempt(once)
        return record if record is not None and record.valid(now) else None

    def end(self, token: str) -> None:
        """End a session for good; again is the same."""

        def once() -> None:
            with writing(self.engine) as connection:
                connection.execute(sa.delete(sessions).where(sessions.c.id == _digest(token)))

        attempt(once)

    def count(self, who: str, most: int) -> None:
        """Count an attempt to log in. Raises TooManyRequests, which says when the next may come."""
        now = time.time()
        fresh = logins.c.since > now - WINDOW

        def once() -> tuple[float, int]:
            with writing(self.engine) as connection:
                new = insert(connection, logins).values(who=who, since=now, count=1)
                again = new.on_conflict_do_update(
                    index_elements=["who"],
                    set_={
                        "since": sa.case((fresh, logins.c.since), else_=now),
                        "count": sa.case((fresh, logins.c.count + 1), else_=1),
                    },
                ).returning(logins.c.since, logins.c.count)
                row = connection.execute(again).one()
                return row[0], row[1]

        since, count = attempt(once)
        if count > most:
            seconds = max(1.0, since + WINDOW - now)
            raise TooManyRequests(
                f"{most} attempts to log in a minute; try again in {math.ceil(seconds)} s.",
                retry_after=seconds,
            )

    def forgive(self, *who: str) -> None:
        """Take back what was counted: the attempt has succeeded."""
        less = sa.update(logins).where(logins.c.who.in_(who), logins.c.count > 0)

        def once() -> None:
            with writing(self.engine) as connection:
                connection.execute(less.values(count=logins.c.count - 1))

        attempt(once)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
