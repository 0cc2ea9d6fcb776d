"""Real runs of real children: what they tell, what they leave behind, what becomes of those that fail."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from api.child import Outcome, Zygote
from api.child.memory import children
from models import files
from models.options import Options
from optimizer.results import read_results
from optimizer.solve import solve
from tests.api.child.support import SMALL, Watcher, nobody, order, searching
from tests.lasting import LONG


def test_a_solve_is_what_it_is_at_home(zygote: Zygote, tmp_path: Path) -> None:
    told = Watcher()
    outcome = zygote.run(order(tmp_path), told.tell, nobody)
    instance, plan = read_results(tmp_path / "result")
    local = solve(files.read(SMALL), Options(threads=1))
    assert (outcome.state, outcome.solver_status) == ("succeeded", "optimal")
    assert outcome.objective == plan.objective == pytest.approx(local.objective, rel=1e-9)
    assert outcome.bound == plan.bound
    assert instance.fingerprint() == local.fingerprint
    assert {p.name for p in (tmp_path / "result").iterdir()} == {
        "instance.json", "plan.json", "summary.txt", "plan.xlsx", "tables",
    }  # fmt: skip
    phases = [message["phase"] for message in told.of("progress")]
    assert [p for p in ("tree", "search", "audit", "write") if p in phases] == [
        "tree",
        "search",
        "audit",
        "write",
    ]
    assert outcome.memory_mb is not None
    assert 20 < outcome.memory_mb < 1000
    assert "search" in (tmp_path / "log.txt").read_text()


def test_many_at_once(zygote: Zygote, tmp_path: Path) -> None:
    found: dict[int, Outcome] = {}

    def one(number: int) -> None:
        found[number] = zygote.run(order(tmp_path / str(number)), lambda _: None, nobody)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {outcome.solver_status for outcome in found.values()} == {"optimal"}
    assert len({outcome.objective for outcome in found.values()}) == 1
    assert not children(zygote.pid or 0)


@pytest.mark.slow
def test_stop_keeps_the_incumbent(zygote: Zygote, tmp_path: Path) -> None:
    told = Watcher("stop", searching)
    outcome = zygote.run(order(tmp_path, LONG), told.tell, told.asked)
    assert (outcome.state, outcome.solver_status) == ("succeeded", "interrupted")
    _, plan = read_results(tmp_path / "result")
    assert plan.status == "interrupted"
    assert plan.commitments is not None
    assert plan.certificate is not None
    assert plan.certificate.passed


@pytest.mark.slow
def test_cancel_leaves_nothing(zygote: Zygote, tmp_path: Path) -> None:
    told = Watcher("cancel", lambda message: message.get("phase") == "search")
    outcome = zygote.run(order(tmp_path, LONG), told.tell, told.asked)
    assert outcome.state == "cancelled"
    assert outcome.problem is None
    assert not (tmp_path / "result").exists()
    assert not children(zygote.pid or 0)


@pytest.mark.slow
def test_a_crash_is_one_of_this_run_only(zygote: Zygote, tmp_path: Path) -> None:
    zygote.start()
    before = zygote.pid

    def shoot(message: dict[str, Any]) -> None:
        if message.get("phase") == "search":
            for pid in children(zygote.pid or 0):
                os.kill(pid, signal.SIGSEGV)

    outcome = zygote.run(order(tmp_path, LONG), shoot, nobody)
    assert (outcome.state, outcome.solver_status) == ("failed", "error")
    assert outcome.problem is not None
    assert outcome.problem.type == "urn:stockpile:Crashed"
    assert "SIGSEGV" in outcome.problem.detail
    assert "search" in outcome.problem.detail
    again = zygote.run(order(tmp_path / "next"), lambda _: None, nobody)
    assert again.solver_status == "optimal"
    assert zygote.pid == before


def test_an_instance_with_faults(zygote: Zygote, tmp_path: Path) -> None:
    asked = order(tmp_path)
    raw = json.loads(SMALL.read_text())
    raw["money"] = {"nonsense": 1}
    (tmp_path / "instance.json").write_text(json.dumps(raw))
    outcome = zygote.run(asked, lambda _: None, nobody)
    assert outcome.problem is not None
    assert outcome.problem.type == "urn:stockpile:FaultyInstance"
    assert outcome.problem.status == 422
    assert outcome.problem.errors


@pytest.mark.parametrize(
    ("kind", "problem", "said"),
    [
        ("fault", "NoHazards", "None at all."),
        ("bug", "JobFailed", "KeyError: 'surprise'"),
        ("leave", "Crashed", "code 7. Its last words: about to leave"),
    ],
)
def test_what_goes_wrong_is_told(odd: Zygote, tmp_path: Path, kind: str, problem: str, said: str) -> None:
    outcome = odd.run(order(tmp_path, kind=kind), lambda _: None, nobody)
    assert (outcome.state, outcome.solver_status) == ("failed", "error")
    assert outcome.problem is not None
    assert outcome.problem.type == f"urn:stockpile:{problem}"
    assert said in outcome.problem.detail
    if kind == "bug":
        assert "Traceback" in (tmp_path / "log.txt").read_text()


def test_an_error_of_the_listener_ends_the_run(odd: Zygote, tmp_path: Path) -> None:
    def tell(message: dict[str, Any]) -> None:
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="database"):
        odd.run(order(tmp_path, kind="sleep"), tell, nobody)
    assert not children(odd.pid or 0)


def test_nothing_said_is_lost(odd: Zygote, tmp_path: Path) -> None:
    """More than a socket holds, to a listener that is slow to begin."""
    told = Watcher()
    outcome = odd.run(order(tmp_path, kind="talk"), told.tell, nobody)
    assert outcome.state == "succeeded"
    assert [int(line.split()[0]) for line in told.lines()] == list(range(20_000))


@pytest.mark.slow
def test_a_child_has_manners(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STOCKPILE_DATABASE_URL", "postgresql://somebody:secret@there/db")
    told = Watcher()
    with Zygote(module="tests.api.child.kinds") as zygote:
        assert zygote.run(order(tmp_path, kind="look"), told.tell, nobody).state == "succeeded"
        assert len(os.listdir(f"/proc/{zygote.pid}/task")) == 1
    # Its line and the two ends that signals go through: none of the zygote's.
    assert told.lines() == ["nice 10", "secrets []", "sockets 3", "session True"]


def test_what_was_cancelled_is_not_begun_again(
    zygote: Zygote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zygote that is too slow to end a cancelled child is ended itself; nobody starts the run anew."""
    monkeypatch.setattr("api.child.run.PATIENCE", 0.3)
    with zygote._lock:
        zygote._ensure()
    assert zygote.pid is not None
    os.kill(zygote.pid, signal.SIGSTOP)
    before = zygote._count
    outcome = zygote.run(order(tmp_path / "run", LONG), lambda _: None, lambda: "cancel")
    assert outcome.state == "cancelled"
    assert zygote._count == before + 1
