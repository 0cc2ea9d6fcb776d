"""What is paid at each node, item by item (model.md §4, rule 8), USD."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.instance import Agreement, FixedPrice
from optimizer.audit.arrays import Array, column
from optimizer.audit.case import Case


@dataclass(frozen=True)
class Spend:
    """USD per node. Agreements, spot and projects are the planned spend of rule 9."""

    agreements: Array  # (agreements, nodes): deliveries, untaken, signing, prepayment
    spot: Array  # (offers, nodes)
    projects: Array  # (projects, nodes): capex, opex, support
    reserve: Array  # (nodes,): handling, storage, disposal, opening of depots
    proceeds: Array  # (nodes,): sales, releases, upside

    @property
    def outlay(self) -> Array:
        """What is paid at each node, (nodes,)."""
        planned = (self.agreements, self.spot, self.projects)
        return sum((part.sum(axis=0) for part in planned), start=self.reserve)


def spend(case: Case, held: Array) -> Spend:
    """All payments and proceeds; ``held`` is the stock (commodities, depots, nodes)."""
    ops, world, goods = case.operations, case.world, case.instance.commodities
    received = ops["sale"] * column([m.sale_factor for m in goods])
    received = (received + ops["release"] * column([m.release_factor for m in goods])) * world.price_now
    return Spend(
        agreements=_agreements(case),
        spot=_spot(case),
        projects=_projects(case),
        reserve=_reserve(case, held),
        proceeds=received.sum(axis=0) + ops["upside"].sum(axis=0),
    )


def unit_price(case: Case, agreement: Agreement) -> Array:
    """USD/t at each node: the fixed value, or reference·(1+premium), then floor, then ceiling."""
    price = agreement.price
    if isinstance(price, FixedPrice):
        return case.world.series(price.value)
    result: Array = case.world.price_now[case.world.goods[agreement.commodity]] * (1 + price.premium)
    if price.floor is not None:
        result = np.maximum(result, case.world.series(price.floor))
    if price.ceiling is not None:
        result = np.minimum(result, case.world.series(price.ceiling))
    return result


def _agreements(case: Case) -> Array:
    paid = case.committed.agreements_due[:, case.tree.period].copy()
    tonnes = case.operations["deliver"] + case.operations["untaken"]
    for i, agreement in enumerate(case.instance.agreements):
        paid[i] += tonnes[i] * unit_price(case, agreement)
    return paid


def _spot(case: Case) -> Array:
    paid = np.zeros((len(case.instance.spot), case.world.nodes))
    row = 0
    for i, offer in enumerate(case.instance.spot):
        price = case.world.price_now[case.world.goods[offer.commodity]]
        for tier in offer.tiers:
            paid[i] += case.operations["spot"][row] * price * (1 + tier.premium)
            row += 1
    return paid


def _projects(case: Case) -> Array:
    """public_share·capex, σ·opex, and support: max(0, strike − reference)·(1−σ)·output."""
    world = case.world
    paid = case.committed.projects_due[:, case.tree.period].copy()
    for i, project in enumerate(case.instance.projects):
        run = case.operations["run"][i]
        paid[i] += project.offtake_share * world.series(project.opex) * run
        if project.support is not None:
            commodity = project.support.commodity
            gap = np.maximum(
                0.0, world.series(project.support.strike) - world.price_now[world.goods[commodity]]
            )
            paid[i] += gap * (1 - project.offtake_share) * project.outputs[commodity] * run
    return paid


def _reserve(case: Case, held: Array) -> Array:
    world, goods, depots = case.world, case.instance.commodities, case.instance.depots
    moved = (case.operations["inject"] + case.operations["withdraw"]).reshape(held.shape)
    handling = np.array([d.handling_cost for d in depots])
    storage = np.array([m.storage_cost for m in goods])
    disposal = column([m.disposal_cost for m in goods])
    paid = np.einsum("d,mdn->n", handling, moved)
    paid += world.length * np.einsum("m,mdn->n", storage, held)
    paid += (disposal * case.operations["scrap"]).sum(axis=0)
    return np.asarray(paid + case.committed.depots_due[case.tree.period])
