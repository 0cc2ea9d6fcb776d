"""Spend by material and category."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    CATEGORIES,
    INK,
    WIDTH,
    Tables,
    empty,
    hues,
    legend,
    styled,
    tips,
    titled,
    top,
    usd_axis,
)  # fmt: skip
from optimizer.summary.words import usd

TITLE = "What is spent on which material"
BELOW = "Expected over the scenarios, undiscounted; projects split by value of output"
NONE = "Nothing is spent on materials."
MOST = 16
"""Materials shown; the rest is one bar."""


def data(tables: Tables, until: float = float("inf"), most: int = MOST) -> pd.DataFrame:
    """Expected USD by material, the largest first, and category; from the plan's ``spend``."""
    rows = tables["spend"]
    rows = rows[(rows["material"] != "") & (rows["year"] <= until)]
    totals = rows.groupby("material")["usd"].sum()
    shown = top(totals, most, "other materials")
    table = pd.DataFrame(
        {
            "material": rows["material"].map(shown).str.replace("_", " "),
            "category": rows["category"].map({c: name for c, (name, _) in CATEGORIES.items()}),
            "usd": rows["usd"],
        }
    )
    table = table.groupby(["material", "category"], as_index=False)[["usd"]].sum()
    place = {name.replace("_", " "): n for n, name in enumerate(dict.fromkeys(shown))}
    return table.sort_values("material", key=lambda m: m.map(place), kind="stable", ignore_index=True)


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    totals = rows.groupby("material", sort=False)["usd"].sum().head(5)
    return "Expected spend, USD: " + ", ".join(f"{name} {usd(v)}" for name, v in totals.items()) + "."


def bars(rows: pd.DataFrame, width: int = WIDTH, title: str | None = None) -> Any:
    """A stacked bar for each material."""
    rows = rows.assign(told=rows["usd"].map(usd))
    kinds = [name for name in dict(CATEGORIES.values()) if name in set(rows["category"])]
    rows["place"] = rows["category"].map(kinds.index)
    order = list(dict.fromkeys(rows["material"]))
    hue = hues(kinds, dict(CATEGORIES.values()))
    chart = (
        alt.Chart(rows)
        .mark_bar(stroke=INK, strokeWidth=0.5, height=11)
        .encode(
            y=alt.Y("material:N", sort=order, title=None),
            x=alt.X("usd:Q", axis=usd_axis("USD, expected", tickCount=6)),
            color=alt.Color("category:N", sort=kinds, scale=hue, legend=legend()),
            order=alt.Order("place:Q"),
            tooltip=tips(material="material", category="what", told="USD"),
        )
        .properties(width=width, height=18 * len(order))
    )  # fmt: skip
    return chart.properties(title=titled(title, size=12)) if title else chart


def chart(tables: Tables) -> Any:
    """One bar for each material, the dearest first, from the plan's ``spend``."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    return styled(bars(rows), TITLE, BELOW, words(tables))
