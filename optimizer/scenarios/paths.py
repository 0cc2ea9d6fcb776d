"""Simulated paths: what is in force in each, as scenarios, as regimes, as continuations."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.instance import Effect, Event, Instance, Scenario
from models.tables.periods import label
from optimizer.scenarios.law import Flags, Law, Levels
from optimizer.scenarios.weights import probabilities


@dataclass(frozen=True, slots=True)
class Regime:
    """What is so at the end of a period; all that later periods depend on."""

    in_force: tuple[tuple[str, str], ...]
    """(hazard, level) by id, sorted; those whose effects another takes the place of included."""
    tense: frozenset[str]
    """Countries that are tense, of those with a row in ``regimes``."""
    since: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    """(hazard, period in which it began); not compared, as the law has no memory."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """What may come from a regime."""

    probability: float
    in_force: tuple[tuple[Effect, ...], ...]
    """Effects in force in the present period and in each one after it, to the end of the horizon."""


class Names:
    """Ids of sampled scenarios and events, and events that are alike as one object."""

    def __init__(self, instance: Instance, law: Law) -> None:
        horizon = instance.horizon
        self._law = law
        self._years = [label(horizon.start_year, horizon.period_years, t) for t in range(horizon.periods)]
        self._events: dict[tuple[int, int, int, int], Event] = {}
        names = [
            [hazard if len(levels) == 1 else f"{hazard}/{level}" for level in levels]
            for hazard, levels in zip(law.ids, law.levels, strict=True)
        ]
        flat = [name for several in names for name in several]
        doubled = {name for name in flat if flat.count(name) > 1}
        self._names = [
            [f"{name}#{i + 1}" if name in doubled else name for name in several]
            for i, several in enumerate(names)
        ]
        self._prefix = "path_"
        taken = _ids(instance)
        while any(name.startswith(self._prefix) for name in taken):
            self._prefix += "_"

    def scenario(self, path: int) -> str:
        """The id of the scenario that stands for a path, counted from 0."""
        return f"{self._prefix}{path + 1:05d}"

    def event(self, hazard: int, level: int, start: int, end: int) -> Event:
        """A level (from 1) of a hazard in force from ``start`` to before ``end``."""
        key = (hazard, level, start, end)
        found = self._events.get(key)
        if found is None:
            found = self._events[key] = Event(
                id=f"{self._names[hazard][level - 1]}@{self._years[start]}",
                start=start,
                duration=end - start,
                effects=self._law.effects[hazard][level - 1],
            )
        return found


def _ids(instance: Instance) -> set[str]:
    """Ids of the instance that a sampled scenario must not have; those of its scenarios are replaced."""
    i = instance
    tables = (i.countries, i.commodities, i.demand, i.industries, i.spot, i.agreements, i.projects, i.choices)
    more = (i.depots, i.substitutions, i.allocations, i.hazards, i.hazard_rates)
    sources = (i.budget.sources or ()) if i.budget else ()
    return {row.id for table in (*tables, *more, sources) for row in table}


class Simulation:
    """Simulated paths from a first period on, alike ones merged.

    ``levels`` [path, period from ``begins``, hazard], ``tense`` [path, period, regime].
    """

    def __init__(self, law: Law, names: Names, levels: Levels, tense: Flags, begins: int = 0) -> None:
        self._law, self._names = law, names
        self.levels, self.tense, self.begins = levels, tense, begins
        self.visible = law.visible(levels)
        """Like ``levels``, without what nobody sees: replaced hazards, levels without effects."""

    def __len__(self) -> int:
        return len(self.levels)

    @property
    def hazards(self) -> tuple[str, ...]:
        """Ids, in the order of ``levels``."""
        return self._law.ids

    @property
    def countries(self) -> tuple[str, ...]:
        """Those with a regime, in the order of ``tense``."""
        return self._law.countries

    @cached_property
    def _merged(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The first of the paths that look alike, in order, and the number of each kind."""
        rows = np.ascontiguousarray(self.visible.reshape(len(self), -1))
        whole = rows.view(np.dtype((np.void, rows.shape[1]))).ravel()
        _, first, count = np.unique(whole, return_index=True, return_counts=True)
        order = np.argsort(first, kind="stable")
        return first[order], count[order]

    @property
    def path(self) -> NDArray[np.intp]:
        """By scenario: the number of the first path that looks like it."""
        return self._merged[0]

    @property
    def counts(self) -> NDArray[np.intp]:
        """By scenario: how many paths look like it."""
        return self._merged[1]

    @cached_property
    def probabilities(self) -> list[float]:
        """By scenario: the share of paths, as multiples of 2**-50; their sum is exactly 1.0."""
        return probabilities([int(count) for count in self.counts])

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Every kind of path once, in the order in which they came; one without events is undisturbed."""
        first, _ = self._merged
        seen = self.visible[first].transpose(0, 2, 1)
        edge = np.zeros((*seen.shape[:2], 1), dtype=np.int8)
        begins = (seen > 0) & (seen != np.concatenate([edge, seen[:, :, :-1]], axis=2))
        ends = (seen > 0) & (seen != np.concatenate([seen[:, :, 1:], edge], axis=2))
        events: list[list[Event]] = [[] for _ in first]
        starts, stops = np.nonzero(begins), np.nonzero(ends)[2]
        for s, hazard, start, stop, level in zip(*starts, stops, seen[starts], strict=True):
            at = self.begins + int(start), self.begins + int(stop) + 1
            events[s].append(self._names.event(int(hazard), int(level), *at))
        return tuple(
            Scenario(
                id=self._names.scenario(int(path)),
                probability=probability,
                events=tuple(sorted(found, key=lambda event: event.start)),
            )
            for path, probability, found in zip(first, self.probabilities, events, strict=True)
        )

    def regime(self, scenario: int, period: int) -> Regime:
        """What is so in a period of the first path that looks like a scenario (its number, from 0).

        Paths that look alike may differ in tension, and in hazards that another replaces.
        """
        at, t = int(self.path[scenario]), period - self.begins
        states = self.levels[at]
        since = []
        in_force = []
        for h in np.flatnonzero(states[t]):
            began = t
            while began and states[began - 1, h] == states[t, h]:
                began -= 1
            in_force.append((self._law.ids[h], self._law.levels[h][states[t, h] - 1]))
            since.append((self._law.ids[h], self.begins + began))
        tense = frozenset(self._law.countries[r] for r in np.flatnonzero(self.tense[at, t]))
        return Regime(tuple(sorted(in_force)), tense, tuple(sorted(since)))

    def continuations(self) -> tuple[Continuation, ...]:
        """Every kind of path once, the most probable first."""
        known: dict[bytes, tuple[Effect, ...]] = {}
        found = []
        for path, probability in zip(self.path, self.probabilities, strict=True):
            periods = []
            for row in self.visible[path]:
                key = row.tobytes()
                if key not in known:
                    known[key] = tuple(
                        effect
                        for h in np.flatnonzero(row)
                        for effect in self._law.effects[int(h)][int(row[h]) - 1]
                    )
                periods.append(known[key])
            found.append(Continuation(probability, tuple(periods)))
        return tuple(sorted(found, key=lambda c: -c.probability))
