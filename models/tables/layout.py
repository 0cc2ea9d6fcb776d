"""Which tables an instance is made of, and which columns each has; read from the row types.

A nested list of rows, and a field with one value per commodity, is a table of its own, named ``table.field``,
that repeats the id of its parent in its first columns. Nested records become columns named ``record.field``.
Everything that is not in a row (name, horizon, budget, weights) stands in the table ``instance``, one field
to a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from models.instance import Instance
from models.instance.base import Row
from models.instance.shape import FieldShape, Kind, shapes

SCALARS = "instance"
"""The table of everything that is not in a row; columns ``field`` and ``value``."""

SINGULAR = {
    "demand": "demand",
    "industries": "industry",
    "spot": "spot",
    "projects": "project",
    "scenarios": "scenario",
    "events": "event",
    "hazards": "hazard",
    "levels": "level",
}
"""The column that names the parent of a nested row."""


@dataclass(frozen=True)
class Column:
    """One field as a column. ``path`` leads from the row to it."""

    name: str
    path: tuple[str, ...]
    kind: Kind
    item: Kind
    shape: FieldShape
    needed: bool
    """Whether every row fills it."""


@dataclass(frozen=True)
class Table:
    """One table. ``keys`` are the columns that name the parent; ``row`` is None for values by commodity."""

    name: str
    path: tuple[str, ...]
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    row: type[Row] | None
    parent: str = ""

    @property
    def field(self) -> str:
        """The field of the parent that holds the rows."""
        return self.path[-1]


def _columns(cls: type[Row], path: tuple[str, ...] = (), needed: bool = True) -> Iterator[Column]:
    for name, shape in shapes(cls).items():
        here, must = (*path, name), needed and shape.required
        if shape.kind == "record":
            seen: set[str] = set()
            for row in shape.rows:
                for column in _columns(row, here, must and len(shape.rows) == 1):
                    if column.name not in seen:
                        seen.add(column.name)
                        yield column
        elif shape.kind not in ("table", "map"):
            yield Column(".".join(here), here, shape.kind, shape.item, shape, must)


def _nested(cls: type[Row], path: tuple[str, ...], keys: tuple[str, ...]) -> Iterator[Table]:
    """The tables below the rows of a table."""
    below = (*keys, SINGULAR.get(path[-1], path[-1]))
    for name, shape in shapes(cls).items():
        here = (*path, name)
        if shape.kind == "table":
            yield from _table(shape, here, below, ".".join(path))
        elif shape.kind == "map":
            text = shapes(Instance)["name"]
            columns = (
                Column("commodity", ("commodity",), "text", "text", text, True),
                Column("quantity", ("quantity",), shape.item, "text", shape, True),
            )
            yield Table(".".join(here), here, below, columns, None, ".".join(path))


def _table(shape: FieldShape, path: tuple[str, ...], keys: tuple[str, ...], parent: str) -> Iterator[Table]:
    cls = shape.rows[0]
    yield Table(".".join(path), path, keys, tuple(_columns(cls)), cls, parent)
    yield from _nested(cls, path, keys)


@cache
def tables() -> dict[str, Table]:
    """Every table by name, parents before what hangs under them, in the order of the model."""
    found: dict[str, Table] = {}
    for name, shape in shapes(Instance).items():
        if shape.kind == "table":
            found.update((t.name, t) for t in _table(shape, (name,), (), ""))
        elif shape.kind == "record":
            for inner, part in shapes(shape.rows[0]).items():
                if part.kind == "table":
                    found.update((t.name, t) for t in _table(part, (name, inner), (), ""))
    return found


@cache
def scalars() -> dict[str, Column]:
    """The fields of the table ``instance`` by name: ``horizon.periods``, ``budget.envelope`` ..."""
    return {c.name: c for c in _columns(Instance)}
