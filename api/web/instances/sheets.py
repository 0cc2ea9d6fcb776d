"""Tables as people see them: columns with units and meanings, cells as text, a part of the rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from models.reference import meaning
from models.tables.grid import Grid
from models.tables.layout import SCALARS, Column, scalars, tables
from models.tables.periods import split
from models.tables.values import shortest

MOST = 500
"""Rows that are sent at a time."""


@dataclass(frozen=True)
class Head:
    """A column: its name, unit ('' if none), meaning, and whether it holds numbers."""

    name: str
    unit: str
    about: str
    right: bool


@dataclass(frozen=True)
class Part:
    """Some rows of a table: ``first`` of ``matching``, which a filter has left of ``total``."""

    total: int
    matching: int
    first: int
    rows: list[list[str]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@cache
def head(table: str, name: str) -> Head:
    """What is told of a column of a table; of one that the table does not have, nothing but its name."""
    if table == SCALARS:
        words = {"field": "what it is", "value": "", "unit": "", "meaning": ""}
        return Head(name, "", words.get(name, ""), False)
    layout = tables().get(table)
    column = _column(table, name)
    if layout is not None and name in layout.keys:
        return Head(name, "", f"the {name} the row belongs to", False)
    if column is None:
        return Head(name, "", "", False)
    text, unit = meaning(column.shape.info.description)
    if layout is not None and layout.row is None:
        text = text.partition(": ")[2] if name != "commodity" else "id of a commodity"
        unit = unit if name != "commodity" else ""
    return Head(
        name, unit, text, _number(column) and not (layout and layout.row is None and name == "commodity")
    )


def _column(table: str, name: str) -> Column | None:
    layout = tables().get(table)
    if layout is None:
        return None
    base = split(name)[0]
    return next((c for c in layout.columns if c.name in (name, base)), None)


def _number(column: Column) -> bool:
    return column.kind in ("number", "series", "whole")


def heads(grid: Grid) -> list[Head]:
    """The columns of a table as it is shown."""
    names = [*grid.columns, "unit", "meaning"] if grid.name == SCALARS else grid.columns
    return [head(grid.name, name) for name in names]


def note(table: str) -> str:
    """What a table holds, in a sentence."""
    if table == SCALARS:
        return "What stands once, not in rows: name, horizon, money, weights."
    layout = tables()[table]
    if layout.row is None:
        text = meaning(layout.columns[1].shape.info.description)[0]
        return f"{text[:1].upper()}{text[1:]}."
    return " ".join((layout.row.__doc__ or "").split())


def cell(value: Any, *, right: bool = False) -> str:
    """A cell as text; numbers of quantities with separators between thousands."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        text = shortest(value)
        if right and "e" not in text:
            whole, dot, rest = text.partition(".")
            return f"{int(whole):,}{dot}{rest}" if whole not in ("-0",) else text
        return text
    return str(value)


def part(grid: Grid, first: int, count: int, wanted: str = "") -> Part:
    """Rows from ``first`` on of those that hold a text, upper and lower case alike."""
    right = [h.right for h in heads(grid)]
    words = wanted.casefold().split()
    rows: Iterable[Sequence[Any]] = grid.rows
    if words:
        rows = [row for row in rows if _holds(row, words)]
    chosen = list(rows)
    count = max(0, min(count, MOST))
    first = max(0, min(first, len(chosen)))
    shown = [_cells(grid, row, right) for row in chosen[first : first + count]]
    return Part(len(grid.rows), len(chosen), first, shown)


def _holds(row: Sequence[Any], words: list[str]) -> bool:
    # Numbers are found as they are and as they are shown.
    text = " ".join(f"{cell(value)} {cell(value, right=True)}" for value in row).casefold()
    return all(word in text for word in words)


def _cells(grid: Grid, row: Sequence[Any], right: list[bool]) -> list[str]:
    shown = [cell(value, right=right[i]) for i, value in enumerate(row)]
    shown += [""] * (len(grid.columns) - len(shown))
    if grid.name == SCALARS:
        column = scalars().get(str(row[0]))
        text, unit = meaning(column.shape.info.description) if column is not None else ("", "")
        shown += [unit, text]
    return shown
