"""How far the rules on risk that are about whole paths are kept, read off a plan in natural units."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from models.instance import ChanceRule
from models.plan import ChanceRisk
from optimizer.data import Data

Values = dict[str, dict[tuple[Any, ...], float]]
"""variable: index: value in natural units, zeros left out."""

SHORT = 1e-6
"""Share of a demand or an output below which nothing is missing."""


def chances(data: Data, found: Values) -> tuple[ChanceRisk, ...]:
    """model.md §4.15: the probability with which each rule is kept, whatever was asked for."""
    return tuple(
        ChanceRisk(
            rule=number,
            segment=rule.segment,
            commodities=rule.commodities,
            min_fraction=rule.min_fraction,
            asked=rule.probability,
            achieved=min(1.0, _kept(data, found, rule)),
        )
        for number, rule in enumerate(data.instance.risk.chance)
    )


def _kept(data: Data, found: Values, rule: ChanceRule) -> float:
    """Probability of the paths on which no more is missing than the rule allows."""
    allowed = 1 - rule.min_fraction + SHORT
    missing: dict[tuple[str, int], float] = defaultdict(float)
    for name in ("short", "cut"):
        for (row, _, n), amount in found[name].items():
            missing[row, n] += amount
    broken = {
        n
        for (row, n), amount in missing.items()
        if _concerns(data, rule, row) and amount > allowed * _whole(data, row, n)
    }
    tree = data.tree
    return sum(tree.weight[s] for s, leaf in tree.leaf.items() if broken.isdisjoint(tree.path(leaf)))


def _concerns(data: Data, rule: ChanceRule, row: str) -> bool:
    if row in data.industries:
        return data.industries[row].segment == rule.segment and not rule.commodities
    q = data.demand_rows[row]
    return q.segment == rule.segment and (not rule.commodities or q.commodity in rule.commodities)


def _whole(data: Data, row: str, n: int) -> float:
    """All that could be missing: t of a demand, 1 of an industry's output."""
    if row in data.industries:
        return 1.0
    q = data.demand_rows[row]
    return data.demand(q, n) * data.units.tonnes[q.commodity]
