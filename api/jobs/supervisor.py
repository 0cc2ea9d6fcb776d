"""``stockpile serve``: the HTTP process and the workers, started and started again.

It does nothing else, so there is little in it that could fail. All it starts ends with it, however it ends.
"""

from __future__ import annotations

import contextlib
import ipaddress
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import sqlalchemy as sa
import structlog

from api.jobs import heartbeat
from api.jobs.heartbeat import clock
from api.jobs.inputs import PART
from api.jobs.patience import away
from api.settings import Settings
from api.store.database import FILE, connect, insert, is_sqlite, reading
from api.store.errors import is_full
from api.store.keys import Keys
from api.store.schema import facts, workers
from models.faults import BadSettings, StorageFull, Unavailable
from optimizer.machine import cores, machine_memory

ROOT = Path(__file__).resolve().parents[2]
TICK = 0.2
LOOK = 1.0
"""Seconds between two looks at the heartbeats."""
LATE = 3
"""Looks in a row that must find a worker silent: after the machine has slept all are, for a moment."""
BOOT = 60.0
"""Seconds that a worker has for its first heartbeat, and for any while the database is locked."""
PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a process is started again; the next one each time, from the first after :data:`WELL`."""
WELL = 60.0
LEAVE = 25.0
"""Seconds that everything has to end when asked to."""

_log = structlog.get_logger()


@dataclass
class Member:
    """A process that is to run."""

    name: str
    argv: list[str]
    env: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    worker: str | None = None
    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    due: float = 0.0
    ends: int = 0
    """How often in a row it ended soon."""
    beaten: bool = field(default=False)
    """Whether a heartbeat of this process has been seen."""
    late: int = 0
    """How many looks in a row have found it silent."""

    def start(self) -> None:
        """Start it."""
        argv = [sys.executable, "-m", "api.jobs.supervised", str(os.getpid()), *self.argv]
        self.process = subprocess.Popen(
            argv, env=self.env, stdin=subprocess.DEVNULL, pass_fds=self.descriptors, start_new_session=True
        )
        self.begun, self.beaten, self.late = time.monotonic(), False, 0
        _log.info("started", process=self.name, pid=self.process.pid)

    def look(self) -> None:
        """Note its end, start it when that is due."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        code = self.process.poll()
        if code is not None:
            self.ends = 1 if now - self.begun > WELL else self.ends + 1
            pause = PAUSES[min(self.ends, len(PAUSES)) - 1]
            _log.warning("ended", process=self.name, code=code, again_in=pause)
            self.process, self.due = None, now + pause

    def kill(self, why: str) -> None:
        """At once; it will be started again."""
        if self.process is not None:
            _log.error("killed", process=self.name, pid=self.process.pid, why=why)
            self.process.kill()


