"""A plan made ready for scenarios: its template, what is committed, what it does while nothing happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from models.instance import Effect, Instance, Objective, Scenario
from models.plan import Plan
from optimizer.compile import Vector
from optimizer.data import Data
from optimizer.evaluate.fixed import commitments_of, plan_quantile
from optimizer.evaluate.information import path_tree
from optimizer.evaluate.moments import Moment, Remembering
from optimizer.evaluate.outcomes import Outcome
from optimizer.evaluate.pieces import Integers, Piece, Pieces
from optimizer.evaluate.programme import Scales, Spot
from optimizer.evaluate.rules import Broken
from optimizer.evaluate.trunk import trunk_of
from optimizer.extract import INDEX, Values, natural_unit
from optimizer.template import Template
from optimizer.template.standing import run
from optimizer.tree import EffectKey, Signature, unfold

MOST_PIECES = 2000
"""Pieces and states held at most: they bound the memory, not the results."""


def plain(instance: Instance) -> Instance:
    """The instance with an objective of cost plus loss, and without rules that need the whole distribution in
    one programme: of each column the template then tells the loss as its cost less its expected cost."""
    risk = instance.risk.model_copy(
        update={"cvar_limit": None, "expected_loss_limit": None, "chance": (), "concentration": ()}
    )
    return instance.model_copy(
        update={"scenarios": (), "objective": Objective(cost_weight=1, loss_weight=1), "risk": risk}
    )


class Setting:
    """Everything that scenarios of one plan have in common."""

    def __init__(self, instance: Instance, plan: Plan) -> None:
        self.instance, self.plan = instance, plan
        self.plain = plain(instance)
        self.template = Template(self.plain)
        self.periods = instance.horizon.periods
        self.data = Data(self.plain, path_tree(self.plain, None))
        self.money = self.data.units.money
        self.eta = plan_quantile(plan) / self.money
        """The plan's quantile of loss, money."""
        self._selector = Remembering(self.plain)
        self._moments: dict[Signature, Moment] = {}
        self._count = 0
        self.effects: dict[EffectKey, Effect] = {}
        self.calm = self.moment(())
        self.template.learn((t, self.calm.state) for t in range(self.periods))
        self.pieces = Pieces(self.plain, self.template, commitments_of(plan))
        self.common_rows = len(self.template.common.rows)
        self.segments = instance.segments()
        self.scales = self._scales()
        self.trunk: list[Vector] = trunk_of(
            self.plan, self.data, self.template, self.calm.state, self.pieces.common
        )
        """By period, what the plan does while nothing happens: values of all columns."""

    # ---- states

    def moment(self, in_force: Signature) -> Moment:
        """The state under these effects."""
        known = self._moments.get(in_force)
        if known is None:
            effects = [self.effects[key] for key in in_force]
            state = self._selector.state(effects)
            known = self._moments[in_force] = Moment(self._count, state, in_force)
            self._count += 1
        return known

    def moments(self, scenario: Scenario) -> list[Moment]:
        """By period, what is in force in a scenario."""
        force = unfold(scenario, self.periods, self.effects)
        return [self.moment(in_force) for in_force in force]

    def learn(self, paths: Iterable[Sequence[Moment]]) -> None:
        """Make the template ready for these paths."""
        self.learn_at((t, m) for path in paths for t, m in enumerate(path))

    def learn_at(self, wanted: Iterable[tuple[int, Moment]]) -> None:
        """The same for single periods."""
        different = {(t, m.number): (t, m.state) for t, m in wanted}
        self.template.learn(different.values())

    def trim(self) -> None:
        """Bound the memory: forget pieces and states, which come back when asked for."""
        if len(self.pieces) > MOST_PIECES or len(self._moments) > MOST_PIECES:
            self.pieces.forget()
            self._moments = {(): self.calm}
            self.effects.clear()

    def piece(self, t: int, moment: Moment) -> Piece:
        """The node of a period in a state."""
        return self.pieces.get(t, moment.state, moment.number)

    # ---- the plan's own operations

    def _scales(self) -> Scales:
        """Those of the calm path, laid on every other."""
        from optimizer.scaling import equilibrate

        tree = path_tree(self.plain, None)
        arrays = self.template.arrays(tree, [self.calm.state] * self.periods)
        _, scales = equilibrate(arrays)
        found = Scales(self.periods)
        for t in range(self.periods):
            layout = self.template.layout(t)
            columns = {key: j for j, key in enumerate(layout.columns)}
            rows = {key: i for i, key in enumerate(layout.rows)}
            found.columns[t], found.rows[t] = np.ones(len(columns)), np.ones(len(rows))
            for keys, places, given, result in (
                (arrays.columns, columns, scales.columns, found.columns[t]),
                (arrays.rows, rows, scales.rows, found.rows[t]),
            ):
                for key, scale in zip(keys, given.tolist(), strict=True):
                    name, index = key
                    at = places.get((name, index[:-1])) if index and index[-1] == t else None
                    if at is not None:
                        result[at] = scale
        return found

    def runs(self, path: Sequence[Moment], calm: Integers | None = None) -> list[Integers]:
        """By period of a path, calm periods in a row by commodity."""
        found: list[Integers] = []
        for moment in path:
            calm = run(moment.state.calm, calm)
            found.append(calm)
        return found

    # ---- results

    def outcome(
        self,
        scenario: Scenario,
        nodes: Sequence[Piece],
        values: Sequence[Vector],
        broken: tuple[Broken, ...],
        *,
        told: bool,
    ) -> Outcome:
        """What a whole path came to: the piece and all values of each period."""
        paid, lost = self.pieces.due_cost, 0.0
        segments = len(self.segments)
        groups = self.pieces.groups(nodes[0].layout)
        by_segment = np.zeros(segments)
        most = np.zeros(len(groups.group_segment))
        weighted = np.zeros(self.common_rows)
        for piece, given in zip(nodes, values, strict=True):
            groups = self.pieces.groups(piece.layout)
            x = piece.fitted(given)
            loses = piece.all_lose * x
            paid += float(piece.all_pay @ x)
            lost += float(loses.sum())
            mine = groups.column_segment >= 0
            by_segment += np.bincount(groups.column_segment[mine], loses[mine], minlength=segments)
            mine = groups.column_group >= 0
            short = np.bincount(groups.column_group[mine], x[mine], minlength=len(most))
            most = np.maximum(most, np.divide(short, piece.demanded, out=np.zeros_like(short),
                                              where=piece.demanded > 0))  # fmt: skip
            weighted += np.bincount(
                piece.weighted_row, piece.weighted * x[piece.weighted_column], minlength=len(weighted)
            )
        missing = np.zeros(segments)
        missing[np.unique(groups.group_segment[most > 1e-6])] = 1.0
        return Outcome(
            id=scenario.id,
            events=scenario.events,
            probability=scenario.probability,
            loss=lost * self.money,
            cost=paid * self.money,
            exact=True,
            by_segment=by_segment * self.money,
            missing=missing,
            broken=broken,
            values=self.natural(nodes, values) if told else {},
            chances=self._chances(most),
            weighted=weighted,
        )

    def _chances(self, most: Vector) -> Vector:
        """By chance rule, 1 if none of its rows ever misses more than it allows; ``most`` by demand row, then
        by industry."""
        i = self.instance
        kept = []
        for rule in i.risk.chance:
            rows = [
                k
                for k, q in enumerate(i.demand)
                if q.segment == rule.segment and (not rule.commodities or q.commodity in rule.commodities)
            ]
            if not rule.commodities:
                rows += [k for k, j in enumerate(i.industries, len(i.demand)) if j.segment == rule.segment]
            kept.append(float((most[rows] <= 1 - rule.min_fraction + 1e-6).all()))
        return np.array(kept)

    def natural(self, nodes: Sequence[Piece], values: Sequence[Vector]) -> Values:
        """Operations along a path in natural units, periods in place of nodes."""
        found: Values = {}
        for t, (piece, x) in enumerate(zip(nodes, values, strict=True)):
            for j in np.flatnonzero(x > 1e-9).tolist():
                name, index = piece.layout.columns[j]
                if name in INDEX:
                    unit = natural_unit(self.data, name, (*index, t))
                    if unit is not None:
                        found.setdefault(name, {})[*index, t] = float(x[j]) * unit
        return found

    def spots(self, path: Sequence[Moment], first: int) -> list[Spot]:
        """The nodes of a path from a period on."""
        calm = self.runs(path)
        return [Spot(self.piece(t, path[t]), t - first - 1, 1.0, calm[t]) for t in range(first, self.periods)]
