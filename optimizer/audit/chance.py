"""Rule 15 of model.md §4: the service that a segment is owed in scenarios of a given probability.

How well a scenario keeps a rule is the largest residual of its rows along the scenario's path. The rule as a
whole is as good as the worst of the best scenarios that are probable enough together: that residual is
judged and reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.instance import ChanceRule
from models.plan import Plan
from optimizer.audit import flows
from optimizer.audit.arrays import Array, Ints
from optimizer.audit.case import Case

SAME = 1e-9
"""Probabilities that reach what is asked for within this reach it."""


@dataclass(frozen=True)
class _Row:
    """One demand row or industry that a rule concerns, at all nodes."""

    id: str
    unit: str
    missing: Array
    whole: Array
    """All that can be missing, in the same unit."""
    size: Array


def chance(case: Case, plan: Plan) -> None:
    """Scenarios with Σ short ≤ (1−min_fraction)·Δ·demand (Σ cut ≤ 1−min_fraction) on all of their path."""
    reported = {} if plan.risk is None else {told.rule: told for told in plan.risk.chance}
    for number, rule in enumerate(case.instance.risk.chance):
        rows = _rows(case, rule)
        _enough(case, rule, rows)
        told = reported.pop(number, None)
        if told is not None:
            # It jumps where a shortage is just 1e-6 of demand: it lies between those for 1e-7 and 1e-5.
            least, most = (_probability(case, rule, rows, small) for small in (1e-7, 1e-5))
            case.ledger.equal(
                "chance",
                "wrong probability of service",
                "",
                told.achieved,
                float(np.clip(told.achieved, least, most)),
                name=lambda *_, segment=rule.segment: f"service of {segment}",
                floor=1.0,
                size=1.0,
            )
        elif plan.risk is not None and plan.risk.chance:
            case.ledger.fault("chance", f"service of {rule.segment}", "its probability is not reported")
    for number in reported:
        case.ledger.fault("chance", f"rule {number}", "no such rule")


def _rows(case: Case, rule: ChanceRule) -> list[_Row]:
    world, short, cut = case.world, flows.short(case), flows.cut(case)
    rows = []
    for i, q in enumerate(case.instance.demand):
        if q.segment == rule.segment and (not rule.commodities or q.commodity in rule.commodities):
            demand = world.length * world.demand[i]
            floor = world.tonnes[world.goods[q.commodity]]
            rows.append(_Row(q.id, "t", short[i], demand, np.maximum(short[i] + demand, floor)))
    for i, j in enumerate(case.instance.industries):
        if j.segment == rule.segment and not rule.commodities:
            one = np.ones(world.nodes)
            rows.append(_Row(j.id, "of output", cut[i], one, np.maximum(cut[i] + one, 1.0)))
    return rows


def _enough(case: Case, rule: ChanceRule, rows: list[_Row]) -> None:
    """Compare the row that decides whether the scenarios that keep the rule are probable enough."""
    if not rows or rule.probability <= SAME:
        return
    allowed = 1.0 - rule.min_fraction
    excess = np.array([(row.missing - allowed * row.whole) / row.size for row in rows])
    worst, where = _along(case, excess.max(axis=0))
    leaves = list(case.tree.leaf.values())
    chances = np.array([case.tree.chance[s] for s in case.tree.leaf])
    order = np.argsort(worst[leaves], kind="stable")
    reached = np.cumsum(chances[order]) >= rule.probability - SAME
    last = leaves[int(order[int(np.argmax(reached))])]
    if not reached.any():
        case.ledger.fault("chance", f"service of {rule.segment}", "the probabilities do not reach that much")
        return
    node = int(where[last])
    row = rows[int(np.argmax(excess[:, node]))]
    share = f"{rule.min_fraction:g} of {'demand served' if row.unit == 't' else 'output kept'}"
    case.ledger.at_most(
        "chance",
        f"less than {share}, though owed with a probability of {rule.probability:g}",
        row.unit,
        row.missing[node],
        allowed * row.whole[node],
        name=lambda *_: f"{row.id} · {case.node(node)}",
        floor=0.0,
        size=row.size[node],
    )


def _along(case: Case, at_node: Array) -> tuple[Array, Ints]:
    """Per node the largest value on the way to it, and at which node that is."""
    worst, where = at_node.copy(), np.arange(case.world.nodes)
    for nodes in case.tree.levels[1:]:
        above = case.tree.parent[nodes]
        older = worst[above] > worst[nodes]
        worst[nodes] = np.where(older, worst[above], worst[nodes])
        where[nodes] = np.where(older, where[above], where[nodes])
    return worst, where


def _probability(case: Case, rule: ChanceRule, rows: list[_Row], small: float) -> float:
    """Of the scenarios in which no more is missing than allowed, and a small part of the whole."""
    broken = np.zeros(case.world.nodes)
    for row in rows:
        broken += row.missing > (1.0 - rule.min_fraction + small) * row.whole
    paths = case.tree.accumulate(broken)
    return sum(case.tree.chance[s] for s, leaf in case.tree.leaf.items() if paths[leaf] == 0)
