"""Real workers in processes of their own, and a service around them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.jobs.engine import Engine
from api.jobs.port import Submission
from api.jobs.supervisor import environment
from api.settings import Settings
from api.store.database import connect, reading
from api.store.documents import Documents, blobs
from api.store.schema import jobs, workers
from models import files
from models.jobs import Event, Job, request_adapter
from tests.lasting import lasting

ROOT = Path(__file__).resolve().parents[3]
SMALL = ROOT / "instances" / "newsvendor"
TENANT = "one"
PATIENCE = 120.0
"""Seconds until a test gives up; nothing is said about how long anything may take."""


class Farm:
    """A database, what submits to it, and workers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = connect(settings)
        self.jobs = Engine(self.engine, settings)
        self.documents = Documents(self.engine, blobs(settings, self.engine))
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ids: dict[Path, str] = {}

    def worker(self, name: str, **more: Any) -> subprocess.Popen[bytes]:
        """A worker that is ready to take jobs."""
        settings = self.settings.model_copy(update={"worker_id": name, "log_format": "text", **more})
        process = self.process(["-m", "api.jobs.worker"], settings)
        self.until(lambda: self.row(name).get("pid") == process.pid)
        return process

    def process(self, arguments: list[str], settings: Settings, **pipes: Any) -> subprocess.Popen[bytes]:
        """A process with these settings."""
        env = {**os.environ, **environment(settings)}
        process = subprocess.Popen([sys.executable, *arguments], env=env, cwd=ROOT, **pipes)
        self.processes.append(process)
        return process

    def row(self, worker: str) -> Mapping[str, Any]:
        """A worker's row; empty if there is none."""
        with reading(self.engine) as connection:
            found = connection.execute(sa.select(workers).where(workers.c.id == worker)).mappings()
            return dict(found.one_or_none() or {})

    def instance(self, path: Path) -> str:
        """Id of a stored instance."""
        if path not in self.ids:
            self.ids[path] = self.documents.put_instance(TENANT, files.read(path))[0].id
        return self.ids[path]

    def solve(self, path: Path = SMALL, **more: Any) -> str:
        """Submit a solve and return its id."""
        asked = {"kind": "solve", "instance": self.instance(path), "fresh": True, **more}
        return self.submit(lasting(path, asked))

    def submit(self, request: Mapping[str, Any]) -> str:
        """Submit a request and return the id of the job."""
        return self.jobs.submit(Submission(TENANT, request_adapter.validate_python(request)))[0].id

    def job(self, id: str) -> Job:
        """A job."""
        return self.jobs.get(TENANT, id)

    def columns(self, id: str) -> Mapping[str, Any]:
        """A job's whole row."""
        with reading(self.engine) as connection:
            return dict(connection.execute(sa.select(jobs).where(jobs.c.id == id)).mappings().one())

    def events(self, id: str) -> list[Event]:
        """All its events."""
        return list(self.jobs.events(TENANT, id, limit=100_000))

    def states(self, id: str) -> list[str]:
        """The states its events tell."""
        return [event.data["state"] for event in self.events(id) if event.type == "state"]

    def ended(self, id: str) -> Job:
        """A job when it has ended."""
        self.until(lambda: self.job(id).finished is not None)
        return self.job(id)

    def under_way(self, id: str, attempt: int = 1) -> Job:
        """A job when a run of it has told something."""
        self.until(lambda: bool(self._told(id, attempt)))
        return self.job(id)

    def searching(self, id: str, attempt: int = 1) -> Job:
        """A job when a run of it has a first plan."""
        self.until(lambda: any(e.data.get("incumbent") is not None for e in self._told(id, attempt)))
        return self.job(id)

    def _told(self, id: str, attempt: int) -> list[Event]:
        """What a run has told of its progress."""
        now, told = 0, []
        for event in self.events(id):
            now = event.data.get("attempt", now) if event.type == "state" else now
            if now == attempt and event.type == "progress":
                told.append(event)
        return told

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for something."""
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.05)

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.jobs.close()
        self.engine.dispose()


@contextmanager
def farm_of(settings: Settings) -> Iterator[Farm]:
    """A farm that is ended."""
    farm = Farm(settings)
    try:
        yield farm
    finally:
        farm.close()


def descendants(pid: int) -> list[int]:
    """Processes below a process."""
    from api.child.memory import tree

    return [member for member in tree(pid) if member != pid]
