"""What one more dollar would save, along the budget."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import BLUE, INK, QUIET, WIDTH, Tables, empty, styled, tips, usd_axis
from optimizer.summary.words import figures, usd

TITLE = "What one more dollar of budget would save"
BELOW = "Saving of the objective beyond the dollar itself; 0 where money does not bind"
NONE = "No alternative has an envelope and a marginal value of money."


def data(tables: Tables) -> pd.DataFrame:
    """One row per alternative with both: envelope, saving of one more dollar; from ``alternatives``."""
    rows = tables["alternatives"]
    if "marginal_dollar" not in rows:
        return pd.DataFrame(columns=["alternative", "envelope_usd", "saving_usd"])
    rows = rows[rows["envelope"].notna() & rows["marginal_dollar"].notna()]
    table = pd.DataFrame(
        {
            "alternative": rows["alternative"],
            "envelope_usd": rows["envelope"].astype("float64"),
            "saving_usd": rows["marginal_dollar"].astype("float64"),
        }
    )
    return table.sort_values("envelope_usd", kind="stable", ignore_index=True)


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    told = [f"{usd(e)}: {figures(s)}" for e, s in zip(rows["envelope_usd"], rows["saving_usd"], strict=True)]
    return "USD saved by one more dollar, by envelope. " + ", ".join(told) + "."


def chart(tables: Tables) -> Any:
    """A point for each alternative, joined in the order of their envelopes."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    shown = rows.assign(money=rows["envelope_usd"].map(usd), told=rows["saving_usd"].map(figures))
    base = alt.Chart(shown).encode(
        x=alt.X("envelope_usd:Q", axis=usd_axis("envelope, USD", tickCount=6), scale=alt.Scale(zero=True)),
        y=alt.Y(
            "saving_usd:Q",
            axis=alt.Axis(title="USD saved per USD of budget", tickCount=5),
            scale=alt.Scale(domainMin=0, domainMax=1.15 * float(rows["saving_usd"].max()) or 1.0),
        ),
        tooltip=tips(alternative="alternative", money="envelope, USD", told="saved by one more USD"),
    )
    line = base.mark_line(color=BLUE, strokeWidth=1.5)
    point = base.mark_point(filled=True, size=60, color=BLUE, opacity=1, stroke=INK, strokeWidth=0.5)
    text = base.mark_text(align="left", dx=6, dy=-8, fontSize=10, color=QUIET).encode(text="told:N")
    layers = [line, point, text] if len(rows) <= 14 else [line, point]
    return styled(alt.layer(*layers).properties(width=WIDTH, height=230), TITLE, BELOW, words(tables))
