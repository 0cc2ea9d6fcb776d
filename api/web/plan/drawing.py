"""The scenario tree as a drawing one can choose a scenario from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.web.plan.rooms import each

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

STEP, ROW, LEFT, TOP, LABEL = 64, 24, 20, 34, 12
"""Of the drawing, in its units: a year to the right, a scenario downwards, margins, room before a label."""
WIDE = 300
"""Room for a label."""
SMALL, LARGE = 3.5, 11.0
"""Radius of the dot of a node without a loss, and of the largest loss."""


@dataclass(frozen=True)
class Dot:
    """A node: its place, its size, what it says."""

    x: float
    y: float
    radius: float
    state: str
    on: bool
    words: str


@dataclass(frozen=True)
class Line:
    """From a node to its parent."""

    path: str
    state: str
    on: bool


@dataclass(frozen=True)
class Leaf:
    """A scenario: its place on the right, its name, its figures, where its replay is."""

    y: float
    name: str
    probability: float
    loss: float
    address: str
    on: bool


@dataclass(frozen=True)
class Drawing:
    """The tree, in units of its own. ``columns``: places and names of years."""

    width: float
    height: float
    x: float
    columns: list[tuple[float, str]]
    lines: list[Line]
    dots: list[Dot]
    leaves: list[Leaf]
    left: int
    """Scenarios that are not drawn."""


def drawing(tables: Mapping[str, pd.DataFrame], chosen: str, address: Callable[[str], str]) -> Drawing:
    """The tree of :mod:`optimizer.report.charts.tree`; ``chosen`` is drawn in bold."""
    from optimizer.report.charts import tree
    from optimizer.summary.words import percent, usd, year

    rows = tree.data(tables)
    years = sorted(rows["year"].unique())
    at = {y: LEFT + STEP * n for n, y in enumerate(years)}
    paths = tables["paths"]
    mine = set(paths.loc[paths["scenario"] == chosen, "node"].tolist())
    states = {tree.CALM: "calm", tree.DISTURBED: "hit"}
    place = {
        n: (at[y], TOP + ROW * r) for n, y, r in zip(rows["node"], rows["year"], rows["row"], strict=True)
    }
    most = float(rows["loss_usd"].max()) if len(rows) else 0.0
    lines, dots, leaves = [], [], []
    for r in each(rows):
        x, y = place[r.node]
        state, on = states[str(r.state)], r.node in mine
        if r.parent is not None and r.parent in place:
            px, py = place[r.parent]
            bend = f"C {px + STEP / 2} {py} {px + STEP / 2} {y} {x} {y}" if py != y else f"L {x} {y}"
            lines.append(Line(f"M {px} {py} {bend}", state, on))
        size = (
            SMALL + (LARGE - SMALL) * (float(r.loss_usd) / most) ** 0.5 if r.loss_usd > 0 and most else SMALL
        )
        told = f"{year(r.year)}: {r.state}, probability {percent(r.probability)}, loss {usd(r.loss_usd)} USD"
        dots.append(Dot(x, y, round(size, 1), state, on, told))
        if r.leaf:
            leaves.append(
                Leaf(y, str(r.leaf), float(r.scenario_probability), float(r.scenario_loss_usd),
                     address(str(r.leaf)), r.leaf == chosen)
            )  # fmt: skip
    lines.sort(key=lambda line: line.on)
    end = at[years[-1]] if years else LEFT
    return Drawing(
        end + LABEL + WIDE,
        TOP + ROW * (int(rows["row"].max()) + 1 if len(rows) else 1),
        end + LABEL,
        [(at[y], year(y)) for y in years],
        lines,
        dots,
        sorted(leaves, key=lambda leaf: leaf.y),
        paths["scenario"].nunique() - len(leaves),
    )
