"""Money in and out by year: draws by source and proceeds; spend by category."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    BLACK,
    CATEGORIES,
    FILLS,
    INK,
    SKY,
    VERMILLION,
    WIDTH,
    Tables,
    empty,
    hues,
    legend,
    styled,
    text_years,
    tips,
    titled,
    usd_axis,
    year_axis,
)  # fmt: skip
from optimizer.summary.words import usd

TITLE = "Where the money comes from and what it is spent on"
NONE = "No money is drawn, earned or spent."
PROCEEDS = {"sales": "sales", "releases": "releases to consumers", "upside": "upside of projects"}
MONEY = {"fees": "fees and interest", "interest": "fees and interest", "repayments": "repayments"}
COLUMNS = ["panel", "year", "item", "usd"]
IN, OUT = "in", "out"


def data(tables: Tables, until: float = float("inf")) -> pd.DataFrame:
    """Expected USD by panel (in, out), year and source or category, from the plan's ``money``."""
    rows = tables["money"]
    rows = rows[rows["side"].isin([IN, OUT]) & (rows["year"] <= until)]
    spent = {category: name for category, (name, _) in CATEGORIES.items()} | MONEY
    item = rows["item"].map(PROCEEDS | spent).fillna(rows["item"])
    item = item.where(rows["item"] != "draws", rows["member"])
    table = pd.DataFrame(
        {"panel": rows["side"], "year": text_years(rows["year"]), "item": item, "usd": rows["usd"]}
    )
    return table.groupby(COLUMNS[:3], as_index=False, sort=False)[["usd"]].sum()


def panel(rows: pd.DataFrame, side: str, title: str, width: int = WIDTH, height: int = 170) -> Any:
    """One stacked bar a year; the order of the stack is that of the legend."""
    rows = rows[rows["panel"] == side].assign(told=lambda t: t["usd"].map(usd))
    totals = rows.groupby("item")["usd"].sum().sort_values(ascending=False)
    # What is drawn comes before what the reserve earns.
    order = sorted(totals.index, key=lambda item: item in PROCEEDS.values())
    known = dict(CATEGORIES.values()) | {"fees and interest": VERMILLION, "repayments": SKY}
    palette = known if side == OUT else dict(zip(order, (*FILLS[1:], BLACK), strict=False))
    rows = rows.assign(place=rows["item"].map(order.index))
    years = sorted(rows["year"].unique(), key=float)
    return (
        alt.Chart(rows)
        .mark_bar(stroke=INK, strokeWidth=0.5)
        .encode(
            x=alt.X("year:O", sort=years, axis=year_axis(years, width)),
            y=alt.Y("usd:Q", axis=usd_axis("USD a year, expected", tickCount=5)),
            color=alt.Color("item:N", scale=hues(order, palette), sort=order, legend=legend()),
            order=alt.Order("place:Q"),
            tooltip=tips(year="year", item="what", told="USD"),
        )
        .properties(width=width, height=height, title=titled(title, size=12))
    )


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    totals = rows.groupby(["panel", "item"], sort=False)["usd"].sum().sort_values(ascending=False)
    told = [
        f"{name}: " + ", ".join(f"{item} {usd(v)}" for item, v in totals[side].items())
        for side, name in ((IN, "In"), (OUT, "Out"))
        if side in totals.index.get_level_values("panel")
    ]
    return "Expected USD over all years. " + ". ".join(told) + "."


def chart(tables: Tables) -> Any:
    """Two panels over the same years, from the plan's ``money``."""
    rows = data(tables)
    panels = [
        panel(rows, side, title)
        for side, title in ((IN, "Money in, by source"), (OUT, "Money out, by category"))
        if (rows["panel"] == side).any()
    ]
    if not panels:
        return empty(TITLE, NONE)
    whole = alt.vconcat(*panels, spacing=28).resolve_scale(color="independent")
    return styled(whole, TITLE, "Expected over the scenarios, undiscounted", words(tables))
