"""Shortages by segment: how probable, and what they cost."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    FILLS,
    INK,
    WIDTH,
    Tables,
    empty,
    hues,
    legend,
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
    cases = list(dict.fromkeys(rows["case"]))
    segments = list(dict.fromkeys(rows["segment"]))
    many = len(cases) > 1
    rows = rows.assign(
        chance=rows["probability_of_shortage"].map(percent), lost=rows["expected_loss_usd"].map(usd)
    )
    which = {"segment": "segment", **({"case": "case"} if many else {})}
    tooltip = tips(**which, chance="probability of any shortage", lost="expected loss, USD")
    height = max(60, len(segments) * (8 + 14 * len(cases)))
    panels = []
    for column, text, axis, title in (
        ("probability_of_shortage", "chance", percent_axis("probability", tickCount=4), "Any shortage"),
        ("expected_loss_usd", "lost", usd_axis("USD, expected", tickCount=4), "Loss"),
    ):
        high = float(rows[column].max()) or 1.0
        base = alt.Chart(rows).encode(
            y=alt.Y("segment:N", sort=segments, title=None),
            x=alt.X(f"{column}:Q", axis=axis, scale=alt.Scale(domain=[0, 1.28 * high], nice=False)),
            tooltip=tooltip,
        )
        if many:
            base = base.encode(yOffset=alt.YOffset("case:N", sort=cases))
        if many:
            colour = alt.Color("case:N", sort=cases, scale=hues(cases), legend=legend(4))
            bars = base.mark_bar(stroke=INK, strokeWidth=0.5).encode(color=colour)
        else:
            bars = base.mark_bar(stroke=INK, strokeWidth=0.5, color=FILLS[0])
        told = base.mark_text(align="left", dx=4, fontSize=10, color=INK).encode(text=f"{text}:N")
        panels.append(
            alt.layer(bars, told).properties(
                width=WIDTH // 2 - 60, height=height, title=titled(title, size=12)
            )
        )
    whole = alt.hconcat(*panels, spacing=24)
    return styled(whole, TITLE, BELOW, words(tables))
