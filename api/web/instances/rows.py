"""The rows of a table of a draft, a page at a time, each cell an input with what is wrong beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.instances import mending
from api.web.instances.cells import columns_of, field_of, label, message, naming, place
from api.web.instances.mending import Line
from api.web.instances.sheets import Head, head
from models.drafts import Checked, Draft, Placed, Sheet
from models.drafts.sheets import text
from models.tables.layout import SCALARS, tables

ROWS = 40
"""Rows of a page."""


@dataclass(frozen=True)
class Shown:
    """A page of a table: row ``first`` (from 1) and what follows, of ``matching``."""

    heads: list[Head]
    lines: list[Line]
    matching: int
    total: int
    first: int
    page: int
    pages: int
    new: mending.Lack
    columns: tuple[str, ...]
    """Columns that could be added."""
    gone: tuple[tuple[str, str], ...]
    """Rows that were taken away: key, label."""


def counts(draft: Draft, checked: Checked) -> list[tuple[str, int, int]]:
    """Every table of a draft with its rows and its faults, in the order of the model."""
    order = [SCALARS, *tables()]
    names = sorted(
        (s.name for s in draft.sheets), key=lambda name: order.index(name) if name in order else len(order)
    )
    faults: dict[str, int] = {}
    for fault in checked.faults:
        faults[fault.table] = faults.get(fault.table, 0) + 1
    rows = {sheet.name: len(sheet.rows) for sheet in draft.sheets}
    return [(name, rows[name], faults.get(name, 0)) for name in names]


def page(draft: Draft, sheet: Sheet, checked: Checked, number: int, wanted: str) -> Shown:
    """Page ``number`` (from 1; the last one if there are fewer) of the rows that hold a text."""
    words = wanted.casefold().split()
    keys = [
        key
        for key, cells in zip(sheet.keys, sheet.rows, strict=True)
        if not words or all(word in " ".join(map(text, cells)).casefold() for word in words)
    ]
    pages = max(1, -(-len(keys) // ROWS))
    number = min(number, pages)
    first = (number - 1) * ROWS
    faults: dict[str, list[Placed]] = {}
    for fault in checked.faults:
        if fault.table == sheet.name and fault.kind in ("cell", "row"):
            for row in fault.rows or (fault.row,):
                faults.setdefault(row, []).append(fault)
    shown = keys[first : first + ROWS]
    extra = {
        f"+{f.name}": f.name
        for key in shown
        for f in faults.get(key, [])
        if f.kind == "cell" and not f.column
    }
    columns = [*zip(sheet.ids, sheet.columns, strict=True), *extra.items()]
    lines = [_line(draft, sheet, key, columns, faults.get(key, [])) for key in shown]
    heads = [head(sheet.name, name) for _, name in columns]
    taken = set(sheet.columns)
    free = tuple(name for name in columns_of(sheet.name) if name not in taken)
    gone = tuple((key, _named(sheet, cells) or f"row {line or '?'}") for key, cells, line in sheet.gone)
    new = mending.new_row(draft, sheet.name)
    return Shown(heads, lines, len(keys), len(sheet.rows), first + 1, number, pages, new, free, gone)


def _line(draft: Draft, sheet: Sheet, key: str, columns: list[tuple[str, str]], faults: list[Placed]) -> Line:
    fields = tuple(
        field_of(
            draft, sheet, key, id, name,
            [f for f in faults if f.kind == "cell" and (f.column or f"+{f.name}") == id],
        )
        for id, name in columns
    )  # fmt: skip
    messages = tuple(message(f) for f in faults if f.kind == "row")
    return Line(key, label(sheet, key), place(sheet, key), fields, messages)


def _named(sheet: Sheet, cells: Sequence[object]) -> str:
    own = naming(sheet.name)
    found = [str(cells[i]) for i, name in enumerate(sheet.columns) if name in own and cells[i] is not None]
    return " · ".join(found)
