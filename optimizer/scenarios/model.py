"""Sampling: paths of an instance's hazards, from the start or from the regime of a period."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from models.instance import Instance, Scenario
from optimizer.scenarios.law import Flags, Law, Levels
from optimizer.scenarios.paths import Continuation, Names, Regime, Simulation
from optimizer.scenarios.streams import Streams

CHUNK = 4096
"""Paths simulated together: bounds the memory of the random numbers."""


class HazardModel:
    """The hazards of an instance, ready to be sampled from many times.

    ``rate``: None as in the tables, a factor on the rates of all hazards, or the id of a row of
    ``hazard_rates``. Raises NoHazards, UnknownRate.
    """

    def __init__(self, instance: Instance, rate: float | str | None = None) -> None:
        self.law = Law(instance, rate)
        self._names = Names(instance, self.law)

    def simulate(self, n: int, seed: int, branching: Sequence[int] | None = None) -> Simulation:
        """``n`` paths over the whole horizon.

        ``branching`` None: independent paths. (b1, b2, ...): paths come in bunches of b1·b2·...; a bunch is
        one path up to and including the first period in which what is in force changes, then it goes on in
        b1 independent ways, each of these in b2 ways after its next change, and so on. Every path by itself
        follows the same law as an independent one. Path i depends on the seed, on i and on the branching.

        Raises ValueError for n below 1, a negative seed, a number of ways below 1.
        """
        return self._simulate(None, 0, n, seed, branching or ())

    def continuations(
        self, regime: Regime, period: int, n: int, seed: int, branching: Sequence[int] | None = None
    ) -> tuple[Continuation, ...]:
        """What may come from ``regime``, which is so in ``period``: ``n`` paths, alike ones merged.

        With ``branching`` the first ways part right after ``period``. Raises ValueError as ``simulate``, and
        for a regime that names what the instance does not have.
        """
        return self._from(regime, period, n, seed, branching).continuations()

    def conditional_sample(
        self, regime: Regime, period: int, n: int, seed: int, branching: Sequence[int] | None = None
    ) -> tuple[Scenario, ...]:
        """The same as scenarios of the horizon, with events from ``period`` on."""
        return self._from(regime, period, n, seed, branching).scenarios

    def _from(
        self, regime: Regime, period: int, n: int, seed: int, branching: Sequence[int] | None
    ) -> Simulation:
        if not 0 <= period < self.law.periods:
            raise ValueError(f"period {period}: a period of the horizon, 0 to {self.law.periods - 1}")
        return self._simulate(self._state(regime), period, n, seed, branching or ())

    def _state(self, regime: Regime) -> tuple[Levels, Flags]:
        """A regime as one row of levels and one of flags."""
        law = self.law
        levels = np.zeros((1, len(law.ids)), dtype=np.int8)
        for hazard, level in regime.in_force:
            if hazard not in law.ids or level not in law.levels[law.ids.index(hazard)]:
                raise ValueError(f"{hazard!r} at level {level!r}: the instance has no such hazard and level")
            h = law.ids.index(hazard)
            levels[0, h] = law.levels[h].index(level) + 1
        if unknown := sorted(regime.tense.difference(law.countries)):
            raise ValueError(f"no row of regimes for {', '.join(unknown)}")
        return levels, np.array([[country in regime.tense for country in law.countries]], dtype=bool)

    def _simulate(
        self, present: tuple[Levels, Flags] | None, begins: int, n: int, seed: int, branching: Sequence[int]
    ) -> Simulation:
        if n < 1:
            raise ValueError(f"n = {n}: at least one path")
        if seed < 0:
            raise ValueError(f"seed {seed}: a whole number of at least 0")
        if any(ways < 1 for ways in branching):
            raise ValueError(f"branching {tuple(branching)}: whole numbers of at least 1")
        # Whole bunches are kept together: their streams are drawn once.
        bunch = math.prod(branching)
        chunk = max(1, CHUNK // bunch) * bunch
        parts = list(self._chunks(present, begins, n, seed, branching, chunk))
        levels, tense = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
        return Simulation(self.law, self._names, levels, tense.astype(bool), begins)

    def _chunks(
        self,
        present: tuple[Levels, Flags] | None,
        begins: int,
        n: int,
        seed: int,
        branching: Sequence[int],
        chunk: int,
    ) -> Iterator[tuple[Levels, Flags]]:
        law = self.law
        periods = range(begins, law.periods)
        kind = 0 if present is None else 1  # what may come is drawn apart from what does
        for first in range(0, n, chunk):
            count = min(chunk, n - first)
            streams = Streams((seed, kind), first, count, len(periods), law.draws, branching)
            levels = np.zeros((count, len(periods), len(law.ids)), dtype=np.int8)
            tense = np.zeros((count, len(periods), len(law.countries)), dtype=bool)
            depth = np.zeros(count, dtype=np.intp)
            seen: Levels = np.zeros((count, len(law.ids)), dtype=np.int8)
            for k, period in enumerate(periods):
                if k == 0 and present is not None:
                    levels[:, 0], tense[:, 0] = present
                    changed = np.ones(count, dtype=bool)  # from what is known already, ways part at once
                else:
                    before = levels[:, k - 1] if k else None
                    u = streams.at(k, depth)
                    levels[:, k], tense[:, k] = law.step(before, tense[:, max(k - 1, 0)], u, period)
                    changed = (law.visible(levels[:, k]) != seen).any(axis=1)
                depth = np.minimum(depth + changed, streams.depths)
                seen = law.visible(levels[:, k])
            yield levels, tense
