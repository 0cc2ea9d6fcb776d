"""Rules 2 to 4 of model.md §4: what agreements, spot offers and projects can bring."""

from __future__ import annotations

import numpy as np

from optimizer.audit.arrays import column
from optimizer.audit.case import Case


def contracts(case: Case) -> None:
    """At most avail·Q; take-or-pay θ: θ·avail·Q ≤ deliver + untaken ≤ avail·Q; θ = 0: untaken = 0."""
    agreements, world = case.instance.agreements, case.world
    deliver, untaken = case.operations["deliver"], case.operations["untaken"]
    name, floor = case.rows(agreements), world.floor(agreements)
    share = column([a.take_or_pay for a in agreements])
    most = world.by.agreements * case.committed.contracted[:, case.tree.period]
    check = case.ledger
    check.at_most("contracts", "deliver > avail·Q", "t", deliver, most, name=name, floor=floor)
    check.at_most(
        "contracts", "take-or-pay not met", "t", share * most, deliver + untaken, name=name, floor=floor
    )
    room = np.where(share > 0, most - deliver, 0.0)
    size = deliver + untaken + most
    check.at_most(
        "contracts", "deliver + untaken > avail·Q", "t", untaken, room, name=name, floor=floor, size=size
    )


def spot(case: Case) -> None:
    """spot[o,tier,n] ≤ Δ·quantity·avail."""
    offers, world = case.instance.spot, case.world
    quantity = world.at_nodes([tier.quantity for o in offers for tier in o.tiers])
    avail = world.by.spot[[i for i, o in enumerate(offers) for _ in o.tiers]]
    floor = column(list(case.operations.shapes["spot"].floor))
    most = world.length * quantity * avail
    case.ledger.at_most(
        "spot",
        "spot > Δ·quantity·avail",
        "t",
        case.operations["spot"],
        most,
        name=case.entries("spot"),
        floor=floor,
    )


def projects(case: Case) -> None:
    """No more than avail·Δ·(existing + built), equality with must_run; upside within its share and cap."""
    table, world = case.instance.projects, case.world
    run, name = case.operations["run"], case.rows(table)
    existing = world.at_nodes([k.existing_capacity for k in table])
    most = world.by.projects * world.length * (existing + case.committed.built[:, case.tree.period])
    floor = column(list(world.activity))
    case.ledger.at_most("projects", "run > avail·Δ·capacity", "t", run, most, name=name, floor=floor)
    must = column([1.0 if k.must_run else 0.0 for k in table])
    case.ledger.at_most("projects", "must run at capacity", "t", must * most, run, name=name, floor=floor)
    _upside(case)


def _upside(case: Case) -> None:
    """No more than upside_share·max(0, reference − strike)·(1−σ)·output, nor than upside_cap·Δ."""
    world = case.world
    for i, project in enumerate(case.instance.projects):
        upside = case.operations["upside"][i]

        def name(n: int, project_id: str = project.id) -> str:
            return f"{project_id} · {case.node(n)}"

        terms = dict[str, float](floor=world.dollars)
        if project.support is None:
            case.ledger.at_most("projects", "upside without support", "USD", upside, 0.0, name=name, **terms)
            continue
        support = project.support
        reference, strike = world.price_now[world.goods[support.commodity]], world.series(support.strike)
        owned = (1 - project.offtake_share) * project.outputs[support.commodity] * case.operations["run"][i]
        share = support.upside_share * np.maximum(0.0, reference - strike) * owned
        case.ledger.at_most("projects", "upside > its share", "USD", upside, share, name=name, **terms)
        if support.upside_cap is not None:
            cap = support.upside_cap * world.length
            case.ledger.at_most("projects", "upside > its cap", "USD", upside, cap, name=name, **terms)