class Supervisor:
    """All processes of one machine."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings, self.say = settings, say
        self.ended = 0
        """How often the end has been asked for."""
        self.since = time.monotonic()
        """Since when the database has been answering."""
        self.looked = 0.0
        self.failed = -math.inf
        """When nothing could be written last."""

    def run(self) -> int:
        """Until asked to end. Raises BadSettings, and what :func:`api.store.database.connect` does."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        engine = self._connect()
        if engine is None:
            return 0
        try:
            listener = listen(self.settings, Keys(engine))
            with listener:
                members = self._members(listener)
                self.say(told(self.settings, listener, Keys(engine).any()))
                try:
                    self._watch(members, engine)
                finally:
                    end(members, lambda: self.ended > 1)
        finally:
            engine.dispose()
        return 0

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self.ended += 1

    def _connect(self) -> sa.Engine | None:
        """The database; waited for if it is not there yet."""
        while not self.ended:
            try:
                return connect(self.settings)
            except (Unavailable, StorageFull) as error:
                _log.warning("waiting for the database", error=str(error))
                time.sleep(1.0)
        return None

    def _members(self, listener: socket.socket) -> list[Member]:
        settings = self.settings
        base = heartbeat.name(settings)
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        env = {**os.environ, **environment(settings), "PYTHONPATH": path}
        shared = max(1, settings.workers * settings.slots)
        own = {
            "STOCKPILE_JOB_MEMORY_GB": str(settings.job_memory_gb or PART * machine_memory() / 1e9 / shared),
            "STOCKPILE_JOB_THREADS": str(settings.job_threads or max(1, cores() // shared)),
        }
        http = Member(
            "http", ["api.http", "--fd", str(listener.fileno())], env, descriptors=(listener.fileno(),)
        )
        members = [http]
        for number in range(1, settings.workers + 1):
            name = f"{base}-{number}"
            more = {**env, **own, "STOCKPILE_WORKER_ID": name}
            members.append(Member(f"worker {number}", ["api.jobs.worker"], more, worker=name))
        return members

    def _watch(self, members: list[Member], engine: sa.Engine) -> None:
        while not self.ended:
            for member in members:
                member.look()
            bury({member.process.pid for member in members if member.process is not None})
            if time.monotonic() - self.looked >= LOOK:
                self.looked = time.monotonic()
                self._hearts(members, engine)
            time.sleep(TICK)

    def _hearts(self, members: list[Member], engine: sa.Engine) -> None:
        """Kill what lives and does not beat: frozen, or stuck."""
        now = time.monotonic()
        try:
            silent = silences(engine)
        except Exception as error:
            self.since = now
            _log.warning("hearts", error=str(error).split("\n", 1)[0], exc_info=not away(error))
            return
        for member in members:
            if member.worker is None or member.process is None:
                continue
            pid, seconds = silent.get(member.worker, (0, 0.0))
            if pid == member.process.pid:
                member.beaten = True
                # Who could not write while the database was away is not dead yet.
                quiet = min(seconds, now - self.since)
                member.late = member.late + 1 if quiet > self.settings.dead_seconds + LOOK else 0
                # Asked from the first look on: the lock that has kept it silent may be gone at the last.
                if member.late and quiet > self._bearable(engine, silent) and member.late >= LATE:
                    member.kill(f"silent for {seconds:.1f} s")
            elif not member.beaten and now - max(member.begun, self.since) > BOOT:
                member.kill("no first heartbeat")

    def _bearable(self, engine: sa.Engine, silent: Mapping[str, tuple[int, float]]) -> float:
        """Seconds of silence that are no reason to kill: more while nobody can write that it lives.

        A worker that holds SQLite's write lock and is frozen is killed, whoever has started it.
        """
        try:
            write(engine)
        except Exception as error:
            if not away(error):
                raise
            self.failed = time.monotonic()
            _log.warning("nothing can be written", error=str(error).split("\n", 1)[0])
            holder = None if is_full(error) else lock_holder(self.settings.data / FILE)
            quiet = dict(silent.values()).get(holder or 0, 0.0)
            if holder and quiet > (self.settings.dead_seconds + LOOK if is_stopped(holder) else BOOT):
                _log.error("killed", pid=holder, why="holds the lock of the database")
                with contextlib.suppress(ProcessLookupError):
                    os.kill(holder, signal.SIGKILL)
            # A full disk is nobody's fault here; and if it is known who holds the lock, so are others not.
            return math.inf if is_full(error) or holder else BOOT
        # Now that it can be written again, they have as long as ever to say that they live.
        return 0.0 if time.monotonic() - self.failed > self.settings.dead_seconds + LOOK else math.inf


def bury(known: Collection[int]) -> None:
    """Reap what was left to this process: as the first one of a container it inherits all orphans."""
    with contextlib.suppress(ChildProcessError):
        while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if found.si_pid in known:
                return  # its own, whose end is noted elsewhere; what lies behind it has time
            os.waitpid(found.si_pid, 0)


def silences(engine: sa.Engine) -> dict[str, tuple[int, float]]:
    """Process id of each worker, and seconds since it was last heard of."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(workers.c.id, workers.c.pid, (clock(connection) - workers.c.heartbeat).label("silent"))
        )
        return {row.id: (row.pid, row.silent) for row in rows}


def write(engine: sa.Engine) -> None:
    """Write something. Raises what the database raises if that cannot be done now."""
    with engine.connect() as connection:
        if is_sqlite(connection):
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(1000 * LOOK)}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        values = {"name": "looked", "value": str(time.time())}
        statement = insert(connection, facts).values(values)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
        connection.commit()


def lock_holder(database: Path) -> int | None:
    """The process that holds SQLite's write lock; None where the system does not say (Linux does)."""
    write_lock = 120  # byte of the index of the log, by SQLite's file format
    try:
        index = f":{Path(f'{database}-shm').stat().st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            if "->" in line:  # somebody who waits
                continue
            kind, _, mode, pid, file, first, last = line.split()[1:8]
            covers = int(first) <= write_lock and (last == "EOF" or write_lock <= int(last))
            if (kind, mode) == ("POSIX", "WRITE") and file.endswith(index) and covers:
                return int(pid)
    except (OSError, ValueError):
        return None
    return None


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped, by a signal or a debugger."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    except OSError:
        return False


def environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables."""
    values = settings.model_dump(mode="json") | {"data": str(settings.data.resolve())}
    return {f"STOCKPILE_{name.upper()}": str(value) for name, value in values.items() if value is not None}


def listen(settings: Settings, keys: Keys) -> socket.socket:
    """The socket that the HTTP process is given; it stays open while that is started again.

    Raises BadSettings if the address cannot be listened on, or is open to others while there are no keys.
    """
    host = settings.host
    try:
        found = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise BadSettings(f"{host} is no address to listen on: {error.strerror}.") from error
    family, _, _, _, address = found[0]
    if not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback and not keys.any():
        raise BadSettings(
            f"Others could reach {host}, and there are no API keys. Make one first:"
            " stockpile keys create NAME --role admin"
        )
    try:
        return socket.create_server(address[:2], family=family, backlog=512)
    except OSError as error:
        raise BadSettings(
            f"{host}, port {settings.port}, cannot be listened on: {error.strerror or error}."
        ) from error


def told(settings: Settings, listener: socket.socket, keys: bool) -> str:
    """What is printed when it starts."""
    host, port = listener.getsockname()[:2]
    place = f"[{host}]" if ":" in host else host
    at_once = settings.workers * settings.slots
    work = (
        "takes no jobs"
        if not at_once
        else f"works on {at_once} {'job' if at_once == 1 else 'jobs'} at a time"
    )
    lines = [
        f"stockpile listens on http://{place}:{port} and {work}.",
        f"Data: {settings.data.resolve()}"
        + (", database: PostgreSQL." if settings.database_url is not None else "."),
    ]
    if keys:
        lines.append("Requests need an API key: stockpile keys create NAME makes one.")
    elif settings.allow_anonymous:
        lines.append("There are no API keys, so whoever is on this machine may use it;")
        lines.append("stockpile keys create NAME makes one, and from then on a key is needed.")
    else:
        lines.append("There are no API keys, so nobody may use it: stockpile keys create NAME makes one.")
    return "\n".join([*lines, "Ctrl-C ends it."])


def end(members: list[Member], at_once: Callable[[], bool]) -> None:
    """End all: the HTTP process first, so that nothing is accepted that is not going to be worked on."""
    running = [member.process for member in members if member.process is not None]
    deadline = time.monotonic() + LEAVE
    for process in running:
        if process.poll() is None:
            process.terminate()
    while any(process.poll() is None for process in running):
        if time.monotonic() > deadline or at_once():
            for process in running:
                if process.poll() is None:
                    process.kill()
        time.sleep(0.05)
