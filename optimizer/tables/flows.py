"""Expected tonnes by year and commodity: what is needed, supplied, held and missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimizer.tables.frame import Array, Frame
from optimizer.tables.operations import output_rate

FLOWS = (
    "demand_t", "market_t", "bought_t", "private_t", "released_t", "eased_t", "substitutes_t", "short_t",
    "cut_t", "delivered_t", "spot_t", "made_t", "inputs_t", "sold_t", "scrapped_t", "in_t", "out_t",
    "stock_t",
)  # fmt: skip
"""demand (with industries' needs, effects included) less eased (by substitutes), short and cut, plus what is
used as a substitute = bought + released + private. ``stock_t`` is held at the end of the period."""


def flows(f: Frame) -> pd.DataFrame:
    """One row per period and commodity, every flow in expected tonnes, with names."""
    i = f.instance
    parts: dict[str, pd.DataFrame] = {
        "demand_t": pd.concat(
            [_rows(f, [q.commodity for q in i.demand], f.demand), f.needs[["commodity", "node", "t"]]]
        ),
        "market_t": _rows(f, [r.commodity for r in i.market], f.market),
        **{column: f.operation(name).rename(columns={"value": "t"}) for column, name in _SAME.items()},
    }
    of_demand = {q.id: q.commodity for q in i.demand}
    short, eased = f.operation("short"), f.operation("substitute")
    parts["short_t"] = _of(short, short["demand"].map(of_demand))
    eases = {u.id: of_demand[u.demand] for u in i.substitutions}
    parts["eased_t"] = _of(eased, eased["substitution"].map(eases))
    ratio = eased["substitution"].map({u.id: u.ratio for u in i.substitutions}).astype("float64")
    stands_in = eased["substitution"].map({u.id: u.commodity for u in i.substitutions})
    parts["substitutes_t"] = _of(eased, stands_in, ratio)
    share = f.operation("cut").groupby(["industry", "node"])["value"].sum().reset_index()
    cut = f.needs.merge(share, on=["industry", "node"])
    parts["cut_t"] = cut.assign(t=cut["t"] * cut["value"])
    delivered, spot = f.operation("deliver"), f.operation("spot")
    parts["delivered_t"] = _of(
        delivered, delivered["agreement"].map({a.id: a.commodity for a in i.agreements})
    )
    parts["spot_t"] = _of(spot, spot["offer"].map({o.id: o.commodity for o in i.spot}))
    run = f.operation("run").merge(output_rate(i.projects), on="project")
    parts["made_t"] = run.assign(t=run["value"] * run["made"])
    parts["inputs_t"] = run.assign(t=run["value"] * run["used"])

    grid = pd.MultiIndex.from_product(
        [range(f.periods), [c.id for c in i.commodities]], names=["period", "commodity"]
    )
    table = pd.DataFrame(0.0, index=grid, columns=list(FLOWS))
    for column in FLOWS:
        expected = f.expected(parts[column].astype({"commodity": "str"}), ["commodity"], ["t"])
        table[column] = table[column].add(expected.set_index(["period", "commodity"])["t"], fill_value=0.0)
    table = table.reset_index()
    table.insert(1, "year", f.year(table["period"]))
    for at, column in ((3, "name"), (4, "material"), (5, "stage")):
        table.insert(
            at,
            column,
            table["commodity"].map({c.id: getattr(c, column) for c in i.commodities}).astype("str"),
        )
    table["stock_days"] = _days(f, table)
    return table


_SAME = {
    "bought_t": "bought",
    "private_t": "private",
    "released_t": "release",
    "sold_t": "sale",
    "scrapped_t": "scrap",
    "in_t": "inject",
    "out_t": "withdraw",
    "stock_t": "stock",
}


def _rows(f: Frame, commodities: list[str], tonnes: Array) -> pd.DataFrame:
    """[node, row] as long form."""
    nodes, rows = tonnes.shape
    return pd.DataFrame(
        {
            "commodity": pd.Series(np.tile(np.array(commodities, dtype=object), nodes), dtype="str"),
            "node": np.repeat(np.arange(nodes), rows),
            "t": tonnes.ravel(),
        }
    )


def _of(frame: pd.DataFrame, commodity: pd.Series, factor: pd.Series | float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"commodity": commodity, "node": frame["node"], "t": frame["value"] * factor})


def _days(f: Frame, table: pd.DataFrame) -> pd.Series:
    """Days the stock lasts at the undisturbed use of demand and industries; empty where there is none."""
    use = {c.id: f.annual_use(c.id, industries=True) for c in f.instance.commodities}
    annual = pd.Series(
        [use[c][t] for c, t in zip(table["commodity"], table["period"], strict=True)],
        index=table.index,
        dtype="float64",
    )
    return (365 * table["stock_t"] / annual.where(annual > 0)).astype("float64")
