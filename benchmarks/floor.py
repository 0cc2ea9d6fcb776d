"""The floor of a decomposition: what it costs to solve every subproblem once, warm, at the final plan.

No search can do with less than one such round, to know what its plan costs. How many floors a solve takes is
therefore how much of it is search. This is the only place here that knows the inside of
:mod:`optimizer.decompose`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

import optimizer.decompose as decomposition
from optimizer.compile import Vector
from optimizer.decompose.engine import Engine
from optimizer.decompose.visits import Visit


@dataclass
class Floor:
    """Filled in when the decomposition is done."""

    seconds: float | None = None
    """None if no plan was found."""
    spent: float = 0.0
    """Seconds of measuring, to be taken off the solve."""


def measure(engine: Engine, y: Vector) -> Floor:
    """Ask all subproblems at the columns of the master ``y`` twice; the second time is the floor."""
    # Whatever ended the search does not end this.
    engine.stop = engine.deadline = None
    begun = time.monotonic()
    engine.oracle.ask(y)
    warm = time.monotonic()
    engine.oracle.ask(y)
    end = time.monotonic()
    return Floor(end - warm, end - begun)


@contextmanager
def watched() -> Iterator[Floor]:
    """Measure the floor of the decomposition that is run within, just before it lets its threads go."""
    floor = Floor()

    class Watched(Engine):
        """An engine that remembers its best plan."""

        final: Vector | None = None
        true = np.inf

        def visit(self, y: Vector, at: Vector | None, exact: bool = False) -> Visit:
            seen = super().visit(y, at, exact)
            if seen.true < self.true:
                self.final, self.true = y.copy(), seen.true
            return seen

        def close(self) -> None:
            # Other engines, on samples, come before the one that matters, which overwrites what they tell.
            found = Floor() if self.final is None else measure(self, self.final)
            floor.seconds, floor.spent = found.seconds, floor.spent + found.spent
            super().close()

    decomposition.Engine = Watched  # type: ignore[attr-defined]
    try:
        yield floor
    finally:
        decomposition.Engine = Engine  # type: ignore[attr-defined]
