"""What is in force in each scenario and period, as multipliers of whole tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.instance import Effect, Instance, Scenario
from optimizer.states import Selector, State
from optimizer.tree import Signature, effect_key

Reals = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Conditions:
    """Distinct sets of events in force (number 0: none) and which of them holds when.

    ``at`` [scenario, period]: number of the set. The multipliers are [set, row of the table]; ``calm``
    [set, commodity] as in :class:`optimizer.states.State`, but a set is calm only if each of its events is.
    """

    at: Numbers
    market: Reals
    projects: Reals
    demand: Reals
    industries: Reals
    calm: NDArray[np.bool_]


def conditions(instance: Instance, scenarios: Sequence[Scenario]) -> Conditions:
    """What holds in each scenario and period. Sampled scenarios share their effects, which is used here."""
    periods = instance.horizon.periods
    lists: dict[Signature, tuple[int, tuple[Effect, ...]]] = {}  # what an event does: its number, one example
    seen: dict[tuple[int, ...], int] = {}  # the same by identity, as sampled events share their effects
    sets: dict[tuple[int, ...], int] = {(): 0}
    at = np.zeros((len(scenarios), periods), dtype=np.intp)
    for s, scenario in enumerate(scenarios):
        in_force: list[list[int]] = [[] for _ in range(periods)]
        for event in scenario.events:
            same = tuple(map(id, event.effects))
            number = seen.get(same, -1)
            if number < 0:
                key = tuple(sorted(map(effect_key, event.effects)))
                number, _ = lists.setdefault(key, (len(lists), event.effects))
                seen[same] = number
            for period in range(event.start, min(event.start + event.duration, periods)):
                in_force[period].append(number)
        for period, numbers in enumerate(in_force):
            if numbers:
                at[s, period] = sets.setdefault(tuple(sorted(numbers)), len(sets))
    selector = Selector(instance)
    alone = [selector.state(effects) for _, effects in lists.values()]
    nothing = selector.state(())

    def together(table: str) -> Reals:
        product = np.ones((len(sets), len(getattr(nothing, table))))
        for members, row in sets.items():
            for number in members:
                product[row] *= getattr(alone[number], table)
        return product

    calm = np.ones((len(sets), len(instance.commodities)), dtype=bool)
    for members, row in sets.items():
        calm[row] = _all_calm([alone[number] for number in members], nothing)
    return Conditions(
        at=at,
        market=together("market"),
        projects=together("projects"),
        demand=together("demand"),
        industries=together("industries"),
        calm=calm,
    )


def _all_calm(states: Sequence[State], nothing: State) -> NDArray[np.bool_]:
    calm = nothing.calm
    for state in states:
        calm = calm & state.calm
    return calm
