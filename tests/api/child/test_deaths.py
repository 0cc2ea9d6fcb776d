"""Whoever dies takes with it what is below, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from api.child import Zygote
from api.child.memory import children, tree
from optimizer.checkpoint import Checkpoint
from tests.api.child.support import ROOT, Watcher, alive, gone, nobody, order
from tests.lasting import LONG

WORKER = """
import sys
from pathlib import Path
from api.child import Zygote
from tests.api.child.support import nobody, order
from tests.lasting import LONG

with Zygote(module="tests.api.child.kinds") as zygote:
    def tell(message):
        if message["type"] == "log" and message["line"].startswith("helper"):
            print(zygote.pid, message["line"].split()[1], flush=True)
    zygote.run(order(Path(sys.argv[1]), kind="helper"), tell, nobody)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_worker_that_is_killed_leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as worker:
        assert worker.stdout is not None
        zygote, helper = map(int, worker.stdout.readline().split())
        below = list(tree(zygote))
        assert len(below) == 3  # the zygote, its child, the helper of that
        assert helper in below
        worker.send_signal(how)
        worker.wait()
        assert gone(below)


@pytest.mark.slow
def test_a_killed_zygote_takes_its_children_and_the_run_is_done_again(tmp_path: Path) -> None:
    shot: list[int] = []
    with Zygote() as zygote:

        def tell(message: dict[str, Any]) -> None:
            if message.get("phase") == "formulation" and not shot:
                first = zygote.pid
                assert first is not None
                shot.extend(tree(first))
                os.kill(first, signal.SIGKILL)

        outcome = zygote.run(order(tmp_path), tell, nobody)
        assert len(shot) == 2
        assert gone(shot)
        assert (outcome.state, outcome.solver_status) == ("succeeded", "optimal")
        assert zygote.pid not in shot


def test_a_zygote_that_dies_every_time(tmp_path: Path) -> None:
    with Zygote(module="tests.api.child.support") as zygote:  # ends as soon as it is started
        outcome = zygote.run(order(tmp_path), lambda _: None, nobody)
    assert outcome.state == "failed"
    assert outcome.problem is not None
    assert outcome.problem.type == "urn:stockpile:Crashed"


@pytest.mark.slow
def test_the_thread_that_started_it_may_end(tmp_path: Path) -> None:
    """The system kills a process whose starting thread has ended; that thread must not be a caller's."""
    with Zygote() as zygote:
        caller = threading.Thread(target=zygote.start)
        caller.start()
        caller.join()
        first = zygote.pid
        assert first is not None
        assert zygote.run(order(tmp_path), lambda _: None, nobody).state == "succeeded"
        assert zygote.pid == first
    assert not alive(first)


@pytest.mark.slow
def test_closed_while_something_runs(tmp_path: Path) -> None:
    """Closing ends what runs; the run reports it and does not start another zygote."""
    zygote = Zygote(module="tests.api.child.kinds")
    told = Watcher(after=lambda message: message.get("line") == "asleep")
    ended: list[BaseException] = []

    def work() -> None:
        try:
            zygote.run(order(tmp_path, kind="sleep"), told.tell, nobody)
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not told.said:
        thread.join(0.05)
    below = list(tree(zygote.pid or 0))
    zygote.close()
    thread.join()
    assert gone(below)
    assert isinstance(ended[0], RuntimeError)
    zygote.close()


@pytest.mark.slow
def test_a_solve_goes_on_where_the_killed_one_was(tmp_path: Path) -> None:
    def shoot(message: dict[str, Any]) -> None:
        if message["type"] == "checkpoint":
            for pid in children(zygote.pid or 0):
                os.kill(pid, signal.SIGKILL)

    options = {"relative_gap": 0.02}
    with Zygote() as zygote:
        dead = zygote.run(order(tmp_path, LONG, options=options), shoot, nobody)
        assert dead.problem is not None
        assert "SIGKILL" in dead.problem.detail
        told = Watcher()
        outcome = zygote.run(order(tmp_path, LONG, options=options), told.tell, nobody)
    assert (outcome.state, outcome.solver_status) == ("succeeded", "optimal")
    assert any(line.startswith("going on from a checkpoint") for line in told.lines())


@pytest.mark.slow
def test_a_decomposition_goes_on_where_the_killed_one_was(tmp_path: Path) -> None:
    first, kept = Watcher(), tmp_path / "checkpoint" / "search"

    def shoot(message: dict[str, Any]) -> None:
        first.tell(message)
        if message["type"] != "checkpoint":
            return
        learnt = Checkpoint.from_bytes(kept.read_bytes()).learnt
        if learnt is not None and learnt.tree is not None and learnt.plan is not None:
            for pid in children(zygote.pid or 0):
                os.kill(pid, signal.SIGKILL)

    options = {"method": "decompose", "relative_gap": 0.001}
    with Zygote() as zygote:
        dead = zygote.run(order(tmp_path, LONG, options=options), shoot, nobody)
        assert dead.problem is not None
        assert "SIGKILL" in dead.problem.detail
        left = Checkpoint.from_bytes(kept.read_bytes()).learnt
        assert left is not None
        assert len(left.cuts.right) > 0
        told = Watcher()
        outcome = zygote.run(order(tmp_path, LONG, options=options), told.tell, nobody)
    assert (outcome.state, outcome.solver_status) == ("succeeded", "optimal")
    assert any(line.startswith("going on from a checkpoint") for line in told.lines())
    assert not any("not used" in line for line in told.lines())
    # What was proved stays proved.
    proved = max(bounds(first.messages))
    assert all(bound >= proved * (1 - 1e-9) for bound in bounds(told.messages))


def bounds(messages: list[dict[str, Any]]) -> list[float]:
    """Bounds that were told."""
    return [now["bound"] for now in messages if now["type"] == "progress" and now.get("bound") is not None]
