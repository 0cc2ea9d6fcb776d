"""A whole service, ``stockpile serve`` with all its processes, to be broken; what must hold afterwards."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.client import Client, Retry
from api.jobs.heartbeat import clock
from api.jobs.queue import Queue
from api.jobs.supervisor import environment
from api.store import schema
from api.store.blobs import digest_of
from api.store.database import connect, reading
from api.store.documents import blobs
from models.jobs import FINAL, Event, Job, Request, request_adapter
from tests.api.service import settings_of
from tests.lasting import lasting

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "instances" / "newsvendor"
MIDDLE = ROOT / "tests" / "cases" / "case-24.json"
"""Takes a second or two."""
TENANT = "anonymous"
MARK = "FAULTS_SERVICE"
"""Set in the environment of every process of a service, by which /proc tells them from all others."""
WHOLE = 1
"""Jobs of which every file is fetched over HTTP; of others the plan; the rest is looked up in the store."""
MANY = 3
"""Jobs of a stream of submissions that may wait or run."""
PATIENCE = 180.0
"""Seconds until a test gives up; nothing is said about how long anything may take."""


class Service:
    """``stockpile serve`` below one folder, and everything that belongs to it."""

    def __init__(self, folder: Path, database_url: str | None = None, **values: Any) -> None:
        own = {"worker_id": "w", "workers": 2, "slots": 2, "job_threads": 1, "job_memory_gb": 2.0, "port": 0}
        own |= {
            "data": folder / "data",
            "dead_seconds": 3.0,
            "allow_private_webhooks": True,
            "log_format": "text",
            "log_level": "warning",
        }
        self.folder = folder
        self.settings = settings_of(folder, database_url=database_url, **(own | values))
        self.mark = secrets.token_hex(8)
        self.others: list[subprocess.Popen[bytes]] = []
        self.instances: dict[Path, str] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self.start()
        self.engine = connect(self.settings)
        self.queue = Queue(self.engine)

    # ---- its life

    def start(self, for_seconds: float | None = None) -> None:
        """Start it; again on the same port, so that clients find it. ``for_seconds``: killed after these."""
        out = self.folder / "out"
        out.write_bytes(b"")
        self.process = self._process("serve", out, self.settings)
        if for_seconds is not None:
            time.sleep(for_seconds)
            self.kill()
            return
        self.until(lambda: b"Ctrl-C" in out.read_bytes() or self.process.poll() is not None)
        found = re.search(rb"http://127\.0\.0\.1:([0-9]+)", out.read_bytes())
        assert found, self.said()
        self.settings = self.settings.model_copy(update={"port": int(found[1])})
        self.client = Client(f"http://127.0.0.1:{found[1].decode()}", retry=Retry(PATIENCE, most=0.5))

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        """One more worker, which nobody watches over, ready to take jobs."""
        settings = self.settings.model_copy(update={"worker_id": name})
        process = self._process("worker", self.folder / f"out-{name}", settings)
        self.others.append(process)
        self.until(lambda: self.beats(name) == process.pid)
        return process

    def _process(self, command: str, out: Path, settings: Any) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STOCKPILE_")}
        env = {**kept, MARK: self.mark, **environment(settings)}
        with out.open("ab") as told, (self.folder / "log").open("ab") as log:
            argv = [sys.executable, "-m", "api.cli", command]
            return subprocess.Popen(argv, env=env, cwd=ROOT, stdout=told, stderr=log)

    def kill(self) -> None:
        """All its processes at once, as when the power fails."""
        while left := list(self.processes()):
            for pid in left:
                send(pid, signal.SIGKILL)
            time.sleep(0.01)
        for process in (self.process, *self.others):
            process.wait()
        self.others.clear()
        self.client.close()

    def close(self) -> None:
        """End it in good order; nothing of it may be left."""
        try:
            for process in (self.process, *self.others):
                process.send_signal(signal.SIGCONT)
                process.terminate()
            codes = [process.wait(PATIENCE) for process in (self.process, *self.others)]
            left = self.processes()
        finally:
            self.kill()
            self.queue.close()
            self.engine.dispose()
        assert not any(codes), codes
        assert not left, left

    def said(self, lines: int = 60) -> str:
        """The end of its log."""
        text = (self.folder / "log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def until(self, true: Callable[[], object]) -> None:
        """Wait for something."""
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"it did not happen; the log ends:\n{self.said()}"
            time.sleep(0.05)

    # ---- its processes

    def processes(self) -> dict[int, dict[str, Any]]:
        """All that live, whoever their parents are: arguments, parent, settings."""
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and (about := described(folder, self.mark)) is not None:
                found[int(folder.name)] = about
        return found

    def http(self) -> int:
        """The web server."""
        return self._the(lambda about: "api.http" in about["argv"])

    def supervised(self, name: str) -> int:
        """A worker by its name."""
        mine = {"STOCKPILE_WORKER_ID": name}.items()
        return self._the(lambda about: "api.jobs.worker" in about["argv"] and mine <= about["env"].items())

    def _the(self, fits: Callable[[dict[str, Any]], bool]) -> int:
        found: list[int] = []

        def one() -> bool:
            found[:] = [pid for pid, about in self.processes().items() if fits(about)]
            return len(found) == 1

        self.until(one)
        return found[0]

    def running(self, job: str) -> list[int]:
        """The processes of a job: those whose log is the job's, and those below them."""
        return [pid for pid in self.processes() if job in target(Path(f"/proc/{pid}/fd/1"))]

    def settled(self) -> None:
        """Wait until it is whole, and nothing of any job is left."""
        size = 2 + 2 * self.settings.workers

        def whole() -> bool:
            kinds = [" ".join(about["argv"]) for about in self.processes().values()]
            work = self.settings.data / "work"
            folders = [path for path in work.glob("*/*-*") if path.is_dir()]
            return len(kinds) == size + 2 * len(self.others) and not folders

        self.until(whole)
        with Client(self.client.target.url, retry=Retry(PATIENCE, most=0.5)) as client:
            client.jobs(limit=1)

    # ---- its jobs

    def instance(self, path: Path) -> str:
        """Id of a stored instance."""
        from models import files

        if path not in self.instances:
            self.instances[path] = self.client.put_instance(files.read(path)).id
        return self.instances[path]

    def request(self, path: Path = SMALL, kind: str = "solve", **more: Any) -> Request:
        """A request that is not answered with earlier results."""
        work = lasting(path, {"kind": kind, "instance": self.instance(path), "fresh": True} | more)
        return request_adapter.validate_python({k: v for k, v in work.items() if v is not None})

    def submit(self, path: Path = SMALL, kind: str = "solve", **more: Any) -> str:
        """Submit work and return the id of the job."""
        return self.client.submit(self.request(path, kind, **more)).id

    def under_way(self, job: str, attempt: int = 1) -> None:
        """Wait until a run of a job has told something."""
        self.until(lambda: self.told(job, attempt))

    def told(self, job: str, attempt: int) -> list[Event]:
        """What a run of a job has told of its progress; asked of the database, as tests ask often."""
        now, found = 0, []
        rows = sorted(self.rows(schema.events, job=job), key=lambda row: row["id"])
        for event in (Event(**{name: row[name] for name in Event.model_fields}) for row in rows):
            now = event.data.get("attempt", now) if event.type == "state" else now
            if now == attempt and event.type == "progress":
                found.append(event)
        return found

    def events(self, job: str) -> list[Event]:
        """All its events."""
        found = self.client.events(job)
        while more := self.client.events(job, after=found[-1].id if found else 0):
            found += more
        return found

    # ---- its database

    def row(self, table: sa.Table, **values: Any) -> Mapping[str, Any]:
        """The row with these values; empty if there is none."""
        rows = self.rows(table, **values)
        assert len(rows) < 2, rows
        return rows[0] if rows else {}

    def rows(self, table: sa.Table, **values: Any) -> list[Mapping[str, Any]]:
        """The rows with these values."""
        query = sa.select(table).where(*(table.c[name] == value for name, value in values.items()))
        with reading(self.engine) as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def beats(self, worker: str) -> int | None:
        """Process id of the worker that writes this name's heartbeat."""
        return self.row(schema.workers, id=worker).get("pid")

    def silence(self, beat: float) -> float:
        """Seconds since a heartbeat, by the clock of the database."""
        with reading(self.engine) as connection:
            now: float = connection.execute(sa.select(clock(connection))).scalar_one()
        return now - beat

    def worker_of(self, job: str) -> str:
        """Name of the worker that has a job."""
        found: str = self.row(schema.jobs, id=job)["worker"]
        return found


