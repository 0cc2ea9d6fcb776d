"""A plan as it unfolds: what happens, what is done and what it costs, node by node of the scenario tree.

Tables beside those of :func:`optimizer.tables.plan_tables`, in natural units and undiscounted; a path through
them (table ``paths``) is a scenario, replayed year by year.
"""

from __future__ import annotations

import pandas as pd

from models.instance import Instance
from models.plan import Plan
from optimizer.replay import goods, happenings, money
from optimizer.tables.frame import Frame, concat
from optimizer.tables.risk import scenario_name

TABLES = {
    "paths": "Each scenario as its nodes, in order; its probability and discounted loss",
    "happenings": "By node: what begins, goes on and ends there, in words",
    "lost_supply": "By node and commodity: what commerce supplies less than undisturbed",
    "goods": "By node and commodity: tonnes bought, made, released, sold, missing and held",
    "lost_output": "By node and industry: share of output cut and what that costs",
    "balance": "By node: money in and out, what shortages cost, what the reserve is worth",
}
"""Every table with one line on what it holds."""


def unfold(instance: Instance, plan: Plan, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Every table of :data:`TABLES`; ``tables`` are those of the plan. Without a plan all are empty.

    Raises ValueError if the plan is for another instance.
    """
    f = Frame(instance, plan)
    tonnes = goods.goods(f, tables)
    found = {
        "paths": paths(f),
        "happenings": happenings.happenings(f),
        "lost_supply": happenings.lost_supply(f),
        "goods": tonnes,
        "lost_output": goods.lost_output(f, tables),
        "balance": money.balance(f, tables, tonnes),
    }
    return found if plan.commitments is not None else {name: t.iloc[:0] for name, t in found.items()}


def paths(f: Frame) -> pd.DataFrame:
    """One row per scenario and period, the worst scenario first: scenario, probability, loss, node, year."""
    types = {
        "scenario": "str", "probability": "float64", "loss_usd": "float64", "period": "int64",
        "node": "int64",
    }  # fmt: skip
    loss = {s.id: s.loss for s in f.plan.risk.scenarios} if f.plan.risk else {}
    order = sorted(f.tree.leaf, key=lambda s: (-loss.get(s, 0.0), scenario_name(s)))
    rows = [
        (scenario_name(s), f.tree.weight[s], loss.get(s, 0.0), f.tree.nodes[node].period, node)
        for s in order
        for node in reversed(list(f.tree.path(f.tree.leaf[s])))
    ]
    table = concat([pd.DataFrame(rows, columns=list(types))], types)
    table.insert(4, "year", f.year(table["period"]))
    return table


__all__ = ["TABLES", "paths", "unfold"]
