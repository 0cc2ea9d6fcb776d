"""Worker processes: the same answers as here, whatever becomes of the processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import optimizer.decompose
from models.faults import PoolFailed, SolverFailed
from models.options import Options
from optimizer.decompose.pools import Pool, Stopped
from optimizer.decompose.pools.processes import Processes
from optimizer.decompose.pools.requests import Ask, Keep, Request
from optimizer.decompose.pools.sharded import DEATHS, Sharded
from optimizer.solve import solve
from tests.optimizer import support
from tests.optimizer.decompose.cases import decomposed
from tests.optimizer.decompose.pools.asking import allowed, bits, fines, oracle, points

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def two() -> Iterator[Sharded]:
    """Two processes for several tests: each takes a second or two to start."""
    with closing(Sharded(Processes(2))) as pool:
        yield pool


def kill(pool: Sharded, k: int) -> None:
    assert isinstance(pool.workers, Processes)
    os.kill(pool.workers.pids[k], signal.SIGKILL)


def never() -> bool:
    return False


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 60
    while not all(gone(pid) for pid in pids):
        assert time.monotonic() < deadline, "a worker outlives what started it"
        time.sleep(0.05)


def test_processes_answer_as_threads_do_to_the_bit(two: Sharded) -> None:
    whole = allowed()
    here, there = oracle(whole), two.hold(whole, seed=0, halted=never)
    there.charge(fines(whole))
    for y in points(whole, 5):
        assert bits(there.ask(y)) == bits(here.ask(y))
    here.keep()
    there.keep()
    there.ask(points(whole, 1, seed=7)[0])
    assert there.kept().tobytes() == here.kept().tobytes()
    assert there.floor().tobytes() == here.floor().tobytes()
    assert (there.rounds, there.iterations) == (6, pytest.approx(here.iterations, rel=1.0))
    there.close()


def test_a_whole_solve_is_the_same_to_the_bit() -> None:
    instance = support.case("rule-unknown-length")
    found = [
        decomposed(instance, threads=threads, pool=pool)[0]
        for pool, threads in (("threads", 1), ("processes", 2))
    ]
    one, two = found
    assert one.x is not None
    assert two.x is not None
    assert one.x.tobytes() == two.x.tobytes()
    assert (one.objective, one.bound, one.iterations) == (two.objective, two.bound, two.iterations)
    assert (one.note, two.note) == ("", "in 2 processes")


def test_what_a_killed_process_kept_is_found_again(two: Sharded) -> None:
    whole = allowed("rule-emissions-cap")
    there = two.hold(whole, seed=0, halted=never)
    there.charge(fines(whole))
    *others, y = points(whole, 4)
    # Less than what there is to be used at least: what goes beyond is fined.
    y[len(y) - len(whole.owner) :] -= 20.0
    for at in others:
        there.ask(at)
    heard = there.ask(y)
    assert heard.feasible.all()
    assert not heard.astray.nnz
    assert heard.beyond.any()
    there.keep()
    kill(two, 0)
    for at in points(whole, 2):
        there.ask(at)
    kill(two, 1)
    x = there.kept()
    s = whole.whole.subproblems
    sums = s.matrix @ x + s.linking @ y
    programme = np.ones(len(sums), dtype=bool)
    # The last rows of a subproblem are its allowances, which were set to what was used.
    programme[np.flatnonzero(np.diff(s.linking[:, len(y) - len(whole.owner) :].indptr))] = False
    slack = 1e-6 * (1 + np.abs(sums))
    assert (sums >= s.row_lower - slack)[programme].all()
    assert (sums <= s.row_upper + slack)[programme].all()
    use = whole.sums[1] @ x
    assert use == pytest.approx(heard.use.sum(axis=0), rel=1e-6, abs=1e-6)
    assert float(s.cost @ x) <= float(heard.true.sum()) + 1e-6 * (1 + abs(float(heard.true.sum())))


class Dying(Processes):
    """Some of its processes are killed right after they were asked something."""

    def __init__(self, count: int, kind: type, after: frozenset[int]) -> None:
        super().__init__(count)
        self.kind, self.after, self.asked, self.killed = kind, after, 0, 0

    def send(self, k: int, request: Request) -> None:
        super().send(k, request)
        if isinstance(request, self.kind):
            self.asked += 1
            if self.asked in self.after:
                os.kill(self.pids[k], signal.SIGKILL)
                self.killed += 1


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        pytest.param(Ask, frozenset({1, 3}), id="asked"),
        pytest.param(Keep, frozenset({1}), id="keeping", marks=pytest.mark.slow),
    ],
)
def test_a_solve_outlives_processes_killed_on_its_way(
    kind: type, after: frozenset[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Dying] = []

    def opened(word: str, subproblems: int, threads: int) -> Pool:
        made.append(Dying(2, kind, after))
        return Sharded(made[0])

    monkeypatch.setattr(optimizer.decompose, "opened", opened)
    name = "rule-unknown-length"
    plan = solve(support.case(name), Options(method="decompose", relative_gap=1e-6, marginals=False))
    assert made[0].killed == len(after)
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(support.known_optimum(name), rel=2e-6)
    assert plan.certificate is not None
    assert plan.certificate.passed, plan.certificate.findings
    wait_until_gone(made[0].pids)


def test_one_part_that_kills_every_process_is_given_up() -> None:
    whole = allowed()
    with closing(Dying(1, Ask, frozenset(range(1, 9)))) as workers:
        there = Sharded(workers).hold(whole, seed=0, halted=never)
        with pytest.raises(PoolFailed, match=f"{DEATHS} workers in a row died on one part.*SIGKILL"):
            there.ask(points(whole, 1)[0])
        assert workers.killed == DEATHS


def test_a_stop_reaches_processes_and_leaves_what_was_kept() -> None:
    whole = allowed()
    stop = threading.Event()
    with closing(Processes(2)) as workers:
        there = Sharded(workers).hold(whole, seed=0, halted=stop.is_set)
        there.charge(fines(whole))
        y, other = points(whole, 2)
        there.ask(y)
        there.keep()
        # A frozen one would keep the master waiting for ever.
        os.kill(workers.pids[0], signal.SIGSTOP)
        threading.Timer(0.2, stop.set).start()
        with pytest.raises(Stopped):
            there.ask(other)
        assert len(there.kept()) == len(whole.low)


def test_what_fails_in_a_process_fails_here(two: Sharded) -> None:
    whole = allowed()
    there = two.hold(whole, seed=0, halted=never)
    there.charge(fines(whole))
    with pytest.raises(PoolFailed, match=r"A worker failed:[\s\S]*ValueError"):
        there.ask(np.zeros(3))
    there.ask(points(whole, 1)[0])
    there.close()
    with pytest.raises(SolverFailed, match="that it does not hold"):
        there.ask(points(whole, 1)[0])


def test_processes_end_with_the_one_that_started_them() -> None:
    script = (
        "from optimizer.decompose.pools.processes import Processes\n"
        "print(*Processes(2).pids, flush=True)\n"
        "input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert not any(gone(pid) for pid in pids)
        parent.kill()
    wait_until_gone(pids)
