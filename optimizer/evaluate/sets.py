"""The scenarios a plan is evaluated on: given ones, or drawn from the hazards batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from models.instance import Instance, Scenario
from optimizer.scenarios import HazardModel
from optimizer.scenarios.paths import Regime
from optimizer.tree import NEGLIGIBLE, UNDISTURBED

BATCH = 1000
"""Draws that are sampled together. Not an option: it is part of what a seed means."""


@dataclass(frozen=True)
class Draw:
    """Scenarios to be drawn from the hazards of the instance."""

    n: int
    """draws; alike ones become one scenario with their probability together"""
    seed: int = 0
    rate: float | str | None = None
    """as in :func:`optimizer.scenarios.sample`"""


@dataclass(frozen=True)
class Case:
    """One scenario to evaluate."""

    scenario: Scenario
    """its probability is that of all draws it stands for"""
    regimes: tuple[Regime, ...] = ()
    """by period, what continuations depend on; empty if the scenario was given"""


Given = tuple[Scenario, ...]


def given(scenarios: Iterable[Scenario]) -> Given:
    """Given scenarios, the undisturbed one (id empty) with the probability left over."""
    every = tuple(scenarios)
    rest = 1.0 - sum(s.probability for s in every)
    if rest <= NEGLIGIBLE:
        return every
    # Its id is empty, which no scenario of an instance may have: nothing is checked here.
    return (*every, Scenario.model_construct(id=UNDISTURBED, probability=rest, events=()))


def batches(n: int) -> list[int]:
    """Draws by batch."""
    return [min(BATCH, n - first) for first in range(0, n, BATCH)]


def batch_seed(seed: int, batch: int) -> int:
    """The seed of a batch: other than any seed a plan was made with by accident."""
    return int(np.random.SeedSequence(seed, spawn_key=(0xE7A1, batch)).generate_state(1, np.uint64)[0] >> 1)


class Source:
    """Cases, batch by batch; each batch by itself, so that any process can draw any of them."""

    def __init__(self, instance: Instance, scenarios: Given | Draw, *, regimes: bool = False) -> None:
        self.scenarios, self.regimes = scenarios, regimes
        self.periods = instance.horizon.periods
        self._model = HazardModel(instance, scenarios.rate) if isinstance(scenarios, Draw) else None

    @property
    def drawn(self) -> int | None:
        """How many draws; None for given scenarios."""
        return self.scenarios.n if isinstance(self.scenarios, Draw) else None

    @property
    def asked(self) -> int:
        """Draws, or given scenarios."""
        return self.scenarios.n if isinstance(self.scenarios, Draw) else len(self.scenarios)

    def __len__(self) -> int:
        """Number of batches."""
        return len(batches(self.asked))

    @property
    def sizes(self) -> list[int]:
        """Scenarios of each batch at most."""
        return batches(self.asked)

    def batch(self, number: int) -> list[Case]:
        """The cases of a batch. Drawn ones that look alike are one, unless regimes tell them apart."""
        if not isinstance(self.scenarios, Draw):
            return [Case(s) for s in self.scenarios[number * BATCH : (number + 1) * BATCH]]
        assert self._model is not None
        count = batches(self.scenarios.n)[number]
        simulation = self._model.simulate(count, batch_seed(self.scenarios.seed, number))
        part = count / self.scenarios.n
        cases = []
        for k, scenario in enumerate(simulation.scenarios):
            name = f"{scenario.id}_{number}" if len(self) > 1 else scenario.id
            changed = scenario.model_copy(update={"id": name, "probability": scenario.probability * part})
            known = tuple(simulation.regime(k, t) for t in range(self.periods)) if self.regimes else ()
            cases.append(Case(changed, known))
        return cases

    def __iter__(self) -> Iterator[Case]:
        for number in range(len(self)):
            yield from self.batch(number)
