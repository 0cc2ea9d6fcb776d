"""Rounds of a decomposition: the master proposes, the subproblems answer with cuts.

Points are taken between the master's and the best so far ("in-out": Ben-Ameur and Neto, Networks 49, 2007).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed, Fines
from optimizer.decompose.cuts import CutMaster
from optimizer.decompose.fines import Fined
from optimizer.decompose.pools.port import Asked, Pool, Stopped
from optimizer.decompose.visits import Settled, Visit
from optimizer.highs.growing import NOTHING, Basis, Point

FIRST_STEP, STEP, LEAST_STEP = 0.2, 0.5, 0.02
"""Share of the way from the best point to the master's: in the relaxation, with decisions fixed, at least."""
LONGER, SHORTEST = 1.5, 0.3
"""With decisions fixed: factor on the step where the last led to a better point or did not, and the least."""
FAR = 2.0
"""A point that costs so many times the best is too far from it."""
LP_ROUNDS = 60
"""Most rounds of the relaxation."""
STALLED, GAPS, PATIENCE = 1e-3, 3.0, 5
"""The relaxation is left when the bound rises by less (relative, and in gaps) over so many rounds."""
WANTED = 0.1
"""Share of what is open between bound and best point that cuts too flat to be learnt may leave."""
SETTLE_ROUNDS = 80
"""Most rounds for one set of decisions."""
CLEAN = 1e-7
"""What a joining row may be broken by, in equilibrated units: the simplex method's own tolerance."""
ROUNDING = 1e-6
"""How far columns may be from what a subproblem takes them for, in equilibrated units, where there is no plan
otherwise although no cut says so."""
RAISES = 4
"""Times that fines are raised for one set of decisions."""

PROOF_ROUNDS, BROKEN, PROOF = 40, 1e-5, 1e4
"""Rounds in which to prove that no plan keeps the joining rows; what these may be broken by in all, relative
to their sides, for tolerances to explain it; and what that costs."""
PATIENT = 2
"""Raises after which those that still go astray count as having no plan."""


