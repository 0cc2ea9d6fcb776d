"""What money is spent on (model.md §4.8), line by line, from the instance and the plan's tonnes alone.

Commitments falling due are alike in all nodes of a period; everything else is per node. Interest, fees and
repayments are not spend but the price of money: they are in :mod:`optimizer.tables.money`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from models.instance import Agreement, FixedPrice, Project
from optimizer.tables.frame import Array, Frame, concat

KEYS = ("category", "item", "member", "commodity", "country")
LINE = dict.fromkeys(KEYS, "str") | {"usd": "float64"}
CATEGORIES = ("agreement", "spot", "project", "storage", "disposal", "depot")
"""agreement, spot and project are what allocations speak of; the rest is the cost of holding a reserve."""

Lines = Iterator[pd.DataFrame]


def periods_of(years: float, period_years: float) -> int:
    """Years as periods, to the nearest, halves up (model.md §4)."""
    return math.floor(years / period_years + 0.5)


def per_node(f: Frame) -> pd.DataFrame:
    """Spend that depends on the node: node and the columns of a line, USD, undiscounted."""
    return concat([*_agreements(f), *_spot(f), *_projects(f), *_storage(f)], {"node": "int64", **LINE})


def committed(f: Frame) -> pd.DataFrame:
    """Commitments falling due: period and the columns of a line, USD, undiscounted."""
    lines = [*_signing(f), *_building(f), *_opening(f)]
    columns = ["period", *LINE]
    return concat([pd.DataFrame(lines, columns=columns)], {"period": "int64", **LINE})


def expected(f: Frame) -> pd.DataFrame:
    """Expected spend by period and line, USD, with material and group joined; what is 0 is left out."""
    operated = f.expected(per_node(f), list(KEYS), ["usd"])
    lines = concat([committed(f), operated], {"period": "int64", **LINE})
    lines = lines[lines["usd"] != 0].sort_values(["period", *KEYS], ignore_index=True)
    lines["year"] = f.year(lines["period"])
    lines["material"] = lines["commodity"].map(f.material).fillna("").astype("str")
    lines["group"] = lines["country"].map(f.group).fillna("").astype("str")
    order = [
        "period",
        "year",
        "category",
        "item",
        "member",
        "commodity",
        "material",
        "country",
        "group",
        "usd",
    ]
    return lines[order]


def unit_price(f: Frame, agreement: Agreement) -> Array:
    """What a contracted tonne costs at each node, USD/t."""
    price = agreement.price
    if isinstance(price, FixedPrice):
        return f.series(price.value)
    unit: Array = f.price[:, f.commodity[agreement.commodity]] * (1 + price.premium)
    if price.floor is not None:
        unit = np.maximum(unit, f.series(price.floor))
    if price.ceiling is not None:
        unit = np.minimum(unit, f.series(price.ceiling))
    return unit


def _lines(node: pd.Series, usd: pd.Series | Array, *key: str) -> pd.DataFrame:
    return pd.DataFrame({"node": node, **dict(zip(KEYS, key, strict=True)), "usd": usd})


def _agreements(f: Frame) -> Lines:
    rows = {a.id: a for a in f.instance.agreements}
    for variable, item in (("deliver", "deliveries"), ("untaken", "untaken")):
        for member, part in f.operation(variable).groupby("agreement", sort=False):
            a = rows[str(member)]
            usd = part["value"] * unit_price(f, a)[part["node"]]
            yield _lines(part["node"], usd, "agreement", item, a.id, a.commodity, a.country)


def _spot(f: Frame) -> Lines:
    bought, offers = f.operation("spot"), f.instance.spot
    index = {o.id: row for row, o in enumerate(offers)}
    row = bought["offer"].map(index).to_numpy(dtype="int64")
    premium = [offers[o].tiers[tier].premium for o, tier in zip(row, bought["tier"], strict=True)]
    commodity = np.array([f.commodity[o.commodity] for o in offers], dtype="int64")[row]
    yield pd.DataFrame(
        {
            "node": bought["node"],
            "category": "spot",
            "item": "purchases",
            "member": bought["offer"],
            "commodity": bought["offer"].map({o.id: o.commodity for o in offers}),
            "country": bought["offer"].map({o.id: o.country for o in offers}),
            "usd": bought["value"]
            * f.price[bought["node"], commodity]
            * (1 + np.array(premium, dtype="float64")),
        }
    )


def _projects(f: Frame) -> Lines:
    rows = {k.id: k for k in f.instance.projects}
    for member, part in f.operation("run").groupby("project", sort=False):
        k = rows[str(member)]
        node, period = part["node"], f.period[part["node"]]
        opex = part["value"] * k.offtake_share * f.series(k.opex)[node]
        for commodity, share in f.output_shares(k).items():
            yield _lines(node, opex * share[period], "project", "opex", k.id, commodity, k.country)
        if k.support is not None:
            named = k.support.commodity
            below = f.series(k.support.strike)[node] - f.price[node, f.commodity[named]]
            usd = np.maximum(0.0, below) * part["value"] * (1 - k.offtake_share) * k.outputs[named]
            yield _lines(node, usd, "project", "price support", k.id, named, k.country)


def _storage(f: Frame) -> Lines:
    country = {d.id: d.country for d in f.instance.depots}
    handling = {d.id: d.handling_cost for d in f.instance.depots}
    storage = {c.id: c.storage_cost * f.years for c in f.instance.commodities}
    disposal = {c.id: c.disposal_cost for c in f.instance.commodities}
    for variable, item, key, rate in (
        ("inject", "handling", "depot", handling),
        ("withdraw", "handling", "depot", handling),
        ("stock", "storage", "commodity", storage),
    ):
        part = f.operation(variable)
        yield pd.DataFrame(
            {
                "node": part["node"],
                "category": "storage",
                "item": item,
                "member": part["depot"],
                "commodity": part["commodity"],
                "country": part["depot"].map(country),
                "usd": part["value"] * part[key].map(rate).astype("float64"),
            }
        )
    part = f.operation("scrap")
    yield pd.DataFrame(
        {
            "node": part["node"],
            "category": "disposal",
            "item": "disposal",
            "member": "",
            "commodity": part["commodity"],
            "country": "",
            "usd": part["value"] * part["commodity"].map(disposal).astype("float64"),
        }
    )


Due = Iterator[tuple[int, str, str, str, str, str, float]]


def _signing(f: Frame) -> Due:
    rows = {a.id: a for a in f.instance.agreements}
    for signed in f.plan.commitments.agreements if f.plan.commitments else ():
        a = rows[signed.id]
        for item, usd in (("signing", a.signing_cost), ("prepayment", a.prepayment * signed.volume)):
            yield signed.start, "agreement", item, a.id, a.commodity, a.country, usd


def _building(f: Frame) -> Due:
    rows = {k.id: k for k in f.instance.projects}
    for built in f.plan.commitments.projects if f.plan.commitments else ():
        k = rows[built.id]
        shares = f.output_shares(k)
        capex = k.public_share * (k.capex_fixed + k.capex_per_unit * built.capacity)
        for period, part in capex_by_period(k, built.start, f).items():
            for commodity, share in shares.items():
                usd = capex * part * float(share[period])
                yield period, "project", "capex", k.id, commodity, k.country, usd


def capex_by_period(project: Project, start: int, f: Frame) -> dict[int, float]:
    """Fractions of capex by period; what would fall beyond the horizon is paid in its last period."""
    lead = max(1, periods_of(project.lead_years, f.years))
    profile = project.spend_profile if project.spend_profile is not None else (1.0 / lead,) * lead
    due: dict[int, float] = {}
    for offset, part in enumerate(profile):
        period = min(start + offset, f.periods - 1)
        due[period] = due.get(period, 0.0) + part
    return due


def _opening(f: Frame) -> Due:
    rows = {d.id: d for d in f.instance.depots}
    for opened in f.plan.commitments.depots if f.plan.commitments else ():
        d = rows[opened.id]
        yield 0, "depot", "opening", d.id, "", d.country, d.opening_cost
