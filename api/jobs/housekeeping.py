"""What one worker at a time does beside the jobs: webhooks, pruning, tidying up."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
import structlog
from dbos import DBOS

from api import webhooks
from api.jobs.heartbeat import clock
from api.jobs.patience import away
from api.settings import Settings
from api.store.blobs import Blobs
from api.store.database import insert, is_sqlite, lock_number, writing
from api.store.schema import facts, workers

DELIVER = 1.0
"""Seconds between two looks for webhooks that are due."""
TIDY = 300.0
FORGET = 3600.0
"""Seconds after which the row of a silent worker, and what DBOS knows of a finished workflow, is removed."""
MANY = 1000
PRUNED = "pruned"
_log = structlog.get_logger()


class Housekeeping:
    """A thread each for webhooks, which may be slow, and for the rest."""

    def __init__(self, engine: sa.Engine, settings: Settings, blobs: Blobs) -> None:
        self.engine, self.settings, self.blobs = engine, settings, blobs
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, args=(task, every), name=task.__name__, daemon=True)
            for task, every in ((self.deliver, DELIVER), (self.tidy, TIDY))
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Begin nothing more; what is being sent is not waited for."""
        self._ended.set()

    def deliver(self) -> None:
        """Send the webhooks that are due."""
        webhooks.deliver_due(self.engine, self.settings)

    def tidy(self) -> None:
        """Forget workers and workflows that are gone; from time to time remove what has expired."""
        with writing(self.engine) as connection:
            old = workers.c.heartbeat < clock(connection) - FORGET
            connection.execute(sa.delete(workers).where(old))
        ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - FORGET))
        while found := DBOS.list_workflows(
            completed_before=ended, limit=MANY, load_input=False, load_output=False
        ):
            DBOS.delete_workflows([status.workflow_id for status in found])
        if self._due():
            from api.store import retention

            removed = retention.prune(self.engine, self.blobs, self.settings)
            _log.info("pruned", removed=str(removed))

    def _due(self) -> bool:
        """Whether it is time to prune; then the time is written down."""
        with writing(self.engine) as connection:
            now = time.time()
            last = connection.scalar(sa.select(facts.c.value).where(facts.c.name == PRUNED))
            if last is not None and now - float(last) < self.settings.prune_hours * 3600:
                return False
            statement = insert(connection, facts).values(name=PRUNED, value=str(now))
            connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_={"value": str(now)})
            )
            return True

    def _loop(self, task: Callable[[], None], every: float) -> None:
        while not self._ended.wait(every):
            try:
                with alone(self.engine, self.settings, task.__name__) as mine:
                    if mine:
                        task()
            except Exception as error:
                _log.warning(task.__name__, error=repr(error), exc_info=not away(error))


@contextmanager
def alone(engine: sa.Engine, settings: Settings, task: str) -> Iterator[bool]:
    """Whether nobody else does this now; for the time of the block."""
    if is_sqlite(engine):
        path = settings.data / "work" / f"{task}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        return
    number = lock_number(f"stockpile {task}")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))))
        try:
            yield mine
        finally:
            if mine:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))
