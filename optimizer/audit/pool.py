"""Rule 5 of model.md §4: the reserve pool of each commodity."""

from __future__ import annotations

import numpy as np

from optimizer.audit import flows
from optimizer.audit.arrays import column
from optimizer.audit.case import Case


def pool(case: Case) -> None:
    """What enters equals what leaves; limits of sale, release and scrap."""
    world, ops = case.world, case.operations
    name, floor = case.rows(case.instance.commodities), column(list(world.tonnes))
    own = flows.outputs(case, [k.offtake_share for k in case.instance.projects])
    entering = flows.delivered(case) + flows.spot(case) + own + flows.over_depots(case, "withdraw")
    leaving = (
        flows.inputs(case) + flows.over_depots(case, "inject") + ops["release"] + ops["sale"] + ops["scrap"]
    )
    case.ledger.equal(
        "pool", "what enters is not what leaves", "t", entering, leaving, name=name, floor=floor
    )

    limit = world.length * world.at_nodes([m.sale_limit for m in case.instance.commodities])
    most = np.where(world.calm, limit, 0.0)
    case.ledger.at_most("pool", "sale > what calm allows", "t", ops["sale"], most, name=name, floor=floor)

    wanted = world.length * (world.wanted + world.needs)
    commerce, instead = world.length * world.commerce, flows.replacing(case)
    gap = np.maximum(0.0, wanted - commerce) + instead
    size = ops["release"] + wanted + commerce + instead
    case.ledger.at_most(
        "pool", "release > the gap", "t", ops["release"], gap, name=name, floor=floor, size=size
    )

    forced = [k.offtake_share if k.must_run or len(k.outputs) > 1 else 0.0 for k in case.instance.projects]
    opening = np.where(case.tree.period == 0, world.opening.sum(axis=1, keepdims=True), 0.0)
    waste = flows.outputs(case, forced) + opening
    case.ledger.at_most("pool", "scrap > forced output", "t", ops["scrap"], waste, name=name, floor=floor)
