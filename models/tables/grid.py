"""A table as rows of cells: what CSV files, sheets and data frames have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.instance.shape import Path


@dataclass
class Grid:
    """Cells under named columns. ``rows`` may be shorter than ``columns``: what is missing is empty.

    ``source`` names the file or sheet, ``lines`` the number of each row there, ``header`` that of the names.
    ``mark`` is the decimal mark of numbers that come as text; None where it cannot be told.
    """

    name: str
    columns: list[str]
    rows: Sequence[Sequence[Any]]
    source: str = ""
    lines: Sequence[int] = ()
    header: int = 1
    mark: str | None = "."
    cell: Callable[[int, int], str] | None = None
    """Names a cell by line and column (from 0); None: lines are enough."""
    paths: list[Path] = field(default_factory=list)
    """Where each row stands in the instance; filled when it is read."""

    def place(self, row: int | None, column: str = "") -> str:
        """Source and line (or cell) of a row; of the header for None."""
        if row is None:
            line = self.header if column in self.columns else 0
        else:
            line = self.lines[row] if row < len(self.lines) else 0
        if not self.source or not line:
            return self.source
        if self.cell is not None and column in self.columns:
            return f"{self.source}, cell {self.cell(line, self.columns.index(column))}"
        return f"{self.source}, {'line' if self.cell is None else 'row'} {line}"
