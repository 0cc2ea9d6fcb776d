"""How far the rules on risk that are about whole paths are kept, read off a plan in natural units."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from models.instance import ChanceRule
from models.plan import ChanceRisk, ConcentrationRisk
from optimizer.data import Data

Values = dict[str, dict[tuple[Any, ...], float]]
"""variable: index: value in natural units, zeros left out."""

SHORT = 1e-6
"""Share of a demand or an output below which nothing is missing."""

NONE = 1e-6
"""Share of a year's use below which next to nothing is acquired, and an index says nothing."""


def concentrations(data: Data, found: Values) -> tuple[ConcentrationRisk, ...]:
    """model.md §4.14: the index of each rule and commodity on the path where it is largest."""
    rules = data.instance.risk.concentration
    entering = _entering(data, found) if rules else {}
    return tuple(
        _most_concentrated(data, entering.get(m, {}), number, rule.hhi, m)
        for number, rule in enumerate(rules)
        for m in dict.fromkeys(rule.commodities or data.commodities)
    )


def _entering(data: Data, found: Values) -> dict[str, dict[int, dict[str, float]]]:
    """Tonnes that enter the reserve by commodity, calm node and own country."""
    entering: dict[str, dict[int, dict[str, float]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(float))
    )
    for name, rows in (("deliver", data.agreements), ("spot", data.offers)):
        for (x, *_, n), tonnes in found[name].items():
            row = rows[x]
            if data.calm(row.commodity, n):
                entering[row.commodity][n][row.country] += tonnes
    for (k, n), activity in found["run"].items():
        project = data.projects[k]
        for m, made in project.outputs.items():
            if data.calm(m, n):
                entering[m][n][project.country] += project.offtake_share * made * activity
    return entering


def _most_concentrated(
    data: Data, entering: dict[int, dict[str, float]], rule: int, allowed: float, m: str
) -> ConcentrationRisk:
    """The path on which the index is largest."""
    nothing = NONE * max((data.consumption(m, n) for n in data.nodes), default=0.0) * data.units.tonnes[m]
    worst = ConcentrationRisk(rule=rule, commodity=m, allowed=allowed, hhi=0.0, tonnes=0.0)
    for leaf in data.tree.leaves():
        by: dict[str, float] = defaultdict(float)
        for n in data.tree.path(leaf):
            for country, tonnes in entering.get(n, {}).items():
                by[country] += tonnes
        total = sum(by.values())
        if total <= nothing:
            continue
        index = sum((tonnes / total) ** 2 for tonnes in by.values())
        if index > worst.hhi:
            country = max(by, key=lambda c: by[c])
            told = {"hhi": index, "tonnes": total, "country": country, "share": by[country] / total}
            worst = worst.model_copy(update=told)
    return worst


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
