"""The rows of one grid, put where they belong in the plain data of an instance."""

from __future__ import annotations

from typing import Any

from models.instance.shape import Path
from models.tables.grid import Grid
from models.tables.layout import Column, Table
from models.tables.periods import period, split
from models.tables.reading import Reading, put
from models.tables.values import blank, read_value

COLUMNS = 10_000
"""A table has at most so many columns: every field for every year is far less."""

Index = dict[tuple[str, ...], tuple[Path, dict[str, Any]]]
"""Rows by the ids that lead to each: path and plain data."""


class TableReader:
    """Reads one grid into the plain data."""

    def __init__(
        self,
        reading: Reading,
        table: Table,
        grid: Grid,
        years: list[str] | None,
        parents: Index | None,
    ) -> None:
        self.reading, self.table, self.grid, self.years = reading, table, grid, years
        self.parents = parents or {}
        self.keys: list[int] = []
        self.plain: list[tuple[int, Column]] = []
        self.yearly: dict[str, list[tuple[int, int, Column]]] = {}

    def fault(self, row: int | None, column: str, value: Any, allowed: str) -> None:
        """One finding about the grid itself."""
        path: Path = (self.grid.name, column) if row is None else (self.grid.name, row, column)
        self.reading.findings.append((path, value, allowed))

    def read(self) -> Index:
        """Read all rows; returns them by the ids that lead to each."""
        found: Index = {}
        if not self._header():
            return found
        target: Any = self.reading.raw
        if not self.table.keys:
            for part in self.table.path[:-1]:
                inner = target.get(part)
                if inner is None:
                    target[part] = inner = {}
                if not isinstance(inner, dict):
                    return found  # what stands there is a fault of its own
                target = inner
            target = target.setdefault(self.table.field, [])
        for number, row in enumerate(self.grid.rows):
            record = self._record(number, row)
            if self.table.keys:
                keys, path = self._attach(number, row, record)
            else:
                keys, path = (), (*self.table.path, len(target))
                target.append(record)
            self.grid.paths.append(path)
            name = record.get("id")
            if isinstance(name, str) and path:
                found.setdefault((*keys, name), (path, record))
        return found

    def _header(self) -> bool:
        """Sort the columns; False if rows could not be attached to anything."""
        known = {column.name: column for column in self.table.columns}
        names = [*self.table.keys, *known]
        if len(self.grid.columns) > COLUMNS:
            self.fault(None, "", len(self.grid.columns), f"at most {COLUMNS:,} columns")
            return False
        seen: set[str] = set()
        for at, name in enumerate(self.grid.columns):
            base, year = split(name)
            column = known.get(name) or (known.get(base) if year is not None else None)
            if name == "":
                if any(at < len(row) and not blank(row[at]) for row in self.grid.rows):
                    self.fault(None, name, None, f"a name for column {at + 1}, which is not empty")
            elif name in seen:
                self.fault(None, name, name, "each column once")
            elif name in self.table.keys:
                self.keys.append(at)
            elif column is None:
                self.fault(
                    None, name, name, f"a column of this table{self.reading.hints.near_or_all(base, names)}"
                )
            elif year is None:
                self.plain.append((at, column))
            else:
                self._year(at, name, year, column)
            seen.add(name)
        lacking = [key for key in self.table.keys if key not in seen]
        for key in lacking:
            self.fault(None, key, None, f"a column {key!r}, which says to what each row belongs")
        self.keys.sort(key=lambda at: self.table.keys.index(self.grid.columns[at]))
        return not lacking

    def _year(self, at: int, name: str, year: str, column: Column) -> None:
        known = self.yearly.setdefault(column.name, [])
        t = period(year, self.years) if self.years else len(known)
        if column.kind != "series":
            self.fault(None, name, name, f"one column {column.name!r}: it does not change over the years")
        elif t is None:
            self.fault(None, name, year, f"a year in which a period begins: {', '.join(self.years or [])}")
        elif any(t == other for other, _, _ in known):
            self.fault(None, name, name, "each year once")
        else:
            known.append((t, at, column))
            known.sort(key=lambda entry: entry[0])

    def _record(self, number: int, row: Any) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for column in self.table.columns:
            # A record that must be there is there, with whatever its columns say.
            if len(column.path) > 1 and self._must(column.path[0]):
                record.setdefault(column.path[0], {})
        for at, column in self.plain:
            value = row[at] if at < len(row) else None
            if not blank(value):
                put(record, column.path, read_value(value, column.kind, column.item, self.grid.mark))
        for name, years in self.yearly.items():
            if years:
                self._series(number, row, name, years, record)
        for at in range(len(self.grid.columns), len(row)):
            if not blank(row[at]):
                self.fault(number, "", row[at], f"at most {len(self.grid.columns)} cells, as the header has")
                break
        return record

    def _must(self, name: str) -> bool:
        return self.table.row is not None and self.table.row.model_fields[name].is_required()

    def _series(
        self, number: int, row: Any, name: str, years: list[tuple[int, int, Column]], record: dict[str, Any]
    ) -> None:
        cells = [row[at] if at < len(row) else None for _, at, _ in years]
        if all(blank(cell) for cell in cells):
            return
        column = years[0][2]
        plain = next((at for at, other in self.plain if other is column), None)
        if plain is not None and plain < len(row) and not blank(row[plain]):
            self.fault(number, name, row[plain], "either one number, or one for every year, not both")
            return
        gaps = [self.grid.columns[at] for (_, at, _), cell in zip(years, cells, strict=True) if blank(cell)]
        for gap in gaps:
            self.fault(number, gap, None, "a number: every year is filled, or none")
        filled = [read_value(cell, "number", "text", self.grid.mark) for cell in cells if not blank(cell)]
        if gaps:
            # The gap is reported; what stands in for it must raise no second fault.
            filled += [filled[0]] * len(gaps)
        put(record, column.path, filled)

    def _attach(self, number: int, row: Any, record: dict[str, Any]) -> tuple[tuple[str, ...], Path]:
        """Hang a row under its parent; an empty path if there is none."""
        keys = tuple(
            "" if at >= len(row) or blank(row[at]) else str(read_value(row[at], "text", "text"))
            for at in self.keys
        )
        parent = self.parents.get(keys)
        if parent is None:
            self._orphan(number, keys)
            return keys, ()
        above, owner = parent
        if self.table.row is None:
            name = str(record.get("commodity", ""))
            values = owner.setdefault(self.table.field, {})
            if not name:
                self.fault(number, "commodity", None, "an id of commodities")
            elif name in values:
                self.fault(number, "commodity", name, "each commodity once")
            elif "quantity" not in record:
                self.fault(number, "quantity", None, "a number; this field must be given")
                values[name] = 0.0
            else:
                values[name] = record["quantity"]
            return keys, (*above, self.table.field, name)
        entries = owner.setdefault(self.table.field, [])
        entries.append(record)
        return keys, (*above, self.table.field, len(entries) - 1)

    def _orphan(self, number: int, keys: tuple[str, ...]) -> None:
        names = dict(zip(self.table.keys, keys, strict=True))
        wanted = " · ".join(keys)
        suggestion = self.reading.hints.near(wanted, (" · ".join(known) for known in self.parents))
        column = list(names)[-1]
        what = f"{' and '.join(names)} of a row of {self.table.parent}{suggestion}"
        self.fault(number, column, wanted, what)
