"""What only shows in a process of its own: start-up, a real terminal, real signals, a reader that leaves."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models import files
from optimizer.results import read_results
from tests.optimizer import handmade

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT / "instances" / "us-vault-2026"
"""Takes a minute or more to solve to the optimum."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "200"}


def start(*words: str, **streams: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "api.cli", *words], env=ENVIRONMENT, **streams)


class Terminal:
    """A command whose stdout and stderr are a terminal."""

    def __init__(self, *words: str) -> None:
        self.master, slave = pty.openpty()
        self.process = start(*words, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.text = ""

    def read(self) -> bool:
        """What has come; False at the end."""
        if not select.select([self.master], [], [], 0.1)[0]:
            return True
        try:
            self.text += os.read(self.master, 65536).decode("utf-8", errors="replace")
        except OSError:  # the other side is closed
            return False
        return True

    def until(self, pattern: str, seconds: float = 300) -> None:
        """Read until the pattern shows."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            assert self.read(), f"ended without {pattern!r}:\n{self.text}"
            assert time.monotonic() < end, f"no {pattern!r} in:\n{self.text}"

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self.read():
            pass
        os.close(self.master)
        return self.process.wait()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    files.write(handmade.instance(), tmp_path / "by-hand.json")
    return tmp_path / "by-hand.json"


def test_nothing_heavy_is_loaded_before_a_command_runs() -> None:
    heavy = {"numpy", "pandas", "pyomo", "highspy", "scipy", "openpyxl", "pyarrow", "pydantic"}
    code = f"import sys; import api.cli; print(*{heavy} & set(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, check=True, capture_output=True, text=True
    )
    assert loaded.stdout.split() == []


def test_piped_output_is_plain_and_quiet(good: Path, tmp_path: Path) -> None:
    done = start(
        "solve", str(good), "--out", str(tmp_path / "o"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = done.communicate()
    assert done.returncode == 0
    assert err == b""
    assert b"\x1b" not in out
    assert out.decode().startswith("by hand: optimal plan\n")


def test_a_terminal_gets_colour_and_a_live_line(good: Path) -> None:
    terminal = Terminal("solve", str(good))
    assert terminal.end() == 0
    assert "\x1b[?25l" in terminal.text  # the cursor is hidden while the live line stands
    assert "loading the solver" in terminal.text  # later phases may pass between two refreshes
    assert "\x1b[1;36mby hand: optimal plan" in terminal.text
    assert "-----" not in terminal.text


def test_faults_are_a_table_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "faulty.json").write_text(json.dumps({**handmade.INSTANCE, "discount_rate": -1}))
    terminal = Terminal("validate", str(tmp_path / "faulty.json"))
    assert terminal.end() == 2
    assert re.search("table.*field.*got.*allowed.*place", terminal.text)
    assert re.search("discount_rate.*-1.*faulty.json", terminal.text)


def test_a_reader_that_leaves_is_no_traceback(good: Path) -> None:
    done = start("schema", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.stdout is not None
    assert done.stderr is not None
    done.stdout.close()
    assert done.stderr.read() == b""
    done.stderr.close()
    assert done.wait() == 1


@pytest.mark.slow
def test_ctrl_c_once_keeps_the_best_plan(tmp_path: Path) -> None:
    terminal = Terminal(
        "solve", str(REAL), "--out", str(tmp_path), "--gap", "0", "--no-marginals", "--tables", "none"
    )
    terminal.until(r"plan [0-9.,]+ (m|bn) USD")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0, terminal.text
    assert "stopping with the best plan found; Ctrl-C again aborts" in terminal.text
    _, plan = read_results(tmp_path)
    assert plan.status == "interrupted"
    assert plan.commitments is not None
    assert plan.certificate is not None
    assert plan.certificate.passed


@pytest.mark.slow
def test_ctrl_c_twice_aborts(tmp_path: Path) -> None:
    terminal = Terminal("solve", str(REAL), "--out", str(tmp_path / "o"), "--gap", "0")
    terminal.until("writing the equations|compiling them|searching")
    terminal.process.send_signal(signal.SIGINT)
    terminal.until("stopping with the best plan found")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 4
    assert "aborted" in terminal.text
    assert not (tmp_path / "o").exists()
