"""A search under way: the best plan so far and what no plan can be below, over time."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    BLUE,
    INK,
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
from optimizer.summary.words import count, percent, usd

TITLE = "The search: best plan and bound"
BELOW = "The plan sought lies between the two lines; where they meet, nothing better exists"
NONE = "The search has told neither a plan nor a bound."
PLAN, BOUND = "best plan so far", "bound: no plan is below"
SERIES = "progress"
"""Name of the rows in the picture: whoever draws it may add to them as they come."""
MOST = 400
"""Points of a line; longer ones are thinned, both ends kept."""
TIME_LABEL = (
    "datum.value >= 3600 ? format(datum.value / 3600, ',.3~r') + ' h' :"
    " datum.value >= 60 ? format(datum.value / 60, ',.3~r') + ' min' : format(datum.value, '.3~r') + ' s'"
)


def data(tables: Tables) -> pd.DataFrame:
    """Rows of a job's ``progress``, in order: seconds, incumbent_usd, bound_usd; repetitions left out.

    A row stands where one of the two changed, and at the end.
    """
    columns = ["seconds", "incumbent_usd", "bound_usd"]
    rows = tables["progress"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    rows = rows.rename(columns={"incumbent": "incumbent_usd", "bound": "bound_usd"})[columns]
    rows = rows.astype("float64").sort_values("seconds", kind="stable", ignore_index=True)
    # What was known stays known: a message that leaves a figure out takes nothing back.
    figures = rows[columns[1:]].ffill()
    rows = rows.assign(incumbent_usd=figures["incumbent_usd"], bound_usd=figures["bound_usd"])
    rows = rows[figures.notna().any(axis=1)]
    told = rows[columns[1:]].fillna(float("inf"))
    changed = told.ne(told.shift()).any(axis=1)
    changed.iloc[-1:] = True
    rows = rows[changed].reset_index(drop=True)
    if len(rows) <= MOST:
        return rows
    keep = sorted({round(n * (len(rows) - 1) / (MOST - 1)) for n in range(MOST)})
    return rows.iloc[keep].reset_index(drop=True)


def long(rows: pd.DataFrame) -> pd.DataFrame:
    """What the picture draws, of rows of :func:`data`: seconds, measure, usd, and both told."""
    parts = [
        rows[["seconds", column]].rename(columns={column: "usd"}).assign(measure=measure)
        for column, measure in (("incumbent_usd", PLAN), ("bound_usd", BOUND))
    ]
    both = pd.concat(parts, ignore_index=True).dropna(subset=["usd"])
    return both.assign(told=both["usd"].map(usd), time=both["seconds"].map(lasting)).reset_index(drop=True)


def points(tables: Tables) -> list[dict[str, Any]]:
    """The same as records: what the picture holds, and what is to be added to it later."""
    return [
        {str(name): value for name, value in row.items()} for row in long(data(tables)).to_dict("records")
    ]


def lasting(seconds: float) -> str:
    """A time: 12 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    last = rows.iloc[-1]
    plans = rows["incumbent_usd"].dropna()
    after = f"After {lasting(last['seconds'])}"
    bound = "" if pd.isna(last["bound_usd"]) else f"no plan is below {usd(last['bound_usd'])} USD"
    if plans.empty:
        return f"{after} there is no plan yet; {bound}."
    steps = count(int((plans.diff() < 0).sum()) + 1, "plan")
    best = f"{after} and {steps} found, the best has an objective of {usd(plans.iloc[-1])} USD"
    if not bound:
        return f"{best}; there is no bound yet."
    gap = plans.iloc[-1] - last["bound_usd"]
    share = f" ({percent(gap / abs(plans.iloc[-1]))})" if plans.iloc[-1] else ""
    return f"{best}; {bound}: they are {usd(max(0.0, gap))} USD{share} apart."


def chart(tables: Tables) -> Any:
    """Two steps over time."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    both = long(rows)
    measures = [PLAN, BOUND]
    source = alt.InlineData(values=points(tables), name=SERIES)
    low, high = float(both["usd"].min()), float(both["usd"].max())
    dashes = alt.Scale(domain=measures, range=[[1, 0], [5, 3]])
    base = alt.Chart(source).encode(
        x=alt.X(
            "seconds:Q",
            axis=alt.Axis(title="time since it began, s or min or h", labelExpr=TIME_LABEL, tickCount=6),
            scale=alt.Scale(zero=True, nice=False),
        ),
        y=alt.Y(
            "usd:Q",
            axis=usd_axis("objective, USD, discounted", digits_for(low, high), tickCount=5),
            scale=alt.Scale(zero=False, nice=True),
        ),
        color=alt.Color(
            "measure:N",
            sort=measures,
            scale=hues(measures, {PLAN: BLUE, BOUND: VERMILLION}),
            legend=legend(2),
        ),
        tooltip=tips(measure="line", time="after", told="USD"),
    )
    lines = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        strokeDash=alt.StrokeDash("measure:N", sort=measures, scale=dashes, legend=legend(2))
    )
    dots = base.mark_point(filled=True, size=35, opacity=1, stroke=INK, strokeWidth=0.5)
    return styled(alt.layer(lines, dots).properties(width=WIDTH, height=260), TITLE, BELOW, words(tables))
