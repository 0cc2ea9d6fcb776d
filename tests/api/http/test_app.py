"""The process around the application: ``python -m api.http``, with a real database."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http.server import Gate
from models.faults import NewerDatabase, Unavailable
from tests.api.http.world import plain

ROOT = Path(__file__).parents[3]


def free() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def process(folder: Path, **values: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The HTTP process, and its address."""
    port = free()
    given = {"data": folder, "port": port, **values}
    env = {k: v for k, v in os.environ.items() if not k.startswith("STOCKPILE_")}
    env |= {f"STOCKPILE_{name.upper()}": str(value) for name, value in given.items()}
    running = subprocess.Popen(
        [sys.executable, "-m", "api.http"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
    )
    try:
        yield running, f"http://127.0.0.1:{port}"
    finally:
        running.kill()
        running.communicate()


def ready(url: str, path: str = "/version") -> None:
    """Wait until it answers."""
    until = time.monotonic() + 60
    while True:
        try:
            if httpx.get(url + path, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
def test_the_process_serves_logs_without_secrets_and_ends_streams_in_good_order(tmp_path: Path) -> None:
    with (
        process(tmp_path) as (running, url),
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        ready(url)
        job = client.post("/v1/jobs", json={"kind": "solve", "instance": plain()}).json()
        secret = "sp_0123456789abcdef_" + "s" * 43
        assert client.get("/v1/jobs", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
        assert client.get(f"/v1/jobs/{job['id']}").json() == job
        assert "server" not in client.get("/").headers
        heard: list[bytes] = []
        with client.stream("GET", f"/v1/jobs/{job['id']}/events") as answer:
            parts = answer.iter_bytes()
            heard.append(next(parts))
            running.send_signal(signal.SIGTERM)
            heard += parts  # the stream ends by itself
        begun = time.monotonic()
        _, log = running.communicate(timeout=30)
        assert time.monotonic() - begun < 8  # nothing waited for the grace to be over
    assert b"event: state" in b"".join(heard)
    assert "s" * 20 not in log
    lines = [json.loads(line) for line in log.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in requests][-5:] == [202, 401, 200, 200, 200]
    assert all(re.fullmatch(r"[0-9a-f]{32}", line["request"]) for line in requests)
    assert {
        line.get("tenant") for line in requests if line["path"] == "/v1/jobs" and line["status"] == 202
    } == {"anonymous"}


@pytest.mark.slow
def test_it_refuses_to_be_open_without_keys(tmp_path: Path) -> None:
    with process(tmp_path, host="0.0.0.0") as (running, _):
        _, log = running.communicate(timeout=60)
    assert running.returncode == 2
    assert "stockpile keys create" in log


@pytest.mark.slow
def test_settings_that_are_none_are_told(tmp_path: Path) -> None:
    with process(tmp_path, body_mb="many") as (running, _):
        _, log = running.communicate(timeout=60)
    assert running.returncode == 2
    assert "STOCKPILE_BODY_MB" in log


def call(gate: Gate, path: str) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer of the gate."""
    import asyncio

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": [],
        "query_string": b"",
        "scheme": "http",
    }
    asyncio.run(gate(scope, receive, send))
    return sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}


def test_until_the_database_is_there_the_answer_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()
    there = threading.Event()
    made: Any = object()

    def make() -> Any:
        tried.set()
        if not there.is_set():
            raise Unavailable("away")
        return made

    gate = Gate(make)
    assert tried.wait(10)
    status, headers = call(gate, "/v1/jobs")
    assert (status, headers["retry-after"]) == (503, "2")
    assert headers["content-type"] == "application/problem+json"
    assert call(gate, "/healthz")[0] == 200
    assert call(gate, "/readyz")[0] == 503
    there.set()
    until = time.monotonic() + 10
    while gate.app is not made and time.monotonic() < until:
        time.sleep(0.02)
    assert gate.app is made


def test_what_will_not_get_better_ends_the_process() -> None:
    def make() -> Any:
        raise NewerDatabase()

    gate = Gate(make)
    assert gate.failed.wait(10)
    assert isinstance(gate.error, NewerDatabase)
