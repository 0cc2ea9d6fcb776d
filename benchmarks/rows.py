"""Rows of results: one per measurement, appended to a file of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

Key = tuple[str, str, float, float, float, int]


@dataclass(frozen=True)
class Limits:
    """What every measurement of a run is held to."""

    gap: float = 1e-3
    """Relative gap asked for."""
    seconds: float = 600.0
    """Wall clock of one process, everything in it included."""
    memory: float = 4000.0
    """MB resident, of a process and all it starts."""
    threads: int = 1


@dataclass(frozen=True)
class Row:
    """One measurement. Seconds of wall clock, MB, USD; None where nothing is known."""

    case: str
    family: str
    scenarios: int
    method: str
    limits: Limits
    status: str
    """solved, time limit, out of time, out of memory, infeasible, not possible, not installed, skipped,
    failed, or the solver's own word."""
    note: str = ""
    tree_nodes: int | None = None
    rows: int | None = None
    columns: int | None = None
    entries: int | None = None
    reading: float | None = None
    building: float | None = None
    solving: float | None = None
    relaxation: float | None = None
    """Part of solving."""
    floor: float | None = None
    """Every subproblem once, warm, at the final plan; no part of solving."""
    cpu: float | None = None
    """Processor seconds of the process and what it waited for, loading of libraries included."""
    objective: float | None = None
    bound: float | None = None
    branch_nodes: int | None = None
    peak_mb: float | None = None
    when: str = ""
    versions: str = ""

    @property
    def key(self) -> Key:
        """What was measured, and held to what."""
        limits = self.limits
        return self.case, self.method, limits.gap, limits.seconds, limits.memory, limits.threads

    @property
    def total(self) -> float | None:
        """Reading, building and solving; None if it did not get so far."""
        parts = (self.reading, self.building, self.solving)
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    @property
    def search(self) -> float | None:
        """Solving without its relaxation."""
        if self.solving is None or self.relaxation is None:
            return None
        return self.solving - self.relaxation

    @property
    def gap_usd(self) -> float | None:
        """Objective less bound."""
        if self.objective is None or self.bound is None:
            return None
        return max(0.0, self.objective - self.bound)

    @property
    def gap(self) -> float | None:
        """The same as a share of the objective."""
        if self.gap_usd is None or not self.objective:
            return None
        return self.gap_usd / abs(self.objective)


class Store:
    """Rows in a file; of rows with the same key the last holds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[Key, Row] = {row.key: row for row in _read(path)}

    def add(self, row: Row) -> None:
        """Append a row."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(row)) + "\n")
        self.rows[row.key] = row


def _read(path: Path) -> Iterator[Row]:
    if not path.exists():
        return
    known = {field.name for field in fields(Row)}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.endswith("}"):
            continue  # the last line of a run that was killed while writing
        found = {name: value for name, value in json.loads(line).items() if name in known}
        yield Row(**{**found, "limits": Limits(**found["limits"])})


def disagreements(rows: Iterable[Row], tolerance: float = 1e-6) -> list[str]:
    """Bounds above another method's plan of the same case: one of the two is wrong."""
    found = []
    by_case: dict[str, list[Row]] = {}
    for row in rows:
        by_case.setdefault(row.case, []).append(row)
    for case, same in by_case.items():
        for plan in same:
            for proof in same:
                if plan.objective is None or proof.bound is None:
                    continue
                if proof.bound - plan.objective > tolerance * abs(plan.objective):
                    found.append(
                        f"{case}: {proof.method} says that no plan is below USD {proof.bound:,.0f}, "
                        f"{plan.method} has one of USD {plan.objective:,.0f}"
                    )
    return found
