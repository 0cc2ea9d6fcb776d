"""Cells as inputs: what stands in them, what is wrong, what may stand there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from api.web.instances.sheets import Head, head
from models.drafts import Draft, Placed, Sheet
from models.drafts.sheets import text
from models.tables.layout import SCALARS, Column, scalars, tables
from models.tables.periods import split

_MEANT = re.compile(r"did you mean '(.+?)'\?")
_LISTS = {"commodity": "commodities", "country": "countries", "countries": "countries", "via": "countries",
          "depot": "depots", "where.countries": "countries", "where.commodities": "commodities",
          "commodities": "commodities"}  # fmt: skip
"""Columns that name rows of a table."""


@dataclass(frozen=True)
class Message:
    """What is wrong, and what it may have been meant to be ('' if that cannot be told)."""

    got: str
    allowed: str
    meant: str = ""

    @property
    def words(self) -> str:
        """As a sentence."""
        end = "" if self.allowed.endswith(("?", ".")) else "."
        return f"got {self.got}; allowed: {self.allowed}{end}" if self.got else f"needs {self.allowed}{end}"


@dataclass(frozen=True)
class Field:
    """A cell with its input: ``name`` is the input's, ``words`` the texts allowed if these are few."""

    name: str
    head: Head
    text: str
    messages: tuple[Message, ...] = ()
    words: tuple[str, ...] = ()
    list: str = ""
    """The table whose ids may stand there."""
    open: bool = True
    """Whether it is an input here, or shown as it is."""
    was: str | None = None
    """What stood there before it was changed."""


def message(fault: Placed) -> Message:
    """The words of a fault."""
    meant = _MEANT.search(fault.allowed)
    return Message(fault.got, fault.allowed, meant[1] if meant else "")


def columns_of(table: str) -> list[str]:
    """The columns a table may have, yearly ones left out."""
    if table == SCALARS:
        return ["field", "value"]
    layout = tables().get(table)
    return [] if layout is None else [*layout.keys, *(column.name for column in layout.columns)]


def naming(table: str) -> tuple[str, ...]:
    """The columns that tell one row from another."""
    if table == SCALARS:
        return ("field", "value")
    layout = tables().get(table)
    if layout is None:
        return ()
    names = [column.name for column in layout.columns]
    own = ["id"] if "id" in names else [n for n in ("commodity", "country", "depot", "kind") if n in names]
    return (*layout.keys, *own)


def field_of(
    draft: Draft,
    sheet: Sheet,
    row: str,
    id: str,
    name: str,
    faults: Iterable[Placed] = (),
    *,
    opened: bool = True,
) -> Field:
    """A cell with its input; ``id`` is the column's key, or ``+`` and the name of one that is yet to be."""
    cells = sheet.row(row) or []
    value = text(cells[sheet.ids.index(id)]) if id in sheet.ids else ""
    was = sheet.was.get(row, {}).get(id, _NEVER)
    words, list = choices(draft, sheet.name, name, _scalar(sheet, row) if sheet.name == SCALARS else "")
    return Field(
        f"c|{sheet.name}|{row}|{id}",
        head(sheet.name, name),
        value,
        tuple(message(f) for f in faults),
        words,
        list,
        opened,
        None if was is _NEVER else text(was),  # type: ignore[arg-type]  # a cell, as it is not _NEVER
    )


_NEVER = object()


def _scalar(sheet: Sheet, row: str) -> str:
    cells = sheet.row(row)
    return text(cells[sheet.columns.index("field")]) if cells and "field" in sheet.columns else ""


def choices(draft: Draft, table: str, name: str, scalar: str) -> tuple[tuple[str, ...], str]:
    """The words a cell may hold, or the table whose ids it may hold."""
    column: Column | None
    if table == SCALARS:
        column = scalars().get(scalar) if name == "value" else None
        return (tuple(scalars()), "") if name == "field" else (_words(column), "")
    layout = tables().get(table)
    if layout is None:
        return (), ""
    if name in layout.keys:
        above = ".".join(layout.path[: layout.keys.index(name) + 1])
        return (), above if draft.sheet(above) is not None else ""
    column = next((c for c in layout.columns if c.name in (name, split(name)[0])), None)
    words = _words(column)
    list = "" if words else _LISTS.get(name, "")
    return words, list if list and draft.sheet(list) is not None else ""


def _words(column: Column | None) -> tuple[str, ...]:
    if column is None:
        return ()
    if column.kind == "flag":
        return ("true", "false")
    return (
        column.shape.words
        if column.kind == "text" and column.name != "price.kind"
        else (("fixed", "index") if column.name == "price.kind" else ())
    )


def label(sheet: Sheet, key: str) -> str:
    """What a row is called: its ids, or its number."""
    cells = sheet.row(key) or []
    layout = tables().get(sheet.name)
    names = [*(layout.keys if layout else ()), "id"] if sheet.name != SCALARS else ["field"]
    found = [text(cells[sheet.columns.index(name)]) for name in names if name in sheet.columns]
    return " · ".join(word for word in found if word) or f"row {sheet.keys.index(key) + 1}"


def place(sheet: Sheet, key: str) -> str:
    """Where a row stood in what was sent, '' for one that is new."""
    line = sheet.lines[sheet.keys.index(key)]
    if not line:
        return ""
    return f"{sheet.source}, {'row' if sheet.source.startswith('sheet ') else 'line'} {line}"


def lists(draft: Draft, fields: Iterable[Field]) -> dict[str, list[str]]:
    """The ids that inputs offer, by table; of very long tables none."""
    found: dict[str, list[str]] = {}
    for name in {f.list for f in fields if f.list and f.open}:
        sheet = draft.sheet(name)
        if sheet is not None and "id" in sheet.columns and len(sheet.rows) <= 2_000:
            at = sheet.columns.index("id")
            found[name] = sorted({text(row[at]) for row in sheet.rows} - {""})
    return found
