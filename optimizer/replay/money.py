"""Money by node: what is spent, earned and drawn, what is lost, what the reserve is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimizer.tables import money, spend
from optimizer.tables.frame import Array, Frame, concat

SPENT = {
    "agreement": "agreements_usd",
    "spot": "spot_usd",
    "project": "projects_usd",
    "storage": "holding_usd",
    "disposal": "holding_usd",
    "depot": "depots_usd",
}
"""Categories of spend by column; holding: storage, handling and disposal."""
COLUMNS = (
    "spent_usd", "agreements_usd", "spot_usd", "projects_usd", "holding_usd", "depots_usd",
    "earned_usd", "drawn_usd", "repaid_usd", "finance_usd", "cash_usd", "drawn_so_far_usd",
)  # fmt: skip


def balance(f: Frame, tables: dict[str, pd.DataFrame], goods: pd.DataFrame) -> pd.DataFrame:
    """One row per node, USD, undiscounted: node, period, year, probability, :data:`COLUMNS`, ``loss_usd``.

    finance: interest and fees. ``loss_usd`` is what shortages, substitution and cuts cost consumers;
    ``reserve_usd`` what is held at the end of the period, at prices without effects; ``.._so_far_usd`` what
    there was from the first period on.
    """
    nodes = len(f.tree)
    total = {column: np.zeros(nodes) for column in (*COLUMNS, "loss_usd", "reserve_usd")}

    def add(column: str, node: pd.Series, usd: pd.Series) -> None:
        total[column] += np.bincount(node.to_numpy(dtype=np.int64), usd.to_numpy(dtype=float), nodes)

    for category, lines in spend.per_node(f).groupby("category"):
        add(SPENT[str(category)], lines["node"], lines["usd"])
        add("spent_usd", lines["node"], lines["usd"])
    # Commitments fall due in every node of their period alike.
    due = spend.committed(f)
    for kind, period, usd in zip(due["category"], due["period"], due["usd"], strict=True):
        total[SPENT[kind]][f.period == period] += usd
        total["spent_usd"][f.period == period] += usd
    earned = money.proceeds(f)
    add("earned_usd", earned["node"], earned["usd"])
    cost = money.cost_of_money(f)
    cost = cost[cost["item"] != "repayments"]
    add("finance_usd", cost["node"], cost["usd"])
    cash = tables["cash"]
    for column, name in (
        ("drawn_usd", "draw_usd"),
        ("repaid_usd", "repay_usd"),
        ("cash_usd", "cash_usd"),
        ("drawn_so_far_usd", "drawn_usd"),
    ):
        add(column, cash["node"], cash[name])
    add("reserve_usd", goods["node"], goods["held_usd"])
    add("loss_usd", goods["node"], goods["loss_usd"])
    add("loss_usd", tables["cuts"]["node"], tables["cuts"]["loss_usd"])
    for column in ("spent_usd", "loss_usd"):
        total[column.replace("_usd", "_so_far_usd")] = _so_far(f, total[column])
    table = f.nodes[["node", "period", "year", "probability"]].assign(**total)
    types = {"node": "int64", "period": "int64", "year": table["year"].dtype.name, "probability": "float64"}
    return concat([table], types | dict.fromkeys(total, "float64"))


def _so_far(f: Frame, usd: Array) -> Array:
    """Sums along the path to each node; parents come before children."""
    sums = usd.copy()
    for node in f.tree.nodes:
        if node.parent is not None:
            sums[node.id] += sums[node.parent]
    return sums
