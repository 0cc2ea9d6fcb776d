"""Branch and bound over a few dozen yes/no decisions, each node an LP solved from its parent's basis.

HiGHS's own branch and bound spends its time elsewhere on this kind of programme: on the real case it had,
after 400 s, no second node (cut rounds that move the bound by 0.2 %, sub-MIP heuristics), while a node here
costs a few tenths of a second. What matters: a presolved relaxation solved once, warm bases, strong branching
until pseudo-costs are known, fixing by reduced costs, and plunging, so that incumbents come from the tree
itself (docs/decisions).

The search is deterministic for a seed and one or several threads, but for limits of time: pairs of LPs run
side by side on two threads, and results are used in order.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.highs import Relaxation, Report, Solved

INTEGRAL = 1e-6
"""Distance from an integer below which a value is rounded and tried."""
EXACT = 1e-9
"""Distance below which rounding cannot matter."""
CANDIDATES = 8
"""Decisions compared by strong branching at a node, at most."""
RELIABLE = 2
"""Observations on each side after which pseudo-costs are trusted."""
TRIAL_ITERATIONS = 400
"""Simplex iterations of a strong-branching trial."""

THRESHOLDS = (0.5, 0.2, 0.05)
"""First incumbents: decisions above a threshold in the relaxation are taken. Fixed costs make the relaxation
sign a tenth of an agreement, so rounding to the nearest would drop what is worth having."""
PLUNGE = 0.5
"""A child is followed while its bound has used less than this share of the room below the cutoff."""

End = Literal["optimal", "infeasible", "time_limit", "interrupted"]


@dataclass
class Found:
    """What the search ended with."""

    end: End
    x: Vector | None
    """Values of the integer columns, whole numbers."""
    objective: float
    bound: float
    nodes: int
    iterations: int
    seconds: float
    """Spent in LPs; two side by side count once."""


@dataclass(order=True)
class _Node:
    bound: float
    order: int
    lower: Vector = field(compare=False)
    upper: Vector = field(compare=False)
    solved: Solved = field(compare=False)


class BranchAndBound:
    """One search, ended by ``relative_gap``, ``seconds`` or ``stop``."""

    def __init__(
        self,
        relaxation: Relaxation,
        count: int,
        *,
        relative_gap: float,
        seconds: float | None = None,
        threads: int = 2,
        stop: threading.Event | None = None,
        report: Callable[[Report], None] | None = None,
    ) -> None:
        self.pair = (relaxation, relaxation.another() if threads > 1 else relaxation)
        self.threads = threads
        self.count = count
        self.relative_gap = relative_gap
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.stop, self.report = stop, report
        self.incumbent: Vector | None = None
        self.objective = np.inf
        self.discarded = np.inf
        """No plan in any part of the tree that was given up is below this."""
        self.lower, self.upper = np.zeros(count), np.ones(count)
        self.nodes = self.iterations = self.made = 0
        self.lp_seconds = 0.0
        self.gain = np.zeros((2, count))
        self.seen = np.zeros((2, count), dtype=int)

    # ---- limits

    @property
    def cutoff(self) -> float:
        """Nothing at or above this is worth finding."""
        if not np.isfinite(self.objective):
            return np.inf
        return float(self.objective - self.relative_gap * abs(self.objective))

    def seconds(self) -> float | None:
        """What is left of the time."""
        return None if self.deadline is None else max(0.01, self.deadline - time.monotonic())

    def stopped(self) -> End | None:
        """Whether something asks for an end."""
        if self.stop is not None and self.stop.is_set():
            return "interrupted"
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return "time_limit"
        return None

    # ---- LPs

    def _solve(
        self, which: int, lower: Vector, upper: Vector, basis: Any, iterations: int | None = None
    ) -> Solved:
        return self.pair[which].solve(
            np.maximum(lower, self.lower),
            np.minimum(upper, self.upper),
            basis,
            cutoff=self.cutoff,
            seconds=self.seconds(),
            iterations=iterations,
        )

    @contextmanager
    def _timed(self) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.lp_seconds += time.perf_counter() - begun

    def _alone(self, lower: Vector, upper: Vector, basis: Any) -> Solved:
        """One LP by itself."""
        with self._timed():
            solved = self._solve(0, lower, upper, basis)
        self.iterations += solved.iterations
        return solved

    def _both(
        self, node: _Node, j: int, pool: ThreadPoolExecutor | None, iterations: int | None = None
    ) -> list[Solved]:
        """Column j rounded down and up."""
        value = node.solved.x[j]
        down, up = node.upper.copy(), node.lower.copy()
        down[j], up[j] = np.floor(value), np.ceil(value)
        jobs = [(0, node.lower, down), (1, up, node.upper)]
        run: Callable[..., Iterable[Solved]] = map if pool is None else pool.map
        with self._timed():
            both = list(
                run(lambda job: self._solve(job[0], job[1], job[2], node.solved.basis, iterations), jobs)
            )
        self.iterations += sum(s.iterations for s in both)
        for side, solved in enumerate(both):
            if solved.end == "cut off":
                self.discarded = min(self.discarded, self.cutoff)
            distance = value - np.floor(value) if side == 0 else np.ceil(value) - value
            if solved.end in ("optimal", "stopped") and distance > INTEGRAL:
                self.gain[side, j] += max(0.0, solved.objective - node.solved.objective) / distance
                self.seen[side, j] += 1
        return both

    # ---- incumbents

    def try_point(self, x: Vector, basis: Any = None) -> Solved:
        """Fix all decisions at whole numbers; a better incumbent is kept."""
        fixed = np.round(x)
        # Not through _solve: fixings by reduced cost are about better plans, not about this one.
        with self._timed():
            solved = self.pair[0].solve(fixed, fixed, basis, cutoff=self.objective, seconds=self.seconds())
        self.iterations += solved.iterations
        if solved.end == "optimal" and solved.objective < self.objective:
            self.objective, self.incumbent = solved.objective, fixed
        return solved

    def _dive(self, node: _Node) -> None:
        """Round the decisions that are nearest to a whole number, a few at a time, until all are."""
        lower, upper, solved = node.lower.copy(), node.upper.copy(), node.solved
        while not self.stopped():
            distance = np.abs(solved.x - np.round(solved.x))
            open_ = np.flatnonzero(distance > INTEGRAL)
            if not len(open_):
                self.try_point(solved.x, solved.basis)
                return
            nearest = open_[np.argsort(distance[open_], kind="stable")][: max(1, len(open_) // 4)]
            lower[nearest] = upper[nearest] = np.round(solved.x[nearest])
            solved = self._alone(lower, upper, solved.basis)
            if solved.end != "optimal":
                return

    # ---- the tree

    def run(self, start: Vector | None = None) -> Found:
        """Search until the gap is reached, nothing is left, or something asks for an end."""
        with ThreadPoolExecutor(2) as threads:
            return self._run(start, threads if self.threads > 1 else None)

    def _run(self, start: Vector | None, pool: ThreadPoolExecutor | None) -> Found:
        root = self._alone(self.lower, self.upper, None)
        reduced_costs = self.pair[0].reduced_costs()
        if root.end == "infeasible":
            return self._found("infeasible", np.inf)
        if root.end != "optimal":
            return self._found(self.stopped() or "time_limit", -np.inf)
        if start is not None:
            self.try_point(start, root.basis)
        top = _Node(root.objective, 0, self.lower.copy(), self.upper.copy(), root)
        for threshold in THRESHOLDS:
            self.try_point((root.x >= threshold).astype(float), root.basis)
        self._dive(top)
        heap: list[_Node] = []
        if not self._settled(top):
            heap.append(top)
        bound = np.inf
        plunge: _Node | None = None
        while heap or plunge is not None:
            self._fix_by_reduced_cost(root, reduced_costs)
            if plunge is None:
                plunge = heapq.heappop(heap)
            bound = min([plunge.bound, *(n.bound for n in heap[:1])])
            if bound >= self.cutoff:
                break
            self._tell(bound)
            end = self.stopped()
            if end is not None:
                return self._found(end, bound)
            bound = np.inf
            children = self._expand(plunge, pool)
            for child in children:
                heapq.heappush(heap, child)
            plunge = self._next(heap, children)
        return self._found("optimal" if self.incumbent is not None else "infeasible", bound)

    def _next(self, heap: list[_Node], children: list[_Node]) -> _Node | None:
        """The better child while it is worth plunging into, the node with the lowest bound otherwise."""
        if not children:
            return None
        best = min(children)
        floor = heap[0].bound
        room = self.cutoff - floor
        if np.isfinite(room) and best.bound - floor > PLUNGE * room:
            return None
        heap.remove(best)
        heapq.heapify(heap)
        return best

    def _expand(self, node: _Node, pool: ThreadPoolExecutor | None) -> list[_Node]:
        """Branch on a node: its children that may still hold something better."""
        self.nodes += 1
        j = self._choose(node, pool)
        if j is None:
            return []
        children = []
        for side, solved in enumerate(self._both(node, j, pool)):
            if solved.end in ("infeasible", "cut off"):
                continue
            lower, upper = node.lower.copy(), node.upper.copy()
            if side == 0:
                upper[j] = np.floor(node.solved.x[j])
            else:
                lower[j] = np.ceil(node.solved.x[j])
            self.made += 1
            # A run that a limit stopped proves nothing beyond its parent.
            limited = solved.end == "stopped"
            child = _Node(
                node.bound if limited else max(node.bound, solved.objective), self.made, lower, upper, solved
            )
            if limited or not self._settled(child):
                children.append(child)
        return children

    def _settled(self, node: _Node) -> bool:
        """Whether a node needs no branching: all decisions whole (tried as incumbent), or too dear."""
        if node.bound >= self.cutoff:
            self.discarded = min(self.discarded, node.bound)
            return True
        distance = np.abs(node.solved.x - np.round(node.solved.x))
        if distance.max(initial=0.0) > INTEGRAL:
            return False
        self.try_point(node.solved.x, node.solved.basis)
        settled = bool(node.bound >= self.cutoff or distance.max(initial=0.0) <= EXACT)
        if settled:
            self.discarded = min(self.discarded, node.bound)
        return settled

    def _choose(self, node: _Node, pool: ThreadPoolExecutor | None) -> int | None:
        """The decision to branch on; None if trials show that the node holds nothing better."""
        x = node.solved.x
        distance = np.abs(x - np.round(x))
        open_ = np.flatnonzero(distance > INTEGRAL)
        if not len(open_):
            return int(np.argmax(distance))
        down, up = x[open_] - np.floor(x[open_]), np.ceil(x[open_]) - x[open_]
        costs = self._pseudo_costs(open_)
        score = np.maximum(costs[0] * down, EXACT) * np.maximum(costs[1] * up, EXACT)
        ranked = open_[np.argsort(-score, kind="stable")]
        best, best_score, trials = int(ranked[0]), -1.0, 0
        for j in map(int, ranked[: 2 * CANDIDATES]):
            if self.seen[:, j].min() >= RELIABLE:
                gains = [
                    self.gain[s, j] / self.seen[s, j] * d
                    for s, d in ((0, x[j] - np.floor(x[j])), (1, np.ceil(x[j]) - x[j]))
                ]
            elif trials < CANDIDATES and not self.stopped():
                trials += 1
                both = self._both(node, j, pool, TRIAL_ITERATIONS)
                gone = [s.end in ("infeasible", "cut off") for s in both]
                if all(gone):
                    return None
                if any(gone):
                    return j
                gains = [s.objective - node.solved.objective for s in both]
            else:
                continue
            product = max(gains[0], EXACT) * max(gains[1], EXACT)
            if product > best_score:
                best, best_score = j, product
        return best

    def _pseudo_costs(self, columns: NDArray[np.int64]) -> Vector:
        """Gain per unit of rounding, down and up; the mean of what is known where nothing is."""
        known = self.seen > 0
        result = np.ones((2, self.count))
        for side in (0, 1):
            rates = self.gain[side, known[side]] / self.seen[side, known[side]]
            result[side] = rates.mean() if len(rates) else 1.0
            result[side, known[side]] = rates
        return result[:, columns]

    def _fix_by_reduced_cost(self, root: Solved, reduced_costs: Vector) -> None:
        """Decisions that cannot change in any better plan, by the reduced costs of the first relaxation."""
        room = self.cutoff - root.objective
        if not np.isfinite(room):
            return
        at_zero, at_one = root.x < EXACT, root.x > 1 - EXACT
        never, always = at_zero & (reduced_costs > room), at_one & (reduced_costs < -room)
        if (self.upper[never] > 0).any() or (self.lower[always] < 1).any():
            self.discarded = min(self.discarded, self.cutoff)
        self.upper[never], self.lower[always] = 0.0, 1.0

    def _tell(self, bound: float) -> None:
        if self.report is not None:
            self.report(Report(self.objective, min(bound, self.discarded), self.nodes))

    def _found(self, end: End, bound: float) -> Found:
        bound = min(bound, self.discarded, self.objective)
        return Found(end, self.incumbent, self.objective, bound, self.nodes, self.iterations, self.lp_seconds)
