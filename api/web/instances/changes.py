"""What changed between two instances: rows by key, cell by cell, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.web.instances.sheets import cell, head
from models.instance import Instance
from models.tables import Grid, grids
from models.tables.layout import SCALARS, scalars, tables
from models.tables.periods import split
from optimizer.summary.words import count, figures

MOST = 300
"""Rows of a table that are told one by one."""
_NAMING = ("id", "commodity", "country", "via", "depot", "kind", "segment")
_YEARS = 4
"""Years that are told one by one, if they do not all change alike."""


@dataclass(frozen=True)
class CellChange:
    """One field of a row: before, after, and both in words."""

    name: str
    unit: str
    before: str
    after: str
    words: str


@dataclass(frozen=True)
class RowChange:
    """A row that is in one of the two only, or in both with other values."""

    label: str
    cells: tuple[CellChange, ...] = ()
    about: str = ""
    """What an added or removed row says."""


@dataclass
class TableChange:
    """What changed in a table."""

    name: str
    added: list[RowChange] = field(default_factory=list)
    removed: list[RowChange] = field(default_factory=list)
    changed: list[RowChange] = field(default_factory=list)
    hidden: int = 0
    """Rows that are not told one by one."""

    @property
    def words(self) -> str:
        """The table in a sentence."""
        cells = sum(len(row.cells) for row in self.changed)
        parts = [
            f"{count(len(self.added), 'row')} added" if self.added else "",
            f"{count(len(self.removed), 'row')} removed" if self.removed else "",
            f"{count(cells, 'cell')} changed in {count(len(self.changed), 'row')}" if cells else "",
        ]
        return f"{self.name}: {', '.join(part for part in parts if part)}."


Key = tuple[str, ...]
Values = dict[str, Any]


def changes(before: Instance, after: Instance) -> list[TableChange]:
    """Table by table, those that are equal left out. The order of rows does not count."""
    old, new = ({g.name: g for g in grids(i)} for i in (before, after))
    found = []
    for name in (SCALARS, *tables()):
        change = _table(name, _rows(old.get(name)), _rows(new.get(name)))
        if change.added or change.removed or change.changed:
            found.append(change)
    return found


def _rows(grid: Grid | None) -> dict[Key, Values]:
    """Rows by what names them; rows that are named alike are numbered."""
    found: dict[Key, Values] = {}
    if grid is None:
        return found
    times: dict[Key, int] = {}
    fields = [split(name) for name in grid.columns]
    for cells in grid.rows:
        values: Values = {}
        for (name, year), value in zip(fields, cells, strict=False):
            if value is None:
                continue
            if year is None:
                values[name] = value
            else:
                values.setdefault(name, {})[year] = value
        key = tuple(cell(values[name]) for name in _key(grid.name) if name in values)
        number = times[key] = times.get(key, 0) + 1
        named = key if number == 1 and key else (*key, f"no. {number}")
        found[named] = values
    return found


def _key(table: str) -> tuple[str, ...]:
    if table == SCALARS:
        return ("field",)
    layout = tables()[table]
    names = [column.name for column in layout.columns]
    own = ["id"] if "id" in names else [name for name in _NAMING if name in names]
    return (*layout.keys, *own)


def _table(name: str, old: dict[Key, Values], new: dict[Key, Values]) -> TableChange:
    change = TableChange(name)
    change.removed = [_row(name, key, values) for key, values in old.items() if key not in new]
    change.added = [_row(name, key, values) for key, values in new.items() if key not in old]
    for key, values in old.items():
        if key in new and values != new[key]:
            change.changed.append(RowChange(" · ".join(key), tuple(_cells(name, values, new[key]))))
    for rows in (change.added, change.removed, change.changed):
        change.hidden += max(0, len(rows) - MOST)
    return change


def _row(table: str, key: Key, values: Values) -> RowChange:
    return RowChange(" · ".join(key), about=_about(table, values))


def _about(table: str, values: Values) -> str:
    """A row in a line: its columns beside those that name it."""
    skip = set(_key(table))
    parts = [f"{name} {_shown(table, name, value)}" for name, value in values.items() if name not in skip]
    return ", ".join(parts[:6]) + (" …" if len(parts) > 6 else "")


def _shown(table: str, name: str, value: Any) -> str:
    if isinstance(value, dict):
        texts = {year: cell(v, right=True) for year, v in value.items()}
        return ", ".join(f"{year}: {text}" for year, text in texts.items())
    return cell(value, right=head(table, name).right)


def _cells(table: str, old: Values, new: Values) -> Iterator[CellChange]:
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        field_name = name
        unit = head(table, name).unit
        if table == SCALARS:
            column = scalars().get(str(new.get("field", old.get("field"))))
            field_name = column.name if column is not None else name
            unit = _unit_of_scalar(field_name)
        absent = _default(table, name)
        first, last = (_shown(table, name, v) if v is not None else absent for v in (before, after))
        words = _words(field_name, unit, before, after, absent)
        yield CellChange(field_name, unit, first, last, words)


def _unit_of_scalar(name: str) -> str:
    from models.reference import meaning

    column = scalars().get(name)
    return meaning(column.shape.info.description)[1] if column is not None else ""


def _default(table: str, name: str) -> str:
    """What an absent value means."""
    columns: Sequence[Any] = () if table == SCALARS else tables()[table].columns
    column = next((c for c in columns if c.name == name), None)
    default = column.shape.info.default if column is not None and not column.shape.required else None
    if default is None or default in ((), ""):
        return "nothing"
    if isinstance(default, tuple):
        return ";".join(cell(v) for v in default)
    return cell(default)


def _words(name: str, unit: str, before: Any, after: Any, absent: str) -> str:
    tail = f" {unit}" if unit else ""
    if isinstance(before, dict) and isinstance(after, dict):
        return f"{name} {_years(before, after, tail)}"
    if isinstance(before, dict) or isinstance(after, dict):
        one, other = (
            "one number per period" if isinstance(v, dict) else _one(v, absent) for v in (before, after)
        )
        return f"{name} from {one} to {other}{tail}"
    if _is_number(before) and _is_number(after):
        return f"{name} {_moved(before, after)} from {_one(before, absent)} to {_one(after, absent)}{tail}"
    return f"{name} from {_one(before, absent)} to {_one(after, absent)}{tail}"


def _one(value: Any, absent: str) -> str:
    return absent if value is None else cell(value, right=_is_number(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moved(before: float, after: float) -> str:
    up = "rises" if after > before else "falls"
    if before <= 0 or after < 0:
        return up
    return f"{up} by {_percent(after / before - 1)}"


def _percent(share: float) -> str:
    return f"{figures(abs(100 * share), 2)} %"


def _years(before: dict[str, Any], after: dict[str, Any], tail: str) -> str:
    """The years that differ; where all change by the same factor, that."""
    years = [y for y in dict.fromkeys([*before, *after]) if before.get(y) != after.get(y)]
    both = [(before[y], after[y]) for y in years if y in before and y in after]
    ratios = [b / a for a, b in both if a > 0]
    alike = len(ratios) == len(years) > 1 and max(ratios) - min(ratios) <= 1e-3 * max(abs(r) for r in ratios)
    if alike:
        move = "rises" if ratios[0] > 1 else "falls"
        every = "in every year" if len(years) == len(after) else f"in {count(len(years), 'year')}"
        first, last = (cell(value, right=True) for value in both[0])
        return f"{move} by {_percent(ratios[0] - 1)} {every}: {years[0]} from {first} to {last}{tail}"
    told = [
        f"{year} from {_one(before.get(year), 'nothing')} to {_one(after.get(year), 'nothing')}"
        for year in years[:_YEARS]
    ]
    more = f" and {count(len(years) - _YEARS, 'more year')}" if len(years) > _YEARS else ""
    return f"in {', '.join(told)}{tail}{more}"
