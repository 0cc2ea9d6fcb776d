"""Commitments as a timeline: agreements while they deliver, projects while they are built and then run."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.style import (
    BLUE,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    WIDTH,
    Tables,
    empty,
    hues,
    legend,
    styled,
    tips,
)  # fmt: skip
from optimizer.summary.words import cut, tonnes, usd, year

TITLE = "What is signed, funded and opened, and when"
BELOW = "Alike in every scenario; on the right the expected spend, USD"
NONE = "Nothing is signed, funded or opened."
MOST = 40
"""Rows of the picture, by expected spend; all are in the table."""
DELIVERS, BUILDS, RUNS, OPEN = "agreement delivers", "project is built", "project runs", "depot is open"
PHASES = {DELIVERS: ORANGE, BUILDS: SKY, RUNS: BLUE, OPEN: PURPLE}


def data(tables: Tables) -> pd.DataFrame:
    """One row per phase of a commitment: id, name, kind, phase, from_year, to_year, quantity, money.

    From the plan's ``commitments``; projects and depots last to the end of the horizon, which is one year
    after the last of ``nodes`` or, where that is missing, after the last year named.
    """
    made = tables["commitments"]
    end = last_year(tables)
    rows = []
    for _, r in made.iterrows():
        to = min(r["end_year"], end) if pd.notna(r["end_year"]) else end
        phases = {
            "agreement": [(DELIVERS, r["first_year"], to)],
            "project": [(BUILDS, r["year"], r["first_year"]), (RUNS, r["first_year"], to)],
        }.get(str(r["kind"]), [(OPEN, r["first_year"], to)])
        quantity = (
            f"{tonnes(r['quantity'])}/year" if r["unit"] == "t/year" else f"{r['quantity']:,.0f} {r['unit']}"
        )
        rows += [
            (r["kind"], r["id"], r["name"], r["country"], r["commodities"], phase, start, max(start, stop),
             quantity, r["expected_usd"])
            for phase, start, stop in phases
            if start < end
        ]  # fmt: skip
    columns = ["kind", "id", "name", "country", "commodities", "phase", "from_year", "to_year", "quantity",
               "expected_usd"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("expected_usd", ascending=False, kind="stable", ignore_index=True)


def last_year(tables: Tables) -> float:
    """The end of the horizon: a period after the last year."""
    nodes = tables.get("nodes")
    if nodes is None or nodes.empty:
        ends = tables["commitments"][["first_year", "end_year"]].max().max()
        return float(ends) + 1 if pd.notna(ends) else 0.0
    years = sorted(nodes["year"].unique())
    return float(years[-1] + (years[1] - years[0] if len(years) > 1 else 1))


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    made = tables["commitments"]
    if made.empty:
        return NONE
    counts = made["kind"].value_counts()
    kinds = ", ".join(f"{n} {kind}{'s' if n > 1 else ''}" for kind, n in counts.items())
    first = made.sort_values("expected_usd", ascending=False).iloc[0]
    start, spent = year(first["year"]), usd(first["expected_usd"])
    return f"{kinds}. The largest is {first['id']}, from {start}, {spent} USD expected."


def chart(tables: Tables) -> Any:
    """A bar for each phase, the dearest commitment on top."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    spent = rows.drop_duplicates(["kind", "id"]).head(MOST)
    left = rows["id"].nunique() - len(spent)
    rows = rows.merge(spent[["kind", "id"]], on=["kind", "id"])
    # A supplier is known by name, a project by its id: its name is only its kind.
    who = rows["name"].where(rows["kind"] == "agreement", rows["id"])
    rows = rows.assign(
        label=[cut(f"{w}, {c.split(', ')[0] or k}{' …' if ', ' in c else ''} ({o})", 42)
               for w, c, k, o in zip(who, rows["commodities"], rows["kind"], rows["country"], strict=True)],
        span=[f"{year(a)}–{year(b)}" for a, b in zip(rows["from_year"], rows["to_year"], strict=True)],
        told=rows["expected_usd"].map(usd),
    )  # fmt: skip
    labels = dict(zip(rows["kind"] + "/" + rows["id"], rows["label"], strict=True))
    rows["row"] = rows["kind"] + "/" + rows["id"]
    order = list(dict.fromkeys(rows["row"]))
    seen: dict[str, int] = {}
    for key in order:
        seen[labels[key]] = seen.get(labels[key], 0) + 1
        if seen[labels[key]] > 1:
            labels[key] = f"{labels[key]} {seen[labels[key]]}"
    rows["label"] = rows["row"].map(labels)
    order = [labels[key] for key in order]
    phases = [p for p in PHASES if p in set(rows["phase"])]
    low, high = rows["from_year"].min(), rows["to_year"].max()
    ticks = list(range(int(low), int(high) + 1, max(1, round((high - low) / 12))))
    y = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=270))
    bars = (
        alt.Chart(rows)
        .mark_bar(height=11, stroke=INK, strokeWidth=0.5)
        .encode(
            x=alt.X("from_year:Q", scale=alt.Scale(domain=[low, high], nice=False),
                    axis=alt.Axis(title="calendar year (its beginning)", format="d", values=ticks)),
            x2="to_year:Q",
            y=y,
            color=alt.Color("phase:N", sort=phases, scale=hues(phases, PHASES), legend=legend(4)),
            tooltip=tips(
                label="commitment", phase="phase", span="from, to", quantity="how much", told="USD expected"
            ),
        )
    )  # fmt: skip
    money = (
        alt.Chart(rows.drop_duplicates("row"))
        .mark_text(align="left", dx=6, fontSize=11, color=INK)
        .encode(x=alt.value(WIDTH - 60), y=y, text="told:N")
    )
    below = BELOW + (f"; {left} smaller ones are in the table" if left else "")
    whole = alt.layer(bars.properties(width=WIDTH - 60), money).properties(
        width=WIDTH - 60, height=19 * len(order)
    )
    return styled(whole, TITLE, below, words(tables))
