"""What the fields of the row types are, read from the types themselves.

Checks, files, pandas tables and the reference page all walk an instance by these shapes: a field added to a
row type is at once checked, written, read and documented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from models.instance.base import Row

Kind = Literal["text", "number", "whole", "flag", "series", "list", "map", "record", "table"]
"""whole: int; flag: bool; list: of scalars; map: commodity to value; record: one nested row; table: rows."""

Path = tuple[str | int, ...]
"""Where a value stands: names of fields, and numbers (from 0) in lists."""

SCALARS: dict[Any, Kind] = {str: "text", float: "number", int: "whole", bool: "flag"}


@dataclass(frozen=True)
class FieldShape:
    """One field of a row type. ``item`` is the kind of a list's entries or a map's values; ``rows`` the row
    types of a record (several where ``kind`` tells them apart) or table; ``words`` the words allowed."""

    name: str
    kind: Kind
    info: FieldInfo
    optional: bool
    item: Kind = "text"
    rows: tuple[type[Row], ...] = ()
    words: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a row must give it."""
        return self.info.is_required()


def _bare(annotation: Any) -> tuple[Any, bool]:
    """The type without Annotated and None, and whether None is allowed."""
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation):
            rest = tuple(a for a in get_args(annotation) if a is not NoneType)
            annotation, optional = rest[0] if len(rest) == 1 else Union[rest], True  # noqa: UP007 (built at run time)
        else:
            return annotation, optional


def _scalar(annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    bare, _ = _bare(annotation)
    if get_origin(bare) is Literal:
        return "text", get_args(bare)
    if get_origin(bare) in (Union, UnionType):
        return "series", ()
    return SCALARS[bare], ()


def _field(name: str, info: FieldInfo) -> FieldShape:
    bare, optional = _bare(info.annotation)
    origin, inner = get_origin(bare), get_args(bare)
    if origin is tuple:
        entry, _ = _bare(inner[0])
        if isinstance(entry, type) and issubclass(entry, Row):
            return FieldShape(name, "table", info, optional, rows=(entry,))
        item, words = _scalar(entry)
        return FieldShape(name, "list", info, optional, item=item, words=words)
    if origin is dict:
        return FieldShape(name, "map", info, optional, item=_scalar(inner[1])[0])
    if isinstance(bare, type) and issubclass(bare, Row):
        return FieldShape(name, "record", info, optional, rows=(bare,))
    if origin in (Union, UnionType) and all(isinstance(a, type) and issubclass(a, Row) for a in inner):
        return FieldShape(name, "record", info, optional, rows=inner)
    kind, words = _scalar(bare)
    return FieldShape(name, kind, info, optional, words=words)


@cache
def shapes(cls: type[Row]) -> dict[str, FieldShape]:
    """The fields of a row type, by name, in the order of the model."""
    return {name: _field(name, info) for name, info in cls.model_fields.items()}


@cache
def _holds_series(cls: type[Row]) -> bool:
    return any(
        s.kind == "series" or s.item == "series" or any(_holds_series(row) for row in s.rows)
        for s in shapes(cls).values()
    )


def series_of(row: Row, path: Path = ()) -> Iterator[tuple[Path, float | tuple[float, ...]]]:
    """Every Series in a row and what hangs under it, with its path; absent ones are left out."""
    for name, shape in shapes(type(row)).items():
        value = getattr(row, name)
        if value is None:
            continue
        if shape.kind == "series":
            yield (*path, name), value
        elif shape.kind == "map" and shape.item == "series":
            yield from (((*path, name, key), entry) for key, entry in value.items())
        elif shape.kind == "record" and any(map(_holds_series, shape.rows)):
            yield from series_of(value, (*path, name))
        elif shape.kind == "table" and _holds_series(shape.rows[0]):
            for number, entry in enumerate(value):
                yield from series_of(entry, (*path, name, number))
