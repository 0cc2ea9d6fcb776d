"""A job at a server, its command line at a terminal: Ctrl-C, and servers that go and come back."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from optimizer.results import read_results
from tests.api.remote import REAL, Server
from tests.api.test_terminal import Terminal

pytestmark = pytest.mark.deep


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "server")
    yield made
    made.kill()


def solving(server: Server, out: Path, *more: str) -> tuple[Terminal, str]:
    """A solve that takes long, at a terminal, and its job, once there is a first plan."""
    words = ("solve", str(REAL), "--out", str(out), "--gap", "0", "--no-marginals", "--tables", "none")
    terminal = Terminal(*words, "--server", server.url, *more)
    terminal.until(r"searching · .*plan [0-9.,]+ (m|bn) USD")
    return terminal, server.job()


def test_ctrl_c_once_keeps_the_best_plan(server: Server, tmp_path: Path) -> None:
    terminal, job = solving(server, tmp_path / "out")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0, terminal.text
    assert "stopping with the best plan found; Ctrl-C again leaves it to the server" in terminal.text
    _, plan = read_results(tmp_path / "out")
    assert plan.status == "interrupted"
    assert plan.commitments is not None
    with server.client() as client:
        assert client.job(job).state == "succeeded"


def test_ctrl_c_twice_leaves_and_says_how_to_come_back(server: Server, tmp_path: Path) -> None:
    # A worker that is held up does not answer the first, so that there is time for the second.
    terminal, job = solving(server, tmp_path / "out")
    terminal.process.send_signal(signal.SIGINT)
    terminal.until("stopping with the best plan found")
    terminal.process.send_signal(signal.SIGINT)
    code = terminal.end()
    if code == 0:
        pytest.fail("the first was answered before the second came")
    assert code == 4
    assert f"Job {job} goes on at the server" in terminal.text
    assert not (tmp_path / "out").exists()
    fetch = re.search(r"stockpile (jobs fetch \S+ --server \S+)", terminal.text)
    assert fetch is not None
    with server.client() as client:
        assert client.wait(job).state == "succeeded", "the first Ctrl-C was passed on"
    again = Terminal(*fetch[1].split(), "--out", str(tmp_path / "out"))
    assert again.end() == 0, again.text
    assert read_results(tmp_path / "out")[1].status == "interrupted"


def test_ctrl_c_before_the_job_is_there_submits_nothing(tmp_path: Path) -> None:
    # Nobody listens on the discard port.
    terminal = Terminal("solve", str(REAL), "--server", "http://127.0.0.1:9")
    terminal.until(r"trying again")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 4
    assert "Stopped" in terminal.text


def test_watching_can_be_left(server: Server, tmp_path: Path) -> None:
    terminal, job = solving(server, tmp_path / "out")
    watching = Terminal("jobs", "watch", job, "--server", server.url)
    watching.until("searching")
    watching.process.send_signal(signal.SIGINT)
    assert watching.end() == 4
    with server.client() as client:
        assert client.job(job).state == "running"
        client.cancel(job)
    assert terminal.end() == 4
    assert "The job was cancelled" in terminal.text


def test_a_server_that_dies_and_comes_back_is_waited_for(server: Server, tmp_path: Path) -> None:
    """The job goes on in another run; the command line hears its events to the end and fetches the result."""
    terminal, job = solving(server, tmp_path / "out")
    server.kill()
    terminal.until(r"trying again · .*127\.0\.0\.1")
    server.start()
    server.until(job, r'"attempt": 2')
    terminal.text = ""
    terminal.until(r"searching · .*plan [0-9.,]+ (m|bn) USD")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0, terminal.text
    assert read_results(tmp_path / "out")[1].commitments is not None
    with server.client() as client:
        ended = client.job(job)
        assert (ended.state, ended.attempt) == ("succeeded", 2)
        assert [j.id for j in client.every_job()] == [job], "nothing was submitted twice"


def test_a_job_killed_by_its_limit_ends_with_its_reason(server: Server, tmp_path: Path) -> None:
    terminal = Terminal(
        "batch", str(REAL), "--out", str(tmp_path / "out"), "--memory", "0.05", "--server", server.url
    )
    assert terminal.end() == 1, terminal.text
    assert "MemoryExceeded" in terminal.text
    assert (tmp_path / "out" / "us-vault-2026" / "log.txt").exists()