class Engine:
    """The master, the subproblems, and the fines."""

    def __init__(
        self,
        allowed: Allowed,
        master_low: Vector,
        master_high: Vector,
        fines: Fines,
        *,
        pool: Pool,
        seed: int,
        stop: threading.Event | None,
        seconds: float | None,
    ) -> None:
        self.allowed, self.whole, self.stop, self.seed = allowed, allowed.whole, stop, seed
        self.deadline = None if seconds is None else time.monotonic() + seconds
        m = self.whole.master
        self.oracle: Asked = pool.hold(allowed, seed=seed, halted=self.halted)
        floor = self.oracle.floor()
        self.charge(fines)
        self.master = CutMaster(self.whole, master_low, master_high, floor, seed=seed, stop=stop)
        self.integers = np.flatnonzero(m.integer)
        self.told: Callable[[float], None] = lambda _: None
        self.between: Callable[[Visit | None], None] = lambda _: None
        """Called after rounds, with the best point of the relaxation or the best plan of decisions."""
        self.bound = -np.inf
        """Of the relaxation."""
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

    def visit(self, y: Vector, at: Vector | None, exact: bool = False, within: float = 0.0) -> Visit:
        """Ask the subproblems at y; the master learns the cuts that the point ``at`` (y, θ) violates. If
        ``exact``, no subproblem goes astray: it has a plan there or none. Those that are astray by no more
        than ``within`` from any column are not."""
        if self.halted():
            raise Stopped
        heard = self.oracle.ask(y, exact)
        if self.halted():
            # Some may not have answered.
            raise Stopped
        cuts = self.master.learn(heard, at)
        away = _beyond(heard.astray, within)
        feasible = bool(heard.feasible.all())
        of_master = float((self.whole.master.cost * y).sum())
        weight = self.whole.subproblems.weight
        astray: Vector = weight @ away
        kept = feasible and not astray.any() and self.allowed.broken(y, heard.use, heard.size) <= CLEAN
        true = (of_master + float(heard.true.sum())) * self.fines.own
        y, beyond = self.allowed.share_out(y, heard.use)
        cost = true + float(self.fines.beyond @ beyond) + float(self.fines.astray @ astray)
        return Visit(y, cost if feasible else np.inf, true if kept else np.inf, beyond, astray, cuts)

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

    def charge(self, fines: Fines) -> None:
        """Fines from now on."""
        self.fines = fines
        self.oracle.charge(fines)

    # ---- the relaxation

    def relax(self, start: Vector | None, gap: float) -> tuple[Point, float]:
        """The relaxation of the decisions to a relative gap, from a point of the master if there is one:
        the master's last point, and the bound (inf: there is no plan)."""
        best = None if start is None else self.visit(start, None)
        step, bounds, fined = FIRST_STEP, [-np.inf], self._fined()
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
            self._want(gap, cost, bounds[-1])
            if cost - bounds[-1] <= gap * abs(cost) < np.inf:
                break
            late = bounds[-PATIENCE] if len(bounds) > PATIENCE else -np.inf
            if cost < np.inf and bounds[-1] - late <= min(STALLED, GAPS * gap) * abs(bounds[-1]):
                break
            y = self.y(point)
            if best is not None:
                # An infeasible start still says more than the master's first points.
                y = best.y + (step if cost < np.inf else STEP) * (y - best.y)
            visit = self.visit(y, point.x)
            if best is None or visit.cost < best.cost or (cost == np.inf and round_ >= 1):
                best = visit
            self.between(best)
            step = _stepped(step, visit.cost, cost)
            raised = fined.raised(visit)
            if raised is None:
                continue
            if fined.doubtful() and self._impossible(best):
                return self._nothing()
            best = self._raise(best, raised)
        if best is not None and best.beyond.any() and not fined.doubted and self._impossible(best):
            return self._nothing()
        self.centre = None if best is None or best.cost == np.inf else best
        return point, self.bound

    def _nothing(self) -> tuple[Point, float]:
        """What the relaxation ends with where there is no plan."""
        self.bound = np.inf
        return Point("infeasible", np.inf, NOTHING, NOTHING, None, 0), np.inf

    def _impossible(self, best: Visit) -> bool:
        """Whether no plan keeps the joining rows, decisions relaxed: what they are broken by at least, summed
        up relative to their sides, is more than tolerances explain. Nothing is said where this is not proved
        in so many rounds."""
        before, fines = self.master, self.fines
        w = self.whole
        sides = np.abs(np.array(self.allowed.sides))
        size = np.where(np.isfinite(sides), sides, 0.0).max(axis=0)
        costless = replace(w, master=replace(w.master, cost=np.zeros(len(w.master.cost))))
        self.master = CutMaster(
            costless, before.low[: before.width], before.high[: before.width],
            np.zeros(w.subproblems.count), seed=self.seed, stop=self.stop,
        )  # fmt: skip
        self.charge(Fines(PROOF / np.maximum(1.0, size), np.full(self.allowed.width, PROOF), own=0.0))
        try:
            best, step = self.visit(best.y, None), FIRST_STEP
            for _ in range(PROOF_ROUNDS):
                point = self.solve()
                bound = self.master.safe(point)
                if bound > BROKEN * PROOF:
                    return True
                if best.cost <= BROKEN * PROOF or point.end != "optimal":
                    return False
                self._want(0.0, best.cost, bound)
                visit = self.visit(best.y + step * (self.y(point) - best.y), point.x)
                step = _stepped(step, visit.cost, best.cost)
                if visit.cost < best.cost:
                    best = visit
            return False
        finally:
            self.master = before
            self.charge(fines)

    def _want(self, gap: float, cost: float, bound: float) -> None:
        self.want(max(gap * abs(cost), cost - bound))

    def want(self, open_: float) -> None:
        """Learn no cuts that all together would change but a share of what is still open."""
        self.master.worth = WANTED * open_ / self.master.groups if np.isfinite(open_) else 0.0

    def _raise(self, best: Visit, factor: Fines) -> Visit:
        """Raise fines by factors; what the best point costs at most now."""
        before = self.fines
        self.charge(Fines(before.beyond * factor.beyond, before.astray * factor.astray))
        beyond, astray = self.fines.beyond - before.beyond, self.fines.astray - before.astray
        return replace(best, cost=best.cost + float(beyond @ best.beyond + astray @ best.astray))

    # ---- one set of decisions

    def settle(self, decisions: Vector, tolerance: float, cutoff: Callable[[], float]) -> Settled:
        """A bound on all plans with these decisions and the best such plan, to a relative tolerance, or until
        the bound is at the cutoff."""
        self.decide(decisions, decisions)
        fines, raised = self.fines, 0
        fined, exact = self._fined(), False
        best: Visit | None = None
        clean: Visit | None = None
        bound, step = -np.inf, STEP
        for _ in range(SETTLE_ROUNDS):
            point = self.solve()
            bound = max(bound, self.master.safe(point))
            if point.end != "optimal" or bound >= cutoff():
                break
            true = np.inf if clean is None else clean.true
            self._want(tolerance, np.inf if best is None else best.cost, bound)
            if true - bound <= tolerance * abs(true) < np.inf:
                break
            if best is not None and best.cost - bound <= tolerance * abs(best.cost):
                # As good as settled, but for fines that did not deter: nothing else would change that.
                if raised == RAISES:
                    break
                exact = exact or (raised >= PATIENT and bool(best.astray.any()))
                self._raise(best, fined.all(best))
                best, raised = None, raised + 1
            y, share = self.y(point), 1.0 if best is None else step
            visit = self.visit(y if best is None else best.y + share * (y - best.y), point.x, exact)
            if visit.true < true:
                clean = self._kept(visit)
            self.between(clean)
            if visit.cost < np.inf and (best is None or visit.cost < best.cost):
                best, step = visit, min(1.0, step * LONGER)
            else:
                step = max(SHORTEST, step / LONGER)
            if visit.cuts:
                continue
            if visit.astray.any() and not exact:
                best, exact = None, True
                continue
            if share == 1.0:
                if clean is None and exact:
                    # All cuts hold and yet there is no plan: what is one point to the subproblems is another
                    # to the master, by the tolerances of both.
                    clean = self._kept(self.visit(y, point.x, within=ROUNDING))
                break
            step = 1.0
        if clean is None and raised:
            # No fine may be enough: these decisions may have no plan, others must not suffer for it.
            self.charge(fines)
        return Settled(bound, clean)

    def _kept(self, visit: Visit) -> Visit | None:
        """A plan, None if it is none; the subproblems remember the best."""
        if visit.true < self.kept:
            self.kept = visit.true
            self.oracle.keep()
        return visit if visit.true < np.inf else None

    def _fined(self) -> Fined:
        return Fined(len(self.fines.beyond), len(self.fines.astray))


def _stepped(step: float, cost: float, best: float) -> float:
    """The next step, longer unless the last one led to a point that costs too much."""
    return min(STEP, step * 1.2) if cost < FAR * abs(best) else max(LEAST_STEP, step / 2)


def _beyond(astray: sp.csr_array, within: float) -> sp.csr_array:
    """Without what is no farther than so much."""
    found = astray.copy()
    found.data[found.data <= within] = 0.0
    return found
