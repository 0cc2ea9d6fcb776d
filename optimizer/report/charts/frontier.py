"""The frontier of cost and risk: a point for each alternative, in expectation and in the worst cases."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    BLUE,
    INK,
    QUIET,
    VERMILLION,
    WIDTH,
    Tables,
    digits_for,
    empty,
    hues,
    legend,
    styled,
    tips,
    usd_axis,
)
from optimizer.summary.words import usd

TITLE = "What less risk costs"
BELOW = "Each alternative twice: expected loss and CVaR. The lines join those that no other betters in both"
NONE = "No alternative has a plan, so there is no frontier."
LOSS, CVAR = "expected loss", "CVaR, the mean of the worst cases"
MOST_LABELS = 14


def data(tables: Tables) -> pd.DataFrame:
    """One row per alternative with a plan: cost, loss, CVaR, spend; from a comparison's ``alternatives``."""
    rows = tables["alternatives"]
    rows = rows[rows["expected_cost"].notna() & rows["expected_loss"].notna()]
    wanted = [
        "envelope",
        "expected_cost",
        "expected_loss",
        "cvar",
        "planned_spend",
        "drawn_most",
        "objective",
    ]
    there = {f"{c}_usd": rows[c].astype("float64") for c in wanted if c in rows}
    table = pd.DataFrame({"alternative": rows["alternative"], "status": rows["status"], **there})
    return table.sort_values("expected_cost_usd", kind="stable", ignore_index=True)


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    one, two = rows.iloc[0], rows.iloc[-1]
    if len(rows) == 1:
        return (
            f"{one['alternative']} costs {usd(one['expected_cost_usd'])} USD and leaves an expected loss of"
            f" {usd(one['expected_loss_usd'])} USD."
        )
    return (
        f"From {one['alternative']} to {two['alternative']} the expected cost goes from"
        f" {usd(one['expected_cost_usd'])} to {usd(two['expected_cost_usd'])} USD, the expected loss from"
        f" {usd(one['expected_loss_usd'])} to {usd(two['expected_loss_usd'])} USD."
    )


def chart(tables: Tables) -> Any:
    """Points over expected cost, named where there are few, and the line of the efficient ones."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    parts = [
        rows[["alternative", "expected_cost_usd"]].assign(measure=name, risk_usd=rows[column])
        for column, name in (("expected_loss_usd", LOSS), ("cvar_usd", CVAR))
    ]
    long = pd.concat(parts, ignore_index=True).dropna(subset=["risk_usd"])
    long = long.assign(cost=long["expected_cost_usd"].map(usd), told=long["risk_usd"].map(usd))
    measures = [m for m in (LOSS, CVAR) if m in set(long["measure"])]
    scale = hues(measures, {LOSS: BLUE, CVAR: VERMILLION})
    hue = alt.Color("measure:N", sort=measures, scale=scale, legend=legend(2))
    shapes = alt.Scale(domain=measures, range=["circle", "square"][: len(measures)])
    dashes = alt.Scale(domain=measures, range=[[1, 0], [5, 3]][: len(measures)])
    shape = alt.Shape("measure:N", sort=measures, legend=legend(2), scale=shapes)
    low, high = long["expected_cost_usd"].min(), long["expected_cost_usd"].max()
    margin = (0.06 * (high - low)) or 0.1 * abs(high) or 1.0
    x = alt.X(
        "expected_cost_usd:Q",
        axis=usd_axis("expected cost, USD, discounted", digits_for(low, high), tickCount=6),
        scale=alt.Scale(domain=[low - margin, high + 2 * margin], nice=False, zero=False),
    )
    risk = usd_axis("risk left, USD, discounted", tickCount=6)
    y = alt.Y("risk_usd:Q", axis=risk, scale=alt.Scale(zero=True))
    base = alt.Chart(long).encode(
        x=x,
        y=y,
        tooltip=tips(
            alternative="alternative", measure="measure", cost="expected cost, USD", told="risk, USD"
        ),
    )
    best = pd.concat([efficient(long[long["measure"] == m]) for m in measures])
    lines = (
        base.properties(data=best)
        .mark_line(strokeWidth=1.5)
        .encode(
            color=hue,
            strokeDash=alt.StrokeDash("measure:N", sort=measures, scale=dashes, legend=legend(2)),
        )
    )
    points = base.mark_point(filled=True, size=70, opacity=1, stroke=INK, strokeWidth=0.5)
    points = points.encode(color=hue, shape=shape)
    named = _labels(long) if len(rows) <= MOST_LABELS else long.iloc[:0]
    text = (
        alt.Chart(named)
        .mark_text(align="left", dx=7, dy=-8, fontSize=10, color=QUIET, limit=110)
        .encode(x=x, y=y, text="alternative:N")
    )
    layers = [lines, points, text] if len(named) else [lines, points]
    return styled(alt.layer(*layers).properties(width=WIDTH, height=320), TITLE, BELOW, words(tables))


def efficient(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that no other betters: cheaper at no more risk, or with less risk at no more cost."""
    ordered = rows.sort_values(["expected_cost_usd", "risk_usd"], kind="stable")
    least = ordered["risk_usd"].cummin().shift(fill_value=float("inf"))
    return ordered[ordered["risk_usd"] < least]


def _labels(long: pd.DataFrame) -> pd.DataFrame:
    """Names at the upper line, where they do not run into one another."""
    rows = long[long["measure"] == CVAR]
    rows = (rows if len(rows) else long).sort_values("expected_cost_usd")
    x, y = rows["expected_cost_usd"], rows["risk_usd"]
    across, down = float(x.max() - x.min()) or 1.0, float(y.max()) or 1.0
    kept: dict[int, int] = {}
    for row in rows.index:
        near = [
            other
            for other in kept
            if abs(x[row] - x[other]) / across < 0.16 and abs(y[row] - y[other]) / down < 0.045
        ]
        kept[near[0] if near else row] = kept.get(near[0], 0) + 1 if near else 0
    named = rows.loc[list(kept)]
    more = [
        f"{name}, {n} more" if n else name
        for name, n in zip(named["alternative"], kept.values(), strict=True)
    ]
    return named.assign(alternative=more)
