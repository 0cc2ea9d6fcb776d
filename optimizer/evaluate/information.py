"""What knowing the future would be worth, and what planning for one mean future costs.

Birge and Louveaux, Introduction to Stochastic Programming (2nd ed. 2011), chapter 4. RP is the value of the
stochastic plan. Wait-and-see (WS) plans for each scenario by itself, knowing it from the first day. EEV fixes
the commitments that are best for the mean scenario, on the tree. EVPI = RP - WS >= 0, VSS = EEV - RP >= 0.
Plans are found within a gap, so both come with an interval that holds them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.faults import SolverFailed
from models.instance import Effect, Instance, Scenario
from models.options import Options
from models.plan import Commitments, Plan
from optimizer.compile import Arrays, Vector
from optimizer.data import Data
from optimizer.evaluate.fixed import commitments_of, plan_quantile
from optimizer.evaluate.rules import DISTRIBUTION, without
from optimizer.evaluate.whole import Stopped, on_tree
from optimizer.extract import commitments, values
from optimizer.search import search
from optimizer.solve import polish
from optimizer.states import State
from optimizer.template import arrays_of
from optimizer.tree import UNDISTURBED, EffectKey, Node, Tree, unfold


@dataclass(frozen=True)
class Interval:
    """A figure in USD and the interval that holds it for certain."""

    measure: str
    value: float
    low: float
    high: float


def information(
    instance: Instance,
    plan: Plan,
    options: Options = Options(),
    *,
    stop: threading.Event | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Interval, ...]:
    """``stochastic`` (RP), ``wait_and_see``, ``evpi``, ``expected_value_plan`` (EEV) and ``vss``.

    ``progress`` is told how many of the scenarios are done, and of how many.

    Raises NothingToEvaluate, SolverFailed, Stopped.
    """
    commitments_of(plan)
    if plan.objective is None:
        raise SolverFailed("the plan has commitments but no objective.")
    known = wait_and_see(instance, plan_quantile(plan), options, stop=stop, progress=progress)
    low = plan.objective if plan.bound is None else plan.bound
    rp = Interval("stochastic", plan.objective, low, plan.objective)
    found = [rp, known, _less("evpi", rp, known)]
    mean = mean_plan(instance, options, stop=stop)
    result = on_tree(instance, mean, options, stop=stop, stories=0)
    worth = np.inf if result.objective is None else result.objective
    eev = Interval("expected_value_plan", worth, worth, worth)
    return (*found, eev, _less("vss", eev, rp))


def _less(measure: str, one: Interval, other: Interval) -> Interval:
    return Interval(measure, one.value - other.value, one.low - other.high, one.high - other.low)


def wait_and_see(
    instance: Instance,
    eta: float,
    options: Options = Options(),
    *,
    stop: threading.Event | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Interval:
    """Each scenario planned for by itself, commitments included; the probability-weighted sum, USD.

    The tail of the loss is measured from ``eta`` (USD), the quantile of the stochastic plan, in all of them:
    so it is an expectation of values of scenarios, and never above the value of that plan. Limits on the
    whole distribution concern no single scenario and are left out, which lowers it further.
    """
    weights = {s.id: s.probability for s in instance.scenarios}
    rest = 1.0 - sum(weights.values())
    futures: list[tuple[float, Scenario | None]] = [(s.probability, s) for s in instance.scenarios]
    futures += [(rest, None)] if rest > 0 else []
    futures = [(p, s) for p, s in futures if p > 0]
    total = bound = 0.0
    for done, (p, scenario) in enumerate(futures):
        if progress:
            progress(done, len(futures))
        data = Data(instance, path_tree(instance, scenario))
        arrays = at_quantile(data, without(arrays_of(data), DISTRIBUTION), eta)
        value, low = _best(data, arrays, options, stop)
        total, bound = total + p * value, bound + p * low
    return Interval("wait_and_see", total, bound, total)


def _best(data: Data, arrays: Arrays, options: Options, stop: threading.Event | None) -> tuple[float, float]:
    """Value and bound of a programme, USD."""
    _, value, low = _searched(arrays, options, stop)
    money = data.units.money
    return value * money, min(value, low) * money


def _searched(arrays: Arrays, options: Options, stop: threading.Event | None) -> tuple[Vector, float, float]:
    found = search(arrays, options, stop=stop, seconds=options.time_limit)
    if found.end == "interrupted":
        raise Stopped
    if found.x is None:
        raise SolverFailed(f"with one known future the instance became {found.end}.")
    x, _, _ = polish(found.arrays or arrays, found.x, options)
    return x, float(arrays.cost @ x + arrays.offset), found.bound


def path_tree(instance: Instance, scenario: Scenario | None) -> Tree:
    """A tree of one path with probability 1: the scenario's, or the undisturbed one."""
    periods = instance.horizon.periods
    effects: dict[EffectKey, Effect] = {}
    force = unfold(scenario, periods, effects) if scenario else [()] * periods
    nodes = [Node(t, t, t - 1 if t else None, force[t]) for t in range(periods)]
    name = scenario.id if scenario else UNDISTURBED
    return Tree(
        nodes,
        [1.0] * periods,
        effects,
        {name: periods - 1},
        {name: 1.0},
        {t: [t + 1] for t in range(periods - 1)},
    )


def at_quantile(data: Data, arrays: Arrays, eta: float) -> Arrays:
    """The tail measured from a given quantile (USD) instead of the best one."""
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    for j, (name, _) in enumerate(arrays.columns):
        if name == "eta":
            lower[j] = upper[j] = data.usd(eta)
    return replace(arrays, lower=lower, upper=upper)


def mean_states(instance: Instance) -> list[State]:
    """By period, the mean of every multiplier over the scenarios, the undisturbed one included.

    A commodity counts as calm where it is calm in more than half of the probability: calm switches rules on
    and off and has no mean, and by the letter (every multiplier exactly 1) the mean scenario would never be
    calm, its cover rules would sleep and its plan would hold nothing.
    """
    data = Data(instance)
    tree = data.tree
    means = []
    for t in range(data.periods):
        here = [(tree.probability[n], data.states[n]) for n in data.nodes if data.period(n) == t]
        total = sum(p for p, _ in here)

        def mean(table: str, here: list[tuple[float, State]] = here, total: float = total) -> Vector:
            return np.asarray(sum(p * getattr(state, table) for p, state in here) / total, dtype=float)

        tables = ("market", "spot", "agreements", "projects", "depots", "price", "demand", "industries")
        means.append(State(**{name: mean(name) for name in tables}, calm=mean("calm") > 0.5))
    return means


def mean_plan(
    instance: Instance, options: Options = Options(), *, stop: threading.Event | None = None
) -> Commitments:
    """The commitments that are best if the mean scenario were certain."""
    data = Data(instance, path_tree(instance, None), mean_states(instance))
    arrays = arrays_of(data)
    x, _, _ = _searched(arrays, options, stop)
    return commitments(data, values(data, arrays, x))
