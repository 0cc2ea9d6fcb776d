"""The programme under search: its LPs, limits, bounds and incumbent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from optimizer.compile import Vector
from optimizer.highs import Relaxation, Solved

INTEGRAL = 1e-6
"""Distance from an integer below which a value is rounded and tried."""
EXACT = 1e-9
"""Distance below which rounding cannot matter."""
THRESHOLDS = (0.5, 0.2, 0.05)
"""First incumbents: decisions above a threshold in the relaxation are taken. Fixed costs make the relaxation
sign a tenth of an agreement, so rounding to the nearest would drop what is worth having."""

End = Literal["optimal", "infeasible", "time_limit", "interrupted"]


@dataclass(eq=False)
class Open:
    """A part of the tree that is still to be looked at: no plan within these bounds is below ``bound``."""

    bound: float
    order: int
    lower: Vector
    upper: Vector

    def __lt__(self, other: Open) -> bool:
        """The lower bound first, then the one made first."""
        return (self.bound, self.order) < (other.bound, other.order)


@dataclass(eq=False)
class Node(Open):
    """One whose relaxation has been solved."""

    solved: Solved


def distance(x: Vector) -> Vector:
    """How far each value is from a whole number."""
    gap: Vector = np.abs(x - np.round(x))
    return gap


class Programme:
    """LPs of one search, two at a time where there are threads, with all that ends or bounds them."""

    def __init__(
        self,
        relaxation: Relaxation,
        count: int,
        *,
        relative_gap: float,
        seconds: float | None,
        threads: int,
        stop: threading.Event | None,
    ) -> None:
        self.pair = (relaxation, relaxation.another() if threads > 1 else relaxation)
        self.pool: ThreadPoolExecutor | None = None
        self.relative_gap = relative_gap
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.stop = stop
        self.incumbent: Vector | None = None
        self.objective = np.inf
        self.discarded = np.inf
        """No plan in any part of the tree that was given up is below this."""
        self.lower, self.upper = relaxation.bounds
        self.iterations = 0
        self.lp_seconds = 0.0

    @property
    def cutoff(self) -> float:
        """Nothing at or above this is worth finding."""
        if not np.isfinite(self.objective):
            return np.inf
        return float(self.objective - self.relative_gap * abs(self.objective))

    def stopped(self) -> End | None:
        """Whether something asks for an end."""
        if self.stop is not None and self.stop.is_set():
            return "interrupted"
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return "time_limit"
        return None

    def discard(self, bound: float) -> None:
        """Give up a part of the tree in which no plan is below the bound."""
        self.discarded = min(self.discarded, bound)

    # ---- LPs

    def _seconds(self) -> float | None:
        return None if self.deadline is None else max(0.01, self.deadline - time.monotonic())

    @contextmanager
    def _timed(self) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.lp_seconds += time.perf_counter() - begun

    def _solve(
        self, which: int, lower: Vector, upper: Vector, basis: Any, iterations: int | None = None
    ) -> Solved:
        return self.pair[which].solve(
            np.maximum(lower, self.lower),
            np.minimum(upper, self.upper),
            basis,
            cutoff=self.cutoff,
            seconds=self._seconds(),
            iterations=iterations,
        )

    def alone(self, lower: Vector, upper: Vector, basis: Any) -> Solved:
        """One LP by itself."""
        with self._timed():
            solved = self._solve(0, lower, upper, basis)
        self.iterations += solved.iterations
        return solved

    def both(self, node: Node, j: int, iterations: int | None = None) -> list[Solved]:
        """Column j rounded down and up; with a limit of iterations only objectives are asked for."""
        down, up = node.upper.copy(), node.lower.copy()
        down[j], up[j] = np.floor(node.solved.x[j]), np.ceil(node.solved.x[j])
        jobs = [(0, node.lower, down), (1, up, node.upper)]
        run: Callable[..., Iterable[Solved]] = map if self.pool is None else self.pool.map
        with self._timed():
            solved = list(
                run(lambda job: self._solve(job[0], job[1], job[2], node.solved.basis, iterations), jobs)
            )
        self.iterations += sum(s.iterations for s in solved)
        if any(s.end == "cut off" for s in solved):
            self.discard(self.cutoff)
        return solved

    # ---- incumbents

    def try_point(self, x: Vector, basis: Any) -> None:
        """Fix all decisions at whole numbers; a better incumbent is kept."""
        fixed = np.round(x)
        # Not through _solve: fixings by reduced cost are about better plans, not about this one.
        with self._timed():
            solved = self.pair[0].solve(fixed, fixed, basis, cutoff=self.objective, seconds=self._seconds())
        self.iterations += solved.iterations
        if solved.end == "optimal" and solved.objective < self.objective:
            self.objective, self.incumbent = solved.objective, fixed

    def complete(self, start: Vector, root: Solved) -> None:
        """Try a point; decisions that it leaves open (nan) are found by diving with the others fixed."""
        open_ = np.isnan(start)
        if not open_.any():
            self.try_point(start, root.basis)
            return
        lower = np.where(open_, self.lower, np.round(start))
        upper = np.where(open_, self.upper, np.round(start))
        solved = self.alone(lower, upper, root.basis)
        if solved.end == "optimal":
            self._dive(Node(solved.objective, 0, lower, upper, solved))

    def first_incumbents(self, root: Node) -> None:
        """Take what the relaxation takes more than a little of; then dive."""
        for threshold in THRESHOLDS:
            self.try_point(np.floor(root.solved.x + 1 - threshold), root.solved.basis)
        self._dive(root)

    def _dive(self, node: Node) -> None:
        """Round the decisions that are nearest to a whole number, a few at a time, until all are."""
        lower, upper, solved = node.lower.copy(), node.upper.copy(), node.solved
        while not self.stopped():
            far = distance(solved.x)
            open_ = np.flatnonzero(far > INTEGRAL)
            if not len(open_):
                self.try_point(solved.x, solved.basis)
                return
            nearest = open_[np.argsort(far[open_], kind="stable")][: max(1, len(open_) // 4)]
            lower[nearest] = upper[nearest] = np.round(solved.x[nearest])
            solved = self.alone(lower, upper, solved.basis)
            if solved.end != "optimal":
                return

    def fix_by_reduced_cost(self, root: Solved, reduced_costs: Vector) -> None:
        """Fix decisions that change in no better plan, by the reduced costs of the first relaxation."""
        room = self.cutoff - root.objective
        if not np.isfinite(room):
            return
        never = (root.x < EXACT) & (reduced_costs > room)
        always = (root.x > 1 - EXACT) & (reduced_costs < -room)
        if (self.upper[never] > 0).any() or (self.lower[always] < 1).any():
            self.discard(self.cutoff)
        self.upper[never], self.lower[always] = 0.0, 1.0
