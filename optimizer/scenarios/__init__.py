"""Scenarios sampled from the hazards of an instance (docs/scenarios.md)."""

from __future__ import annotations

from collections.abc import Sequence

from models.instance import Instance, Scenario
from optimizer.scenarios.known import known_for_certain
from optimizer.scenarios.model import HazardModel
from optimizer.scenarios.paths import Continuation, Regime, Simulation
from optimizer.scenarios.reduce import Reduction, reduce
from optimizer.scenarios.replace import with_scenarios


def sample(
    instance: Instance,
    n: int,
    seed: int,
    *,
    branching: Sequence[int] | None = None,
    rate: float | str | None = None,
) -> tuple[Scenario, ...]:
    """``n`` paths of the instance's hazards as scenarios, alike ones merged.

    Probabilities are whole multiples of 2**-50 and sum to exactly 1.0 in any order of adding, so no
    undisturbed scenario is left over: paths on which nothing happens are one scenario without events.
    Path i depends on the seed, on i and on the branching, not on n. ``branching``: see
    :meth:`HazardModel.simulate`. ``rate``: None as in the tables, a factor on the rates of all hazards, or
    the id of a row of ``hazard_rates``. Raises NoHazards, UnknownRate, ValueError.
    """
    return simulate(instance, n, seed, branching=branching, rate=rate).scenarios


def simulate(
    instance: Instance,
    n: int,
    seed: int,
    *,
    branching: Sequence[int] | None = None,
    rate: float | str | None = None,
) -> Simulation:
    """The same with the regime of every period beside each scenario."""
    return HazardModel(instance, rate).simulate(n, seed, branching)


def continuations(
    instance: Instance,
    regime: Regime,
    period: int,
    n: int,
    seed: int,
    *,
    branching: Sequence[int] | None = None,
    rate: float | str | None = None,
) -> tuple[Continuation, ...]:
    """What may come from a regime that is so in ``period``; see :meth:`HazardModel.continuations`."""
    return HazardModel(instance, rate).continuations(regime, period, n, seed, branching)


def conditional_sample(
    instance: Instance,
    regime: Regime,
    period: int,
    n: int,
    seed: int,
    *,
    branching: Sequence[int] | None = None,
    rate: float | str | None = None,
) -> tuple[Scenario, ...]:
    """The same as scenarios of the horizon, with events from ``period`` on."""
    return HazardModel(instance, rate).conditional_sample(regime, period, n, seed, branching)


__all__ = [
    "Continuation",
    "HazardModel",
    "Reduction",
    "Regime",
    "Simulation",
    "conditional_sample",
    "continuations",
    "known_for_certain",
    "reduce",
    "sample",
    "simulate",
    "with_scenarios",
]
