"""What enters and leaves with the budget: items by alternatives, with their amounts."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    BLUE,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    Tables,
    empty,
    hues,
    legend,
    styled,
    tips,
)
from optimizer.summary.words import cut, figures, tonnes

TITLE = "What each alternative signs, funds and opens"
BELOW = "t a year, depots in m³; + enters, − leaves, ↑ grows, ↓ shrinks, ↔ another start"
NONE = "No alternative signs, funds or opens anything."
MOST = 45
"""Items of the picture: first those that are not alike everywhere; all are in the table."""
KINDS = {"agreement": ORANGE, "project": BLUE, "depot": PURPLE}
SIGNS = {"enters": "+", "leaves": "−", "grows": "↑", "shrinks": "↓", "moves": "↔"}


def data(tables: Tables) -> pd.DataFrame:
    """A row per item and alternative that has it or loses it: kind, id, amount, unit, change.

    From a comparison's ``commitments`` and ``entering``; alternatives in the order of ``alternatives``.
    """
    made, entering = tables["commitments"], tables.get("entering")
    columns = ["kind", "id", "alternative", "start_year", "amount", "unit", "change"]
    rows = made.reindex(columns=columns[:-1])
    keys = ["kind", "id", "alternative"]
    if entering is not None and len(entering):
        # Another start is both a leaving and an entering: it moves.
        changes = entering.groupby(keys, as_index=False, sort=False)["change"].agg(
            lambda found: "moves" if len(found) > 1 else found.iloc[0]
        )
        rows = rows.merge(changes, on=keys, how="left")
        gone = entering[entering["change"] == "leaves"].merge(made[keys], on=keys, how="left", indicator=True)
        gone = gone[gone["_merge"] == "left_only"].assign(amount=0.0)
        if len(gone):
            rows = pd.concat([rows, gone.reindex(columns=columns)], ignore_index=True)
    else:
        rows = rows.assign(change=None)
    rows["change"] = rows["change"].astype("object").where(rows["change"].notna(), "").astype("str")
    names = tables["alternatives"]["alternative"]
    place = {name: n for n, name in enumerate(names)}
    rows = rows.assign(place=rows["alternative"].map(place)).sort_values(
        ["kind", "id", "place"], kind="stable"
    )
    return rows[columns].reset_index(drop=True)


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    there = rows[rows["amount"] > 0]
    if there.empty:
        return NONE
    alternatives = tables["alternatives"]["alternative"]
    counts = there.drop_duplicates(["kind", "id", "alternative"]).groupby("alternative").size()
    told = [f"{name} {counts.get(name, 0)}" for name in alternatives]
    return (
        f"{len(there.drop_duplicates(['kind', 'id']))} items in all. Number by alternative: "
        + ", ".join(told)
        + "."
    )


def chart(tables: Tables) -> Any:
    """A matrix: items as rows, alternatives as columns."""
    rows = data(tables)
    if not (rows["amount"] > 0).any():
        return empty(TITLE, NONE)
    order = list(dict.fromkeys(tables["alternatives"]["alternative"]))
    rows["item"] = rows["kind"] + "/" + rows["id"]
    rows = rows[_chosen(rows, len(order))]
    labels = {item: cut(item.partition("/")[2], 34) for item in dict.fromkeys(rows["item"])}
    twice = pd.Series(labels).duplicated(keep=False)
    labels = {item: cut(item, 40) if twice[item] else label for item, label in labels.items()}
    rows["label"] = rows["item"].map(labels)
    rows["amount_told"] = [
        (tonnes(a).removesuffix(" t") if str(u).startswith("t") else figures(a)) if a > 0 else ""
        for a, u in zip(rows["amount"], rows["unit"], strict=True)
    ]
    rows["cell"] = (rows["change"].map(SIGNS).fillna("") + " " + rows["amount_told"]).str.strip()
    rows["told"] = [
        f"{a} {u}" if a else "no longer" for a, u in zip(rows["amount_told"], rows["unit"], strict=True)
    ]
    rows["changed"] = rows["change"].where(rows["change"] != "", "as before")
    wide = max(62, min(130, 560 // max(1, len(order))))
    kinds = [k for k in KINDS if k in set(rows["kind"])]
    items = sorted(labels.values(), key=list(labels.values()).index)
    base = alt.Chart(rows).encode(
        x=alt.X("alternative:N", sort=order, scale=alt.Scale(domain=order),
                axis=alt.Axis(title="alternative", orient="top", labelAngle=0 if wide > 75 else -35,
                              labelLimit=wide if wide > 75 else 120)),
        y=alt.Y("label:N", sort=items, title=None),
        tooltip=tips(label="item", kind="kind", alternative="alternative", told="amount", changed="change"),
    )  # fmt: skip
    cells = base.transform_filter("datum.amount > 0").mark_rect(stroke="white", opacity=0.3).encode(
        color=alt.Color("kind:N", sort=kinds, scale=hues(kinds, KINDS), legend=legend(3))
    )  # fmt: skip
    text = base.mark_text(fontSize=10, color=INK).encode(text="cell:N")
    left = rows["item"].nunique()
    total = data(tables)[["kind", "id"]].drop_duplicates()
    below = BELOW + (f"; {len(total) - left} more items are in the table" if len(total) > left else "")
    whole = alt.layer(cells, text).properties(width=wide * len(order), height=17 * len(items))
    return styled(whole, TITLE, below, words(tables)).configure_axisX(labelColor=INK, titleColor=QUIET)


def _chosen(rows: pd.DataFrame, alternatives: int) -> pd.Series:
    """Rows of at most :data:`MOST` items; items that are alike in all alternatives give way first."""
    there = rows[rows["amount"] > 0].groupby("item")["amount"]
    alike = (there.size() == alternatives) & (there.max() - there.min() <= 1e-6 * there.max())
    items = sorted(rows["item"].unique(), key=lambda item: bool(alike.get(item, False)))
    return rows["item"].isin(items[:MOST])
