"""One process at work on slices of the scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from models.instance import Instance
from models.plan import Plan
from optimizer.compile import Arrays, Vector
from optimizer.evaluate.foresight import Foresight
from optimizer.evaluate.outcomes import Outcome, Outcomes
from optimizer.evaluate.outlooks import BRANCHES, Belief, FromHazards, FromScenarios
from optimizer.evaluate.rolling import Rolling, relearn_trunk
from optimizer.evaluate.sets import Case, Draw, Given, Source
from optimizer.evaluate.setting import Setting
from optimizer.evaluate.statistics import values

SLICE = 250
"""Scenarios of a slice, foresight; part of no result."""
ROLLED = 25
"""Scenarios rolled together."""
EXAMPLES = 200
"""First scenarios of the set from which references are taken."""


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

    @property
    def slice(self) -> int:
        """Scenarios of a slice."""
        return ROLLED if self.way == "rolling" else SLICE


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
        drawn = work.scenarios if isinstance(work.scenarios, Draw) else None
        belief: Belief = (
            FromHazards(self.setting, drawn.rate, work.branches, work.seed)
            if drawn
            else FromScenarios(self.setting, work.instance)
        )
        relearn_trunk(self.setting, belief, self.foresight.highs)
        self.rolling = Rolling(self.setting, belief, work.seed) if rolling else None

    def slices(self) -> Iterator[Slice]:
        """Of all batches, in order."""
        size = self.work.slice
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
