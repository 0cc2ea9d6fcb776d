"""Rounds of a decomposition: the master proposes, the subproblems answer with cuts.

Points are taken between the master's and the best so far ("in-out": Ben-Ameur and Neto, Networks 49, 2007).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed
from optimizer.decompose.cuts import CutMaster
from optimizer.decompose.pools.port import Asked, Pool, Stopped
from optimizer.highs.growing import Basis, Point

FIRST_STEP, STEP, LEAST_STEP = 0.2, 0.5, 0.02
"""Share of the way from the best point to the master's: in the relaxation, with decisions fixed, at least."""
STARTS = 4
"""Times that a start at which some subproblem has no plan is made anew with these in the sample."""
LP_ROUNDS = 60
"""Most rounds of the relaxation."""
STALLED, PATIENCE = 2e-4, 6
"""The relaxation is left as it is when the bound rises by less (relative) over so many rounds."""
STALE = 10
"""Rounds of the relaxation after which cuts that have not held since are let go."""
FRESH = 5
"""Solves after which cuts that have not held since are let go when a series of rounds is over."""
SETTLE_ROUNDS = 80
"""Most rounds for one set of decisions."""
CLEAN = 1e-7
"""What a joining row may be broken by, in equilibrated units: the simplex method's own tolerance."""
RAISE, RAISES = 8.0, 4
"""Factor on fines that did not deter, and how often it is tried for one set of decisions."""


Again = Callable[[NDArray[np.bool_]], Vector | None]
"""From which subproblems have no plan to another point."""


@dataclass(frozen=True)
class Visit:
    """A point of the master and what the subproblems make of it."""

    y: Vector
    cost: float
    """inf where a subproblem has no plan; fines included."""
    true: float
    """Cost without fines; inf where a row that joins subproblems is broken."""
    fined: Vector
    """By joining row: what goes beyond allowances."""
    cuts: int
    """How many cuts were new."""


@dataclass(frozen=True)
class Settled:
    """One set of decisions: no plan is below ``bound``; ``best`` keeps all rows."""

    bound: float
    best: Visit | None


