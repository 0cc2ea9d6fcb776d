"""A worker takes jobs from the queue and runs each in a process of its own: ``python -m api.jobs.worker``."""

from __future__ import annotations

import faulthandler
import os
import shutil
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, NoReturn

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, Queue

from api import logs
from api.child import Zygote
from api.child.memory import Gauge
from api.jobs import heartbeat, names
from api.jobs.heartbeat import Heart, Name
from api.jobs.housekeeping import Housekeeping
from api.jobs.patience import patiently
from api.jobs.reaper import Reaper
from api.jobs.workflows import Runner
from api.settings import Settings
from api.store.database import connect
from api.store.documents import Documents, blobs
from models.faults import StockpileError

DRAIN = 5.0
"""Seconds that jobs get to end when the worker is asked to."""
LEAVE = 22.0
"""Seconds after which it ends whatever is left."""
TAKE = 15.0
"""Seconds to wait for the name: the process before this one may be about to end."""

_log = structlog.get_logger("api.jobs.worker")


class Worker:
    """One worker process, put together."""

    def __init__(self, settings: Settings, engine: sa.Engine) -> None:
        self.settings, self.engine = settings, engine
        self.name = Name(engine, settings, heartbeat.name(settings))
        self.zygote = Zygote(settings.grace_seconds)
        documents = Documents(engine, blobs(settings, engine))
        self.runner = Runner(engine, settings, documents, self.zygote, self.name.worker)
        self.heart = Heart(self.name, settings, self._figures, self.displaced)
        self.reaper = Reaper(engine, settings, self.runner, self.heart)
        self.housekeeping = Housekeeping(engine, settings, documents.blobs)
        self.slots = settings.slots
        self._gauge: Gauge | None = None

    def start(self) -> None:
        """Take the name and begin to take jobs. Raises BadSettings if another process has the name."""
        self.name.take(TAKE)
        shutil.rmtree(self.runner.work, ignore_errors=True)
        self.zygote.start()
        self.heart.start()
        config: DBOSConfig = {
            "name": names.APPLICATION,
            "system_database_engine": self.engine,
            "application_version": names.APPLICATION,
            "executor_id": self.name.worker,
            "serializer": DBOSPortableJSONSerializer(),
            "run_migrations": False,
            # It says much, and names its vendor's products.
            "log_level": "DEBUG" if self.settings.log_level == "debug" else "WARNING",
        }
        DBOS(config=config)
        self.runner.register()
        DBOS.launch()
        self._listen()
        self.runner.watch.start()
        self.reaper.start()
        self.housekeeping.start()
        _log.info("worker ready", worker=self.name.worker, slots=self.slots)

    def _listen(self) -> None:
        """Take jobs, as many at a time as this worker has slots.

        DBOS keeps the figures of a queue in the database, the same for all workers; what it reads there is
        replaced by this worker's own. (It begins with the interval that is kept, and only then looks here.)
        """
        from dbos._dbos import _get_dbos_instance

        system = _get_dbos_instance()._sys_db
        read = system.get_queue

        def get_queue(name: str, **more: Any) -> Queue | None:
            queue = read(name, **more)
            if queue is not None and name == names.QUEUE:
                queue._worker_concurrency = self.slots
                queue._polling_interval_sec = self.settings.poll_seconds
            return queue

        setattr(system, "get_queue", get_queue)  # noqa: B010
        DBOS.register_queue(
            names.QUEUE, worker_concurrency=1, polling_interval_sec=0.01, on_conflict="never_update"
        )

    def _figures(self) -> tuple[int, float]:
        """Jobs under way, and MB held by their processes."""
        pid = self.zygote.pid
        if pid is None:
            return len(self.runner.active()), 0.0
        if self._gauge is None or self._gauge.pid != pid:
            self._gauge = Gauge(pid)
        return len(self.runner.active()), self._gauge.read() / 1e6

    def displaced(self) -> None:
        """Another process has the name: whatever runs here is no longer ours."""
        os._exit(1)

    def leave(self) -> None:
        """Take no more jobs, let short ones end, give the rest back."""
        _log.info("worker leaves", jobs=len(self.runner.active()))
        # If the database is away nothing can be given back; then others take it for dead.
        threading.Thread(target=_end_after, args=(LEAVE,), daemon=True).start()
        self.slots = 0
        self.housekeeping.close()
        self.reaper.close()
        self._wait(DRAIN)
        self.runner.leaving.set()
        self._wait(self.settings.grace_seconds + DRAIN)
        DBOS._recover_pending_workflows([self.name.worker])
        self.heart.close()
        self.name.leave(remove=True)
        self.zygote.close()
        shutil.rmtree(self.runner.work, ignore_errors=True)
        _log.info("worker gone")

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.runner.active() and time.monotonic() < deadline:
            time.sleep(0.05)


def _end_after(seconds: float) -> None:
    time.sleep(seconds)
    os._exit(1)


def work(settings: Settings) -> int:
    """Be a worker until asked to end. Returns the exit code."""
    logs.configure(settings)
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    faulthandler.register(signal.SIGUSR1)
    worker = Worker(settings, patiently(lambda: connect(settings), enough=ended.is_set))
    worker.start()
    ended.wait()
    worker.leave()
    return 0


def main(settings: Settings | None = None) -> NoReturn:
    """Be a worker, and end the process: threads that wait for workflows given back are not waited for."""
    try:
        code = work(settings or Settings())
    except StockpileError as error:
        print(f"stockpile: {error}", file=sys.stderr)
        code = error.exit_code
    except Exception:
        _log.exception("worker failed")
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
