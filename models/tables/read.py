"""Grids to the plain data of an instance, with everything that is wrong with the tables themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models.tables.grid import Grid
from models.tables.layout import SCALARS, scalars, tables
from models.tables.periods import labels
from models.tables.reading import Finding, Reading, put
from models.tables.rows import Index, TableReader
from models.tables.values import blank, read_value


def read_grids(grids: Iterable[Grid], scalar_data: dict[str, Any] | None = None) -> Reading:
    """The plain data of an instance from its grids.

    ``scalar_data``: what the table ``instance`` would hold, as nested plain data, where it does not come as a
    grid.
    """
    reading = Reading(raw=dict(scalar_data or {}))
    layout = tables()
    for grid in grids:
        if grid.name in layout or grid.name == SCALARS:
            reading.grids[grid.name] = grid
        else:
            allowed = f"a table of an instance{reading.hints.near_or_all(grid.name, [*layout, SCALARS])}"
            reading.grids[grid.name] = grid
            reading.findings.append(((grid.name, ""), grid.name, allowed))
    if SCALARS in reading.grids:
        _read_scalars(reading.grids[SCALARS], reading)
    years = labels(reading.raw.get("horizon"))
    rows: dict[str, Index] = {}
    for name, table in layout.items():
        if name in reading.grids:
            rows[name] = TableReader(
                reading, table, reading.grids[name], years, rows.get(table.parent)
            ).read()
    return reading


def _read_scalars(grid: Grid, reading: Reading) -> None:
    """The table ``instance``: one field to a row."""
    missing = [name for name in ("field", "value") if name not in grid.columns]
    if missing:
        reading.findings.append(((SCALARS, missing[0]), None, "the columns 'field' and 'value'"))
        return
    at, value_at = grid.columns.index("field"), grid.columns.index("value")
    seen: set[str] = set()
    for number, row in enumerate(grid.rows):
        name = row[at] if at < len(row) else None
        value = row[value_at] if value_at < len(row) else None
        column = scalars().get(name.strip()) if isinstance(name, str) else None
        grid.paths.append((SCALARS, number))
        if column is None:
            if not (blank(name) and blank(value)):
                allowed = f"a field of the instance{reading.hints.near_or_all(str(name), scalars())}"
                reading.findings.append(((SCALARS, number, "field"), name, allowed))
            continue
        if column.name in seen:
            reading.findings.append(((SCALARS, number, "field"), name, "each field once"))
        seen.add(column.name)
        grid.paths[-1] = column.path
        if value is None or value == "":
            continue
        # Text of several lines is kept to the letter, blanks at its ends included.
        exact = column.name == "description" and isinstance(value, str)
        wanted = value if exact else read_value(value, column.kind, column.item, grid.mark)
        put(reading.raw, column.path, wanted)


__all__ = ["Finding", "Reading", "read_grids"]
