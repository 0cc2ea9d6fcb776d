"""Way ``rolling``: period by period on the path as it comes, not knowing how it goes on.

In each period from the first event on, operations are decided on a small tree of what may come, then only
those of the period are carried out. Paths with the same past and the same outlook share their decisions,
which are made once. Until something happens the plan's own operations hold, as in way ``foresight``: the
difference between the two is what it costs not to know.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.instance import Instance
from optimizer.compile import Vector
from optimizer.evaluate.foresight import optimum, start
from optimizer.evaluate.outcomes import Outcome
from optimizer.evaluate.programme import Spot, assemble, breaches
from optimizer.evaluate.rules import Broken
from optimizer.evaluate.sets import Case
from optimizer.evaluate.setting import Moment, Setting
from optimizer.highs.linear import LinearSequence
from optimizer.scenarios import HazardModel
from optimizer.scenarios.paths import Regime
from optimizer.template.standing import run
from optimizer.tree import effect_key, grow

BRANCHES = 8
"""Continuations that a decision looks at."""


@dataclass(frozen=True)
class Outlook:
    """What may come: a path from the present period to the last, with its probability."""

    probability: float
    moments: tuple[Moment, ...]
    """[0] is the present"""


class Belief(Protocol):
    """Where outlooks come from."""

    def outlooks(self, period: int, path: Sequence[Moment], regime: Regime | None) -> list[Outlook]:
        """What may come after ``path``, whose last is ``period``."""


class FromHazards:
    """Continuations drawn from the hazards, by a seed that follows from period and regime."""

    def __init__(
        self, setting: Setting, rate: float | str | None = None, branches: int = BRANCHES, seed: int = 0
    ) -> None:
        self.setting, self.branches, self.seed = setting, branches, seed
        self.model = HazardModel(setting.instance, rate)

    def outlooks(self, period: int, path: Sequence[Moment], regime: Regime | None) -> list[Outlook]:
        """As in Belief; alike for all paths that are in the same regime."""
        assert regime is not None, "drawn scenarios come with their regimes"
        name = repr((period, regime.in_force, sorted(regime.tense)))
        seed = zlib.crc32(name.encode()) ^ self.seed
        found = []
        for c in self.model.continuations(regime, period, self.branches, seed):
            moments = [path[-1]]
            for effects in c.in_force[1:]:
                keys = [(effect_key(e), e) for e in effects]
                self.setting.effects.update((key, e) for key, e in keys)
                moments.append(self.setting.moment(tuple(sorted(key for key, _ in keys))))
            found.append(Outlook(c.probability, tuple(moments)))
        return found


class FromScenarios:
    """The scenarios of the instance that have the same past, with their conditional probabilities.

    Where there is none, what is in force stays in force.
    """

    def __init__(self, setting: Setting, instance: Instance) -> None:
        self.setting = setting
        tree = grow(instance)
        setting.effects.update(tree.effects)
        self._paths = []
        for name, leaf in tree.leaf.items():
            force = [tree.nodes[n].in_force for n in tree.path(leaf)][::-1]
            self._paths.append((tree.weight[name], force))

    def outlooks(self, period: int, path: Sequence[Moment], regime: Regime | None) -> list[Outlook]:
        """As in Belief."""
        past = [moment.in_force for moment in path]
        alike = [(p, force) for p, force in self._paths if force[: period + 1] == past and p > 0]
        total = sum(p for p, _ in alike)
        if not alike:
            return [Outlook(1.0, (path[-1],) * (self.setting.periods - period))]
        return [
            Outlook(p / total, (path[-1], *(self.setting.moment(f) for f in force[period + 1 :])))
            for p, force in alike
        ]


@dataclass
class _Walk:
    """A scenario on its way."""

    case: Case
    path: list[Moment]
    values: list[Vector]
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True)
class _Decision:
    values: Vector
    broken: tuple[Broken, ...]


class Rolling:
    """Scenarios of one plan, rolled together: every period decides for all of them before the next."""

    def __init__(self, setting: Setting, belief: Belief, seed: int = 0) -> None:
        self.setting, self.belief = setting, belief
        goal = setting.instance.objective
        self.kink = goal.loss_weight * goal.cvar_weight > 0
        self.highs = LinearSequence(seed)
        self.solved = 0

    def outcomes(
        self, cases: Sequence[Case], *, stopped: Callable[[], bool] = lambda: False, told: bool = True
    ) -> list[Outcome] | None:
        """One outcome per case; None if stopped on the way. Raises SolverFailed."""
        setting = self.setting
        walks = [_Walk(case, setting.moments(case.scenario), []) for case in cases]
        setting.learn(walk.path for walk in walks)
        for t in range(setting.periods):
            if not self._step(t, walks, stopped):
                return None
        return [
            setting.outcome(
                walk.case.scenario,
                [setting.piece(t, moment) for t, moment in enumerate(walk.path)],
                walk.values,
                walk.broken,
                told=told,
            )
            for walk in walks
        ]

    def _step(self, t: int, walks: list[_Walk], stopped: Callable[[], bool]) -> bool:
        """Carry out a period on all walks; those that cannot be told apart do the same."""
        setting = self.setting
        alike: dict[object, list[_Walk]] = {}
        for walk in walks:
            if start(walk.path) > t:
                walk.values.append(setting.trunk[t])
                continue
            regime = walk.case.regimes[t] if walk.case.regimes else None
            alike.setdefault((tuple(m.number for m in walk.path[: t + 1]), regime), []).append(walk)
        outlooks = {}
        for key, together in alike.items():
            first = together[0]
            regime = first.case.regimes[t] if first.case.regimes else None
            outlooks[key] = self.belief.outlooks(t, first.path[: t + 1], regime)
        setting.learn_at(
            (t + k, moment)
            for found in outlooks.values()
            for outlook in found
            for k, moment in enumerate(outlook.moments)
        )
        for key, together in alike.items():
            if stopped():
                return False
            decision = self._decide(t, together[0], outlooks[key])
            for walk in together:
                walk.values.append(decision.values)
                walk.broken += decision.broken
        return True

    def _decide(self, t: int, walk: _Walk, outlooks: Sequence[Outlook]) -> _Decision:
        setting = self.setting
        nodes = tree_of(setting, t, walk.path[: t + 1], outlooks)
        lost = sum(
            float(piece.all_lose @ piece.fitted(x))
            for piece, x in ((setting.piece(k, walk.path[k]), walk.values[k]) for k in range(t))
        )
        programme = assemble(nodes, walk.values, lost, setting.instance, setting.eta, setting.scales)
        solution, programme = optimum(self.highs, programme, None, self.kink, presolve=True)
        self.solved += 1
        broken = breaches(setting.data, programme, solution.x) if programme.slacks else ()
        # A rule broken later on is an outlook, not a fact.
        return _Decision(programme.values(solution.x, 0), tuple(rule for rule in broken if rule.node == t))


def tree_of(setting: Setting, t: int, path: Sequence[Moment], outlooks: Sequence[Outlook]) -> list[Spot]:
    """Outlooks merged into a tree: they share a node for as long as they have been the same."""
    calm = setting.runs(path)[-1]
    nodes = [Spot(setting.piece(t, path[-1]), -1, 1.0, calm)]
    known: dict[tuple[int, int], int] = {}
    weight = [0.0]
    for outlook in outlooks:
        at = 0
        weight[0] += outlook.probability
        for k, moment in enumerate(outlook.moments[1:], 1):
            below = known.get((at, moment.number))
            if below is None:
                calm = run(moment.state.calm, nodes[at].calm)
                below = known[at, moment.number] = len(nodes)
                nodes.append(Spot(setting.piece(t + k, moment), at, 0.0, calm))
                weight.append(0.0)
            weight[below] += outlook.probability
            at = below
    return [
        Spot(node.piece, node.parent, p / weight[0], node.calm) for node, p in zip(nodes, weight, strict=True)
    ]


__all__ = ["BRANCHES", "Belief", "FromHazards", "FromScenarios", "Outlook", "Rolling", "tree_of"]
