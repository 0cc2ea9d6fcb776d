"""Shortages by segment: how probable, and what they cost."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    INK,
    Tables,
    empty,
    hues,
    percent_axis,
    styled,
    tips,
    titled,
    usd_axis,
)  # fmt: skip
from optimizer.summary.words import percent, usd

TITLE = "Shortages by segment"
BELOW = "Shortages of any size at any time; losses discounted"
NONE = "No segment can run short."
MOST = 60
"""Bars of a panel; the rest is in the table."""
PANELS = (
    ("probability_of_shortage", "chance", percent_axis("probability", tickCount=4), "Any shortage"),
    ("expected_loss_usd", "lost", usd_axis("USD, expected", tickCount=4), "Loss"),
)


def data(tables: Tables) -> pd.DataFrame:
    """One row per case and segment: probability of any shortage, expected loss.

    From a comparison's ``shortages`` (case: the alternative), an evaluation's ``segments`` (the way) or a
    plan's ``segments`` (case empty).
    """
    rows = tables["shortages"] if "alternative" in tables.get("shortages", ()) else tables["segments"]
    rows = rows.rename(columns={"alternative": "case", "way": "case", "expected_loss": "expected_loss_usd"})
    rows = rows if "case" in rows else rows.assign(case="")
    columns = ["case", "segment", "probability_of_shortage", "expected_loss_usd"]
    order = rows.groupby("segment")["expected_loss_usd"].sum().sort_values(ascending=False)
    place = {segment: n for n, segment in enumerate(order.index)}
    return rows[columns].sort_values("segment", key=lambda s: s.map(place), kind="stable", ignore_index=True)


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    cases = len(set(rows["case"]))
    if cases > 1:
        return f"{len(set(rows['segment']))} segments in {cases} cases; see the table."
    told = [
        f"{r['segment']}: short with probability {percent(r['probability_of_shortage'])}, expected loss"
        f" {usd(r['expected_loss_usd'])} USD"
        for _, r in rows.iterrows()
    ]
    return "; ".join(told) + "."


def chart(tables: Tables) -> Any:
    """Two panels of bars: probability, and expected loss."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    segments = list(dict.fromkeys(rows["segment"]))
    many = len(set(rows["case"])) > 1
    rows = rows.assign(
        label=rows["segment"] + (" · " + rows["case"] if many else ""),
        chance=rows["probability_of_shortage"].map(percent),
        lost=rows["expected_loss_usd"].map(usd),
    )
    left = max(0, len(rows) - MOST)
    rows = rows.head(MOST)
    panels = [_panel(rows, segments, *panel) for panel in PANELS]
    below = BELOW + (f"; {left} more rows are in the table" if left else "")
    return styled(alt.hconcat(*panels, spacing=24), TITLE, below, words(tables))


def _panel(
    rows: pd.DataFrame, segments: list[str], column: str, text: str, axis: alt.Axis, title: str
) -> Any:
    order = list(dict.fromkeys(rows["label"]))
    high = float(rows[column].max()) or 1.0
    base = alt.Chart(rows).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=190)),
        x=alt.X(f"{column}:Q", axis=axis, scale=alt.Scale(domain=[0, 1.28 * high], nice=False)),
        tooltip=tips(label="segment", chance="probability of any shortage", lost="expected loss, USD"),
    )
    hue = alt.Color("segment:N", scale=hues(segments), legend=None)
    bars = base.mark_bar(stroke=INK, strokeWidth=0.5).encode(color=hue)
    told = base.mark_text(align="left", dx=4, fontSize=10, color=INK).encode(text=f"{text}:N")
    height = max(40, 18 * len(order))
    return alt.layer(bars, told).properties(width=240, height=height, title=titled(title, size=12))
