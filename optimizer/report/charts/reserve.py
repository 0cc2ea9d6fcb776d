"""The reserve in days of use, by commodity and year."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    BLACK,
    WIDTH,
    Tables,
    empty,
    short,
    styled,
    text_years,
    tips,
    titled,
    year_axis,
)
from optimizer.summary.words import tonnes

TITLE = "Reserve at the end of the year, days of use"
BELOW = "Expected stock over undisturbed use a day; the longest first"
NONE = "Nothing that is used is held in the reserve."


def data(tables: Tables, until: float = float("inf"), least_days: float = 0.5) -> pd.DataFrame:
    """Expected stock in days and tonnes by commodity and year, from the plan's ``flows``.

    Commodities that are ever held for ``least_days``, the longest held first; years up to ``until``.
    """
    rows = tables["flows"]
    rows = rows[(rows["year"] <= until) & rows["stock_days"].notna()]
    peak = rows.groupby("commodity")["stock_days"].max()
    rows = rows[rows["commodity"].isin(peak[peak >= least_days].index)]
    table = pd.DataFrame(
        {
            "commodity": rows["commodity"],
            "label": short(rows["name"]),
            "year": text_years(rows["year"]),
            "stock_days": rows["stock_days"],
            "stock_t": rows["stock_t"],
        }
    )
    order = table["commodity"].map(peak)
    return (
        table.assign(order=order).sort_values("order", ascending=False, kind="stable").drop(columns="order")
    )


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    peak = rows.groupby("label", sort=False)["stock_days"].max()
    longest = ", ".join(f"{label} {days:,.0f}" for label, days in peak.head(5).items())
    return f"{len(peak)} commodities are held. Most days of use at the end of a year: {longest}."


def heat(rows: pd.DataFrame, width: int = WIDTH, title: str | None = None) -> Any:
    """Cells with their number of days; the darker, the more."""
    peak = float(rows["stock_days"].max())
    order = list(dict.fromkeys(rows["label"]))
    years = sorted(rows["year"].unique(), key=float)
    rows = rows[rows["stock_days"] >= 0.5].assign(
        told=lambda t: t["stock_days"].map("{:,.0f}".format), held=lambda t: t["stock_t"].map(tonnes)
    )
    base = alt.Chart(rows).encode(
        x=alt.X("year:O", sort=years, scale=alt.Scale(domain=years), axis=year_axis(years, width)),
        y=alt.Y("label:N", sort=order, title=None),
        tooltip=tips(label="commodity", year="year", told="days of use", held="expected stock"),
    )
    scale = alt.Scale(scheme="blues", type="sqrt", domain=[0, peak])
    cells = base.mark_rect(stroke="white").encode(color=alt.Color("stock_days:Q", scale=scale, legend=None))
    # Black and white contrast alike at a luminance of 0.18: at 0.68 of this scale, the root of 0.46.
    text = base.mark_text(fontSize=11).encode(
        text="told:N",
        color=alt.condition(f"datum.stock_days > {0.46 * peak}", alt.value("white"), alt.value(BLACK)),
    )
    whole = alt.layer(cells, text).properties(width=width, height=18 * len(order))
    return whole.properties(title=titled(title, size=12)) if title else whole


def chart(tables: Tables) -> Any:
    """A heat map with a number in each cell, from the plan's ``flows``."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    return styled(heat(rows), TITLE, BELOW, words(tables))
