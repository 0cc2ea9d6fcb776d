"""The scenario tree: years to the right, a line per scenario, dots where consumers lose."""

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
    empty,
    legend,
    styled,
    text_years,
    tips,
)
from optimizer.summary.words import count, cut, percent, usd

TITLE = "How the future may unfold"
BELOW = "Years to the right; lines part where scenarios can be told apart; dots are losses of that year"
NONE = "There is no scenario tree."
MOST = 60
"""Scenarios drawn: the undisturbed one and those of the largest loss; all are in the table."""
CALM, DISTURBED = "nothing in force", "something in force"
COLOURS = {CALM: BLUE, DISTURBED: VERMILLION}


def data(tables: Tables) -> pd.DataFrame:
    """One row per node drawn: node, parent, year, row (from the top), probability, state, loss, scenarios.

    From the plan's ``nodes`` and ``paths``, ``happenings``, ``balance`` of :func:`optimizer.replay.unfold`.
    ``row`` of a node is that of the first scenario through it, so that whoever stays together lies on one
    line; what parts later lies further up. ``leaf`` names the scenario that ends at a node, with its
    ``scenario_loss_usd`` (discounted) and ``scenario_probability``.
    """
    columns = ["node", "parent", "period", "year", "row", "probability", "state", "loss_usd", "scenarios",
               "leaf", "scenario_loss_usd", "scenario_probability"]  # fmt: skip
    paths, nodes = tables["paths"], tables["nodes"].set_index("node")
    if paths.empty:
        return pd.DataFrame(columns=columns)
    # The worst come first in the table.
    calm = paths.loc[~paths["node"].isin(_disturbed(tables)), "scenario"].value_counts()
    whole = paths["period"].max() + 1
    kept = [s for s in dict.fromkeys(paths["scenario"]) if calm.get(s, 0) == whole]
    kept += [s for s in dict.fromkeys(paths["scenario"]) if s not in kept][: MOST - len(kept)]
    paths = paths[paths["scenario"].isin(kept)]
    trunk = {s: n for n, s in enumerate(kept)}
    through: dict[int, list[str]] = {}
    for node, scenario in zip(paths["node"].tolist(), paths["scenario"].tolist(), strict=True):
        through.setdefault(node, []).append(scenario)
    # Numbers of nodes from the leaf back: who parts last from the scenario that stays calm comes next to it.
    by_scenario = {str(s): rows["node"].tolist() for s, rows in paths.groupby("scenario", sort=False)}
    order = sorted(kept, key=lambda s: (_places(by_scenario[s], by_scenario[kept[0]]), trunk[s]))
    row = {s: n for n, s in enumerate(order)}
    ends = {nodes_of[-1]: s for s, nodes_of in by_scenario.items()}
    first = paths.drop_duplicates("scenario").set_index("scenario")
    disturbed, loss = _disturbed(tables), tables["balance"].set_index("node")["loss_usd"]
    rows = []
    for node in sorted(through):
        here = nodes.loc[node]
        leaf = ends.get(node, "")
        rows.append(
            (node, here["parent"], here["period"], here["year"], min(row[s] for s in through[node]),
             here["probability"], DISTURBED if node in disturbed else CALM, loss.get(node, 0.0),
             len(through[node]), leaf, first["loss_usd"].get(leaf), first["probability"].get(leaf))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"row": "int64", "parent": "Int64"})


def _places(path: list[int], calm: list[int]) -> tuple[int, ...]:
    """What orders scenarios so that neighbours have parted late; the later from the calm one, the earlier."""
    shared = sum(a == b for a, b in zip(path, calm, strict=True))
    return (-shared, *path)


def _disturbed(tables: Tables) -> set[int]:
    """Nodes at which something is in force."""
    told = tables["happenings"]
    return set(told.loc[told["state"] != "ends", "node"].tolist())


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    paths = tables["paths"]
    if paths.empty:
        return NONE
    scenarios = paths.drop_duplicates("scenario")
    worst = scenarios.iloc[0]
    if worst["loss_usd"] <= 0:
        return f"{count(len(scenarios), 'scenario')}. None leaves a loss."
    return (
        f"{count(len(scenarios), 'scenario')}. The worst is {worst['scenario']}, probability"
        f" {percent(worst['probability'])}, loss {usd(worst['loss_usd'])} USD."
    )


def chart(tables: Tables) -> Any:
    """Lines from node to node, dots by loss, names of scenarios at their ends."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    place = rows.set_index("node")
    edges = rows[rows["parent"].notna()].assign(
        from_year=lambda t: t["parent"].map(place["year"]), from_row=lambda t: t["parent"].map(place["row"])
    )
    years = sorted(rows["year"].unique())
    step = years[1] - years[0] if len(years) > 1 else 1
    x = alt.Scale(domain=[years[0] - 0.2 * step, years[-1] + 0.2 * step], nice=False)
    axis = alt.Axis(title="year", format="d", values=[float(y) for y in years], orient="top", grid=False)
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=legend(2),
    )
    down = alt.Scale(reverse=True, domain=[-0.7, int(rows["row"].max()) + 0.7])
    y = alt.Y("row:Q", axis=None, scale=down)
    base = edges.assign(told=edges["probability"].map(percent))
    lines = (
        alt.Chart(base)
        .mark_rule(strokeWidth=1.5)
        .encode(
            x=alt.X("from_year:Q", scale=x, axis=axis),
            x2="year:Q",
            y=alt.Y("from_row:Q", axis=None, scale=down),
            y2="row:Q",
            color=colour,
        )
    )
    shown = rows.assign(
        told=rows["loss_usd"].map(usd), chance=rows["probability"].map(percent), when=text_years(rows["year"])
    )
    dots = (
        alt.Chart(shown)
        .mark_circle(opacity=1, stroke=INK, strokeWidth=0.5)
        .encode(
            x=alt.X("year:Q", scale=x, axis=axis),
            y=y,
            color=colour,
            size=alt.Size("loss_usd:Q", scale=alt.Scale(range=[18, 260], zero=True), legend=None),
            tooltip=tips(when="year", state="state", chance="probability", told="loss of the year, USD"),
        )
    )
    ends = shown[shown["leaf"] != ""]
    ends = ends.assign(
        label=[
            f"{cut(s, 30)}  {percent(p)}, {usd(v)}"
            for s, p, v in zip(
                ends["leaf"], ends["scenario_probability"], ends["scenario_loss_usd"], strict=True
            )
        ]
    )
    names = (
        alt.Chart(ends)
        .mark_text(align="left", dx=12, fontSize=11, color=INK, limit=260)
        .encode(x=alt.X("year:Q", scale=x, axis=axis), y=y, text="label:N")
    )
    whole = alt.layer(lines, dots, names).properties(
        width=WIDTH - 220, height=max(60, 19 * (int(rows["row"].max()) + 1))
    )
    left = tables["paths"]["scenario"].nunique() - len(ends)
    below = BELOW + (f"; {left:,} scenarios of smaller loss are not drawn" if left > 0 else "")
    return styled(whole, TITLE, below, words(tables)).configure_axis(labelColor=INK, titleColor=QUIET)
