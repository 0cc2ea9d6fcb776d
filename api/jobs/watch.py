"""What a worker's runs have to say and are asked, for all of them by one thread and few transactions.

Every :data:`LOOK` seconds one statement reads what is asked of every run, and whether it still is this
worker's. Every :data:`WRITE` seconds what the runs have told is written. While the database is away both
wait; the children go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from api.jobs import record
from api.jobs.background import Background
from api.jobs.patience import away
from api.jobs.record import Claim, Lost, Wish

LOOK = 0.15
WRITE = 0.5
MANY = 20_000
"""Messages of a run kept while the database is away; the oldest go first."""

_log = structlog.get_logger()


class Run:
    """One run of a job, as its child and the watch know it."""

    def __init__(self, claim: Claim, checkpoints: Path, leaving: Callable[[], bool]) -> None:
        self.claim, self.checkpoints, self.leaving = claim, checkpoints, leaving
        self.lost = False
        """Whether the job belongs to another run, or has ended."""
        self.wish: Wish = None
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._messages: list[Mapping[str, Any]] = []
        self._written: set[str] = set()

    def tell(self, message: dict[str, Any]) -> None:
        """Take a message of the child."""
        with self._lock:
            if message["type"] == "checkpoint":
                self._written.add(message["name"])
            else:
                self._messages.append(message)
                del self._messages[:-MANY]

    def asked(self) -> Wish:
        """What the child is to do."""
        return "cancel" if self.lost or self.leaving() else self.wish

    def take(self) -> list[Mapping[str, Any]]:
        """What has been told since the last time."""
        with self._lock:
            messages, self._messages = self._messages, []
        return messages

    def rest(self) -> list[Mapping[str, Any]]:
        """What is left to be told when the child has ended; the watch writes nothing after that."""
        with self._flushing:
            return self.take()

    def flush(self, engine: sa.Engine) -> None:
        """Write what has been told. What could not be written is kept for the next time. Raises Lost."""
        with self._flushing:
            self._flush(engine)

    def _flush(self, engine: sa.Engine) -> None:
        messages = self.take()
        try:
            record.tell(engine, self.claim, messages)
        except Exception as error:
            if not away(error):
                raise
            with self._lock:
                self._messages[:0] = messages
            raise
        with self._lock:
            names, self._written = self._written, set()
        try:
            for name in sorted(names):
                data = self._read(name)
                if data is not None:
                    record.keep(engine, self.claim, name, data)
        except Exception:
            with self._lock:
                self._written |= names
            raise

    def _read(self, name: str) -> bytes | None:
        path = (self.checkpoints / name).resolve()
        if not path.is_relative_to(self.checkpoints.resolve()):
            raise ValueError(f"a checkpoint outside its folder: {name}")
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None  # put away by the child meanwhile


class Watch(Background):
    """The thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._runs: set[Run] = set()
        self._lock = threading.Lock()
        super().__init__("watch")

    def add(self, run: Run) -> None:
        """Watch a run."""
        with self._lock:
            self._runs.add(run)

    def remove(self, run: Run) -> None:
        """Watch it no longer."""
        with self._lock:
            self._runs.discard(run)

    def runs(self) -> list[Run]:
        """What is watched."""
        with self._lock:
            return list(self._runs)

    def _loop(self) -> None:
        written = 0.0
        while not self._ended.wait(LOOK):
            try:
                self._look()
                if time.monotonic() - written >= WRITE:
                    written = time.monotonic()
                    self._write()
            except Exception as error:  # this thread outlives whatever happens
                _log.warning("watch", error=repr(error), exc_info=not away(error))
                self._ended.wait(1.0)

    def _look(self) -> None:
        runs = self.runs()
        wishes = record.asked(self.engine, [run.claim for run in runs])
        for run in runs:
            if run.claim in wishes:
                run.wish = wishes[run.claim]
            elif run in self.runs():  # not: ended since
                run.lost = True

    def _write(self) -> None:
        for run in self.runs():
            if run.lost:
                continue
            try:
                run.flush(self.engine)
            except Lost:
                run.lost = run in self.runs()
