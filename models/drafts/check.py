"""Every fault of a draft at the cell, row, column or table where it is mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from models.drafts.sheets import Draft, Sheet
from models.faults import Fault, FaultyInstance, shorten
from models.instance import Instance
from models.instance.checks.parse import parse
from models.instance.shape import Path
from models.tables import Grid, read_grids
from models.tables.layout import SCALARS, scalars, tables
from models.tables.periods import split
from models.tables.reading import Reading, column_of

Kind = Literal["cell", "lack", "row", "column", "table", "rest"]
"""cell: in one cell, which may have no column yet; lack: a row that is missing; row, column, table: of one;
rest: anywhere else."""


@dataclass(frozen=True)
class Placed:
    """One fault. ``row`` and ``column`` are keys of the sheet; ``name`` the column's name; ``keys`` what the
    first columns of a missing row hold."""

    kind: Kind
    table: str
    got: str
    allowed: str
    row: str = ""
    column: str = ""
    name: str = ""
    label: str = ""
    keys: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    """The rows that a fault of several is about."""


@dataclass
class Checked:
    """What a check found: an instance, or faults."""

    instance: Instance | None = None
    faults: list[Placed] = field(default_factory=list)
    more: int = 0
    """Faults that are not listed."""


def check(draft: Draft) -> Checked:
    """Read a draft as an instance. Notes that nobody has seen are told besides; they are no faults here."""
    found = [
        Grid(s.name, list(s.columns), s.rows, s.source, s.lines, s.header) for s in draft.sheets if s.columns
    ]
    reading = read_grids(found)
    marked = [
        Placed("cell", s.name, shorten(s.rows[s.keys.index(row)][s.ids.index(id)]), allowed, row, id,
               s.columns[s.ids.index(id)], _label(s, s.keys.index(row)))
        for s in draft.sheets for row, cells in s.marks.items() for id, allowed in cells.items()
        if row in s.keys and id in s.ids
    ]  # fmt: skip
    try:
        instance = parse(Instance, reading.raw, before=reading.findings)
    except FaultyInstance as error:
        listed = [fault for fault in error.faults if fault.path or not isinstance(fault.value, int)]
        more = sum(f.value for f in error.faults if not f.path and isinstance(f.value, int))
        return Checked(None, _once(marked, (_placed(draft, reading, f) for f in listed)), more)
    return Checked(None if marked else instance, marked)


def _once(marked: list[Placed], faults: Iterable[Placed]) -> list[Placed]:
    """What was wrong with a cell when it was sent speaks for the cell; no fault twice."""
    spots = {(f.table, f.row, f.column) for f in marked}
    first: dict[tuple[str, ...], Placed] = {}
    for f in [*marked, *(f for f in faults if (f.table, f.row, f.column) not in spots)]:
        first.setdefault((f.kind, f.table, f.row, f.column, f.name, *f.keys, f.allowed), f)
    return list(first.values())


def _placed(draft: Draft, reading: Reading, fault: Fault) -> Placed:
    got = "" if fault.value is None else shorten(fault.value)
    grid, row, rest = reading.locate(fault.path)
    sheet = draft.sheet(grid.name) if grid is not None else None
    if grid is None or sheet is None or (row is None and not rest):
        return _elsewhere(fault, got)
    if row is None:
        return _column(sheet, str(rest[-1]), got, fault.allowed)
    key, label = sheet.keys[row], _label(sheet, row)
    below = _below(sheet.name, rest)
    if below:
        return _nested(draft, sheet, row, below, got, fault)
    if sheet.name == SCALARS:
        name = "field" if rest == ("field",) else "value"
        return Placed("cell", sheet.name, got, fault.allowed, key, _id(sheet, name), name, label)
    name = column_of(grid, rest) or ".".join(str(part) for part in rest if isinstance(part, str))
    known = {*sheet.columns, *_fields(sheet.name)}
    if name and (name in known or split(name)[0] in known):
        return Placed("cell", sheet.name, got, fault.allowed, key, _id(sheet, name), name, label)
    words = f"{name}: {fault.allowed}" if name else fault.allowed
    return Placed("row", sheet.name, got, words, key, label=label)


def _column(sheet: Sheet, name: str, got: str, allowed: str) -> Placed:
    if sheet.name not in tables() and sheet.name != SCALARS:
        return Placed("table", sheet.name, got, allowed)
    if name in sheet.columns:
        return Placed("column", sheet.name, got, allowed, column=_id(sheet, name), name=name)
    known = name in _fields(sheet.name)
    return Placed("column" if known else "table", sheet.name, got, allowed, name=name if known else "")


def _elsewhere(fault: Fault, got: str) -> Placed:
    """A fault that no sheet has a place for: a field of the instance, a table, or the whole."""
    name = ".".join(str(part) for part in fault.path if isinstance(part, str))
    if name in scalars():
        return Placed("lack", SCALARS, got, fault.allowed, label=name, keys=(name,))
    required = [n for n, column in scalars().items() if column.needed and n.startswith(f"{name}.")]
    if name and required:
        return Placed("lack", SCALARS, got, fault.allowed, label=name, keys=(required[0],))
    if name in tables():
        return Placed("lack", name, got, fault.allowed, keys=())
    where = f"{fault.table} {fault.row} {fault.field}".strip()
    return Placed("rest", "", got, fault.allowed, label=where)


def _nested(draft: Draft, sheet: Sheet, row: int, below: str, got: str, fault: Fault) -> Placed:
    """A fault of the rows below a row: those rows; where there are none, one is missing."""
    table = tables()[below]
    ids = [*tables()[sheet.name].keys, "id"] if sheet.name in tables() else ["id"]
    cells = sheet.rows[row]
    keys = tuple(_text(cells, sheet, name) for name in ids)
    inner = draft.sheet(below)
    rows: tuple[str, ...] = ()
    if inner is not None and all(key in inner.columns for key in table.keys):
        rows = tuple(
            key
            for key, cells in zip(inner.keys, inner.rows, strict=True)
            if tuple(_text(cells, inner, name) for name in table.keys) == keys
        )
    label = " · ".join(keys)
    if rows:
        return Placed("row", below, got, fault.allowed, rows[0], label=label, keys=keys, rows=rows)
    return Placed("lack", below, got, fault.allowed, label=label, keys=keys)


def _text(cells: list[Any], sheet: Sheet, name: str) -> str:
    value = cells[sheet.columns.index(name)] if name in sheet.columns else None
    return "" if value is None else str(value).strip()


def _below(table: str, rest: Path) -> str:
    """The table below this one that a path leads into, '' if none."""
    name = table
    for part in rest:
        name = f"{name}.{part}"
        if name in tables():
            return name
    return ""


def _fields(table: str) -> Iterator[str]:
    if table in tables():
        yield from tables()[table].keys
        yield from (column.name for column in tables()[table].columns)


def _id(sheet: Sheet, name: str) -> str:
    return sheet.ids[sheet.columns.index(name)] if name in sheet.columns else ""


def _label(sheet: Sheet, row: int) -> str:
    """What a row is called: its ids, or its number."""
    names = [*tables()[sheet.name].keys, "id"] if sheet.name in tables() else ["field"]
    found = [_text(sheet.rows[row], sheet, name) for name in names if name in sheet.columns]
    return " · ".join(word for word in found if word) or f"row {row + 1}"