def described(folder: Path, mark: str) -> dict[str, Any] | None:
    """A process of a service from its folder below /proc; None if it is another's, or dead."""
    try:
        raw = (folder / "environ").read_bytes()
        if mark.encode() not in raw:
            return None
        argv = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    env = dict(part.split("=", 1) for part in raw.decode(errors="replace").split("\0") if "=" in part)
    return (
        None if state == "Z" or env.get(MARK) != mark else {"argv": argv, "env": env, "parent": int(parent)}
    )


def target(link: Path) -> str:
    """Where a link leads; empty if it is gone."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


def send(pid: int, number: signal.Signals) -> None:
    """A signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def finished_once(service: Service, jobs: Collection[str], *, state: str | None = "succeeded") -> None:
    """That each of these jobs ends, has ended once, and its result can be read. ``state``: None for any."""
    for number, id in enumerate(jobs):
        job = service.client.wait(id, PATIENCE)
        assert state in (None, job.state), (job.state, job.problem, service.said())
        _told_once(service, job)
        if job.state == "succeeded":
            _readable(service, job, service.client.file if number < WHOLE else None)
    # Nothing waits or runs that has ended, and nothing of it is kept.
    service.until(lambda: not {workflow_job(w.workflow_id) for w in _under_way(service)} & set(jobs))
    assert not [row for row in service.rows(schema.checkpoints) if row["job"] in set(jobs)]


