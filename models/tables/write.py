"""An instance as grids: one per table that has rows, with the columns that say something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from models.instance import Instance
from models.instance.base import Row
from models.tables.grid import Grid
from models.tables.layout import SCALARS, Column, Table, scalars, tables
from models.tables.periods import label
from models.tables.values import write_value


def grids(instance: Instance) -> Iterator[Grid]:
    """The instance as grids, ``instance`` first; :func:`models.tables.read.raw` reads them back."""
    yield Grid(SCALARS, ["field", "value"], [[name, value] for name, value in _scalars(instance)])
    years = [
        label(instance.horizon.start_year, instance.horizon.period_years, t)
        for t in range(instance.horizon.periods)
    ]
    for table in tables().values():
        rows = list(_rows(instance, table))
        if rows:
            yield _grid(table, rows, years)


def _get(row: Any, path: tuple[str, ...]) -> Any:
    """The value at the end of a path; None where a record on the way is absent or has no such field."""
    for part in path:
        row = row.get(part) if isinstance(row, Mapping) else getattr(row, part, None)
    return row


def _scalars(instance: Instance) -> Iterator[tuple[str, Any]]:
    """Name and value of each field that is required or not its default.

    A record that is there but holds nothing else (a budget of nothing) is shown by one of its defaults.
    """
    shown: set[str] = set()
    chosen: dict[str, Any] = {}
    for name, column in scalars().items():
        value = _get(instance, column.path)
        if value is not None and (column.needed or value != column.shape.info.default):
            chosen[name] = write_value(value, column.kind)
            shown.add(column.path[0])
    for name, column in scalars().items():
        record = column.path[0]
        optional = Instance.model_fields[record].default is None
        if optional and record not in shown and _get(instance, column.path) is not None:
            chosen[name] = write_value(_get(instance, column.path), column.kind)
            shown.add(record)
    yield from ((name, chosen[name]) for name in scalars() if name in chosen)


def _rows(instance: Instance, table: Table) -> Iterator[tuple[list[str], Any]]:
    """The rows of a table, each with the ids of its parents."""
    holders: list[tuple[list[str], Any]] = [([], instance)]
    *above, last = table.path
    for part in above:
        holders = list(_down(holders, part))
    for keys, holder in holders:
        value: Any = getattr(holder, last, None)
        if table.row is None:
            entries = [{"commodity": commodity, "quantity": amount} for commodity, amount in value.items()]
        else:
            entries = list(value or ())
        yield from ((keys, entry) for entry in entries)


def _down(holders: list[tuple[list[str], Any]], part: str) -> Iterator[tuple[list[str], Any]]:
    for keys, holder in holders:
        value = getattr(holder, part)
        if isinstance(value, Row):
            yield keys, value
        else:
            yield from (([*keys, row.id], row) for row in value or ())


def _grid(table: Table, rows: list[tuple[list[str], Any]], years: list[str]) -> Grid:
    names: list[str] = list(table.keys)
    cells: list[list[Any]] = [list(keys) for keys, _ in rows]
    for column in table.columns:
        for name, values in _spread(column, [_get(row, column.path) for _, row in rows], years):
            names.append(name)
            for line, value in zip(cells, values, strict=True):
                line.append(value)
    return Grid(table.name, names, list(cells))


def _spread(column: Column, values: list[Any], years: list[str]) -> Iterator[tuple[str, list[Any]]]:
    """A field as one column, and as one per period where some row has a list; nothing if it says nothing."""
    default = None if column.needed else column.shape.info.default
    lists = [value if isinstance(value, tuple) and column.kind == "series" else None for value in values]
    plain = [
        None if value is None or value == default or lists[i] is not None else write_value(value, column.kind)
        for i, value in enumerate(values)
    ]
    if any(value is not None for value in plain):
        yield column.name, plain
    if any(entry is not None for entry in lists):
        for t, year in enumerate(years):
            yield f"{column.name}[{year}]", [None if entry is None else entry[t] for entry in lists]
