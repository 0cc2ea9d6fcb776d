"""Scenarios in slices, by this process or by several side by side; results do not depend on which."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.instance import Instance
from models.plan import Plan
from optimizer.compile import Arrays, Vector
from optimizer.evaluate.foresight import Foresight
from optimizer.evaluate.outcomes import Outcome, Outcomes
from optimizer.evaluate.rolling import BRANCHES, FromHazards, FromScenarios, Rolling
from optimizer.evaluate.sets import Case, Draw, Given, Source
from optimizer.evaluate.setting import Setting
from optimizer.evaluate.statistics import values
from optimizer.highs import machine_threads

SLICE = 250
"""Scenarios of a slice, foresight; part of no result."""
ROLLED = 25
"""Scenarios rolled together."""
EXAMPLES = 200
"""First scenarios of the set from which references are taken."""
TICK = 0.2
"""Seconds between looks at progress."""


@dataclass(frozen=True)
class Work:
    """What a process needs to know."""

    instance: Instance
    plan: Plan
    scenarios: Given | Draw
    way: str
    """foresight or rolling"""
    stories: int = 10
    branches: int = BRANCHES
    seed: int = 0
    """of HiGHS, and of the trees of rolling"""


@dataclass(frozen=True)
class Slice:
    """A part of a batch."""

    batch: int
    first: int
    last: int


@dataclass
class Done:
    """What a slice came to."""

    slice: Slice
    outcomes: Outcomes
    differences: list[tuple[float, float]]
    """By scenario of way rolling: its value less that with foresight (USD), and its probability."""
    whole: bool
    """All of it, not stopped on the way."""
    joint: Joint | None = None
    """With the first slice."""


@dataclass(frozen=True)
class Joint:
    """What rules about the whole distribution are checked with: rows and columns of no node."""

    arrays: Arrays
    values: Vector
    """Of the columns, commitments and what falls due."""


class Worker:
    """Evaluates slices. The first batch teaches it what all of them need."""

    def __init__(self, work: Work) -> None:
        self.work = work
        rolling = work.way == "rolling"
        self.source = Source(work.instance, work.scenarios, regimes=rolling)
        self.setting = Setting(work.instance, work.plan)
        self._batch: tuple[int, list[Case]] = (0, self.source.batch(0))
        first = self._batch[1]
        self.setting.learn(self.setting.moments(case.scenario) for case in first)
        examples = [case.scenario for case in first[:EXAMPLES]]
        self.foresight = Foresight(self.setting, examples, work.seed)
        self.rolling: Rolling | None = None
        if rolling:
            drawn = work.scenarios if isinstance(work.scenarios, Draw) else None
            belief = (
                FromHazards(self.setting, drawn.rate, work.branches, work.seed)
                if drawn
                else FromScenarios(self.setting, work.instance)
            )
            self.rolling = Rolling(self.setting, belief, work.seed)

    def slices(self) -> Iterator[Slice]:
        """Of all batches, in order."""
        size = ROLLED if self.rolling else SLICE
        for batch in range(len(self.source)):
            count = len(self.cases(batch))
            for first in range(0, count, size):
                yield Slice(batch, first, min(first + size, count))

    def cases(self, batch: int) -> list[Case]:
        """Of a batch; the last one is kept."""
        if self._batch[0] != batch:
            self._batch = (batch, self.source.batch(batch))
        return self._batch[1]

    def run(self, part: Slice, stopped: Callable[[], bool], tell: Callable[[int], None]) -> Done:
        """Evaluate a slice; ``tell`` is told how many more are done."""
        cases = self.cases(part.batch)[part.first : part.last]
        setting = self.setting
        outcomes = Outcomes(setting.segments, self.work.stories)
        if self.rolling:
            return self._roll(part, cases, outcomes, stopped, tell)
        paths = [setting.moments(case.scenario) for case in cases]
        setting.learn(paths)
        for case, path in zip(cases, paths, strict=True):
            if stopped():
                break
            found = self.foresight.outcome(case.scenario, path)
            if outcomes.remarkable(found):
                found = self.foresight.outcome(case.scenario, path, told=True)
            outcomes.add(found)
            tell(1)
        setting.trim()
        return Done(part, outcomes, [], len(outcomes) == len(cases), self._joint(part))

    def _roll(
        self,
        part: Slice,
        cases: list[Case],
        outcomes: Outcomes,
        stopped: Callable[[], bool],
        tell: Callable[[int], None],
    ) -> Done:
        assert self.rolling is not None
        rolled = self.rolling.outcomes(cases, stopped=stopped, told=self.work.stories > 0)
        if rolled is None:
            return Done(part, outcomes, [], False)
        known = [self.foresight.outcome(c.scenario, self.setting.moments(c.scenario)) for c in cases]
        differences = [
            (self._value(one) - self._value(other), one.probability)
            for one, other in zip(rolled, known, strict=True)
        ]
        outcomes.extend(rolled)
        tell(len(cases))
        self.setting.trim()
        return Done(part, outcomes, differences, True, self._joint(part))

    def _joint(self, part: Slice) -> Joint | None:
        if part.batch or part.first:
            return None
        return Joint(self.setting.template.common, self.setting.pieces.common)

    def _value(self, o: Outcome) -> float:
        eta = self.setting.eta * self.setting.money
        goal = self.work.instance.objective
        return float(values(np.array([o.loss]), np.array([o.cost]), goal, eta)[0])


Tell = Callable[[int], None]


def run(
    work: Work,
    *,
    processes: int | None = None,
    tell: Tell | None = None,
    stop: threading.Event | None = None,
) -> tuple[list[Done], bool]:
    """All slices in order, and whether all are there. ``tell``: how many scenarios are done so far.

    Raises whatever a scenario raises.
    """
    source = Source(work.instance, work.scenarios)
    size = ROLLED if work.way == "rolling" else SLICE
    most = processes or machine_threads()
    many = min(most, max(1, source.asked // (2 if processes else size)))
    if many == 1:
        return _alone(work, tell, stop)
    return _together(work, source, size, many, tell, stop)


def _alone(work: Work, tell: Tell | None, stop: threading.Event | None) -> tuple[list[Done], bool]:
    done: list[Done] = []
    count = 0

    def count_up(more: int) -> None:
        nonlocal count
        count += more
        if tell:
            tell(count)

    def stopped() -> bool:
        return stop is not None and stop.is_set()

    worker = Worker(work)
    for part in worker.slices():
        if stopped():
            return done, False
        done.append(worker.run(part, stopped, count_up))
    return done, all(part.whole for part in done)


# ---- several processes

_worker: Worker
_stop: Any
_count: Any


def _start(work: Work, stop: Any, count: Any, parent: int) -> None:
    global _worker, _stop, _count  # noqa: PLW0603  # a process of a pool has nowhere else to keep it
    from optimizer.batch.child import die_with

    die_with(parent)
    _stop, _count = stop, count
    _worker = Worker(work)


def _run(part: Slice) -> Done | None:
    def tell(more: int) -> None:
        with _count.get_lock():
            _count.value += more

    if _stop.is_set():
        return None
    # How many scenarios a batch has is known once it is drawn: slices are laid out for the most.
    there = len(_worker.cases(part.batch))
    if part.first >= there:
        return None
    return _worker.run(Slice(part.batch, part.first, min(part.last, there)), _stop.is_set, tell)


def _together(
    work: Work, source: Source, size: int, many: int, tell: Tell | None, stop: threading.Event | None
) -> tuple[list[Done], bool]:
    context = multiprocessing.get_context("spawn")
    halt, count = context.Event(), context.Value("l", 0)
    found: list[Done] = []
    parts = [
        Slice(batch, first, min(first + size, most))
        for batch, most in enumerate(source.sizes)
        for first in range(0, most, size)
    ]
    with _signals_held_back():
        pool = ProcessPoolExecutor(
            many, mp_context=context, initializer=_start, initargs=(work, halt, count, os.getpid())
        )
        futures: set[Future[Done | None]] = {pool.submit(_run, part) for part in parts}
    waiting = set(futures)
    try:
        while waiting:
            finished, waiting = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
            if stop is not None and stop.is_set():
                halt.set()
            if tell:
                tell(count.value)
            for future in finished:
                result = future.result()
                if result is not None:
                    found.append(result)
    except BaseException:
        halt.set()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
    found.sort(key=lambda done: (done.slice.batch, done.slice.first))
    return found, not halt.is_set() and all(part.whole for part in found)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C at the terminal: this one decides."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


__all__ = ["Done", "Slice", "Work", "Worker", "run"]
