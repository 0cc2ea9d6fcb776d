"""The master as an LP with cuts: columns y, and θ by group of subproblems.

A cut of group g says  θ_g ≥ Σ_s constant_s - slope_s·y  over its members s. Value functions add, so grouping
loses nothing at the point where the cut was made.
"""

from __future__ import annotations

import threading

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.cutpool import CutPool
from optimizer.decompose.learnt import Cuts
from optimizer.decompose.oracle import Heard
from optimizer.decompose.split import Split
from optimizer.highs.growing import BASIC, Basis, Growing, Point

GROUPS = 1000
"""Most groups of cuts: a θ for each subproblem up to so many; beyond, neighbours in the tree share one."""
NO_CODES = np.empty(0, dtype=np.int8)
SLACK = 1e-8
"""Relative violation from which a cut is worth having."""
MOST, FEWEST = 60, 100
"""Most cuts of the pool by group, and for how many groups at least. Those that have not held for longest go:
earlier than need be, and the same decisions are settled again and again."""
REST, MANY = 3, 4.0
"""Cuts that have not held for so many solves leave the LP when they are so many times its other rows."""
LOOKS = 3
"""Times that the LP is solved with cuts of the pool that the point before missed."""
SURE, OVERLOOKED = 1e-9, 0.1
"""What a point may violate cuts of the pool by, all groups together: of the objective, and of what flat cuts
leave."""


