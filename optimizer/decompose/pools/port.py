"""What a decomposition asks of its subproblems, wherever they are solved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed, Fines
from optimizer.decompose.oracle import Heard


class Stopped(Exception):
    """A limit of time, or somebody, asked for an end."""


class Asked(Protocol):
    """The subproblems of one programme. They answer the same to the bit wherever they are, as long as none of
    those that solve them is lost."""

    @property
    def rounds(self) -> int:
        """How often all were asked."""

    @property
    def iterations(self) -> int:
        """Of the simplex method, so far."""

    def ask(self, y: Vector, exact: bool = False) -> Heard:
        """Ask all at a point of the master. If ``exact``, none goes astray. Once there is a stop, the answers
        are worth nothing, or Stopped is raised."""

    def charge(self, fines: Fines) -> None:
        """Fines from now on."""

    def keep(self) -> None:
        """Remember what the subproblems did in the last round."""

    def kept(self) -> Vector:
        """Columns of the subproblems as they were when last kept."""

    def floor(self) -> Vector:
        """By subproblem: what it costs at least, wherever the master stands."""

    def close(self) -> None:
        """Let go of the subproblems."""


class Pool(Protocol):
    """Where subproblems are solved."""

    @property
    def words(self) -> str:
        """What a plan says of it; empty where that is plain."""

    def hold(self, allowed: Allowed, *, seed: int, halted: Callable[[], bool]) -> Asked:
        """Take the subproblems of a programme; those held before are let go."""

    def close(self) -> None:
        """End whatever was started."""
