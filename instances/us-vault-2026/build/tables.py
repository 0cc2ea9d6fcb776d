"""Reading the cited tables of ``sources/``, and the ledger of where each number of the instance comes
from."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parent.parent / "sources"
QUALITIES = ("sourced", "derived", "assumed")

Record = dict[str, str]
Table = list[Record]


@dataclass(frozen=True)
class Options:
    """What a variant of the case changes; the committed tables hold the defaults."""

    with_copper: bool = False
    flat_prices: bool = False
    shortage_factor: float = 1.0
    announcement_rate: float | None = None
    assume: tuple[tuple[str, float], ...] = ()
    """Other values for rows of ``assumptions.csv``: (id, value)."""


def read(name: str) -> Table:
    """The rows of ``sources/<name>.csv``; every row must say where it comes from and how good it is."""
    with (SOURCES / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for line, row in enumerate(rows, start=2):
        if not row["source"]:
            raise ValueError(f"sources/{name}.csv line {line}: no source")
        if row["quality"] not in QUALITIES:
            raise ValueError(
                f"sources/{name}.csv line {line}: quality {row['quality']!r}, allowed {QUALITIES}"
            )
    return rows


def number(text: str) -> float:
    """A cell that must hold a number."""
    return float(text)


def optional(text: str) -> float | None:
    """A cell that may be empty."""
    return float(text) if text else None


def words(text: str) -> list[str]:
    """A cell that holds a list, separated by semicolons."""
    return [word for word in text.split(";") if word]


def years(text: str) -> list[int]:
    """A cell that holds a list of whole numbers, separated by semicolons."""
    return [int(word) for word in words(text)]


def rounded(value: float, digits: int = 5) -> float:
    """``value`` to ``digits`` significant digits: the tables are read by people."""
    return float(f"{value:.{digits}g}")


def series(values: list[float]) -> float | list[float]:
    """One number if all years are alike, else one per year."""
    short = [rounded(v) for v in values]
    return short[0] if len(set(short)) == 1 else short


class Assumptions:
    """The single numbers of ``assumptions.csv``, by id, as a variant changes them."""

    def __init__(self, changed: tuple[tuple[str, float], ...] = ()) -> None:
        self._values = {row["id"]: number(row["value"]) for row in read("assumptions")}
        for key, value in changed:
            if key not in self._values:
                raise ValueError(f"{key!r} is no row of assumptions.csv: {', '.join(sorted(self._values))}")
            self._values[key] = value

    def __getitem__(self, key: str) -> float:
        return self._values[key]

    @property
    def start(self) -> int:
        """The first year."""
        return int(self["start_year"])

    @property
    def periods(self) -> int:
        """The number of years."""
        return int(self["periods"])

    def calendar(self) -> list[int]:
        """The years of the horizon."""
        return list(range(self.start, self.start + self.periods))


@dataclass
class Ledger:
    """Each number, or group of numbers, of the instance: its source, its quality and the formula."""

    entries: list[tuple[str, str, str, str, str, str]] = field(default_factory=list)

    def note(
        self, table: str, row: str, what: str, source: Record | str, formula: str, *, quality: str = ""
    ) -> None:
        """Record one entry; ``source`` is a row of a source table, or words together with ``quality``."""
        if isinstance(source, str):
            self.entries.append((table, row, what, source, quality, formula))
        else:
            self.entries.append((table, row, what, source["source"], quality or source["quality"], formula))

    def write(self, path: Path) -> None:
        """Write the entries as CSV."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["table", "row", "field", "source", "quality", "formula"])
            writer.writerows(self.entries)


Rows = list[dict[str, Any]]
