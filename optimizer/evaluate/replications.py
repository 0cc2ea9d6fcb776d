"""How far a plan is from the best one: sample-average replications.

Mak, Morton and Wood, Operations Research Letters 24 (1999). Several independent samples of scenarios are each
planned for; the bounds of these plans are on average below the value of the best plan, because the best plan
is one of those each sample could choose. What the plan at hand is worth is estimated on other scenarios. The
samples are trees: scenarios share decisions while they have been the same. That bound also holds for plans
that may use no more than what has been seen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from models.faults import SolverFailed
from models.instance import Instance
from models.options import Options
from models.plan import Plan
from optimizer.evaluate.fixed import commitments_of
from optimizer.evaluate.information import Interval
from optimizer.evaluate.statistics import Estimate
from optimizer.evaluate.whole import Stopped, on_tree
from optimizer.scenarios import HazardModel, with_scenarios
from optimizer.solve import solve


@dataclass(frozen=True)
class Replications:
    """How many samples, how large, how well planned for."""

    samples: int = 5
    n: int = 30
    """draws of each"""
    branching: tuple[int, ...] | None = None
    """as in :func:`optimizer.scenarios.sample`: trees that part later give closer bounds"""
    gap: float = 0.005
    """relative, of each plan; the bound counts, so a wide gap widens the interval and nothing else"""
    level: float = 0.95
    """of confidence"""


@dataclass(frozen=True)
class Sampled:
    """One sample, USD."""

    bound: float
    """No plan does better on it."""
    plan: float
    """The plan at hand on it, operations chosen anew; inf if it cannot keep every rule."""


def sample_bounds(
    instance: Instance,
    plan: Plan,
    asked: Replications = Replications(),
    *,
    seed: int = 0,
    rate: float | str | None = None,
    options: Options = Options(),
    progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> list[Sampled]:
    """Solve the samples and put the plan on each. Raises NoHazards, UnknownRate, SolverFailed.

    If ``stop`` is set, those that are done.
    """
    model = HazardModel(instance, rate)
    chosen = options.model_copy(update={"relative_gap": asked.gap, "marginals": False})
    found: list[Sampled] = []
    for k in range(asked.samples):
        if progress:
            progress(k, asked.samples)
        scenarios = model.simulate(asked.n, replication_seed(seed, k), asked.branching).scenarios
        sampled = with_scenarios(instance, scenarios)
        best = solve(sampled, chosen, stop=stop)
        if best.status == "interrupted" or (stop is not None and stop.is_set()):
            break
        if best.bound is None:
            raise SolverFailed(f"sample {k + 1} ended {best.status}, without a bound.")
        try:
            there = on_tree(sampled, commitments_of(plan), options, stop=stop, stories=0)
        except Stopped:
            break
        found.append(Sampled(best.bound, np.inf if there.objective is None else there.objective))
    return found


def replication_seed(seed: int, k: int) -> int:
    """The seed of a sample: other than those of the scenarios a plan is evaluated on."""
    return int(np.random.SeedSequence(seed, spawn_key=(0xB0D5, k)).generate_state(1, np.uint64)[0] >> 1)


def intervals(
    samples: Sequence[Sampled], level: float, rolled: Estimate | None = None
) -> tuple[Interval, ...]:
    """Confidence intervals of the bound, of the plan, and of how far the plan is from the best.

    ``rolled``: the plan's value by a way of operating that knows nothing of what comes (way rolling), with
    its error; only with it is there a gap to the best plan. ``commitments_gap`` is paired by sample: what
    other commitments could save if operations could be chosen anew on each tree, in both.
    """
    if len(samples) < 2:
        return ()
    bounds = np.array([s.bound for s in samples])
    plans = np.array([s.plan for s in samples])
    found = [_two_sided("lower_bound", bounds, level)]
    if np.isfinite(plans).all():
        gaps = np.maximum(plans - bounds, 0.0)
        high = float(gaps.mean()) + _reach(gaps, level)
        found += [
            _two_sided("plan_on_samples", plans, level),
            Interval("commitments_gap", float(gaps.mean()), 0.0, high),
        ]
    else:
        found += [
            Interval("plan_on_samples", np.inf, np.inf, np.inf),
            Interval("commitments_gap", np.inf, 0.0, np.inf),
        ]
    if rolled is not None and rolled.error is not None:
        # Each side misses with at most half of what may be missed.
        each = (1 + level) / 2
        reach = float(stats.norm.ppf(each)) * rolled.error
        low = float(bounds.mean()) - _reach(bounds, each)
        found += [
            Interval("plan_rolling", rolled.value, rolled.value - reach, rolled.value + reach),
            Interval(
                "optimality_gap",
                max(0.0, rolled.value - float(bounds.mean())),
                0.0,
                max(0.0, rolled.value + reach - low),
            ),
        ]
    return tuple(found)


def _reach(values: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> float:
    """Student's t at a level times the standard error of the mean."""
    count = len(values)
    return float(stats.t.ppf(level, count - 1) * values.std(ddof=1) / np.sqrt(count))


def _two_sided(measure: str, values: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> Interval:
    reach = _reach(values, (1 + level) / 2)
    middle = float(values.mean())
    return Interval(measure, middle, middle - reach, middle + reach)
