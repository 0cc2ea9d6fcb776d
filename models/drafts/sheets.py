"""A draft: the tables of an instance that is not finished, cell by cell as they were sent or typed.

Rows and columns have keys of their own, which stay the same when others are added or taken away, so that a
change says what it means however old the page is that it was made on.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from models.faults import TooLarge
from models.files.limits import MEGABYTE
from models.tables.grid import Grid
from models.tables.values import shortest

Cell = str | int | float | bool | None
"""What stands in a cell."""

SIZE = 24 * MEGABYTE
"""Bytes of a draft at most: what is larger is mended in the program it came from."""
CELLS = 400_000
"""Cells of a draft at most."""
DATE = "a number or text, not a date or a time"


def plain(value: Any) -> Cell:
    """A value as a cell; numbers that no file can carry, dates and the like become text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**300:
        return "inf" if value > 0 else "-inf"
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def text(value: Cell) -> str:
    """A cell as it is shown and typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else shortest(value)


@dataclass
class Sheet:
    """One table. ``rows[i][j]`` is the cell of row ``keys[i]`` and column ``ids[j]``."""

    name: str
    columns: list[str]
    rows: list[list[Cell]]
    source: str = ""
    header: int = 1
    lines: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    marks: dict[str, dict[str, str]] = field(default_factory=dict)
    """What is wrong with a cell as it was sent, by row and column, until the cell is changed."""
    was: dict[str, dict[str, Cell]] = field(default_factory=dict)
    """What stood in the cells that were changed."""
    gone: list[tuple[str, list[Cell], int]] = field(default_factory=list)
    """Rows taken away, the last one last: key, cells, line."""
    count: int = 0
    """Keys given so far."""

    def __post_init__(self) -> None:
        width = max([len(self.columns), *(len(row) for row in self.rows)])
        self.columns += [""] * (width - len(self.columns))
        for row in self.rows:
            row.extend([None] * (width - len(row)))
        if not self.keys:
            self.keys = [f"r{n}" for n in range(len(self.rows))]
            self.ids = [f"c{n}" for n in range(width)]
            self.lines = [*self.lines, *[0] * (len(self.rows) - len(self.lines))]
            self.count = max(len(self.rows), width)

    def fresh(self, letter: str) -> str:
        """A key that no row and no column has or had."""
        self.count += 1
        return f"{letter}{self.count}"

    def row(self, key: str) -> list[Cell] | None:
        """The cells of a row."""
        return self.rows[self.keys.index(key)] if key in self.keys else None


@dataclass
class Note:
    """What is wrong with the file and belongs to no cell; ``seen`` once somebody said to go on without."""

    about: str
    text: str
    seen: bool = False


@dataclass
class Draft:
    """The tables of an unfinished instance; ``name`` is the file's."""

    name: str
    sheets: list[Sheet] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def sheet(self, name: str) -> Sheet | None:
        """The table of this name."""
        return next((sheet for sheet in self.sheets if sheet.name == name), None)

    def changed(self) -> int:
        """How many cells and rows differ from what was sent."""
        return sum(sum(map(len, s.was.values())) + len(s.gone) for s in self.sheets)

    def dumps(self) -> bytes:
        """The draft as JSON. Raises TooLarge."""
        if sum(len(s.rows) * max(1, len(s.columns)) for s in self.sheets) > CELLS:
            raise TooLarge(f"It has more than {CELLS:,} cells; mend it in the program it came from.")
        raw = {
            "name": self.name,
            "sheets": [vars(sheet) for sheet in self.sheets],
            "notes": [vars(note) for note in self.notes],
        }
        data = json.dumps(raw, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        if len(data) > SIZE:
            raise TooLarge(f"It has more than {SIZE // MEGABYTE} MB; mend it in the program it came from.")
        return data

    @classmethod
    def loads(cls, data: bytes) -> Draft:
        """A draft from what :meth:`dumps` wrote."""
        raw = json.loads(data)
        sheets = [Sheet(**{**s, "gone": [tuple(row) for row in s["gone"]]}) for s in raw["sheets"]]
        return cls(raw["name"], sheets, [Note(**note) for note in raw["notes"]])


def of_grid(grid: Grid) -> Sheet:
    """A table as it was read. A cell that is neither text nor number is marked."""
    rows = [[plain(value) for value in row] for row in grid.rows]
    sheet = Sheet(grid.name, list(grid.columns), rows, grid.source, grid.header, list(grid.lines))
    for key, cells in zip(sheet.keys, grid.rows, strict=True):
        for id, value in zip(sheet.ids, cells, strict=False):
            if not isinstance(value, str | int | float | bool | None):
                sheet.marks.setdefault(key, {})[id] = DATE
    return sheet
