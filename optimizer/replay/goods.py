"""Tonnes by node and commodity, and what industries lose."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.instance import at
from optimizer.tables.frame import Frame, concat
from optimizer.tables.operations import output_rate

COLUMNS = (
    "delivered_t", "spot_t", "made_t", "released_t", "sold_t", "private_t", "eased_t", "short_t", "stock_t",
)  # fmt: skip
"""t per period; ``stock_t`` at its end. made: the agency's share of what projects turn out."""
NAMED = ("name", "material", "stage")
WORTH = {
    "gained_usd": ("delivered_t", "spot_t", "made_t"),
    "given_usd": ("released_t", "sold_t"),
    "held_usd": ("stock_t",),
}
"""What tonnes are worth at prices without effects."""


def goods(f: Frame, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per node and commodity with anything but zeros.

    node, commodity, name, material, stage, :data:`COLUMNS`, ``usual_price_usd`` (USD/t, without effects),
    :data:`WORTH` and ``loss_usd``, what shortages and substitution cost.
    """
    parts = [
        _part(tables["deliveries"], "commodity", delivered_t="delivered_t"),
        _part(tables["spot"], "commodity", bought_t="spot_t"),
        _made(tables["activity"], f),
        _part(tables["pool"], "commodity", released_t="released_t", sold_t="sold_t", private_t="private_t"),
        _eased(tables["substitutions"], f),
        _part(tables["shortages"], "commodity", short_t="short_t", loss_usd="loss_usd"),
        _part(tables["stock"], "commodity", stock_t="stock_t"),
    ]
    whole = pd.concat([part for part in parts if len(part)] or [parts[0]])
    columns = [*COLUMNS, "loss_usd"]
    whole = whole.reindex(columns=["node", "commodity", *columns])
    summed = whole.groupby(["node", "commodity"], as_index=False)[columns].sum()
    summed = summed[(summed[columns].abs() > 1e-9).any(axis=1)].reset_index(drop=True)
    row = {c.id: c for c in f.instance.commodities}
    for column in NAMED:
        summed[column] = summed["commodity"].map({id: getattr(c, column) for id, c in row.items()})
    price = [
        at(row[c].price, int(f.period[n])) for n, c in zip(summed["node"], summed["commodity"], strict=True)
    ]
    summed["usual_price_usd"] = pd.Series(price, index=summed.index, dtype="float64")
    for column, tonnes in WORTH.items():
        summed[column] = summed["usual_price_usd"] * summed[list(tonnes)].sum(axis=1)
    types = {"node": "int64", "commodity": "str", **dict.fromkeys(NAMED, "str")} | dict.fromkeys(
        [*columns, "usual_price_usd", *WORTH], "float64"
    )
    return concat([summed], types)


def lost_output(f: Frame, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What industries go without: node, industry, segment, cut_share of the period's output, loss_usd."""
    types = {
        "node": "int64", "industry": "str", "segment": "str", "cut_share": "float64", "loss_usd": "float64",
    }  # fmt: skip
    keys = ["node", "industry", "segment"]
    summed = tables["cuts"].groupby(keys, as_index=False)[["cut_share", "loss_usd"]].sum()
    return concat([summed], types)


def _part(table: pd.DataFrame, key: str, **columns: str) -> pd.DataFrame:
    """Sums by node and commodity, under new names."""
    found = table.groupby(["node", key], as_index=False)[list(columns)].sum()
    return found.rename(columns={key: "commodity", **columns})


def _made(activity: pd.DataFrame, f: Frame) -> pd.DataFrame:
    rates = output_rate(f.instance.projects)
    joined = activity[["node", "project", "activity_t"]].merge(rates[rates["made"] > 0], on="project")
    joined["made_t"] = joined["activity_t"] * joined["made"]
    return _part(joined, "commodity", made_t="made_t")


def _eased(substitutions: pd.DataFrame, f: Frame) -> pd.DataFrame:
    """By the commodity that is missing; what the substitute costs counts as loss."""
    demand = {q.id: q.commodity for q in f.instance.demand}
    cost = {u.id: u.cost for u in f.instance.substitutions}
    period = f.period[substitutions["node"].to_numpy(dtype=np.int64)]
    usd = [
        tonnes * at(cost[id], int(t))
        for id, t, tonnes in zip(substitutions["substitution"], period, substitutions["eased_t"], strict=True)
    ]
    table = pd.DataFrame(
        {
            "node": substitutions["node"],
            "commodity": substitutions["demand"].map(demand),
            "eased_t": substitutions["eased_t"],
            "loss_usd": pd.Series(usd, index=substitutions.index, dtype="float64"),
        }
    )
    return _part(table, "commodity", eased_t="eased_t", loss_usd="loss_usd")
