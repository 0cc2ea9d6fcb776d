"""``stockpile serve`` as a process on loopback, and what two ways of doing the same work have in common."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from api.client import Client, Retry

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT / "instances" / "us-vault-2026"
"""Takes a minute or more to solve to the optimum."""
PATIENCE = 120.0
"""Seconds until a test gives up; nothing is said about how long anything may take."""


class Server:
    """A service with its web server and a worker."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder, self.port = folder, port
        self.start()

    def start(self) -> None:
        """On the same port as before, if there was one."""
        words = ["serve", "--data", str(self.folder), "--port", str(self.port), "--slots", "2"]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "STOCKPILE_LOG_LEVEL": "warning"}
        env |= {"STOCKPILE_JOB_THREADS": "1", "STOCKPILE_HEARTBEAT_SECONDS": "0.5"}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *words], env=env, stdout=subprocess.PIPE, stderr=self.log
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(rb"http://[0-9.]+:([0-9]+)", line):
                self.port = int(found[1])
                break
        with self.client() as client:
            client.jobs()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Client:
        """A patient client."""
        return Client(self.url, retry=Retry(patience=PATIENCE, most=0.5))

    def stop(self) -> None:
        """In good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As when the machine loses power; all its processes die with it."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()

    def job(self, tag: str = "") -> str:
        """The newest job, as soon as there is one."""
        end = time.monotonic() + PATIENCE
        with self.client() as client:
            while not (found := client.jobs(limit=1).jobs):
                assert time.monotonic() < end, "no job"
                time.sleep(0.1)
        return found[0].id

    def until(self, job: str, pattern: str) -> None:
        """Wait until an event of a job says something."""
        with self.client() as client:
            for event in client.watch(job):
                if re.search(pattern, json.dumps(event.data)):
                    return
        raise AssertionError(f"job {job} ended without {pattern!r}")


TIMES = {"seconds", "effort", "memory_mb", "highs_seconds", "key"}
"""Fields that tell how long something took, or by which a batch recognises it."""
PLACES = {"folder", "written"}


def same(one: Path, other: Path) -> None:
    """Assert that two results are equal, file by file, but for times."""
    names, others = (
        sorted(p.relative_to(f).as_posix() for p in f.rglob("*") if p.is_file()) for f in (one, other)
    )
    assert names == others
    assert names
    for name in names:
        assert content(one / name) == content(other / name), name


def content(path: Path) -> Any:
    """What a file says, without times."""
    if path.name == "log.txt":
        return None
    match path.suffix:
        case ".json":
            return timeless(json.loads(path.read_text(encoding="utf-8")))
        case ".csv":
            return table(pd.read_csv(path))
        case ".parquet":
            return table(pd.read_parquet(path))
        case ".xlsx":
            return {name: table(sheet) for name, sheet in pd.read_excel(path, sheet_name=None).items()}
        case _:
            return without_seconds(path.read_text(encoding="utf-8"))


def table(frame: pd.DataFrame) -> Any:
    """Rows of a table without those and without columns that are times."""
    if {"measure", "value"} <= set(frame.columns):
        frame = frame[frame["measure"] != "seconds"]
    if {"phase", "seconds"} <= set(frame.columns) or "simplex_iterations" in map(str, frame.columns):
        return list(frame.columns)
    kept = frame.drop(columns=[c for c in frame.columns if str(c) in TIMES | PLACES | {"path"}])
    return timeless(json.loads(kept.to_json(orient="records")))


def timeless(value: Any) -> Any:
    """Plain data without times and places."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in TIMES | PLACES | {"path"}}
    if isinstance(value, list):
        rows = [row for row in value if not (isinstance(row, dict) and row.get("measure") == "seconds")]
        return [timeless(row) for row in rows]
    return value


def without_seconds(text: str) -> str:
    """Text in which nothing took any time; where a line is cut depends on how wide times are."""
    for pattern, plain in ((r" *[0-9.]+ s\b", "  - s"), (" {2,}", "  "), (r"\S*…", "…")):
        text = re.sub(pattern, plain, text)
    return text
