"""What a plan rests on: for every number of a case that comes with the application its source.

The sources stand beside the tables of a case (``sources/provenance.csv``), not in the instance. An instance
of that name gets the marks of the rows that are still those of the case; changed rows are told apart.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.instance import Instance

CASES = Path(__file__).resolve().parents[3] / "instances"
LEDGER = Path("sources") / "provenance.csv"
MARKS = {
    "sourced": "A text that was read gives the number.",
    "derived": "Computed from such numbers, as the note says.",
    "assumed": "General knowledge or a choice: to be replaced first.",
}
"""Quality marks, the best first, and what they mean."""
PAGE = 200
"""Entries of a page."""


@dataclass(frozen=True)
class Entry:
    """A number or a group of numbers of the instance, and where it is from."""

    table: str
    row: str
    field: str
    source: str
    mark: str
    note: str
    changed: bool = False
    """Whether the row is no longer as in the case, so that the mark need not hold."""


@dataclass(frozen=True)
class Ledger:
    """Entries that fit a filter, a page of them, and how many there are of each mark."""

    case: str
    entries: list[Entry]
    found: int
    all: int
    changed: int
    marks: dict[str, int]
    tables: list[str]
    page: int
    pages: int


@dataclass(frozen=True)
class _Case:
    instance: Instance
    entries: list[Entry]


@cache
def _case(folder: Path, stamp: float) -> _Case:
    from models import files

    with (folder / LEDGER).open(encoding="utf-8", newline="") as file:
        entries = [
            Entry(r["table"], r["row"], r["field"], r["source"], r["quality"], r["formula"])
            for r in csv.DictReader(file)
        ]
    return _Case(files.read(folder), entries)


def _named(name: str, cases: Path) -> _Case | None:
    """The case of a name, if it has a ledger; folders are called as their instances."""
    folder = cases / name
    if "/" in name or "\\" in name or name.startswith(".") or not (folder / LEDGER).is_file():
        return None
    return _case(folder, (folder / LEDGER).stat().st_mtime)


def entries(instance: Instance, cases: Path = CASES) -> list[Entry]:
    """Those of an instance; none where no case of its name has a ledger."""
    case = _named(instance.name, cases)
    if case is None:
        return []
    here, there = Rows(instance), Rows(case.instance)
    return [
        Entry(**{**vars(e), "changed": not here.same(there, e.table) and here.about(e) != there.about(e)})
        for e in case.entries
    ]


class Rows:
    """Rows of an instance as entries name them."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._named: dict[str, dict[str, list[Any]]] = {}
        self._same: dict[str, bool] = {}

    def table(self, name: str) -> Any:
        """What a name with dots leads to, as far as it leads."""
        found: Any = self._instance
        for part in name.split("."):
            if not hasattr(found, part):
                break
            found = getattr(found, part)
        return found

    def same(self, other: Rows, table: str) -> bool:
        """Whether a table is the same in both."""
        if table not in self._same:
            self._same[table] = self.table(table) == other.table(table)
        return self._same[table]

    def about(self, entry: Entry) -> Any:
        """The rows that an entry is about; the whole table where it names none of its rows."""
        table = self.table(entry.table)
        if not isinstance(table, tuple):
            return table
        if entry.table not in self._named:
            named: dict[str, list[Any]] = {}
            for row in table:
                for name in {getattr(row, "id", ""), getattr(row, "commodity", "")}:
                    named.setdefault(name, []).append(row)
            self._named[entry.table] = named
        name, _, place = entry.row.partition(" from ")
        if name.endswith(":*"):
            name = name.removesuffix(":*")
        rows = [
            row
            for row in self._named[entry.table].get(name, [])
            if not place or getattr(row, "country", "") == place
        ]
        return rows or table


def ledger(
    case: str, every: list[Entry], mark: str = "", table: str = "", text: str = "", page: int = 1
) -> Ledger:
    """Entries with a mark (or ``changed``), of a table, with a text in them; all where these are empty."""
    wanted = text.casefold().split()
    found = [
        e
        for e in every
        if (not mark or e.mark == mark or (mark == "changed" and e.changed))
        and (not table or e.table == table)
        and _holds(wanted, (e.table, e.row, e.field, e.source, e.note))
    ]
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, page), pages)
    return Ledger(
        case,
        found[PAGE * (page - 1) : PAGE * page],
        len(found),
        len(every),
        sum(e.changed for e in every),
        {name: sum(e.mark == name for e in every) for name in MARKS},
        list(dict.fromkeys(e.table for e in every)),
        page,
        pages,
    )


def _holds(wanted: Iterable[str], texts: Iterable[str]) -> bool:
    whole = " ".join(texts).casefold()
    return all(word in whole for word in wanted)
