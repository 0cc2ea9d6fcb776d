"""Changes to a draft. Each says by key what it is about; one about something that is gone changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from models.drafts.sheets import Draft, Sheet, text
from models.faults import BadRequest
from models.tables.layout import SCALARS, tables
from models.tables.values import blank

LONGEST = 20_000
"""Characters of a cell at most, as of the longest text of an instance."""


def set_cells(draft: Draft, cells: Iterable[tuple[str, str, str, str]]) -> int:
    """Table, row, column and what was typed; how many cells that changed.

    A column that the sheet does not have yet is given as ``+`` and its name.
    """
    count = 0
    for table, row, column, typed in cells:
        sheet = draft.sheet(table)
        if sheet is None or row not in sheet.keys or len(typed) > LONGEST:
            continue
        id = _column(sheet, column)
        if id is not None:
            count += _set(sheet, row, id, typed)
    return count


def _column(sheet: Sheet, column: str) -> str | None:
    if not column.startswith("+"):
        return column if column in sheet.ids else None
    name = column[1:]
    if name not in sheet.columns:
        add_column(sheet, name)
    return sheet.ids[sheet.columns.index(name)]


def add_column(sheet: Sheet, name: str) -> None:
    """One more column, empty."""
    if len(name) > 200:
        raise BadRequest("The name of a column is shorter.")
    sheet.columns.append(name)
    sheet.ids.append(sheet.fresh("c"))
    for row in sheet.rows:
        row.append(None)


def _set(sheet: Sheet, row: str, id: str, typed: str) -> bool:
    i, j = sheet.keys.index(row), sheet.ids.index(id)
    before = sheet.rows[i][j]
    # Line ends are those of the form that sent them.
    value = typed.replace("\r\n", "\n")
    if value == text(before):
        return False
    was = sheet.was.setdefault(row, {})
    first = was.setdefault(id, before)
    sheet.rows[i][j] = None if blank(value) else first if value == text(first) else value
    if sheet.rows[i][j] == first:
        del was[id]
        if not was:
            del sheet.was[row]
    marks = sheet.marks.get(row, {})
    marks.pop(id, None)
    if not marks:
        sheet.marks.pop(row, None)
    return True


def fill_column(draft: Draft, table: str, column: str, typed: str) -> int:
    """The same in every empty cell of a column; how many that were."""
    sheet = draft.sheet(table)
    if sheet is None or (id := _column(sheet, column)) is None:
        return 0
    at = sheet.ids.index(id)
    empty = [key for key, row in zip(sheet.keys, sheet.rows, strict=True) if blank(row[at])]
    return set_cells(draft, [(table, key, id, typed) for key in empty])


def remove_row(draft: Draft, table: str, row: str) -> None:
    """Take a row away; it can be put back."""
    sheet = draft.sheet(table)
    if sheet is None or row not in sheet.keys:
        return
    at = sheet.keys.index(row)
    sheet.gone.append((row, sheet.rows.pop(at), sheet.lines.pop(at)))
    sheet.keys.pop(at)


def restore_row(draft: Draft, table: str, row: str) -> None:
    """Put back a row that was taken away, where rows with later keys begin."""
    sheet = draft.sheet(table)
    found = sheet and next((entry for entry in sheet.gone if entry[0] == row), None)
    if sheet is None or not found:
        return
    sheet.gone.remove(found)
    key, cells, line = found
    cells = [*cells, *[None] * (len(sheet.ids) - len(cells))]
    at = next((i for i, other in enumerate(sheet.keys) if int(other[1:]) > int(key[1:])), len(sheet.keys))
    sheet.keys.insert(at, key)
    sheet.rows.insert(at, cells)
    sheet.lines.insert(at, line)


def add_row(draft: Draft, table: str, values: Mapping[str, Any]) -> str:
    """One more row at the end, in a new sheet if there is none; returns its key.

    Raises BadRequest for a table that instances do not have.
    """
    sheet = draft.sheet(table)
    if sheet is None:
        if table not in tables() and table != SCALARS:
            raise BadRequest(f"{table[:80]!r} is not a table of an instance.")
        sheet = Sheet(table, columns(table), [])
        draft.sheets.append(sheet)
    for name in values:
        _column(sheet, f"+{name}")
    key = sheet.fresh("r")
    sheet.keys.append(key)
    sheet.rows.append([values.get(name) for name in sheet.columns])
    sheet.lines.append(0)
    sheet.was[key] = {sheet.ids[sheet.columns.index(name)]: None for name in values}
    return key


def columns(table: str) -> list[str]:
    """The columns that a new sheet begins with: those that every row fills."""
    if table == SCALARS:
        return ["field", "value"]
    layout = tables()[table]
    return [*layout.keys, *(column.name for column in layout.columns if column.needed)]


def rename_column(draft: Draft, table: str, column: str, name: str) -> None:
    """Call a column otherwise. Raises BadRequest where there is one of that name."""
    sheet = draft.sheet(table)
    if sheet is None or column not in sheet.ids:
        return
    if name in sheet.columns:
        raise BadRequest(f"{table} has a column {name!r} already.")
    sheet.columns[sheet.ids.index(column)] = name.strip()[:200]


def drop_column(draft: Draft, table: str, column: str) -> None:
    """Leave a column out, with all its cells."""
    sheet = draft.sheet(table)
    if sheet is None or column not in sheet.ids:
        return
    at = sheet.ids.index(column)
    del sheet.ids[at], sheet.columns[at]
    for row in sheet.rows:
        del row[at]
    for marks in sheet.marks.values():
        marks.pop(column, None)
    for was in sheet.was.values():
        was.pop(column, None)
    sheet.gone = [(key, [*cells[:at], *cells[at + 1 :]], line) for key, cells, line in sheet.gone]


def rename_table(draft: Draft, table: str, name: str) -> None:
    """Call a table otherwise. Raises BadRequest for a name that is no table's, or one that is taken."""
    sheet = draft.sheet(table)
    if sheet is None:
        return
    if name not in tables() and name != SCALARS:
        raise BadRequest(f"{name[:80]!r} is not a table of an instance.")
    if draft.sheet(name) is not None:
        raise BadRequest(f"There is a table {name} already.")
    sheet.name = name


def drop_table(draft: Draft, table: str) -> None:
    """Leave a table out."""
    draft.sheets = [sheet for sheet in draft.sheets if sheet.name != table]


def dismiss(draft: Draft, number: int) -> None:
    """Go on without what a note is about."""
    if 0 <= number < len(draft.notes):
        draft.notes[number].seen = True
