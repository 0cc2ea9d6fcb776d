"""Limits that are really exceeded."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.child import Zygote, run
from api.child.memory import Gauge, children, proportional, resident, tree
from tests.api.child.support import Watcher, gone, nobody, order, searching
from tests.lasting import LONG


def test_more_memory_than_allowed(odd: Zygote, tmp_path: Path) -> None:
    outcome = odd.run(order(tmp_path, kind="grow", memory=3e8), lambda _: None, nobody)
    assert (outcome.state, outcome.solver_status) == ("failed", "memory_limit")
    assert outcome.problem is not None
    assert outcome.problem.type == "urn:stockpile:MemoryExceeded"
    assert "of 0.30 GB allowed" in outcome.problem.detail
    assert outcome.memory_mb is not None
    assert outcome.memory_mb > 300


def test_an_allocation_that_fails(odd: Zygote, tmp_path: Path) -> None:
    outcome = odd.run(order(tmp_path, kind="gulp", memory=3e8), lambda _: None, nobody)
    assert (outcome.state, outcome.solver_status) == ("failed", "memory_limit")
    assert outcome.problem is not None
    assert outcome.problem.type == "urn:stockpile:MemoryExceeded"
    assert outcome.memory_mb is not None
    assert outcome.memory_mb < 300


def test_memory_of_helpers_counts(odd: Zygote, tmp_path: Path) -> None:
    """The child holds little; a process it started, in a session of its own, holds 200 MB."""
    told = Watcher()
    outcome = odd.run(order(tmp_path, kind="helper", memory=2.2e8), told.tell, nobody)
    assert outcome.solver_status == "memory_limit"


def test_cancel_ends_helpers_too(odd: Zygote, tmp_path: Path) -> None:
    told = Watcher("cancel", lambda message: message.get("line", "").startswith("helper"))
    outcome = odd.run(order(tmp_path, kind="helper"), told.tell, told.asked)
    assert outcome.state == "cancelled"
    helper = int(told.lines()[-1].split()[1])
    assert gone([helper], within=0.0)
    assert not children(odd.pid or 0)


@pytest.mark.slow
def test_a_real_solve_outgrows_its_memory(zygote: Zygote, tmp_path: Path) -> None:
    outcome = zygote.run(order(tmp_path, LONG, memory=1e8), lambda _: None, nobody)
    assert outcome.solver_status == "memory_limit"
    assert not (tmp_path / "result").exists()


@pytest.mark.slow
def test_time_that_is_over_keeps_the_incumbent(zygote: Zygote, tmp_path: Path) -> None:
    """The incumbent is there before the clock is started: a run that goes on from a checkpoint."""
    told = Watcher("cancel", lambda message: message["type"] == "checkpoint")
    zygote.run(order(tmp_path, LONG), told.tell, told.asked)
    outcome = zygote.run(order(tmp_path, LONG, seconds=3), lambda _: None, nobody)
    assert (outcome.state, outcome.solver_status) == ("succeeded", "time_limit")
    assert outcome.objective is not None


def test_time_that_is_over_for_one_that_hears_nothing(
    odd: Zygote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SETTLE", 0.5)
    outcome = odd.run(order(tmp_path, kind="sleep", seconds=0.5), lambda _: None, nobody)
    assert (outcome.state, outcome.solver_status) == ("failed", "time_limit")
    assert outcome.problem is not None
    assert outcome.problem.type == "urn:stockpile:TimeExceeded"
    assert outcome.seconds >= 1.0


def test_cancel_of_one_that_hears_nothing(odd: Zygote, tmp_path: Path) -> None:
    told = Watcher("cancel", lambda message: message.get("line") == "asleep")
    outcome = odd.run(order(tmp_path, kind="sleep"), told.tell, told.asked)
    assert outcome.state == "cancelled"
    assert not children(odd.pid or 0)


def test_threads_are_capped(zygote: Zygote, tmp_path: Path) -> None:
    told = Watcher("stop", searching)
    zygote.run(order(tmp_path, threads=1, options={"threads": 64}), told.tell, told.asked)
    assert '"threads": 1,' in (tmp_path / "result" / "plan.json").read_text()


def test_the_gauge_reads_what_the_system_tells() -> None:
    import os

    gauge = Gauge(os.getpid())
    before = gauge.read()
    held = b"x" * 200_000_000
    assert gauge.read() - before == pytest.approx(len(held), rel=0.1)
    assert 0 < proportional(os.getpid()) <= resident(os.getpid())
    assert next(iter(tree(os.getpid()))) == os.getpid()
    assert resident(2**22 + 1) == 0
    del held
    gauge.read()
    assert gauge.peak > gauge.now
