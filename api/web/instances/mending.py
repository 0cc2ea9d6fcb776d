"""A draft as a page to mend it on: faults by table, the faulty rows with their cells, and the ways on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from api.web.instances.cells import (
    Field,
    Message,
    choices,
    columns_of,
    field_of,
    label,
    message,
    naming,
    place,
)
from api.web.instances.sheets import Head, head, note
from models.drafts import Checked, Draft, Placed, Sheet
from models.tables.layout import SCALARS, tables

ROWS = 50
"""Faulty rows of a table that are shown at a time: those behind them follow as these are mended."""


@dataclass(frozen=True)
class Line:
    """A row with what is wrong with it."""

    key: str
    label: str
    place: str
    fields: tuple[Field, ...]
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Lack:
    """A row that is missing: the fields of a new one."""

    number: int
    label: str
    messages: tuple[Message, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Wrong:
    """A column, or a whole table, that is wrong: what it may be called instead."""

    column: str
    name: str
    message: Message
    names: tuple[str, ...]
    missing: bool = False
    """A column that should be there."""


@dataclass
class Group:
    """The faults of one table."""

    table: str
    note: str
    source: str
    count: int = 0
    heads: list[Head] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    hidden: int = 0
    lacks: list[Lack] = field(default_factory=list)
    columns: list[Wrong] = field(default_factory=list)
    itself: list[Wrong] = field(default_factory=list)


def groups(draft: Draft, checked: Checked) -> list[Group]:
    """Faults by table, in the order of the model; tables it does not know come first."""
    found: dict[str, list[Placed]] = {}
    for fault in checked.faults:
        if fault.kind != "rest":
            found.setdefault(fault.table, []).append(fault)
    order = [SCALARS, *tables()]
    names = sorted(found, key=lambda name: order.index(name) if name in order else -1)
    return [_group(draft, name, found[name]) for name in names]


def rest(checked: Checked) -> list[tuple[str, Message]]:
    """Faults that belong to no table."""
    return [(f.label, message(f)) for f in checked.faults if f.kind == "rest"]


def _group(draft: Draft, name: str, faults: Sequence[Placed]) -> Group:
    sheet = draft.sheet(name)
    known = name in tables() or name == SCALARS
    group = Group(name, note(name) if known else "", sheet.source if sheet else "", len(faults))
    for fault in faults:
        if fault.kind == "table":
            free = [t for t in (SCALARS, *tables()) if draft.sheet(t) is None]
            group.itself.append(Wrong("", name, message(fault), tuple(free)))
        elif fault.kind == "column":
            group.columns.append(_wrong_column(sheet, fault))
    lacks: dict[tuple[str, ...], list[Placed]] = {}
    for fault in faults:
        if fault.kind == "lack":
            lacks.setdefault(fault.keys, []).append(fault)
    group.lacks = [_lack(name, number, keys, fs) for number, (keys, fs) in enumerate(lacks.items())]
    if sheet is not None:
        _lines(draft, sheet, [f for f in faults if f.kind in ("cell", "row")], group)
    return group


def _wrong_column(sheet: Sheet | None, fault: Placed) -> Wrong:
    taken = set(sheet.columns if sheet else ())
    free = tuple(name for name in columns_of(fault.table) if name not in taken)
    return Wrong(fault.column, fault.name, message(fault), free, missing=not fault.column)


def _lines(draft: Draft, sheet: Sheet, faults: Sequence[Placed], group: Group) -> None:
    by_row: dict[str, list[Placed]] = {}
    for fault in faults:
        for row in fault.rows or (fault.row,):
            by_row.setdefault(row, []).append(fault)
    at = {key: i for i, key in enumerate(sheet.keys)}
    rows = sorted((key for key in by_row if key in at), key=lambda key: at[key])
    group.hidden = max(0, len(rows) - ROWS)
    rows = rows[:ROWS]
    shown: dict[str, str] = dict(zip(sheet.ids, sheet.columns, strict=True))
    wrong = {f.column or f"+{f.name}": f.name for f in faults if f.kind == "cell"}
    # Of a fault of several rows together, any of the numbers may be the one to change.
    several = {key for f in faults if f.kind == "row" for key in f.rows or (f.row,)}
    own = naming(sheet.name)
    columns = [id for id in shown if shown[id] in own or id in wrong or (several and _fillable(sheet, id))]
    columns += [id for id in wrong if id.startswith("+")]
    names = [shown.get(id, id[1:]) for id in columns]
    group.heads = [head(sheet.name, name) for name in names]
    told: set[int] = set()
    for key in rows:
        fields = []
        for id, name in zip(columns, names, strict=True):
            found = [f for f in by_row[key] if f.kind == "cell" and (f.column or f"+{f.name}") == id]
            fields.append(field_of(draft, sheet, key, id, name, found, opened=bool(found) or key in several))
        mine = [f for f in by_row[key] if f.kind == "row"]
        messages = tuple(message(f) for f in mine if id_of(f) not in told)
        told.update(id_of(f) for f in mine)
        group.lines.append(Line(key, label(sheet, key), place(sheet, key), tuple(fields), messages))


def id_of(fault: Placed) -> int:
    """Tells the same fault of several rows from others."""
    return id(fault)


def _fillable(sheet: Sheet, id: str) -> bool:
    at = sheet.ids.index(id)
    return any(row[at] is not None for row in sheet.rows)


def new_row(draft: Draft, table: str) -> Lack:
    """The fields of a new row of a table."""
    lack = _lack(table, -1, (), ())
    fields = tuple(
        replace(f, words=words, list=list)
        for f in lack.fields
        for words, list in [choices(draft, table, f.head.name, "")]
    )
    return replace(lack, fields=fields)


def _lack(table: str, number: int, keys: tuple[str, ...], faults: Sequence[Placed]) -> Lack:
    messages = tuple(message(f) for f in faults)
    if table == SCALARS:
        given = dict(zip(("field",), keys, strict=False))
        names = ["field", "value"]
    else:
        layout = tables()[table]
        given = dict(zip(layout.keys, keys, strict=False))
        names = [*layout.keys, *(column.name for column in layout.columns if column.needed)]
    fields = tuple(
        Field(f"n|{number}|{table}|{name}", head(table, name), given.get(name, ""), open=name not in given)
        for name in names
    )
    return Lack(number, " · ".join(keys), messages, fields)