class Engine:
    """The master, the subproblems, and the fines."""

    def __init__(
        self,
        allowed: Allowed,
        master_low: Vector,
        master_high: Vector,
        fines: Vector,
        *,
        pool: Pool,
        seed: int,
        stop: threading.Event | None,
        seconds: float | None,
    ) -> None:
        self.allowed, self.whole, self.stop = allowed, allowed.whole, stop
        self.deadline = None if seconds is None else time.monotonic() + seconds
        m = self.whole.master
        self.oracle: Asked = pool.hold(allowed, seed=seed, halted=self.halted)
        floor = self.oracle.floor()
        self.fines = fines
        self.oracle.charge(fines)
        self.master = CutMaster(self.whole, master_low, master_high, floor, seed=seed, stop=stop)
        self.integers = np.flatnonzero(m.integer)
        self.told: Callable[[float], None] = lambda _: None
        self.bound = -np.inf
        """Of the relaxation."""
        self.feasible = np.ones(self.whole.subproblems.count, dtype=bool)
        """By subproblem: whether it had a plan when all were asked last."""
        self.kept = np.inf
        """Cost of the plan that the subproblems keep, the best with whole decisions."""
        self.centre: Visit | None = None
        """The best point of the relaxation, if any had a plan."""

    def close(self) -> None:
        """Let the subproblems go."""
        self.oracle.close()

    def left(self) -> float | None:
        """Seconds left, None without a limit."""
        return None if self.deadline is None else max(0.01, self.deadline - time.monotonic())

    def halted(self) -> bool:
        """Whether somebody or a limit asked for an end."""
        asked = self.stop is not None and self.stop.is_set()
        return asked or (self.deadline is not None and time.monotonic() >= self.deadline)

    # ---- pieces of a round

    def visit(self, y: Vector, at: Vector | None) -> Visit:
        """Ask the subproblems at y; the master learns the cuts that the point ``at`` (y, θ) violates."""
        if self.halted():
            raise Stopped
        heard = self.oracle.ask(y)
        if self.halted():
            # Some may not have answered.
            raise Stopped
        cuts = self.master.learn(heard, at)
        self.feasible = heard.feasible
        feasible = bool(heard.feasible.all())
        of_master = float((self.whole.master.cost * y).sum())
        cost = of_master + float(heard.cost.sum()) if feasible else np.inf
        kept = feasible and self.allowed.broken(y, heard.use, heard.size) <= CLEAN
        true = of_master + float(heard.true.sum()) if kept else np.inf
        return Visit(y, cost, true, heard.fined, cuts)

    def solve(self, basis: Basis | None = None, iterations: int | None = None) -> Point:
        """The master with the cuts there are."""
        if self.halted():
            raise Stopped
        point = self.master.solve(basis, self.left(), iterations)
        if point.end == "stopped" and iterations is None:
            raise Stopped
        return point

    def y(self, point: Point) -> Vector:
        """Columns of the master at a point."""
        return point.x[: self.master.width]

    def decide(self, lower: Vector, upper: Vector) -> None:
        """Bounds on the decisions."""
        self.master.bound(self.integers, lower, upper)

    def deter(self, visit: Visit) -> None:
        """Raise the fines of rows that were broken for good."""
        self.fines[visit.fined > 0] *= RAISE
        self.oracle.charge(self.fines)

    # ---- the relaxation

    def relax(self, start: Vector | None, gap: float, again: Again = lambda _: None) -> tuple[Point, float]:
        """The relaxation of the decisions to a relative gap, from a point of the master if there is one:
        the master's last point, and the bound (inf: there is no plan). ``again`` makes another point to start
        from when it is told which subproblems have no plan there."""
        best = None if start is None else self.visit(start, None)
        for _ in range(STARTS):
            if best is None or best.cost < np.inf or (start := again(~self.feasible)) is None:
                break
            best = self.visit(start, None)
        step, bounds = FIRST_STEP, [-np.inf]
        for round_ in range(LP_ROUNDS):
            point = self.solve()
            if point.end == "infeasible":
                return point, self.master.safe(point)
            if point.end != "optimal":
                return point, self.bound
            bounds.append(max(bounds[-1], self.master.safe(point)))
            self.bound = bounds[-1]
            self.told(bounds[-1])
            cost = np.inf if best is None else best.cost
            if cost - bounds[-1] <= gap * abs(cost) < np.inf:
                break
            late = bounds[-PATIENCE] if len(bounds) > PATIENCE else -np.inf
            if cost < np.inf and bounds[-1] - late <= STALLED * abs(bounds[-1]):
                break
            y = self.y(point)
            if best is not None:
                # An infeasible start still says more than the master's first points.
                share = max(step if cost < np.inf else 0.5, self.master.reach(best.y, y))
                y = best.y + share * (y - best.y)
            visit = self.visit(y, point.x)
            if best is None or visit.cost < best.cost or (cost == np.inf and round_ >= 1):
                best = visit
            step = min(STEP, step * 1.2) if visit.cost < np.inf else max(LEAST_STEP, step / 2)
            if round_ % STALE == STALE - 1:
                self.master.forget(STALE)
        self.master.forget(FRESH)
        self.centre = None if best is None or best.cost == np.inf else best
        return point, self.bound

    # ---- one set of decisions

    def settle(self, decisions: Vector, tolerance: float, cutoff: Callable[[], float]) -> Settled:
        """A bound on all plans with these decisions and the best such plan, to a relative tolerance, or until
        the bound is at the cutoff."""
        self.decide(decisions, decisions)
        since, fines, raised = self.master.idle.copy(), self.fines.copy(), 0
        best: Visit | None = None
        clean: Visit | None = None
        bound, step = -np.inf, STEP
        for _ in range(SETTLE_ROUNDS):
            point = self.solve()
            bound = max(bound, self.master.safe(point))
            if point.end != "optimal" or bound >= cutoff():
                break
            true = np.inf if clean is None else clean.true
            if true - bound <= tolerance * abs(true) < np.inf:
                break
            if best is not None and best.cost - bound <= tolerance * abs(best.cost):
                # As good as settled, but for fines that did not deter: nothing else would change that.
                if raised == RAISES:
                    break
                self.deter(best)
                best, raised = None, raised + 1
            y = self.y(point)
            visit = self.visit(y if best is None else best.y + step * (y - best.y), point.x)
            if visit.true < true:
                clean = visit
                if visit.true < self.kept:
                    self.kept = visit.true
                    self.oracle.keep()
            if visit.cost < np.inf and (best is None or visit.cost < best.cost):
                best = visit
            if visit.cuts:
                continue
            if step == 1.0 or best is None:
                break
            step = 1.0
        if point.end == "optimal":
            self.master.pin()
        self.master.forget(FRESH, since)
        if clean is None and raised:
            # No fine may be enough: these decisions may have no plan, others must not suffer for it.
            self.fines = fines
            self.oracle.charge(fines)
        return Settled(bound, clean)


def first_fines(price: Vector, cost: float, sums: Vector) -> Vector:
    """Fines by joining row: well above what a sample says the row is worth, and above a share of all cost
    for all of the row."""
    unit = abs(cost) / np.maximum(sums, 1.0)
    fines: NDArray[np.float64] = np.maximum(np.maximum(4.0 * np.abs(price), 0.25 * unit), 0.25)
    return fines