def _readable(service: Service, job: Job, file: Callable[[str, str], bytes] | None) -> None:
    """That all files of a result are there and whole. ``file`` fetches them; else the store is asked."""
    store = blobs(service.settings, service.engine)
    files = {entry.digest: entry for entry in service.client.files(job.id).files}  # each content once
    for entry in files.values():
        data = file(job.id, entry.path) if file is not None else store.get(entry.digest)
        assert (len(data), digest_of(data)) == (entry.bytes, entry.digest)
    if job.kind == "solve":
        assert service.client.plan(job.id).status == job.solver_status


def _told_once(service: Service, job: Job) -> None:
    events = service.events(job.id)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    ends = [event for event in events if event.type == "state" and event.data["state"] in FINAL]
    assert [event.data["state"] for event in ends] == [job.state]
    assert ends == events[-1:]
    row = service.row(schema.jobs, id=job.id)
    assert row["events"] == len(events)
    assert row["finished"] is not None
    sent = service.rows(schema.deliveries, job=job.id)
    assert len(sent) == (row["webhook"] is not None)


def _under_way(service: Service) -> list[Any]:
    return list(service.queue._client.list_workflows(status=["PENDING", "ENQUEUED"], load_input=False))


def workflow_job(workflow: str) -> str:
    """The job of a workflow of DBOS."""
    return workflow.removesuffix("-gather")


@contextmanager
def submitting(service: Service, request: Request, pause: float = 0.5) -> Iterator[dict[str, str]]:
    """A request submitted again and again, each time under a new idempotency key, while the block runs.

    Gives the jobs by their keys, as the service has named them. A submission that fails is the client's to
    repeat; what it cannot repeat is raised at the end of the block.
    """
    accepted: dict[str, str] = {}
    ended = threading.Event()
    failed: list[BaseException] = []
    url = service.client.target.url

    def loop() -> None:
        try:
            with Client(url, retry=Retry(PATIENCE, most=0.5)) as client:
                unfinished: list[str] = []
                while not ended.wait(pause):
                    if len(unfinished) >= MANY:
                        unfinished = [id for id in unfinished if client.job(id).finished is None]
                        continue
                    key = secrets.token_hex(16)
                    accepted[key] = client.submit(request, key=key).id
                    unfinished.append(accepted[key])
        except BaseException as error:  # raised where the block ends
            failed.append(error)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield accepted
    finally:
        ended.set()
        thread.join()
    if failed:
        raise failed[0]


def more(accepted: Collection[str], known: int) -> bool:
    """Whether more have been accepted than were known."""
    return len(accepted) > known
