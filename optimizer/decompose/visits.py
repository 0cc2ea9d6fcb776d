"""What rounds of a decomposition end with."""

from __future__ import annotations

from dataclasses import dataclass

from optimizer.compile import Vector


@dataclass(frozen=True)
class Visit:
    """A point of the master and what the subproblems make of it."""

    y: Vector
    """With allowances of what they used."""
    cost: float
    """At y; inf where a subproblem has no plan; fines included."""
    true: float
    """Cost without fines; inf where a row that joins subproblems is broken, or one of them went astray."""
    beyond: Vector
    """By joining row: what goes beyond allowances."""
    astray: Vector
    """By column of the master but allowances: how far from it subproblems are, on average."""
    cuts: int
    """How many cuts were new."""


@dataclass(frozen=True)
class Settled:
    """One set of decisions: no plan is below ``bound``; ``best`` keeps all rows."""

    bound: float
    best: Visit | None
