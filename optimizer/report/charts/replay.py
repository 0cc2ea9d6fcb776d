"""One scenario year by year: what consumers lose, what the reserve spends and earns, what it is worth."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    VERMILLION,
    WIDTH,
    Tables,
    empty,
    styled,
    text_years,
    tips,
    titled,
    usd_axis,
    year_axis,
)
from optimizer.summary.words import percent, usd

TITLE = "The scenario year by year"
BELOW = "USD of each year, undiscounted; years still to come are pale"
NONE = "No scenario is chosen."
PANELS = {
    "loss_usd": ("Lost by consumers for want of supply", VERMILLION),
    "spent_usd": ("Spent by the agency", ORANGE),
    "earned_usd": ("Earned by releases and sales", GREEN),
    "reserve_usd": ("Worth of the reserve at the end of the year, usual prices", BLUE),
}


def data(tables: Tables) -> pd.DataFrame:
    """One row per year and panel of the chosen scenario: year, panel, usd, past.

    From ``balance`` and ``paths`` of :func:`optimizer.replay.unfold` and ``chosen``, whose one row says which
    ``scenario`` and up to which ``period`` it has unfolded.
    """
    columns = ["year", "panel", "usd", "past"]
    chosen = tables["chosen"]
    if chosen.empty:
        return pd.DataFrame(columns=columns)
    scenario, until = chosen.iloc[0]["scenario"], int(chosen.iloc[0]["period"])
    path = tables["paths"][tables["paths"]["scenario"] == scenario]
    rows = path[["node"]].merge(tables["balance"], on="node")
    parts = [
        pd.DataFrame({"year": text_years(rows["year"]), "panel": name, "usd": rows[column],
                      "past": rows["period"] <= until})
        for column, (name, _) in PANELS.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)[columns] if len(rows) else pd.DataFrame(columns=columns)


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    scenario = tables["chosen"].iloc[0]["scenario"]
    path = tables["paths"][tables["paths"]["scenario"] == scenario].iloc[0]
    lost = rows[rows["panel"] == PANELS["loss_usd"][0]]
    worst = lost.sort_values("usd", ascending=False, kind="stable").iloc[0]
    if worst["usd"] <= 0:
        return f"{scenario}, probability {percent(path['probability'])}: consumers lose nothing in any year."
    return (
        f"{scenario}, probability {percent(path['probability'])}: consumers lose {usd(lost['usd'].sum())} USD"
        f" in all, most in {worst['year']}: {usd(worst['usd'])}."
    )


def chart(tables: Tables) -> Any:
    """Bars for each panel over the same years; panels without anything are left out."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    years = list(dict.fromkeys(rows["year"]))
    panels = []
    for name, colour in PANELS.values():
        mine = rows[rows["panel"] == name].assign(told=lambda t: t["usd"].map(usd))
        top = float(mine["usd"].max())
        if top <= 0 and name != PANELS["loss_usd"][0]:
            continue
        panels.append(
            alt.Chart(mine)
            .mark_bar(color=colour, stroke=INK, strokeWidth=0.5)
            .encode(
                x=alt.X("year:O", sort=years, axis=year_axis(years)),
                y=alt.Y(
                    "usd:Q",
                    axis=usd_axis("USD", tickCount=3, minExtent=46, maxExtent=46),
                    scale=alt.Scale(domain=[0, top or 1.0]),
                ),
                opacity=alt.condition("datum.past", alt.value(1.0), alt.value(0.25)),
                tooltip=tips(year="year", panel="what", told="USD"),
            )
            .properties(width=WIDTH, height=70, title=titled(name, size=12))
        )
    return styled(alt.vconcat(*panels, spacing=14), TITLE, BELOW, words(tables))
