"""Reserve against target, one small picture for each commodity."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    BLACK,
    BLUE,
    VERMILLION,
    WIDTH,
    Tables,
    empty,
    hues,
    legend,
    short,
    styled,
    text_years,
    tips,
    titled,
    tonne_axis,
)  # fmt: skip
from optimizer.summary.words import tonnes

TITLE = "Reserve against target, by commodity"
BELOW = "t at the end of the year, calm or not; targets and least stocks only where a rule holds"
NONE = "There is no stock, and no target for one."
MOST = 24
"""Small pictures: first those with a target, then those held longest; all are in the table."""
ACROSS = 3
STOCK, TARGET = "expected stock (bars)", "target (dashed)"
LEAST = "least stock where the target holds (triangles)"


def data(tables: Tables) -> pd.DataFrame:
    """Tonnes by commodity, year and measure, from the plan's ``flows`` and ``cover``.

    Where several rules ask for one commodity, the highest target of the year counts, as it does in the plan.
    """
    flows, cover = tables["flows"], tables["cover"]
    ruled = (
        cover[cover["target_t"] > 0]
        .sort_values("target_t")
        .groupby(["commodity", "year"], as_index=False)
        .last()
    )
    held = flows.groupby("commodity")["stock_t"].max()
    shown = [*dict.fromkeys(ruled["commodity"]), *held[held > 0].index]
    flows = flows[flows["commodity"].isin(shown)]
    name = dict(zip(flows["commodity"], short(flows["name"], 30), strict=True))
    columns = {
        STOCK: flows.rename(columns={"stock_t": "amount_t"}),
        TARGET: ruled.rename(columns={"target_t": "amount_t"}),
        LEAST: ruled.rename(columns={"least_stock_t": "amount_t"}),
    }
    parts = [
        rows[["commodity", "year", "amount_t"]].assign(measure=measure) for measure, rows in columns.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    peak = flows.groupby("commodity")["stock_days"].max().fillna(-1.0)
    rank = sorted(dict.fromkeys(shown), key=lambda c: (c not in set(ruled["commodity"]), -peak.get(c, -1.0)))
    place = {c: n for n, c in enumerate(rank)}
    table = table.assign(label=table["commodity"].map(name), place=table["commodity"].map(place))
    table["year"] = text_years(table["year"])
    columns_shown = ["commodity", "label", "year", "measure", "amount_t"]
    return table.sort_values(["place", "measure"], kind="stable", ignore_index=True)[columns_shown]


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    ruled = rows.loc[rows["measure"] == TARGET, "commodity"].nunique()
    return f"{rows['commodity'].nunique()} commodities, {ruled} of them with a target of stock."


def chart(tables: Tables) -> Any:
    """Bars of stock, a dashed line of targets, points of the least stock; each with its own scale."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    order = list(dict.fromkeys(rows["label"]))
    left = len(order) - MOST
    rows = rows[rows["label"].isin(order[:MOST])].assign(told=lambda t: t["amount_t"].map(tonnes))
    years = sorted(rows["year"].unique(), key=float)
    measures = [m for m in (STOCK, TARGET, LEAST) if m in set(rows["measure"])]
    colour = alt.Color(
        "measure:N",
        sort=measures,
        scale=hues(measures, {STOCK: "#8fb8dc", TARGET: VERMILLION, LEAST: BLACK}),
        legend=legend(),
    )
    marks = list(dict.fromkeys([years[0], years[len(years) // 2], years[-1]]))
    # Beside each other rather than as facets, so that what a commodity has none of is not drawn at all: an
    # empty layer has no extent, which browsers warn of.
    each = [
        _small(rows[rows["label"] == label], label, years, marks, colour).properties(
            width=WIDTH // ACROSS - 36, height=90
        )
        for label in order[:MOST]
    ]
    whole = alt.concat(*each, columns=ACROSS, spacing={"row": 16, "column": 14})
    below = BELOW + (f"; {left} more are in the table" if left > 0 else "")
    return styled(whole, TITLE, below, words(tables))


def _small(rows: pd.DataFrame, label: str, years: list[str], marks: list[str], colour: alt.Color) -> Any:
    """The picture of one commodity."""
    base = alt.Chart(rows).encode(
        x=alt.X(
            "year:O",
            sort=years,
            scale=alt.Scale(domain=years),
            axis=alt.Axis(title=None, labelAngle=0, values=marks),
        ),
        y=alt.Y("amount_t:Q", axis=tonne_axis("t", tickCount=3, minExtent=46, maxExtent=46)),
        color=colour,
        tooltip=tips(label="commodity", year="year", measure="what", told="amount"),
    )
    layers = {
        STOCK: base.mark_bar(stroke=BLUE, strokeWidth=0.6),
        TARGET: base.mark_line(
            strokeDash=[5, 3], strokeWidth=2, point=alt.OverlayMarkDef(shape="stroke", size=90, strokeWidth=2)
        ),
        LEAST: base.mark_point(shape="triangle-up", filled=True, size=28, opacity=1),
    }
    there = set(rows["measure"])
    drawn = [
        layer.transform_filter(alt.datum.measure == measure)
        for measure, layer in layers.items()
        if measure in there
    ]
    return alt.layer(*drawn).properties(title=titled(label, size=11))
