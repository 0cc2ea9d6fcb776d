"""Layout of a layered flow (Sankey): stacks of items in columns, ribbons between neighbouring columns.

Vega-Lite has no such mark, so that places are worked out here: bars and labels of items, outlines of ribbons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

POINTS = 7
"""Points along an edge of a ribbon; the curve between them is smooth."""


@dataclass(frozen=True)
class Layout:
    """Pixels, y downwards. items: column, item, value, x, top, bottom, middle. ribbons, a row per point:
    ribbon, source, target, colour, value, x, top, bottom."""

    items: pd.DataFrame
    ribbons: pd.DataFrame
    height: float


def layout(
    paths: pd.DataFrame, columns: Sequence[str], colour: str, value: str, *, x: Sequence[float], bar: float,
    height: float, apart: float,
) -> Layout:  # fmt: skip
    """Place every item and ribbon.

    ``paths`` has a row per path through all ``columns`` with its ``value`` >= 0 and the column ``colour``;
    ribbons keep colours apart. ``x`` is where the bars of each column begin, ``bar`` their width. The values
    fill ``height``; neighbouring labels are at least ``apart`` apart, so that columns may be higher.
    """
    total = float(paths[value].sum())
    scale = height / total if total > 0 else 0.0
    stacks = [_stack(paths, column, value, scale, apart) for column in columns]
    tall = max((float(s["bottom"].max()) for s in stacks if len(s)), default=0.0)
    placed = []
    for column, left, stack in zip(columns, x, stacks, strict=True):
        down = (tall - float(stack["bottom"].max())) / 2 if len(stack) else 0.0
        moved = stack.assign(column=column, x=left, top=stack["top"] + down, bottom=stack["bottom"] + down)
        placed.append(moved.assign(middle=(moved["top"] + moved["bottom"]) / 2))
    items = pd.concat(placed, ignore_index=True)
    ribbons = [
        _ribbons(paths, items, (columns[n], columns[n + 1]), colour, value, scale, (x[n] + bar, x[n + 1]))
        for n in range(len(columns) - 1)
    ]
    whole = pd.concat(ribbons, ignore_index=True)
    whole["ribbon"] = whole.groupby(["between", "source", "target", "colour"], sort=False).ngroup()
    return Layout(items, whole.drop(columns="between"), tall)


def _stack(paths: pd.DataFrame, column: str, value: str, scale: float, apart: float) -> pd.DataFrame:
    """The items of a column from the largest down; what starts with a digit ("7 others") stands last."""
    totals = paths.groupby(column, sort=False)[value].sum().sort_values(ascending=False, kind="stable")
    order = sorted(totals.index, key=lambda item: str(item)[:1].isdigit())
    rows, edge, centre = [], 0.0, -apart
    for item in order:
        size = scale * float(totals[item])
        top = max(edge, centre + apart - size / 2)
        centre, edge = top + size / 2, top + size + 3
        rows.append((str(item), float(totals[item]), top, top + size))
    return pd.DataFrame(rows, columns=["item", "value", "top", "bottom"])


def _ribbons(
    paths: pd.DataFrame,
    items: pd.DataFrame,
    between: tuple[str, str],
    colour: str,
    value: str,
    scale: float,
    edges: tuple[float, float],
) -> pd.DataFrame:
    one, two = between
    links = paths.groupby([one, two, colour], as_index=False, sort=False)[[value]].sum()
    links = links[links[value] > 0]
    tops = {side: items[items["column"] == side].set_index("item")["top"] for side in between}
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    # Ribbons leave in the order of where they go to, and arrive in the order of where they come from.
    for column, other, at in ((one, two, starts), (two, one, ends)):
        place = links.assign(far=links[other].map(tops[other])).sort_values(["far", colour], kind="stable")
        edge = dict(tops[column])
        for row, item, amount in zip(place.index, place[column], place[value], strict=True):
            at[row] = edge[item]
            edge[item] += scale * amount
    share = np.linspace(0.0, 1.0, POINTS)
    bend = share * share * (3 - 2 * share)
    parts = []
    for row, source, target, hue, amount in zip(
        links.index, links[one], links[two], links[colour], links[value], strict=True
    ):
        top = starts[row] + (ends[row] - starts[row]) * bend
        across = edges[0] + (edges[1] - edges[0]) * share
        parts.append(
            pd.DataFrame(
                {
                    "between": one, "source": str(source), "target": str(target), "colour": str(hue),
                    "value": float(amount), "x": across.round(1), "top": top.round(2),
                    "bottom": (top + scale * amount).round(2),
                }
            )
        )  # fmt: skip
    columns = ["between", "source", "target", "colour", "value", "x", "top", "bottom"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
