"""That a worker lives: a lock on its name, and a row it writes anew every second.

The lock is on a file (SQLite: all workers are on one machine) or an advisory one (PostgreSQL), held by the
connection that also writes the row: a worker that has lost the one cannot go on with the other.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
import structlog

from api.jobs.background import Background
from api.jobs.patience import away
from api.settings import Settings
from api.store.database import insert, is_sqlite, lock_number, writing
from api.store.schema import workers
from models.faults import BadSettings

GHOST = 20.0
"""Seconds for which the database may take a lost connection of ours for a living one."""

_log = structlog.get_logger()


def name(settings: Settings) -> str:
    """Of a worker that was given none: the machine's."""
    chosen = settings.worker_id or socket.gethostname()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", chosen):
        raise BadSettings(f"A worker's name is letters, digits, dots and dashes, at most 100: {chosen!r}.")
    return chosen


def clock(engine: sa.Engine | sa.Connection) -> sa.ColumnElement[float]:
    """Seconds since 1970 by the clock of the database: one for all workers."""
    if is_sqlite(engine):
        return sa.literal_column("((julianday('now') - 2440587.5) * 86400.0)", sa.Float)
    return sa.literal_column("extract(epoch from clock_timestamp())::float8", sa.Float)


class Name:
    """A worker's name, for one process at a time."""

    def __init__(self, engine: sa.Engine, settings: Settings, worker: str) -> None:
        self.engine, self.worker = engine, worker
        self.path: Path = settings.data / "work" / f"{worker}.lock"
        self._file: IO[str] | None = None
        self._connection: sa.Connection | None = None

    def take(self, patience: float = 0.0) -> None:
        """Take it. Raises BadSettings if another process has it for ``patience`` seconds more."""
        deadline = time.monotonic() + patience
        while not (self._lock_file() if is_sqlite(self.engine) else self._lock_database()):
            if time.monotonic() >= deadline:
                raise BadSettings(f"Another process is the worker {self.worker}: give this one another name.")
            time.sleep(0.2)

    def _lock_file(self) -> bool:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def _lock_database(self) -> bool:
        number = lock_number(f"stockpile worker {self.worker}")
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # Of the pool no more: whatever happens to it, nobody else ever has this connection.
        connection.detach()
        try:
            # So that a connection that was cut off does not hold the name for hours.
            for setting, value in (("idle", 5), ("interval", 2), ("count", 3)):
                connection.exec_driver_sql(f"SET tcp_keepalives_{setting} = {value}")
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))):
                connection.close()
                return False
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return True

    def write(self, row: dict[str, Any]) -> None:
        """Write the worker's row. Raises what the database raises; BadSettings if the name is another's."""
        if is_sqlite(self.engine):
            with writing(self.engine) as connection:
                _write(connection, row)
            return
        if self._connection is None:
            self.take(GHOST)
        assert self._connection is not None, "it was taken"
        try:
            _write(self._connection, row)
        except Exception:
            self._drop()
            raise

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def leave(self, *, remove: bool) -> None:
        """Let go of the name; with ``remove``, of the row too."""
        if remove:
            with writing(self.engine) as connection:
                connection.execute(sa.delete(workers).where(workers.c.id == self.worker))
        self._drop()
        if self._file is not None:
            self._file.close()


def _write(connection: sa.Connection, row: dict[str, Any]) -> None:
    values = {**row, "heartbeat": clock(connection)}
    statement = insert(connection, workers).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


class Heart(Background):
    """The thread that writes the row."""

    def __init__(
        self,
        name: Name,
        settings: Settings,
        figures: Callable[[], tuple[int, float]],
        lost: Callable[[], None],
    ) -> None:
        self.name, self.settings, self.figures, self.lost = name, settings, figures, lost
        self.started = time.time()
        self.since: float | None = None
        """Since when (monotonic) it has written without fail; None while the database is away."""
        self.last = time.monotonic()
        super().__init__("heart")

    def beat(self) -> None:
        """Write the row once."""
        busy, memory_mb = self.figures()
        self.name.write(
            {
                "id": self.name.worker,
                "host": socket.gethostname()[:200],
                "pid": os.getpid(),
                "slots": self.settings.slots,
                "busy": busy,
                "memory_mb": memory_mb,
                "version": version("stockpile"),
                "started": self.started,
            }
        )

    def start(self) -> None:
        """Begin; the first row is written when this returns."""
        self.beat()
        self.since = self.last = time.monotonic()
        super().start()

    @property
    def hushed(self) -> bool:
        """Whether its last row is so old that it cannot tell who else lives."""
        return time.monotonic() - self.last > self.settings.dead_seconds / 2

    def _loop(self) -> None:
        while not self._ended.wait(self.settings.heartbeat_seconds):
            try:
                self.beat()
                if self.since is None or self.hushed:  # frozen, or kept waiting: others may have been too
                    self.since = time.monotonic()
                self.last = time.monotonic()
            except BadSettings:
                _log.error("another process has this worker's name")
                self.lost()
                return
            except Exception as error:
                self.since = None
                _log.warning("heartbeat", error=str(error).split("\n", 1)[0], exc_info=not away(error))
