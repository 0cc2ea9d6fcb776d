"""Two alternatives side by side as tables of text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from api.web.compare.laid import Laid
from api.web.shell import NOTHING
from optimizer.compare.side import Side, side_by_side
from optimizer.report.comparison import SHARED, measured, signed
from optimizer.report.grid import Grid
from optimizer.summary.words import figures, percent, usd, year

CHANGES = {
    "same": "alike", "left": "only on the left", "right": "only on the right", "larger": "larger",
    "smaller": "smaller", "moved": "another start",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """From one alternative to the next."""

    left: str
    right: str
    words: tuple[str, ...]


def pair(laid: Laid, left: str | None, right: str | None) -> Side:
    """Two alternatives; the baseline and the last one if nothing is said. Raises UnknownItem."""
    names = laid.alternatives
    left = left or laid.baseline
    right = right or next((name for name in reversed(names) if name != left), left)
    return side_by_side(laid.part.tables, left, right, laid.names)


def steps(laid: Laid) -> list[Step]:
    """What changes from each alternative to the next, by envelope."""
    rows = laid.part.tables["alternatives"]
    if rows["envelope"].notna().all():
        rows = rows.sort_values("envelope", kind="stable")
    names = [str(name) for name in rows["alternative"]]
    return [
        Step(left, right, side_by_side(laid.part.tables, left, right, laid.names).words)
        for left, right in pairwise(names)
    ]


def grids(side: Side) -> list[Grid]:
    """Tables of two alternatives: figures, commitments, shortages, cover."""
    heads = [side.left, side.right]
    right = frozenset({1, 2, 3})
    numbers = [
        [measured(str(m), str(u)), value(a, str(u)), value(b, str(u)), signed(d, str(u))]
        for m, u, a, b, d in side.figures.itertuples(index=False)
        if not (math.isnan(a) and math.isnan(b))
    ]
    made = [
        [str(kind), str(id), *(_taken(a, s, unit) for s, a in ((sl, al), (sr, ar))), CHANGES[str(change)]]
        for kind, id, sl, al, sr, ar, unit, change in side.commitments.itertuples(index=False)
    ]
    found = [
        Grid("Figures", ["figure", *heads, "difference"], numbers, right),
        Grid("Commitments", ["kind", "item", *heads, "change"], made, frozenset({2, 3})),
    ]
    found += [_both(side.shortages, "Shortages", heads), _both(side.cover, "Cover, days of use", heads)]
    return [grid for grid in found if grid.rows]


def _both(table: pd.DataFrame, caption: str, heads: list[str]) -> Grid:
    """A table that has every figure for either side."""
    key, columns = str(table.columns[0]), [str(c) for c in table.columns[1:]]
    head = [key]
    for column in columns:
        what, _, which = column.rpartition("_")
        head.append(f"{what.replace('_', ' ')}: {heads[0] if which == 'left' else heads[1]}")
    rows = [
        [str(row[0]), *(value(float(v), _unit(c)) for v, c in zip(row[1:], columns, strict=True))]
        for row in table.itertuples(index=False, name=None)
    ]
    return Grid(caption, head, rows, frozenset(range(1, len(head))))


def _unit(column: str) -> str:
    return "share" if "probability" in column else "USD" if "loss" in column else ""


def value(number: float, unit: str) -> str:
    """A figure in its unit, which stands in the heading."""
    if math.isnan(number):
        return NOTHING
    if unit in SHARED and unit:
        return percent(number)
    return usd(number) if unit.startswith("USD") else figures(number)


def _taken(amount: float, start: float, unit: object) -> str:
    return NOTHING if math.isnan(amount) else f"{figures(amount, 4)} {unit} from {year(start)}"
