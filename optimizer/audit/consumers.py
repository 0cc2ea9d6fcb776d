"""Rule 7 of model.md §4: what consumers of each commodity get, buy, do without, or replace."""

from __future__ import annotations

import numpy as np

from optimizer.audit import flows
from optimizer.audit.arrays import Array, column, gather
from optimizer.audit.case import Case


def consumers(case: Case) -> None:
    """Balance, commerce, private stock, and limits of shortage, substitution and cuts."""
    world, ops, goods = case.world, case.operations, len(case.world.goods)
    table = case.instance.demand
    name, floor = case.rows(case.instance.commodities), column(list(world.tonnes))
    short, away = flows.short(case), flows.replaced(case)
    missing = gather(short + away, world.of(table), goods)
    wanted = world.length * (world.wanted + flows.needed(case)) + flows.replacing(case)
    got = ops["bought"] + ops["release"] + ops["private"]
    size = wanted + missing + got
    case.ledger.equal(
        "consumers",
        "what is used is not what is got",
        "t",
        wanted - missing,
        got,
        name=name,
        floor=floor,
        size=size,
    )
    _commerce(case)

    private = case.tree.accumulate(ops["private"])
    stock = np.zeros((goods, 1))
    for row in case.instance.private_stock:
        stock[world.goods[row.commodity]] += row.quantity
    case.ledger.at_most("consumers", "private > private stock", "t", private, stock, name=name, floor=floor)
    _limits(case, short, away)


def _commerce(case: Case) -> None:
    """Bought ≤ what the market and owners of projects offer, less what the agency takes from commerce."""
    world, goods = case.world, len(case.world.goods)
    agreements, offers = case.instance.agreements, case.instance.spot
    taken = gather(
        column([1 - a.additional for a in agreements]) * case.operations["deliver"],
        world.of(agreements),
        goods,
    )
    taken += gather(
        column([1 - o.additional for o in offers]) * flows.spot_by_offer(case), world.of(offers), goods
    )
    full = world.commerce_full
    left = np.divide(world.commerce, full, out=np.zeros_like(full), where=full > 0)
    market = world.length * world.commerce
    owners = flows.outputs(case, [1 - k.offtake_share for k in case.instance.projects])
    bought = case.operations["bought"]
    case.ledger.at_most(
        "consumers",
        "bought > what commerce has",
        "t",
        bought,
        market + owners - left * taken,
        name=case.rows(case.instance.commodities),
        floor=column(list(world.tonnes)),
        size=bought + market + owners + left * taken,
    )


def _limits(case: Case, short: Array, away: Array) -> None:
    world, ops, table = case.world, case.operations, case.instance.demand
    demand = world.length * world.demand
    tiers = [(i, tier.share) for i, q in enumerate(table) for tier in q.shortage_cost]
    most = column([share for _, share in tiers]) * demand[[i for i, _ in tiers]]
    floor = column(list(ops.shapes["short"].floor))
    case.ledger.at_most(
        "consumers",
        "short > share of demand",
        "t",
        ops["short"],
        most,
        name=case.entries("short"),
        floor=floor,
    )
    row = {q.id: i for i, q in enumerate(table)}
    table_u = case.instance.substitutions
    eased = demand[[row[u.demand] for u in table_u]] if table_u else np.zeros((0, world.nodes))
    most = column([u.max_share for u in table_u]) * eased
    floor = column([world.tonnes[world.goods[table[row[u.demand]].commodity]] for u in table_u])
    case.ledger.at_most(
        "consumers",
        "substitute > max_share of demand",
        "t",
        ops["substitute"],
        most,
        name=case.rows(table_u),
        floor=floor,
    )
    case.ledger.at_most(
        "consumers",
        "short + substitutes > demand",
        "t",
        short + away,
        demand,
        name=case.rows(table),
        floor=world.floor(table),
    )
    industries = case.instance.industries
    shares = column([tier.share for j in industries for tier in j.loss])
    case.ledger.at_most(
        "consumers", "cut > share", "of output", ops["cut"], shares, name=case.entries("cut"), floor=1.0
    )
    case.ledger.at_most(
        "consumers", "Σ cut > 1", "of output", flows.cut(case), 1.0, name=case.rows(industries), floor=1.0
    )
