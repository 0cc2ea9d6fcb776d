"""Way ``rolling``: period by period on the path as it comes, not knowing how it goes on.

In each period from the first event on, operations are decided on a small tree of what may come, then only
those of the period are carried out. Paths with the same past and the same outlook share their decisions,
which are made once. Until something happens the plan's own operations hold, as in way ``foresight``: the
difference between the two is what it costs not to know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from optimizer.compile import Vector
from optimizer.evaluate.foresight import optimum, start
from optimizer.evaluate.giving_way import breaches
from optimizer.evaluate.moments import Moment
from optimizer.evaluate.outcomes import Outcome
from optimizer.evaluate.outlooks import NOTHING, Belief, Outlook
from optimizer.evaluate.programme import Spot, assemble
from optimizer.evaluate.rules import Broken
from optimizer.evaluate.sets import Case
from optimizer.evaluate.setting import Setting
from optimizer.highs.linear import LinearSequence
from optimizer.template.standing import run


def relearn_trunk(setting: Setting, belief: Belief, highs: LinearSequence) -> int:
    """Operations of the trunk from the period on in which the plan gives it no probability.

    There the plan's own say nothing (they cost nothing in its objective), yet a scenario may begin later.
    They are decided period by period as on any path, on outlooks from what is calm. Returns how many periods
    were decided anew.
    """
    first = next((t for t, n in enumerate(setting.plan.tree[: setting.periods]) if n.probability <= 0), None)
    if first is None:
        return 0
    calm = [setting.calm] * setting.periods
    for t in range(first, setting.periods):
        outlooks = belief.outlooks(t, calm[: t + 1], NOTHING)
        setting.learn_at((t + k, m) for outlook in outlooks for k, m in enumerate(outlook.moments))
        values = setting.trunk[:t]
        setting.trunk[t] = decide(setting, highs, t, calm, values, outlooks).values
    return setting.periods - first


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
            first = together[0]
            decision = decide(setting, self.highs, t, first.path, first.values, outlooks[key])
            self.solved += 1
            for walk in together:
                walk.values.append(decision.values)
                walk.broken += decision.broken
        return True


def decide(
    setting: Setting,
    highs: LinearSequence,
    t: int,
    path: Sequence[Moment],
    values: Sequence[Vector],
    outlooks: Sequence[Outlook],
) -> _Decision:
    """Operations of period t after ``values``, the best for what may come."""
    nodes = tree_of(setting, t, path[: t + 1], outlooks)
    pieces = [setting.piece(k, path[k]) for k in range(t)]
    lost = sum(float(piece.all_lose @ piece.fitted(x)) for piece, x in zip(pieces, values, strict=True))
    goal = setting.instance.objective
    programme = assemble(nodes, values, lost, setting.instance, setting.eta, setting.scales)
    kink = goal.loss_weight * goal.cvar_weight > 0
    solution, programme = optimum(highs, programme, None, kink, presolve=True)
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
