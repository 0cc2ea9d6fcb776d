"""The log: one stream, lines that machines read, and never a secret."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.logs import scrub
from api.settings import Settings
from api.store.database import connect
from api.store.keys import Keys

KEY = "sp_abcdefgh_" + "S3cr3tS3cr3tS3cr3tS3cr3t"
PROGRAM = f"""
import logging, threading, warnings
import structlog
from dbos._logger import init_logger
from api import logs
from api.settings import Settings

logs.configure(Settings())
init_logger()  # as DBOS does when it starts
log = structlog.get_logger("mine")
with logs.about(job="1234"):
    log.info("began", key="{KEY}", nested={{"deep": ["{KEY}"], "Authorization": "Basic Zm9vOmJhcg=="}})
    logging.getLogger("dbos").warning("connected to %s", "postgresql://user:hunter2@host/db")
logging.getLogger("uvicorn.access").info(
    '%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/v1/jobs?key={KEY}", "1.1", 200)
logging.getLogger("uvicorn.error").error("headers: %r", [(b"authorization", b"Bearer {KEY}")])
try:
    secret_in_a_local_variable = "{KEY}"
    raise ValueError("Authorization: Bearer tok.en/value and {KEY}")
except ValueError:
    log.exception("failed")
log.debug("too fine")
warnings.warn("an old habit")
thread = threading.Thread(target=lambda: 1 / 0, name="worker")
thread.start()
thread.join()
raise RuntimeError("{KEY}")
"""


def run(folder: Path, **environment: str) -> str:
    """What the program writes to stderr."""
    known = {**os.environ, "STOCKPILE_DATA": str(folder), **environment}
    words = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(words, env=known, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 1
    return done.stderr


def test_every_line_is_json_and_none_has_a_secret(tmp_path: Path) -> None:
    text = run(tmp_path)
    for secret in (KEY, "S3cr3t", "hunter2", "Zm9vOmJhcg", "tok.en/value"):
        assert secret not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert all({"event", "level", "timestamp", "logger"} <= set(line) for line in lines)
    by_event: dict[str, dict[str, Any]] = {line["event"]: line for line in lines}
    assert by_event["began"]["job"] == "1234"
    assert by_event["began"]["key"] == "sp_***"
    assert by_event["connected to postgresql://user:***@host/db"]["job"] == "1234"
    assert (
        by_event["request"] | {"path": "/v1/jobs?key=sp_***", "method": "GET", "status": 200}
        == by_event["request"]
    )
    assert "job" not in by_event["request"]
    assert "ValueError" in by_event["failed"]["exception"]
    assert "ZeroDivisionError" in by_event["thread died"]["exception"]
    assert "RuntimeError: sp_***" in by_event["died"]["exception"]
    assert any("an old habit" in line["event"] for line in lines)
    assert "too fine" not in by_event


def test_as_text(tmp_path: Path) -> None:
    text = run(tmp_path, STOCKPILE_LOG_FORMAT="text", STOCKPILE_LOG_LEVEL="debug")
    assert "S3cr3t" not in text
    assert "hunter2" not in text
    assert "job=1234" in text
    assert "too fine" in text
    assert "\x1b[" not in text, "no colours where there is no terminal"
    assert "locals" not in text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET /?k=sp%5Fabc_defghijk HTTP", "GET /?k=sp_*** HTTP"),
        (f"x{KEY}x", "xsp_***"),
        ('{"authorization": "Basic abc=", "a": 1}', '{"authorization": "***", "a": 1}'),
        ("authorization: Bearer abc.def", "authorization: ***"),
        ("AUTHORIZATION=Token abc", "AUTHORIZATION=***"),
        ("sent Bearer abcdefgh12 to", "sent Bearer *** to"),
        ("https://u:p%40ss@host/x", "https://u:***@host/x"),
        ("a plan of 12 bn at 10:30; the stock_sp_ace", "a plan of 12 bn at 10:30; the stock_sp_ace"),
    ],
)
def test_scrub(text: str, clean: str) -> None:
    assert scrub(text) == clean
    assert scrub(clean) == clean


@pytest.mark.slow
def test_a_key_sent_to_the_service_is_not_in_its_log(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", port=0, workers=0)
    engine = connect(settings)
    _, key = Keys(engine).create("alpha", "test", "admin")
    engine.dispose()
    environment = {**os.environ, "STOCKPILE_DATA": str(settings.data), "STOCKPILE_PORT": "0"}
    environment |= {"STOCKPILE_WORKERS": "0", "STOCKPILE_LOG_LEVEL": "debug"}
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.http"], env=environment, stderr=stderr, stdout=subprocess.DEVNULL
        )
    try:
        url = address(process, log)
        secret = key.split("_", 2)[2]
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            assert client.get("/v1/jobs", headers=headers).status_code == 200
            assert client.get("/v1/jobs", headers={"Authorization": f"Bearer {key}x"}).status_code == 401
            # Where it does not belong: in the path, the query, a header, a body.
            client.get(f"/v1/jobs/{key}", params={"key": key}, headers=headers)
            client.get("/healthz", headers={"X-Request-Id": key, "Cookie": f"key={key}", "User-Agent": key})
            client.post("/v1/jobs", headers=headers, json={"kind": key, "title": key})
            client.post("/v1/instances", headers=headers | {"Content-Type": key}, content=key)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    text = log.read_text(encoding="utf-8")
    assert '"path": "/v1/jobs' in text, "the requests are in the log"
    assert key not in text
    assert secret not in text
    assert all(json.loads(line) for line in text.splitlines())


def address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where the service listens: the port that belongs to its process, once it asks for a key."""
    while process.poll() is None:
        for port in ports(process.pid):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/v1/jobs", trust_env=False).status_code == 401:
                    return f"http://127.0.0.1:{port}"
            except httpx.HTTPError:
                continue
        time.sleep(0.05)
    raise AssertionError(log.read_text(encoding="utf-8"))


def ports(pid: int) -> list[int]:
    """TCP ports that a process listens on."""
    sockets = {os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink()}
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return [int(r[1].rpartition(":")[2], 16) for r in rows if r[3] == "0A" and f"socket:[{r[9]}]" in sockets]
