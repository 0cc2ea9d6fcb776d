"""Expected tonnes by year and commodity: what is needed, supplied, held and missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from optimizer.tables.frame import Array, Codes, Frame
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
    totals = _totals(f)
    periods, commodities = f.periods, f.instance.commodities
    period = np.repeat(np.arange(periods), len(commodities))
    table = pd.DataFrame({"period": period})
    table["year"] = f.year(table["period"])
    for column in ("commodity", "name", "material", "stage"):
        field = "id" if column == "commodity" else column
        table[column] = pd.Series([getattr(c, field) for c in commodities] * periods, dtype="str")
    table = table.assign(**totals)
    table["stock_days"] = _days(f, table)
    return table


def _totals(f: Frame) -> dict[str, Array]:
    """Every flow in expected tonnes, [period · commodity].

    Summed by position rather than by pandas' groups: a dozen small groupings cost more than a small solve.
    """
    i = f.instance
    nodes = np.arange(len(f.period))
    demand = [f.commodity[q.commodity] for q in i.demand]
    of_demand = {q.id: f.commodity[q.commodity] for q in i.demand}
    substitution = {u.id: u for u in i.substitutions}
    offers = {o.id: f.commodity[o.commodity] for o in i.spot}
    agreements = {a.id: f.commodity[a.commodity] for a in i.agreements}
    totals = {column: np.zeros(f.periods * len(i.commodities)) for column in FLOWS}

    def add(
        column: str, commodity: Sequence[int] | Codes, node: Sequence[int] | Codes, tonnes: Array
    ) -> None:
        cell = f.period[node] * len(i.commodities) + np.asarray(commodity, dtype=np.int64)
        totals[column] += np.bincount(cell, tonnes * f.probability[node], minlength=len(totals[column]))

    def table(column: str, commodity: list[int], tonnes: Array) -> None:
        """[node, row]"""
        add(column, np.tile(commodity, len(nodes)), np.repeat(nodes, len(commodity)), tonnes.ravel())

    def each(column: str, name: str, index: str, commodity: Mapping[str, int]) -> None:
        ids, node, value = f.listed(name, index)
        add(column, [commodity[id] for id in ids], node, value)

    table("demand_t", demand, f.demand)
    table("market_t", [f.commodity[r.commodity] for r in i.market], f.market)
    for column, name in _SAME.items():
        each(column, name, "commodity", f.commodity)
    each("short_t", "short", "demand", of_demand)
    each("delivered_t", "deliver", "agreement", agreements)
    each("spot_t", "spot", "offer", offers)
    ids, node, value = f.listed("substitute", "substitution")
    used = [substitution[id] for id in ids]
    add("eased_t", [of_demand[u.demand] for u in used], node, value)
    add("substitutes_t", [f.commodity[u.commodity] for u in used], node, value * [u.ratio for u in used])
    _industries(f, add)
    ids, node, value = f.listed("run", "project")
    rates = output_rate(i.projects)
    for project, rows in rates.groupby("project"):
        mine = [row for row, id in enumerate(ids) if id == project]
        for commodity, made, used_up in zip(rows["commodity"], rows["made"], rows["used"], strict=True):
            at, code = node[mine], [f.commodity[commodity]] * len(mine)
            add("made_t", code, at, value[mine] * made)
            add("inputs_t", code, at, value[mine] * used_up)
    return totals


def _industries(f: Frame, add: Callable[[str, Codes, Codes, Array], None]) -> None:
    """What industries need, and what they go without."""
    nodes = np.arange(len(f.period))
    ids, node, value = f.listed("cut", "industry")
    for row, j in enumerate(f.instance.industries):
        mine = [at for at, id in enumerate(ids) if id == j.id]
        cut = np.bincount(node[mine], value[mine], minlength=len(nodes))
        for commodity, need in j.needs.items():
            tonnes = f.need(row, need)
            code = np.full(len(nodes), f.commodity[commodity])
            add("demand_t", code, nodes, tonnes)
            add("cut_t", code, nodes, tonnes * cut)


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


def _days(f: Frame, table: pd.DataFrame) -> pd.Series:
    """Days the stock lasts at the undisturbed use of demand and industries; empty where there is none."""
    use = {c.id: f.annual_use(c.id, industries=True) for c in f.instance.commodities}
    annual = pd.Series(
        [use[c][t] for c, t in zip(table["commodity"], table["period"], strict=True)],
        index=table.index,
        dtype="float64",
    )
    return (365 * table["stock_t"] / annual.where(annual > 0)).astype("float64")
