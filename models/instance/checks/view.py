"""The rows that can be checked against each other, and the names they may refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from models.instance.base import Row, well_formed
from models.instance.checks.findings import Findings
from models.instance.shape import Path

if TYPE_CHECKING:
    from models.instance import Instance
    from models.instance.market import Horizon

R = TypeVar("R", bound=Row)

Loose = Mapping[str, Sequence[Any]]
"""By table: the rows, as found, that are malformed. Their names are known, the rest of them is not."""

OWNERS = (
    "countries",
    "commodities",
    "demand",
    "industries",
    "spot",
    "agreements",
    "projects",
    "choices",
    "depots",
    "substitutions",
    "budget.sources",
    "allocations",
    "scenarios",
    "hazards",
    "hazard_rates",
)
"""The tables whose ids are unique over the whole instance (events: within their scenario, levels: within
their hazard)."""


class View:
    """An instance, of which parts may be missing because they were malformed.

    ``instance`` holds the well-formed rows; ``numbers`` says, for a table that lost rows, which number each
    had; ``loose`` holds the lost ones; ``lost`` names tables of which nothing could be read.
    """

    def __init__(
        self,
        instance: Instance,
        findings: Findings,
        numbers: Mapping[str, Sequence[int]] | None = None,
        loose: Loose | None = None,
        lost: frozenset[str] = frozenset(),
    ) -> None:
        self.instance = instance
        self.findings = findings
        self._numbers = numbers or {}
        self._loose = loose or {}
        self._lost = lost
        self._known: dict[tuple[tuple[str, ...], str], frozenset[str] | None] = {}

    @cached_property
    def horizon(self) -> Horizon | None:
        """None where it is malformed: then nothing is said about periods."""
        return None if "horizon" in self._lost else self.instance.horizon

    def table(self, name: str) -> tuple[Any, ...]:
        """The rows of a table, by its name ('budget.sources' for one inside a record)."""
        holder: Any = self.instance
        for part in name.split("."):
            holder = getattr(holder, part, None)
        return holder or ()

    def each(self, name: str, rows: Iterable[R] | None) -> Iterator[tuple[Path, R]]:
        """The rows of the named table with their paths."""
        parts = tuple(name.split("."))
        numbers = self._numbers.get(name)
        for i, row in enumerate(rows or ()):
            yield (*parts, i if numbers is None else numbers[i]), row

    def known(self, *tables: str, field: str = "id") -> frozenset[str] | None:
        """Every value of a field in these tables; None if that cannot be told, as a row has lost it."""
        key = (tables, field)
        if key not in self._known:
            self._known[key] = self._collect(tables, field)
        return self._known[key]

    def _collect(self, tables: tuple[str, ...], field: str) -> frozenset[str] | None:
        found: set[str] = set()
        for name in tables:
            if name in self._lost or name.partition(".")[0] in self._lost:
                return None
            found.update(getattr(row, field) for row in self.table(name))
            for row in self._loose.get(name, ()):
                value = row.get(field) if isinstance(row, dict) else None
                if not (isinstance(value, str) and well_formed(value, an_id=field == "id")):
                    return None  # whatever was meant may be what others refer to
                found.add(value)
        return frozenset(found)

    def refer(self, path: Path, value: str, *tables: str, field: str = "id") -> None:
        """The value must stand in one of the tables."""
        known = self.known(*tables, field=field)
        if known is None or value in known:
            return
        names = tables[0] if len(tables) == 1 else ", ".join(tables[:-1]) + " or " + tables[-1]
        what = "an id" if field == "id" else f"a {field}"
        if not known:
            hint = f"; there is none in {names}"
        elif field == "id" and (owner := self._owners.get(value)):
            hint = f"; {value!r} is an id of {owner}"
        else:
            hint = self.findings.hint(value, known)
        self.findings.add(path, value, f"{what} that stands in {names}{hint}")

    def refer_all(self, path: Path, values: Iterable[str], *tables: str, field: str = "id") -> None:
        """Each value of a list must stand in one of the tables."""
        for number, value in enumerate(values):
            self.refer((*path, number), value, *tables, field=field)

    @cached_property
    def _owners(self) -> dict[str, str]:
        return {row.id: name for name in reversed(OWNERS) for row in self.table(name)}
