"""Rules 11 and 12 of model.md §4: days of cover held in calm, and the service that every segment is owed."""

from __future__ import annotations

import numpy as np

from models.instance import CoverRule
from optimizer.audit import flows
from optimizer.audit.arrays import Array, Ints, Mask, over_periods
from optimizer.audit.case import Case

YEAR = 365.0
"""Days."""


def cover(case: Case, held: Array) -> None:
    """Stock over all depots ≥ days/365 · annual demand, wherever it has been calm for long enough."""
    world, total = case.world, held.sum(axis=1)
    for rule in case.instance.risk.cover:
        m = world.goods[rule.commodity]
        yearly = sum(
            (
                over_periods(q.quantity, world.periods)
                for q in case.instance.demand
                if q.commodity == rule.commodity and (not rule.segments or q.segment in rule.segments)
            ),
            start=np.zeros(world.periods),
        )[case.tree.period]
        nodes = np.flatnonzero((yearly > 0) & (case.tree.period >= rule.from_period) & rested(case, m, rule))
        daily = yearly[nodes] / YEAR

        def name(i: int, nodes: Ints = nodes, rule: CoverRule = rule) -> str:
            return f"{rule.commodity} · {case.node(int(nodes[i]))}"

        case.ledger.at_most(
            "cover",
            f"less than {rule.days:g} days of cover",
            "days",
            np.full(len(nodes), rule.days),
            total[m, nodes] / daily,
            name=name,
            floor=world.tonnes[m] / daily,
        )


def rested(case: Case, commodity: int, rule: CoverRule) -> Mask:
    """Whether the commodity is calm at a node and at its rebuild_periods ancestors before."""
    calm, parent = case.world.calm[commodity], case.tree.parent
    result: Mask = calm.copy()
    above = parent.copy()
    for _ in range(min(rule.rebuild_periods, case.world.periods)):
        result &= (above < 0) | calm[np.maximum(above, 0)]
        above = np.where(above < 0, -1, parent[np.maximum(above, 0)])
    return result


def service(case: Case) -> None:
    """Σ short ≤ (1−min_fraction)·Δ·demand; Σ cut ≤ 1−min_fraction where no commodity is named."""
    world = case.world
    short, cut = flows.short(case), flows.cut(case)
    for rule in case.instance.risk.service:
        allowed = 1.0 - rule.min_fraction
        for i, row in enumerate(case.instance.demand):
            if row.segment != rule.segment or (rule.commodities and row.commodity not in rule.commodities):
                continue

            def name(n: int, row_id: str = row.id) -> str:
                return f"{row_id} · {case.node(n)}"

            demand = world.length * world.demand[i]
            case.ledger.at_most(
                "service",
                f"less than {rule.min_fraction:g} of demand served",
                "t",
                short[i],
                allowed * demand,
                name=name,
                floor=world.tonnes[world.goods[row.commodity]],
                size=short[i] + demand,
            )
        for j, industry in enumerate(case.instance.industries):
            if industry.segment != rule.segment or rule.commodities:
                continue

            def of(n: int, industry_id: str = industry.id) -> str:
                return f"{industry_id} · {case.node(n)}"

            case.ledger.at_most(
                "service",
                f"less than {rule.min_fraction:g} of output kept",
                "of output",
                cut[j],
                allowed,
                name=of,
                floor=1.0,
            )
