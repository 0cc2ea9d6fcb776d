"""Loss exceedance: how probable it is that the loss is more than so much."""

from __future__ import annotations

import math
from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    DASHES,
    STROKES,
    WIDTH,
    Tables,
    empty,
    hues,
    legend,
    percent_axis,
    styled,
    tips,
    usd_axis,
)  # fmt: skip
from optimizer.summary.words import percent, usd

TITLE = "How probable a larger loss is"
BELOW = "Read: the probability (height) that the discounted loss is more than so much"
NONE = "No scenario brings a loss."
OWN = "the plan's own scenarios"
MOST = 600
"""Points of a curve; longer curves are thinned to the eye's accuracy."""


def data(tables: Tables) -> pd.DataFrame:
    """Steps of each curve: curve, loss_usd, probability of more.

    From an evaluation's ``exceedance``, one curve per way of following the plan, and from a plan's
    ``scenarios`` (beside an evaluation: under the name ``plan_scenarios``).
    """
    curves = []
    if "exceedance" in tables:
        more = tables["exceedance"]
        for way, rows in more.groupby("way", sort=False):
            curve = rows.sort_values("loss").rename(
                columns={"loss": "loss_usd", "probability_of_more": "probability"}
            )
            curve = pd.concat([_begin(tables, str(way), curve), curve[["loss_usd", "probability"]]])
            curves.append(thinned(curve).assign(curve=f"evaluated: {way}"))
    own = tables.get("plan_scenarios", tables.get("scenarios"))
    if own is not None and "loss_usd" in own and len(own):
        curves.append(of_scenarios(own).assign(curve=OWN))
    columns = ["curve", "loss_usd", "probability"]
    whole = pd.concat(curves, ignore_index=True)[columns] if curves else pd.DataFrame(columns=columns)
    return whole if (whole["loss_usd"] > 0).any() else whole.iloc[:0]


def _begin(tables: Tables, way: str, curve: pd.DataFrame) -> pd.DataFrame:
    """The probability of any loss, where the curve does not begin at 0."""
    rows = tables["scenarios"]
    some = rows.loc[(rows["way"] == way) & (rows["loss"] > 0), "probability"].sum()
    missing = curve.empty or float(curve["loss_usd"].min()) > 0
    return pd.DataFrame({"loss_usd": [0.0], "probability": [float(some)]}).iloc[: 1 if missing else 0]


def of_scenarios(rows: pd.DataFrame) -> pd.DataFrame:
    """P(loss > x) at x = 0 and at every loss that occurs."""
    by_loss = rows.groupby("loss_usd")["probability"].sum().sort_index()
    more = (by_loss.sum() - by_loss.cumsum()).clip(lower=0)
    more[abs(more) < 1e-12] = 0.0
    if 0.0 not in more.index:
        more = pd.concat([pd.Series({0.0: by_loss.sum()}), more])
    return thinned(pd.DataFrame({"loss_usd": more.index.astype("float64"), "probability": more.to_numpy()}))


def thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """At most :data:`MOST` points, both ends kept."""
    if len(curve) <= MOST:
        return curve
    keep = sorted({round(n * (len(curve) - 1) / (MOST - 1)) for n in range(MOST)})
    return curve.iloc[keep]


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    told = []
    for name, curve in rows.groupby("curve", sort=False):
        most = curve["loss_usd"].max()
        half = curve.loc[curve["loss_usd"] <= most / 2, "probability"].min()
        any_loss = curve.loc[curve["loss_usd"] <= 0, "probability"].min()
        some = f"a loss with probability {percent(any_loss)}, " if pd.notna(any_loss) else ""
        told.append(
            f"{name}: {some}more than {usd(most / 2)} USD with {percent(half)}, at most {usd(most)} USD"
        )
    return "; ".join(told) + "."


def chart(tables: Tables) -> Any:
    """A step for each loss that occurs."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    names = list(dict.fromkeys(rows["curve"]))
    shown = rows.assign(told=rows["loss_usd"].map(usd), chance=rows["probability"].map(percent))
    top = min(1.0, math.ceil(10 * rows["probability"].max() + 1e-9) / 10)
    base = alt.Chart(shown).encode(
        x=alt.X("loss_usd:Q", axis=usd_axis("discounted loss, USD", tickCount=6)),
        y=alt.Y(
            "probability:Q",
            axis=percent_axis("probability of a larger loss"),
            scale=alt.Scale(domain=[0, top]),
        ),
        color=alt.Color("curve:N", sort=names, scale=hues(names, STROKES), legend=legend(2)),
        tooltip=tips(curve="curve", told="loss, USD", chance="probability of more"),
    )
    dash = alt.Scale(domain=names, range=[DASHES[min(n, len(DASHES) - 1)] for n in range(len(names))])
    line = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        strokeDash=alt.StrokeDash("curve:N", sort=names, scale=dash, legend=legend(2))
    )
    points = base.mark_point(filled=True, size=25, opacity=1)
    layers = [line] if len(shown) > 150 else [line, points]
    return styled(alt.layer(*layers).properties(width=WIDTH, height=260), TITLE, BELOW, words(tables))
