r"""The law of the hazards: from one period to the next, for many paths at a time.

State of a path at the end of a period: which hazards are in force and at which level; which countries are
tense. The next state depends on nothing else (docs/scenarios.md). With Δ years in a period:

.. math::
    P(start) = 1 - \exp(-\lambda \Delta), \quad
    P(end) = 1 - \exp(-\mu \Delta), \quad
    P(calm \to tense) = \frac{a}{a+b} (1 - \exp(-(a+b) \Delta))

so a duration D in periods is geometric, P(D = d) = exp(-μΔ)^(d-1) (1 - exp(-μΔ)) for d = 1, 2, ...
(Norris, Markov Chains, 1997, section 2.1 and example 2.1.3 for the chain of two states.)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from models.faults import NoHazards, UnknownRate
from models.instance import Effect, Hazard, Instance
from models.instance.hints import Hints

Levels = NDArray[np.int8]
"""By path and hazard: 0 not in force, otherwise the number of the level from 1."""

Flags = NDArray[np.bool_]
Reals = NDArray[np.float64]

DRAWS = 4
"""Uniform numbers a hazard uses in a period: change, level, what it becomes, date."""


def rate_factors(instance: Instance, rate: float | str | None) -> Reals:
    """By hazard: what its rates are multiplied by.

    ``rate``: None for 1, a factor on all hazards (text of a number too), or the id of a row of
    ``hazard_rates``. Raises UnknownRate.
    """
    hazards = instance.hazards
    named = {row.id: row for row in instance.hazard_rates}
    if isinstance(rate, str) and rate in named:
        row = named[rate]
        return np.array([row.factor if not row.hazards or h.id in row.hazards else 1.0 for h in hazards])
    try:
        factor = 1.0 if rate is None else float(rate)
    except ValueError as error:
        hint = Hints().near_or_all(rate, named) if named else "; the table hazard_rates is empty"
        raise UnknownRate(f"{rate!r}: neither a number nor an id of hazard_rates{hint}.") from error
    if not (math.isfinite(factor) and factor >= 0):
        raise UnknownRate(f"{rate!r}: a factor is a number of at least 0.")
    return np.full(len(hazards), factor)


class Law:
    """Hazards and regimes of an instance as arrays. H hazards, R regimes, T periods of Δ years.

    Raises NoHazards for an instance without hazards, UnknownRate.
    """

    def __init__(self, instance: Instance, rate: float | str | None = None) -> None:
        hazards = instance.hazards
        if not hazards:
            raise NoHazards(
                "Add the table 'hazards': a row per kind of announcement with its country, rate and "
                "ending_rate, its levels and their effects (docs/scenarios.md)."
            )
        self.periods = instance.horizon.periods
        years = instance.horizon.period_years
        self.ids = tuple(h.id for h in hazards)
        self.countries = tuple(row.country for row in instance.regimes)
        number = {name: i for i, name in enumerate(self.ids)}
        count = len(hazards)

        factor = rate_factors(instance, rate)
        self._rate = factor * years * np.array([h.rate for h in hazards])
        self._after_rate = factor * years * np.array([h.after_rate or 0.0 for h in hazards])
        self._stay = np.exp(-years * np.array([h.ending_rate for h in hazards]))
        self._after = _matrix(count, {i: [number[a] for a in h.after] for i, h in enumerate(hazards)})
        self._replaces = _matrix(count, {i: [number[a] for a in h.replaces] for i, h in enumerate(hazards)})
        self._becomes = [
            (i, number[h.becomes], h.becomes_probability) for i, h in enumerate(hazards) if h.becomes
        ]
        self._dated = _dated(hazards)

        self.levels = tuple(tuple(level.id for level in h.levels) for h in hazards)
        self.effects: tuple[tuple[tuple[Effect, ...], ...], ...] = tuple(
            tuple(level.effects for level in h.levels) for h in hazards
        )
        most = max(map(len, self.levels))
        self._cumulated = np.full((count, most - 1), np.inf)
        self._shown = np.zeros((count, most + 1), dtype=bool)
        for i, h in enumerate(hazards):
            sums = np.cumsum([level.probability for level in h.levels])
            self._cumulated[i, : len(h.levels) - 1] = sums[:-1] / sums[-1]
            self._shown[i, 1 : len(h.levels) + 1] = [bool(level.effects) for level in h.levels]

        self._regime = np.array(
            [self.countries.index(h.country) if h.country in self.countries else -1 for h in hazards]
        )
        rows = instance.regimes
        up, down = (np.array([getattr(r, f) for r in rows]) for f in ("tense_rate", "calm_rate"))
        both = np.where(up + down > 0, up + down, 1.0)
        moved = -np.expm1(-both * years) / both
        self._up, self._down = up * moved, down * moved
        self._tense_at_start = np.array([r.tense_at_start for r in rows])
        self._factors = np.array([[r.calm_factor, r.tense_factor] for r in rows]).reshape(len(rows), 2)

    @property
    def draws(self) -> int:
        """Uniform numbers that one path uses in one period."""
        return len(self.countries) + DRAWS * len(self.ids)

    def step(self, before: Levels | None, tense: Flags, u: Reals, period: int) -> tuple[Levels, Flags]:
        """The states in ``period``, from those in the period before (``before`` None: there is none).

        ``before`` [path, hazard], ``tense`` [path, regime] (ignored in the first period), ``u`` [path, draw]
        in [0, 1).
        """
        regimes, count = len(self.countries), len(self.ids)
        change, level, becoming, date = u[:, regimes:].reshape(len(u), DRAWS, count).swapaxes(0, 1)
        first = before is None
        if before is None:
            before = np.zeros((len(u), count), dtype=np.int8)
            tense = u[:, :regimes] < self._tense_at_start
        else:
            tense = np.where(tense, u[:, :regimes] >= self._down, u[:, :regimes] < self._up)
        was = before > 0
        rate = np.where(was @ self._after.T, self._after_rate, self._rate) * self._factor(tense)
        stays = was & (change < self._stay)
        now = stays | (~was & (change < -np.expm1(-rate)))
        drawn = 1 + (level[:, :, None] >= self._cumulated).sum(axis=2)
        for hazard, probability, named in self._dated.get(period, ()):
            begins = ~now[:, hazard] & (date[:, hazard] < probability)
            now[:, hazard] |= begins
            if named:
                drawn[begins, hazard] = named
        if not first:
            for hazard, target, probability in self._becomes:
                now[:, target] |= was[:, hazard] & ~stays[:, hazard] & (becoming[:, hazard] < probability)
        return np.where(stays, before, np.where(now, drawn, 0)).astype(np.int8), tense

    def _factor(self, tense: Flags) -> Reals:
        """By path and hazard: the factor of its country's regime."""
        if not self.countries:
            return np.ones((len(tense), len(self.ids)))
        factor = np.where(tense, self._factors[:, 1], self._factors[:, 0])
        return np.where(self._regime >= 0, factor[:, self._regime], 1.0)

    def visible(self, levels: Levels) -> Levels:
        """What others see of states [..., hazard]: without what is replaced, and what has no effect."""
        hidden = (levels > 0) @ self._replaces
        shown = self._shown[np.arange(len(self.ids)), levels]
        return np.where(shown & ~hidden, levels, 0).astype(np.int8)


def _matrix(count: int, named: dict[int, list[int]]) -> Flags:
    """[i, j] where i names j."""
    found = np.zeros((count, count), dtype=bool)
    for i, others in named.items():
        found[i, others] = True
    return found


def _dated(hazards: tuple[Hazard, ...]) -> dict[int, list[tuple[int, float, int]]]:
    """By period: hazard, probability, number of the level from 1 (0: drawn)."""
    found: dict[int, list[tuple[int, float, int]]] = {}
    for i, h in enumerate(hazards):
        if h.dated is not None:
            names = [level.id for level in h.levels]
            named = names.index(h.dated.level) + 1 if h.dated.level is not None else 0
            found.setdefault(h.dated.period, []).append((i, h.dated.probability, named))
    return found