class CutMaster:
    """A master LP and its pool of cuts. ``low`` and ``high`` are finite bounds on y, ``floor`` on what each
    subproblem costs."""

    def __init__(
        self,
        whole: Split,
        low: Vector,
        high: Vector,
        floor: Vector,
        *,
        seed: int = 0,
        stop: threading.Event | None = None,
    ) -> None:
        m, s = whole.master, whole.subproblems
        self.width, self.own = len(m.cost), len(m.row_lower)
        self.groups = min(s.count, GROUPS)
        # Subproblems are numbered along the tree: neighbours share a group.
        self.group = np.arange(s.count) * self.groups // max(1, s.count)
        self.last = floor, sp.csr_array((s.count, self.width))
        """By subproblem: constants and slopes of the last cuts, kept where they share groups."""
        least = np.bincount(self.group, weights=floor, minlength=self.groups)
        self.matrix = sp.csr_array(sp.hstack([m.matrix, sp.csr_array((self.own, self.groups))]))
        self.transposed = sp.csr_array(self.matrix.T)
        self.cost = np.concatenate([m.cost, np.ones(self.groups)])
        # θ has no upper bound that would matter: multipliers of its cuts are levelled to leave it no cost.
        self.low = np.concatenate([low, least])
        self.high = np.concatenate([high, np.full(self.groups, np.inf)])
        self.row_lower, self.row_upper = m.row_lower.copy(), m.row_upper.copy()
        self.pool = CutPool(self.width, self.groups)
        self.latest: Basis | None = None
        """Of the last point."""
        self.worth = 0.0
        """Violation, in money, from which a cut of θ is worth having."""
        self.reduced = np.zeros(self.width)
        """By column of the master: its cost with the multipliers of the last safe bound."""
        lower, upper = np.concatenate([m.lower, least]), np.concatenate([m.upper, self.high[self.width :]])
        self.lp = Growing(
            sp.csc_array(self.matrix), self.cost, lower, upper, m.row_lower, m.row_upper, seed=seed, stop=stop
        )

    # ---- bounds

    def bound(self, columns: NDArray[np.int64], lower: Vector, upper: Vector) -> None:
        """Other bounds for some columns."""
        self.lp.bound(columns, lower, upper)
        self.low[columns], self.high[columns] = lower, upper

    def bound_rows(self, rows: NDArray[np.int64], lower: Vector, upper: Vector) -> None:
        """Other sides for some rows."""
        self.lp.bound_rows(rows, lower, upper)
        self.row_lower[rows], self.row_upper[rows] = lower, upper

    def solve(
        self, basis: Basis | None = None, seconds: float | None = None, iterations: int | None = None
    ) -> Point:
        """The LP with all cuts; of a trial, in so many iterations, with those that it holds."""
        if iterations is None:
            self.relieve()
        if basis is not None:
            # Without the rows that held it, it would be another one.
            wanted = self.pool.at(basis.tight())
            self._bring(wanted[~np.isin(wanted, self.pool.inside)])
        for look in range(1, LOOKS + 1):
            point = self.lp.solve(basis=basis, seconds=seconds, iterations=iterations)
            if point.end != "optimal" or iterations is not None:
                return point
            least = max(SURE * (1 + abs(point.objective)), OVERLOOKED * self.worth * self.groups)
            missed = self.pool.missed(point.x, least)
            if look == LOOKS or not len(missed):
                break
            self._bring(missed)
            basis = None
        self.latest = point.basis
        self.pool.held(point.row_duals[self.own :])
        return point

    def _bring(self, which: NDArray[np.int64]) -> None:
        if not len(which):
            return
        pool = self.pool
        self.lp.add(sp.csr_array(pool.cuts[which]), pool.right[which], pool.number[which])
        pool.bring(which)

    def safe(self, point: Point) -> float:
        """What no point within the bounds is below, from the multipliers of a run alone; inf if they prove
        that there is none."""
        if point.end == "infeasible":
            for sign in (1.0, -1.0):
                ray = sign * point.row_duals
                if len(ray) and self._value(ray, 0.0, level=False) > 1e-9 * max(
                    1.0, float(np.abs(ray).max())
                ):
                    return np.inf
            return -np.inf
        return self._value(point.row_duals, 1.0, level=True) if point.end == "optimal" else -np.inf

    def _value(self, rows: Vector, with_cost: float, level: bool) -> float:
        pool = self.pool
        p, cut = rows[: self.own], np.zeros(len(pool))
        cut[pool.inside] = np.maximum(rows[self.own :], 0.0)
        if level:
            cut = self._level(cut)
        sides = np.where(p > 0, self.row_lower, self.row_upper)
        p = np.where(np.isfinite(sides), p, 0.0)
        total = float(p @ np.where(p != 0, sides, 0.0)) + float(cut @ pool.right)
        d = with_cost * self.cost - self.transposed @ p - pool.cuts.T @ cut
        # Levelled multipliers leave θ no cost but rounding.
        theta = d[self.width :]
        theta[np.abs(theta) < 1e-12 * max(1.0, float(np.abs(cut).max(initial=0.0)))] = 0.0
        self.reduced = d[: self.width]
        parts = np.where(d > 0, d * self.low, np.where(d < 0, d, 0.0) * np.where(d < 0, self.high, 0.0))
        return total + float(parts.sum())

    def _level(self, cut: Vector) -> Vector:
        """Multipliers of each group's cuts, scaled down where they are worth more than θ costs."""
        of_group = np.flatnonzero((self.pool.group >= 0) & (cut != 0))
        group = self.pool.group[of_group]
        value = cut[of_group] * self.pool.theta[of_group]
        sums = np.bincount(group, weights=value, minlength=self.groups)
        factor = np.where(sums > 1.0, 1.0 / np.maximum(sums, 1e-300), 1.0)
        near = np.abs(sums - 1.0) < 1e-3
        factor[near] = 1.0 / sums[near]
        result = cut.copy()
        result[of_group] *= factor[group]
        return result

    # ---- cuts

    def learn(self, heard: Heard, at: Vector | None) -> int:
        """Add the cuts of a round that a point (y, θ) violates (None: all); how many there are."""
        bad = ~heard.feasible
        count = len(bad)
        constant, slope = self._known(heard)
        summed = sp.csr_array((np.ones(count), (self.group, np.arange(count))), shape=(self.groups, count))
        rows = sp.csr_array(sp.hstack([summed @ slope, sp.eye_array(self.groups)]))
        right = np.bincount(self.group, weights=constant, minlength=self.groups).astype(float)
        # A group of which nothing is new would say again what it said.
        fresh = np.bincount(self.group[~bad], minlength=self.groups) > 0
        rows, right, owner = rows[fresh], right[fresh], np.flatnonzero(fresh)
        wrong = np.flatnonzero(bad)
        if len(wrong):
            blank = sp.csr_array((len(wrong), self.groups))
            rows = sp.csr_array(sp.vstack([rows, sp.hstack([heard.slope[wrong], blank])]))
            right = np.concatenate([right, heard.constant[wrong]])
            owner = np.concatenate([owner, np.full(len(wrong), -1)])
        return self._add(rows, right, owner, at)

    def _known(self, heard: Heard) -> tuple[Vector, sp.csr_array]:
        """Cuts by subproblem: of those without a plan at this point the last one they had, so that the
        others of their group are heard, or their floor."""
        count = len(heard.constant)
        constant, slope = heard.constant, heard.slope
        if not heard.feasible.all():
            constant = np.where(heard.feasible, constant, self.last[0])
            at = np.where(heard.feasible, np.arange(count), count + np.arange(count))
            slope = sp.csr_array(sp.csr_array(sp.vstack([slope, self.last[1]]))[at])
        if self.groups < count:
            self.last = constant, slope
        return constant, slope

    def _add(self, rows: sp.csr_array, right: Vector, owner: NDArray[np.int64], at: Vector | None) -> int:
        rows.eliminate_zeros()
        kept = np.diff(rows.indptr) > 0
        if at is not None:
            violated = right - rows @ at
            kept &= violated > SLACK * (1 + np.abs(right))
            worth = kept & (violated > np.where(owner >= 0, self.worth, 0.0))
            # Better flat ones than none.
            kept = worth if worth.any() else kept
        rows, right, owner = sp.csr_array(rows[kept]), right[kept], owner[kept]
        if not len(right):
            return 0
        size = np.maximum.reduceat(np.abs(rows.data), rows.indptr[:-1])
        # A steep cut scaled to entries of one would hardly hold θ: tolerances count in scaled rows.
        scale = np.exp2(-np.round(np.log2(np.maximum(size, 1e-300)) / np.where(owner >= 0, 2, 1)))
        rows, right = sp.csr_array(sp.diags_array(scale) @ rows), right * scale
        gone = self.pool.oldest(MOST * max(self.groups, FEWEST))
        if gone.any():
            self.lp.drop(self.pool.forget(gone))
        self._bring(self.pool.add(rows, right, owner))
        return len(right)

    def relieve(self) -> None:
        """Cuts that have long been slack leave the LP, if they are many, and stay in the pool."""
        rows = self.pool.idlers(REST)
        if len(rows) > MANY * self.own:
            self.lp.drop(rows)
            self.pool.leave(rows)

    # ---- handed on

    def known(self) -> Cuts:
        """The pool as it stands, and the basis of the last point."""
        p = self.pool
        status, columns, own = np.full(len(p), BASIC), NO_CODES, NO_CODES
        if self.latest is not None:
            columns, rows = self.latest.codes()
            own, marks = rows[: self.own], self.latest.marks
            there = np.isin(marks, p.number)
            status[np.searchsorted(p.number, marks[there])] = rows[self.own :][there]
        return Cuts(p.cuts, p.right, p.group, status, columns, own)

    def recall(self, known: Cuts) -> None:
        """Take up a pool that a master of the same programme has handed on; there is none yet."""
        which = self.pool.add(known.rows, known.right, known.group)
        tight = which[known.status != BASIC]
        self._bring(tight)
        if len(known.columns):
            self.lp.begin(known.columns, np.concatenate([known.own, known.status[tight]]))
