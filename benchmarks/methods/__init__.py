"""Methods side by side. Each module has ``run(asked, steps)``, which reads, builds and solves, and says when.

All of them solve the formulation of model.md in the units of :mod:`optimizer.data`, to the same relative gap,
with the same number of threads. None makes a plan of what it finds: reports, tables and the audit of a plan
are the same work for all.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from models.instance import Instance


@dataclass(frozen=True)
class Asked:
    """What a method is asked for."""

    path: Path
    method: str
    gap: float
    """Relative."""
    deadline: float
    """On :func:`time.monotonic`."""
    threads: int

    def left(self) -> float:
        """Seconds left, at least a hundredth."""
        return max(0.01, self.deadline - time.monotonic())


@dataclass(frozen=True)
class Found:
    """What a method ended with; money in USD."""

    end: str
    """optimal, time_limit, infeasible, or the solver's own word."""
    objective: float | None
    """None without a plan."""
    bound: float | None
    """None if nothing is known."""
    branch_nodes: int | None = None
    relaxation: float | None = None
    """Seconds of the solving that went into the relaxation, where told."""
    floor: float | None = None
    """Seconds to solve every subproblem once at the final plan; see :mod:`benchmarks.floor`."""
    besides: float = 0.0
    """Seconds within the solving that are no part of it: what the floor took."""
    note: str = ""


class NotPossible(Exception):
    """The method cannot solve this kind of instance; the message says why."""


class Steps:
    """A diary of one measurement, one JSON object per line, so that what is known outlives the process."""

    EVERY = 1.0
    """Seconds between two lines about where a search stands."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.told = file, float("-inf")

    def write(self, **entry: object) -> None:
        """One line, with the time."""
        print(json.dumps({"at": time.monotonic(), **entry}), file=self.file, flush=True)

    def begin(self, phase: str) -> None:
        """A phase begins; the one before it ends."""
        self.write(phase=phase)

    def size(self, tree_nodes: int, rows: int, columns: int, entries: int) -> None:
        """How large the programme is."""
        self.write(tree_nodes=tree_nodes, rows=rows, columns=columns, entries=entries)

    def standing(self, objective: float | None, bound: float | None) -> None:
        """Where a search stands; USD."""
        if time.monotonic() - self.told >= self.EVERY:
            self.told = time.monotonic()
            self.write(objective=objective, bound=bound)


class Run(Protocol):
    """What a module of this package has."""

    def __call__(self, asked: Asked, steps: Steps) -> Found:
        """Read, build, solve. Raises NotPossible."""


def linear(instance: Instance) -> None:
    """Raise NotPossible if the instance has a cone, which no linear programme holds."""
    if any(rule.hhi < 1 for rule in instance.risk.concentration):
        raise NotPossible("a rule on concentration is a cone")


def finite(value: float | None) -> float | None:
    """The number, None if it is none or infinite."""
    return value if value is not None and abs(value) < 1e300 else None
