"""Regret: what it costs to have planned for one alternative when another comes true."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import BLACK, Tables, empty, styled, tips
from optimizer.summary.words import usd

TITLE = "Regret: planning for one alternative and meeting another"
BELOW = "USD of objective above the best plan there; × where the plan breaks its rules"
NONE = "Regret was not computed, or there is one alternative only."


def data(tables: Tables) -> pd.DataFrame:
    """A row per pair of alternatives, from a comparison's ``regret``."""
    rows = tables.get("regret")
    columns = ["plan_of", "judged_by", "feasible", "objective_usd", "regret_usd", "why"]
    if rows is None or rows.empty:
        return pd.DataFrame(columns=columns)
    rows = rows.rename(columns={"objective": "objective_usd", "regret": "regret_usd"})
    feasible = rows["feasible"].astype("str").str.lower().isin(["true", "1", "yes"])
    why = rows["why"].fillna("").astype("str") if "why" in rows else ""
    return rows.assign(feasible=feasible, why=why).reindex(columns=columns)


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if len(rows) < 2:
        return NONE
    known = rows[rows["feasible"] & rows["regret_usd"].notna()]
    broken = len(rows) - len(known)
    told = f"{broken} of {len(rows)} pairs break a rule. " if broken else ""
    if known.empty:
        return told.strip()
    worst = known.sort_values("regret_usd").iloc[-1]
    return (
        f"{told}The largest regret is {usd(worst['regret_usd'])} USD: the plan of {worst['plan_of']}"
        f" judged by {worst['judged_by']}."
    )


def chart(tables: Tables) -> Any:
    """A heat map with the amount in each cell."""
    rows = data(tables)
    if len(rows) < 2:
        return empty(TITLE, NONE)
    order = list(dict.fromkeys([*rows["judged_by"], *rows["plan_of"]]))
    most = float(rows["regret_usd"].max()) if rows["regret_usd"].notna().any() else 0.0
    rows = rows.assign(
        regret_usd=rows["regret_usd"].clip(lower=0.0),
        cell=[
            ("×" if not ok else "" if pd.isna(v) else usd(v) if v >= 0.5 else "0")
            for ok, v in zip(rows["feasible"], rows["regret_usd"], strict=True)
        ],
        told=[
            "breaks its rules" if not ok else "unknown" if pd.isna(v) else f"{usd(v)} USD"
            for ok, v in zip(rows["feasible"], rows["regret_usd"], strict=True)
        ],
    )
    wide = max(58, min(110, 560 // len(order)))
    room = 150
    base = alt.Chart(rows).encode(
        x=alt.X("judged_by:N", sort=order, scale=alt.Scale(domain=order),
                axis=alt.Axis(title="judged by", orient="top", labelAngle=0 if wide > 75 else -35,
                              labelLimit=wide if wide > 75 else room)),
        y=alt.Y("plan_of:N", sort=order, axis=alt.Axis(title="plan of")),
        tooltip=tips(plan_of="plan of", judged_by="judged by", told="regret", why="why"),
    )  # fmt: skip
    hue = alt.Scale(scheme="oranges", domain=[0, most or 1.0], type="sqrt")
    cells = base.mark_rect(stroke="white").encode(color=alt.Color("regret_usd:Q", legend=None, scale=hue))
    dark = f"isValid(datum.regret_usd) && datum.regret_usd > {0.5 * most if most else 1}"
    text = base.mark_text(fontSize=11).encode(
        text="cell:N", color=alt.condition(dark, alt.value("white"), alt.value(BLACK))
    )
    whole = alt.layer(cells, text).properties(width=wide * len(order), height=max(40, 26 * len(order)))
    return styled(whole, TITLE, BELOW, words(tables))
