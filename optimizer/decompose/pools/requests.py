"""What a worker is asked and answers. Plain data: it goes through pipes and networks."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import version

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed, Fines
from optimizer.decompose.oracle import Heard


@dataclass(frozen=True)
class Hold:
    """Take these subproblems, in the place of any held before."""

    allowed: Allowed
    seed: int


@dataclass(frozen=True)
class Ask:
    """Solve all subproblems at a point of the master."""

    y: Vector
    fines: Fines
    charged: int
    """The same number, the same fines."""
    exact: bool = False
    """None goes astray."""
    regardless: bool = False
    """Of a stop: for what is kept."""


@dataclass(frozen=True)
class Keep:
    """Remember what the subproblems did in the last round."""


@dataclass(frozen=True)
class Kept:
    """Give the columns as they were when last kept."""


@dataclass(frozen=True)
class LetGo:
    """Forget the subproblems."""


@dataclass(frozen=True)
class Halt:
    """Leave what is under way, and whatever comes. Has no answer."""


Request = Hold | Ask | Keep | Kept | LetGo


@dataclass(frozen=True)
class Holding:
    """The subproblems are held by a worker with these versions."""

    versions: tuple[str, ...]


@dataclass(frozen=True)
class Answered:
    """What the subproblems said, and the simplex iterations it took."""

    heard: Heard
    iterations: int


@dataclass(frozen=True)
class Failed:
    """What went wrong in a worker that lives on: the solver's own failure, or a traceback."""

    solver: str
    traceback: str = ""


Reply = Holding | Answered | Vector | Failed | None


def versions() -> tuple[str, ...]:
    """What has to be the same on both sides for answers to mean the same."""
    packages = ("stockpile", "highspy", "numpy", "scipy")
    python = ".".join(map(str, sys.version_info[:2]))
    return (f"python {python}", *(f"{name} {version(name)}" for name in packages))
