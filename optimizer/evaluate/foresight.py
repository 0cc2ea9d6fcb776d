"""Way ``foresight``: what the plan does until something happens, and from then on the whole path is known.

A scenario is one small programme (a path below the trunk), solved from the basis of the most similar of a few
reference paths. Results depend on the scenario and on these references, which follow from the scenario set
alone: not on the order in which scenarios come, nor on who solves them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.faults import SolverFailed
from models.instance import Scenario
from optimizer.compile import Vector
from optimizer.evaluate.giving_way import breaches, softened
from optimizer.evaluate.moments import Moment
from optimizer.evaluate.outcomes import Outcome
from optimizer.evaluate.programme import Assembled, Past, assemble
from optimizer.evaluate.rules import Broken
from optimizer.evaluate.setting import Setting
from optimizer.evaluate.starts import Statuses
from optimizer.highs.linear import LinearSequence, LinearSolution

REFERENCES = 8
"""Paths by period of the first event that others start from."""
REMEMBERED = 20_000
"""Paths whose figures are remembered: sampled scenarios repeat themselves."""


@dataclass(frozen=True)
class Reference:
    """A path solved before, and where it stood."""

    factors: Vector
    """Multipliers by period, one after the other."""
    statuses: Statuses


class Foresight:
    """Scenarios of one plan, one after the other."""

    def __init__(self, setting: Setting, examples: Sequence[Scenario] = (), seed: int = 0) -> None:
        """``examples``: the references are the first of these by period of the first event."""
        self.setting = setting
        goal = setting.instance.objective
        self.kink = goal.loss_weight * goal.cvar_weight > 0
        self.highs = LinearSequence(seed)
        self._examples = self._by_start([setting.moments(scenario) for scenario in examples])
        self._references: dict[int, list[Reference]] = {}
        self._known: OrderedDict[tuple[int, ...], Outcome] = OrderedDict()
        self.solved = self.iterations = 0

    def _by_start(self, paths: Sequence[Sequence[Moment]]) -> dict[int, list[Sequence[Moment]]]:
        found: dict[int, list[Sequence[Moment]]] = {}
        for path in paths:
            of_start = found.setdefault(start(path), [])
            if len(of_start) < REFERENCES:
                of_start.append(path)
        return found

    def outcome(self, scenario: Scenario, path: Sequence[Moment], *, told: bool = False) -> Outcome:
        """One scenario; ``told``: with its operations. Raises SolverFailed."""
        key = tuple(moment.number for moment in path)
        known = self._known.get(key)
        if known is not None and not told:
            return replace(known, id=scenario.id, events=scenario.events, probability=scenario.probability)
        found = self._solve(scenario, path, told=told)
        self._known[key] = replace(found, values={})
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    def _solve(self, scenario: Scenario, path: Sequence[Moment], *, told: bool) -> Outcome:
        setting, first = self.setting, start(path)
        pieces = [setting.piece(t, moment) for t, moment in enumerate(path)]
        values = list(setting.trunk[:first])
        broken: tuple[Broken, ...] = ()
        if first < setting.periods:
            programme = self._programme(path, first)
            begin = self._nearest(path, first)
            solution, programme = optimum(
                self.highs, programme, None if begin is None else begin.statuses, self.kink
            )
            self.solved += 1
            self.iterations += solution.iterations
            if programme.slacks:
                broken = breaches(setting.data, programme, solution.x)
            values += [programme.values(solution.x, k) for k in range(setting.periods - first)]
        return setting.outcome(scenario, pieces, values, broken, told=told)

    def _programme(self, path: Sequence[Moment], first: int) -> Assembled:
        setting = self.setting
        return assemble(
            setting.spots(path, first),
            setting.trunk,
            lost_on(setting, setting.trunk, first),
            setting.instance,
            setting.eta,
            setting.scales,
        )

    # ---- references

    def _nearest(self, path: Sequence[Moment], first: int) -> Reference | None:
        references = self._references.get(first)
        if references is None:
            references = self._references[first] = self._solve_references(first)
        if not references:
            return None
        mine = factors(path, first)
        apart = [float(np.abs(r.factors - mine).sum()) for r in references]
        return references[int(np.argmin(apart))]

    def _solve_references(self, first: int) -> list[Reference]:
        found: list[Reference] = []
        for path in self._examples.get(first, ()):
            programme = self._programme(path, first)
            begin = found[0].statuses.of(programme, self.kink) if found else None
            solution = self.highs.solve(programme.programme, begin)
            if solution.end == "optimal":
                statuses = Statuses(programme, self.highs.basis(), self.kink)
                found.append(Reference(factors(path, first), statuses))
        return found


def start(path: Sequence[Moment]) -> int:
    """The period of the first event; the number of periods if there is none."""
    return next((t for t, moment in enumerate(path) if not moment.calm_everywhere), len(path))


def factors(path: Sequence[Moment], first: int) -> Vector:
    """All multipliers along a path, one after the other."""
    names = ("market", "spot", "agreements", "projects", "price", "demand", "industries")
    return np.concatenate([getattr(m.state, name) for m in path[first:] for name in names])


def lost_on(setting: Setting, past: Past, first: int) -> float:
    """Loss on the trunk before a period, money."""
    calm = setting.calm
    pieces = [setting.piece(t, calm) for t in range(first)]
    return sum(float(piece.all_lose @ piece.fitted(past[t])) for t, piece in enumerate(pieces))


def optimum(
    highs: LinearSequence, programme: Assembled, begin: Statuses | None, kink: bool, presolve: bool = False
) -> tuple[LinearSolution, Assembled]:
    """The optimum; where rules cannot all be kept, that of least breach and the programme it belongs to."""
    basis = None if begin is None else begin.of(programme, kink)
    solution = highs.solve(programme.programme, basis, presolve=presolve)
    if solution.end == "infeasible":
        programme = softened(programme)
        solution = highs.solve(programme.programme, presolve=True)
    if solution.end == "infeasible":
        raise SolverFailed("a plan has no operations in a scenario, with every rule out of the way.")
    return solution, programme


__all__ = ["Foresight", "lost_on", "optimum", "start"]
