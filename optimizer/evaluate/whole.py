"""Way ``tree``: given scenarios as one tree, every rule in it, commitments fixed. One LP, exact."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.faults import SolverFailed
from models.instance import Instance
from models.options import Options
from models.plan import Commitments
from optimizer.compile import Arrays, Vector
from optimizer.cones import run
from optimizer.data import Data
from optimizer.evaluate.fixed import fix
from optimizer.evaluate.outcomes import Outcome as ScenarioOutcome
from optimizer.evaluate.rules import (
    AT_NODES,
    COMMITMENTS,
    DISTRIBUTION,
    PATHS,
    Broken,
    broken_rules,
    soften,
    without,
)
from optimizer.evaluate.statistics import quantile
from optimizer.extract import INDEX, Values, losses, values
from optimizer.highs import Outcome, Solver
from optimizer.search import search
from optimizer.solve import polish
from optimizer.template import arrays_of
from optimizer.tree import UNDISTURBED


@dataclass(frozen=True)
class Whole:
    """A plan on a tree."""

    outcomes: tuple[ScenarioOutcome, ...]
    objective: float | None
    """USD; None if a rule had to give way: what is left is not comparable to a plan."""
    eta: float
    """The quantile of loss that CVaR is measured from, USD."""
    broken: tuple[Broken, ...]
    """Rules about the whole distribution, and rules of nodes."""


class Stopped(Exception):
    """Somebody asked to stop before there was anything to keep."""


def on_tree(
    instance: Instance,
    commitments: Commitments,
    options: Options = Options(),
    *,
    stop: threading.Event | None = None,
    stories: int = 10,
) -> Whole:
    """The commitments on the instance's own scenarios; operations are chosen anew, knowing what the tree
    knows.

    ``stories``: how many of the worst scenarios keep their operations.

    Raises NoSuchCommitment, SolverFailed, Stopped.
    """
    data = Data(instance)
    hard = arrays_of(data)
    hard = without(fix(data, hard, commitments), COMMITMENTS)
    x, broken = solve_fixed(data, hard, options, stop)
    found = values(data, hard, x)
    outcomes = outcomes_of(data, hard, x, found, broken, stories)
    objective = None if broken else float(hard.cost @ x + hard.offset) * data.units.money
    lost = np.array([o.loss for o in outcomes])
    eta = quantile(lost, np.array([o.probability for o in outcomes]), instance.objective.cvar_alpha)
    return Whole(outcomes, objective, eta, tuple(broken))


def solve_fixed(
    data: Data, hard: Arrays, options: Options, stop: threading.Event | None = None
) -> tuple[Vector, list[Broken]]:
    """The best operations, and the rules that had to give way: none if that can be."""
    steps = (
        hard,
        without(hard, DISTRIBUTION | PATHS),
        soften(without(hard, DISTRIBUTION | PATHS)),
    )
    for arrays in steps:
        found = _solve(arrays, options, stop)
        if found.end == "interrupted":
            raise Stopped
        if found.end == "unbounded":
            raise SolverFailed("with its commitments fixed the plan became unbounded.")
        if found.x is not None:
            x = found.x[: hard.shape[1]]
            return x, [] if arrays is hard else broken_rules(data, hard, x, DISTRIBUTION | AT_NODES)
    raise SolverFailed("the plan has no operations in these scenarios, with every rule out of the way.")


def _solve(arrays: Arrays, options: Options, stop: threading.Event | None) -> Outcome:
    """An LP, unless a rule needs yes/no decisions of its own (chance: the scenarios in which it is kept)."""
    if not arrays.integer.any():
        return run(Solver(arrays, threads=options.threads, seed=options.seed), stop=stop)
    found = search(arrays, options, stop=stop, seconds=options.time_limit)
    if found.x is None or found.end == "interrupted":
        return found
    x, _, _ = polish(found.arrays or arrays, found.x, options)
    return replace(found, x=x)


def outcomes_of(
    data: Data, arrays: Arrays, x: Vector, found: Values, broken: Sequence[Broken], stories: int
) -> tuple[ScenarioOutcome, ...]:
    """One outcome per scenario, the undisturbed one last."""
    tree, instance = data.tree, data.instance
    lost = losses(data, found)
    segments = list(lost.by_segment)
    cost, everywhere = costs_by_node(data, arrays, x)
    at_node = defaultdict(list)
    for rule in broken:
        if rule.node is not None:
            at_node[rule.node].append(rule)
    scenarios = {s.id: s for s in instance.scenarios}
    paths = {s: list(tree.path(leaf)) for s, leaf in tree.leaf.items()}
    loss = {s: sum(lost.by_node.get(n, 0.0) for n in path) for s, path in paths.items()}
    told = set(sorted(paths, key=lambda s: -loss[s])[:stories])
    outcomes = []
    for s in sorted(paths, key=lambda s: s == UNDISTURBED):
        path = paths[s]
        by_segment = [sum(lost.by_segment[g].get(n, 0.0) for n in path) for g in segments]
        missing = [float(not lost.missing[g].isdisjoint(path)) for g in segments]
        outcomes.append(
            ScenarioOutcome(
                id=s,
                events=scenarios[s].events if s in scenarios else (),
                probability=tree.weight[s],
                loss=loss[s],
                cost=(everywhere + sum(cost[n] for n in path)) * data.units.money,
                exact=True,
                by_segment=np.array(by_segment),
                missing=np.array(missing),
                broken=tuple(rule for n in path for rule in at_node[n]),
                values=along(data, found, path) if s in told else {},
            )
        )
    return tuple(outcomes)


def costs_by_node(data: Data, arrays: Arrays, x: Vector) -> tuple[Vector, float]:
    """Discounted cost of each node given that it happens, and what is paid in any case; money.

    Nodes of probability 0 carry no cost in the formulation, and none here.
    """
    by_node, anyway = np.zeros(len(data.tree)), 0.0
    probability = np.array(data.tree.probability)
    for j in np.flatnonzero(arrays.expected_cost * x):
        name, index = arrays.columns[j]
        if name in INDEX:
            by_node[index[-1]] += arrays.expected_cost[j] * x[j] / probability[index[-1]]
        else:
            anyway += arrays.expected_cost[j] * x[j]
    return by_node, anyway


def along(data: Data, found: Values, path: Sequence[int]) -> Values:
    """Operations along one path, with periods in place of nodes."""
    period = {n: data.period(n) for n in path}
    return {
        name: {
            (*index[:-1], period[index[-1]]): value for index, value in rows.items() if index[-1] in period
        }
        for name, rows in found.items()
        if name in INDEX
    }


__all__ = ["Stopped", "Whole", "along", "costs_by_node", "on_tree", "outcomes_of", "solve_fixed"]
