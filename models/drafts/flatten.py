"""Nested plain data as tables, whatever is wrong with it: nothing that was sent is dropped."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from models.drafts.sheets import Cell, Sheet, plain
from models.instance.shape import FieldShape, shapes
from models.tables.layout import SCALARS, Table, tables
from models.tables.periods import label
from models.tables.values import SEPARATOR, shortest


def flatten(raw: dict[str, Any], source: str) -> list[Sheet]:
    """The tables of an instance given as plain data; ``source`` is what they are called for people."""
    return _Flattener(raw, source).sheets()


class _Flattener:
    def __init__(self, raw: dict[str, Any], source: str) -> None:
        self.raw, self.source = raw, source
        self.scalars: list[list[Cell]] = []
        self.found: dict[str, list[dict[str, Any]]] = {}

    def sheets(self) -> list[Sheet]:
        for key, value in self.raw.items():
            self._top(str(key), value)
        self._shown()
        sheets = [Sheet(SCALARS, ["field", "value"], self.scalars, self.source)]
        for name, table in tables().items():
            if name in self.found:
                sheets.append(self._sheet(table, self.found[name]))
        return sheets

    def _top(self, name: str, value: Any) -> None:
        table = tables().get(name)
        if table is not None and not table.keys and isinstance(value, list):
            self._rows(table, value, ())
        elif isinstance(value, dict) and value:
            for inner, entry in value.items():
                self._top(f"{name}.{inner}", entry)
        elif value not in (None, {}, []):
            self.scalars.append([name, _cell(value)])

    def _shown(self) -> None:
        """A budget of nothing is not no budget: one of its defaults says that it is there."""
        names = [str(row[0]) for row in self.scalars] + list(self.found)
        if isinstance(self.raw.get("budget"), dict) and not any(n.startswith("budget.") for n in names):
            self.scalars.append(["budget.opening_cash", 0.0])

    def _rows(self, table: Table, entries: list[Any], keys: tuple[str, ...]) -> None:
        rows = self.found.setdefault(table.name, [])
        for entry in entries:
            row: dict[str, Any] = dict(zip(table.keys, keys, strict=True))
            rows.append(row)
            if not isinstance(entry, dict):
                row[table.columns[0].name] = _cell(entry)
                continue
            below = (*keys, str(entry.get("id") or ""))
            fields = shapes(table.row) if table.row is not None else {}
            for name, value in entry.items():
                self._field(table, row, str(name), value, fields.get(str(name)), below)

    def _field(
        self,
        table: Table,
        row: dict[str, Any],
        name: str,
        value: Any,
        shape: FieldShape | None,
        below: tuple[str, ...],
    ) -> None:
        nested = tables().get(f"{table.name}.{name}")
        if nested is not None and isinstance(value, list) and nested.row is not None:
            self._rows(nested, value, below)
        elif nested is not None and isinstance(value, dict) and nested.row is None:
            pairs = [{"commodity": commodity, "quantity": amount} for commodity, amount in value.items()]
            rows = self.found.setdefault(nested.name, [])
            for pair in pairs:
                amounts = dict(self._spread("quantity", pair["quantity"], nested.columns[1].kind == "series"))
                keyed = dict(zip(nested.keys, below, strict=True))
                rows.append({**keyed, "commodity": pair["commodity"], **amounts})
        elif isinstance(value, dict) and value and nested is None:
            rows_of = {n: s for row_type in shape.rows for n, s in shapes(row_type).items()} if shape else {}
            for inner, entry in value.items():
                self._field(table, row, f"{name}.{inner}", entry, rows_of.get(str(inner)), below)
        else:
            row.update(self._spread(name, value, shape is not None and shape.kind == "series"))

    def _spread(self, name: str, value: Any, series: bool) -> Iterator[tuple[str, Cell]]:
        """A value as one cell; one for every period where it is a list of such."""
        if series and isinstance(value, list) and value:
            for t, entry in enumerate(value):
                yield f"{name}[{self._year(t)}]", _cell(entry)
        else:
            yield name, _cell(value)

    def _year(self, period: int) -> str:
        horizon = self.raw.get("horizon")
        known = horizon if isinstance(horizon, dict) else {}
        start, years = known.get("start_year"), known.get("period_years", 1)
        if isinstance(start, int) and isinstance(years, int | float) and not isinstance(years, bool):
            return label(start, years, period)
        return str(period + 1)

    def _sheet(self, table: Table, rows: list[dict[str, Any]]) -> Sheet:
        """Columns in the order of the model; those it does not know come last."""
        names: dict[str, None] = dict.fromkeys(table.keys)
        seen: dict[str, None] = {name: None for row in rows for name in row}
        for column in table.columns:
            yearly = [n for n in seen if n.partition("[")[0] == column.name]
            names.update(dict.fromkeys(sorted(yearly, key=_place)))
        names.update(seen)
        return Sheet(
            table.name, list(names), [[row.get(name) for name in names] for row in rows], self.source
        )


def _place(name: str) -> tuple[float, str]:
    """Yearly columns by year, the plain one before them."""
    year = name.partition("[")[2].rstrip("]")
    try:
        return (float(year) if year else -1.0), name
    except ValueError:
        return float("inf"), name


def _cell(value: Any) -> Cell:
    """A value in one cell: lists of simple ones joined, anything else written out as JSON."""
    if isinstance(value, list) and all(isinstance(v, str | int | float) for v in value):
        return SEPARATOR.join(v if isinstance(v, str) else shortest_or_text(v) for v in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return plain(value)


def shortest_or_text(value: float) -> str:
    """A number or a truth value within a list."""
    if isinstance(value, bool) or not math.isfinite(value):
        return str(value).lower()
    return shortest(value)
