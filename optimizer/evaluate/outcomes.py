"""What evaluating a scenario leaves behind: a few numbers, and a story for the worst of them."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.instance import Event
from optimizer.compile import Vector
from optimizer.evaluate.rules import Broken
from optimizer.extract import Values


@dataclass(frozen=True)
class Outcome:
    """One scenario under fixed commitments. USD, discounted."""

    id: str
    """empty: the undisturbed scenario"""
    events: tuple[Event, ...]
    probability: float
    loss: float
    cost: float
    exact: bool
    """Solved to the optimum, not bounded."""
    by_segment: Vector
    missing: Vector
    """By segment: 1 where anything is missing at any time."""
    broken: tuple[Broken, ...] = ()
    chances: Vector = field(default_factory=lambda: np.empty(0))
    """By chance rule: 1 if what it asks for is served from beginning to end."""
    weighted: Vector = field(default_factory=lambda: np.empty(0))
    """What the scenario adds to rules about the whole distribution; empty where these are known."""
    values: Values = field(default_factory=dict)
    """Operations in natural units; the last of each index is the period. Kept for the worst only."""


@dataclass
class BrokenCount:
    """How often a rule is broken, and how badly at worst."""

    scenarios: int = 0
    probability: float = 0.0
    largest: float = 0.0
    unit: str = ""


class Outcomes:
    """Outcomes added up one by one; of each a few numbers stay, of the worst ``keep`` everything."""

    def __init__(self, segments: Sequence[str], keep: int = 10) -> None:
        self.segments, self.keep = tuple(segments), keep
        self.ids: list[str] = []
        self._numbers: list[tuple[float, float, float, bool, bool]] = []
        self._by_segment = np.zeros(len(self.segments))
        self._missing = np.zeros(len(self.segments))
        self.weighted: Vector = np.empty(0)
        """Sums behind rules about the whole distribution, by row of the template."""
        self.chances: Vector = np.empty(0)
        """By chance rule, the probability with which it is kept."""
        self._worst: list[tuple[float, int, Outcome]] = []
        self.broken: dict[tuple[str, str], BrokenCount] = defaultdict(BrokenCount)

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, outcome: Outcome) -> None:
        """Count one more scenario."""
        self.ids.append(outcome.id)
        kept = not outcome.broken
        self._numbers.append((outcome.probability, outcome.loss, outcome.cost, outcome.exact, kept))
        self._by_segment += outcome.probability * outcome.by_segment
        self._missing += outcome.probability * outcome.missing
        self.weighted = _added(self.weighted, outcome.probability * outcome.weighted)
        self.chances = _added(self.chances, outcome.probability * outcome.chances)
        largest: dict[tuple[str, str], Broken] = {}
        for broken in outcome.broken:
            key = (broken.rule, broken.item)
            if key not in largest or broken.amount > largest[key].amount:
                largest[key] = broken
        for key, broken in largest.items():
            count = self.broken[key]
            count.scenarios += 1
            count.probability += outcome.probability
            count.largest, count.unit = max(count.largest, broken.amount), broken.unit
        # Ties are broken by arrival, which is the same whatever the number of processes.
        self._keep((outcome.loss, -len(self.ids), outcome))

    def remarkable(self, outcome: Outcome) -> bool:
        """Whether it would be among the worst so far."""
        return self.keep > 0 and (len(self._worst) < self.keep or outcome.loss > self._worst[0][0])

    def merge(self, other: Outcomes) -> None:
        """Take in outcomes that came later."""
        behind = len(self.ids)
        self.ids += other.ids
        self._numbers += other._numbers
        self._by_segment += other._by_segment
        self._missing += other._missing
        self.weighted = _added(self.weighted, other.weighted)
        self.chances = _added(self.chances, other.chances)
        for key, count in other.broken.items():
            mine = self.broken[key]
            mine.scenarios += count.scenarios
            mine.probability += count.probability
            mine.largest, mine.unit = max(mine.largest, count.largest), count.unit
        for loss, order, outcome in other._worst:
            self._keep((loss, order - behind, outcome))

    def _keep(self, entry: tuple[float, int, Outcome]) -> None:
        if len(self._worst) < self.keep:
            heapq.heappush(self._worst, entry)
        elif self.keep:
            heapq.heappushpop(self._worst, entry)

    def extend(self, outcomes: Iterable[Outcome]) -> None:
        """Count several."""
        for outcome in outcomes:
            self.add(outcome)

    def _column(self, i: int) -> Vector:
        return np.array([row[i] for row in self._numbers], dtype=float)

    @property
    def probability(self) -> Vector:
        """Of the scenarios there are; sums to 1 unless stopped early."""
        return self._column(0)

    @property
    def loss(self) -> Vector:
        """USD, discounted."""
        return self._column(1)

    @property
    def cost(self) -> Vector:
        """USD, discounted."""
        return self._column(2)

    @property
    def exact(self) -> Vector:
        """1 where solved to the optimum."""
        return self._column(3)

    @property
    def kept(self) -> Vector:
        """1 where every rule is kept."""
        return self._column(4)

    def expected_by_segment(self) -> Vector:
        """Expected loss by segment, USD."""
        return self._by_segment / max(1e-300, float(self.probability.sum()))

    def probability_missing(self) -> Vector:
        """By segment, of anything missing at any time."""
        return self._missing / max(1e-300, float(self.probability.sum()))

    def worst(self) -> list[Outcome]:
        """The worst first."""
        return [outcome for _, _, outcome in sorted(self._worst, key=lambda entry: (-entry[0], -entry[1]))]


def _added(one: Vector, other: Vector) -> Vector:
    """A sum that may start with nothing."""
    if not len(one):
        return other
    return one + other if len(other) else one
