"""Totals per commodity and node that several families need, in t per period; (commodities, nodes)."""

from __future__ import annotations

import numpy as np

from optimizer.audit.arrays import Array, column, gather
from optimizer.audit.case import Case


def delivered(case: Case) -> Array:
    """Deliveries of agreements."""
    return gather(case.operations["deliver"], case.world.of(case.instance.agreements), len(case.world.goods))


def spot_by_offer(case: Case) -> Array:
    """Spot over all tiers; (offers, nodes)."""
    owner = [i for i, o in enumerate(case.instance.spot) for _ in o.tiers]
    return gather(case.operations["spot"], owner, len(case.instance.spot))


def spot(case: Case) -> Array:
    """Spot of all offers."""
    return gather(spot_by_offer(case), case.world.of(case.instance.spot), len(case.world.goods))


def outputs(case: Case, share: list[float]) -> Array:
    """share[k] · output of all projects, added up."""
    total = np.zeros((len(case.world.goods), case.world.nodes))
    for i, project in enumerate(case.instance.projects):
        for commodity, yields in project.outputs.items():
            total[case.world.goods[commodity]] += share[i] * yields * case.operations["run"][i]
    return total


def inputs(case: Case) -> Array:
    """σ · input of all projects: what the agency brings."""
    total = np.zeros((len(case.world.goods), case.world.nodes))
    for i, project in enumerate(case.instance.projects):
        for commodity, use in project.inputs.items():
            total[case.world.goods[commodity]] += project.offtake_share * use * case.operations["run"][i]
    return total


def over_depots(case: Case, variable: str) -> Array:
    """inject, withdraw or stock over all depots."""
    goods, depots = len(case.world.goods), len(case.instance.depots)
    total: Array = case.operations[variable].reshape(goods, depots, case.world.nodes).sum(axis=1)
    return total


def replacing(case: Case) -> Array:
    """Σ ratio · substitutes used, of the commodity that is used instead."""
    table = case.instance.substitutions
    used = column([u.ratio for u in table]) * case.operations["substitute"]
    return gather(used, case.world.of(table), len(case.world.goods))


def replaced(case: Case) -> Array:
    """Substitutes by demand row that they ease; (demand rows, nodes)."""
    row = {q.id: i for i, q in enumerate(case.instance.demand)}
    owner = [row[u.demand] for u in case.instance.substitutions]
    return gather(case.operations["substitute"], owner, len(row))


def short(case: Case) -> Array:
    """Shortage over all tiers; (demand rows, nodes)."""
    owner = [i for i, q in enumerate(case.instance.demand) for _ in q.shortage_cost]
    return gather(case.operations["short"], owner, len(case.instance.demand))


def cut(case: Case) -> Array:
    """Share of output cut over all tiers; (industries, nodes)."""
    owner = [i for i, j in enumerate(case.instance.industries) for _ in j.loss]
    return gather(case.operations["cut"], owner, len(case.instance.industries))


def needed(case: Case) -> Array:
    """Σ_j needs·(1 − Σ cut), t/year; (commodities, nodes)."""
    world, kept = case.world, 1.0 - cut(case)
    total = np.zeros((len(world.goods), world.nodes))
    for j, industry in enumerate(case.instance.industries):
        for commodity, quantity in industry.needs.items():
            total[world.goods[commodity]] += world.series(quantity) * world.by.industries[j] * kept[j]
    return total
