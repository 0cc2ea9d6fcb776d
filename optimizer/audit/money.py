"""Rule 8 of model.md §4: where the money comes from, and that it lasts."""

from __future__ import annotations

import numpy as np

from models.instance import Budget, Source
from optimizer.audit.arrays import Array, column
from optimizer.audit.case import Case
from optimizer.audit.spend import Spend


def sources(budget: Budget | None, ids: tuple[str, ...]) -> tuple[Source, ...]:
    """The sources, or the one appropriation that an envelope without sources is (``ids`` names it)."""
    if budget is None:
        return ()
    if budget.sources is not None:
        return budget.sources
    if budget.envelope is None:
        return ()
    return (Source.model_construct(id=ids[0], kind="appropriation", amount=budget.envelope, available=None),)


def money(case: Case, spend: Spend) -> Array:
    """Check sources, debts and cash; the finance cost per node, USD."""
    budget, ops, tree, world = case.instance.budget, case.operations, case.tree, case.world
    ids = tuple(str(key) for key in ops.shapes["draw"].rows)
    table = sources(budget, ids)
    if budget is None:
        return np.zeros(world.nodes)
    draw, repay, check, floor = ops["draw"], ops["repay"], case.ledger, world.dollars
    lends = column([1.0 if f.kind == "loan" else 0.0 for f in table])
    name = case.rows(table)

    drawn = tree.accumulate(draw)
    check.equal(
        "money", "drawn is not what was drawn so far", "USD", ops["drawn"], drawn, name=name, floor=floor
    )
    owed = tree.accumulate(lends * (draw - repay))
    turned = tree.accumulate(lends * (draw + repay))
    size = turned + np.abs(ops["owed"])
    check.equal(
        "money", "owed is not drawn less repaid", "USD", ops["owed"], owed, name=name, floor=floor, size=size
    )
    check.at_most("money", "more repaid than owed", "USD", -owed, 0.0, name=name, floor=floor, size=size)
    check.at_most(
        "money", "only loans can be repaid", "USD", (1 - lends) * repay, 0.0, name=name, floor=floor
    )
    for i, source in enumerate(table):

        def one(n: int, source_id: str = source.id) -> str:
            return f"{source_id} · {case.node(n)}"

        if source.amount is not None:
            check.at_most("money", "drawn > amount", "USD", drawn[i], source.amount, name=one, floor=floor)
        if source.available is not None:
            check.at_most(
                "money",
                "draw > available",
                "USD",
                draw[i],
                world.series(source.available),
                name=one,
                floor=floor,
            )
    if budget.envelope is not None:
        total = drawn.sum(axis=0)
        check.at_most("money", "drawn > envelope", "USD", total, budget.envelope, name=case.node, floor=floor)

    before = tree.before(owed, 0.0)
    rate, fee = column([f.rate for f in table]), column([f.fee for f in table])
    interest = world.length * (rate * before).sum(axis=0)
    paid_in = ((1 - fee) * draw).sum(axis=0) + spend.proceeds
    paid_out = repay.sum(axis=0) + spend.outlay + interest
    cash = tree.accumulate(paid_in - paid_out, budget.opening_cash)
    size = tree.accumulate(np.abs(paid_in) + np.abs(paid_out), budget.opening_cash)
    check.at_most("money", "cash runs out", "USD", -cash, 0.0, name=case.node, floor=floor, size=size)
    check.equal(
        "money",
        "cash is not what is left",
        "USD",
        ops["cash"][0],
        cash,
        name=case.node,
        floor=floor,
        size=size,
    )
    dearer = np.maximum(0.0, rate - case.instance.discount_rate)
    finance = (fee * draw).sum(axis=0) + world.length * (dearer * before).sum(axis=0)
    return np.asarray(finance)
