"""What reading tables leaves: plain data, what is wrong, and where each part stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from models.instance.hints import Hints
from models.instance.shape import Path
from models.tables.grid import Grid
from models.tables.layout import SCALARS
from models.tables.periods import split

Finding = tuple[Path, Any, str]


@dataclass
class Reading:
    """Plain data, what is wrong with the tables it came from, and where each part of it stands."""

    raw: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    grids: dict[str, Grid] = field(default_factory=dict)
    hints: Hints = field(default_factory=Hints)
    _places: dict[Path, tuple[Grid, int]] | None = None

    def place(self, path: Path) -> str:
        """The file and line, or sheet and cell, of a path; '' where it is not known."""
        grid, row, rest = self.locate(path)
        if grid is None:
            return ""
        if row is not None:
            return grid.place(row, column_of(grid, rest))
        return grid.place(None, str(rest[-1])) if rest else grid.source

    def locate(self, path: Path) -> tuple[Grid | None, int | None, Path]:
        """The table and row (from 0) that a path leads to, and what is left of it behind the row.

        Without a row it leads to a column, the last part of what is left; without that, nowhere.
        """
        if self._places is None:
            self._places = {p: (g, i) for g in self.grids.values() for i, p in enumerate(g.paths)}
            self._places.update(
                {(g.name, i): (g, i) for g in self.grids.values() for i in range(len(g.rows))}
            )
        for length in range(len(path), 0, -1):
            found = self._places.get(path[:length])
            if found:
                return *found, path[length:]
        if path and path[0] in self.grids:
            return self.grids[str(path[0])], None, path[1:] or path
        return self.grids.get(SCALARS), None, ()


def column_of(grid: Grid, rest: Path) -> str:
    """The column of a field in a row; '' if it has none."""
    if grid.name == SCALARS:
        return str(rest[-1]) if rest else "value"
    if not rest:
        return "quantity" if "quantity" in grid.columns else ""
    name = ".".join(str(part) for part in rest if isinstance(part, str))
    if name in grid.columns:
        return name
    years = [column for column in grid.columns if split(column)[0] == name]
    last = rest[-1]
    return years[last] if isinstance(last, int) and last < len(years) else years[0] if years else ""


def put(target: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set what stands at the end of a path, making records on the way; nothing if something else is there."""
    for part in path[:-1]:
        inner = target.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        target = inner
    target[path[-1]] = value
