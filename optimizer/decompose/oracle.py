"""All subproblems asked at once: what they cost at a point, and the cuts that follow.

At a point y of the master subproblem s costs

    V_s(y) = min { c·x : row_lower ≤ A·x + B·y ≤ row_upper, lower ≤ x ≤ upper }.

For *any* multipliers p of its rows, V_s(y) is at least

    Σ_i p_i (row_lower_i or row_upper_i, by the sign of p_i) + Σ_j min(d_j lower_j, d_j upper_j) - p·B·y

with d = c - p·A. That is the cut, computed from the multipliers alone: what the solver's tolerances leave
open costs a little of its height, never its validity. Where x has to lie in cones as well, tangents
G·x ≤ 0 with multipliers q ≤ 0 add -Gᵀ·q to d and nothing else: any tangents will do, for all of them hold.
With c = 0 and the multipliers of the least way to a point with a plan the same formula is a cut of
feasibility: no y above 0 has a plan.

A subproblem that has no plan at a point answers for another one nearby, at a fine by unit of the way there:
with fines F by column of the master it is

    min_z V_s(z) + Σ_k F_k |z_k - y_k|,

the largest function below V_s that rises no faster than F (the Pasch-Hausdorff envelope of V_s). Its cuts are
cuts of V_s, and where V_s is finite and no steeper than F both are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed, Fines
from optimizer.highs.pieces import Answers, Blocks, Costs, Integers, Pieces


@dataclass(frozen=True)
class Heard:
    """What the subproblems answered at a point; by subproblem unless said."""

    feasible: NDArray[np.bool_]
    constant: Vector
    """Constant of its cut (optimality or, where infeasible, feasibility)."""
    slope: sp.csr_array
    """Subproblems × columns of the master: the cut says V_s ≥ constant_s - slope_s·y."""
    cost: Vector
    """c·x, fines included."""
    true: Vector
    """c·x without fines."""
    use: Vector
    """Subproblems × joining rows: what its columns add to each."""
    size: Vector
    """Likewise in absolute terms."""
    beyond: Vector
    """Subproblems × joining rows: what goes beyond allowances."""
    astray: sp.csr_array
    """Subproblems × columns of the master but allowances: how far the points are that they answer for."""


def least(allowed: Allowed) -> Vector:
    """By subproblem: what it costs at least, wherever the master stands."""
    s = allowed.whole.subproblems
    owner = np.repeat(np.arange(s.count), np.diff(s.column_start))
    columns = np.where(s.cost > 0, s.cost * allowed.low, s.cost * allowed.high)
    return np.bincount(owner, weights=columns, minlength=s.count).astype(float)


class Oracle:
    """The subproblems with their bases, in this process. ``low`` and ``high`` are finite bounds on their
    columns that hold in every plan."""

    def __init__(
        self,
        allowed: Allowed,
        *,
        threads: int,
        seed: int,
        halted: Callable[[], bool],
    ) -> None:
        subs = allowed.whole.subproblems
        self.allowed, self.subs, self.halted = allowed, subs, halted
        self.low, self.high = allowed.low, allowed.high
        self.pieces = Pieces(
            Blocks(
                subs.matrix,
                subs.lower,
                subs.upper,
                subs.row_start,
                subs.column_start,
                allowed.links(),
                subs.cones,
            ),
            threads=threads,
            seed=seed,
        )
        count = np.arange(subs.count)
        self.row_owner = np.repeat(count, np.diff(subs.row_start))
        self.column_owner = np.repeat(count, np.diff(subs.column_start))
        # Costs carry the probability: as if it were 1, the solver's tolerances mean the same everywhere.
        self.scale = np.exp2(-np.round(np.log2(subs.weight)))
        self.transposed = sp.csr_array(subs.matrix.T)
        self.joined = sp.coo_array(allowed.sums[1])
        self.beyond_owner = self.column_owner[allowed.beyond]
        self.cost, self.fines = subs.cost, Fines(np.zeros(len(allowed.sides[0])), np.zeros(allowed.width))
        self.costed = 0
        self.rounds = 0
        self.iterations = 0
        self._x = self._kept = np.empty(0)

    def close(self) -> None:
        """Let the threads go."""
        self.pieces.close()

    def charge(self, fines: Fines) -> None:
        """Fines from now on."""
        self.cost, self.fines, self.costed = self.allowed.fined(fines), fines, self.costed + 1

    def keep(self) -> None:
        """Remember what the subproblems did in the last round."""
        self._kept = self._x

    def kept(self) -> Vector:
        """Columns of the subproblems as they were when last kept."""
        return self._kept

    def ask(self, y: Vector, exact: bool = False) -> Heard:
        """Ask all subproblems. If ``exact``, none of them goes astray: it has a plan there or none."""
        s = self.subs
        shift = s.linking @ y
        answers = self.pieces.solve(
            np.arange(s.count),
            Costs(
                self.costed,
                self.cost * self.scale[self.column_owner],
                self.fines.astray,
                s.weight * self.scale,
            ),
            s.row_lower - shift,
            s.row_upper - shift,
            exact=exact,
            halted=self.halted,
        )
        self.rounds += 1
        self.iterations += answers.iterations
        feasible, x = answers.feasible, answers.x
        factor = np.where(feasible, 1.0 / self.scale, 1.0)
        p = answers.row_duals * factor[self.row_owner]
        cost = np.where(feasible[self.column_owner], self.cost, 0.0)
        constant, p = self.constants(p, cost - answers.tilt * factor[self.column_owner])
        weights = sp.csr_array((p, np.arange(len(p)), s.row_start), shape=(s.count, len(p)))
        self._x = x
        astray, charged = self._astray(answers)
        return Heard(
            feasible,
            constant,
            sp.csr_array(weights @ s.linking),
            self._by_subproblem(self.cost * x) + charged,
            self._by_subproblem(s.cost * x),
            *self._use(x),
            self._by_row(self.beyond_owner, self.allowed.beyond_row, x[self.allowed.beyond]),
            astray,
        )

    def _astray(self, answers: Answers) -> tuple[sp.csr_array, Vector]:
        """How far each subproblem went astray, and what that cost."""
        s = self.subs
        shape, charged = (s.count, self.allowed.width), np.zeros(s.count)
        found = sorted(answers.astray.items())
        for i, one in found:
            charged[i] = one.charged / self.scale[i]
        if not found:
            return sp.csr_array(shape), charged
        owner = np.concatenate([np.full(len(one.parameters), i) for i, one in found])
        column = np.concatenate([one.parameters for _, one in found])
        distance = np.concatenate([one.distance for _, one in found])
        return sp.csr_array((distance, (owner, column)), shape=shape), charged

    def _use(self, x: Vector) -> tuple[Vector, Vector]:
        row, column = self.joined.coords
        owner, value = self.column_owner[column], self.joined.data * x[column]
        return self._by_row(owner, row, value), self._by_row(owner, row, np.abs(value))

    def _by_row(self, owner: Integers, row: Integers, value: Vector) -> Vector:
        shape = self.subs.count, self.joined.shape[0]
        sums = np.bincount(owner * shape[1] + row, weights=value, minlength=shape[0] * shape[1])
        return sums.astype(float).reshape(shape)

    def _by_subproblem(self, values: Vector) -> Vector:
        return np.bincount(self.column_owner, weights=values, minlength=self.subs.count).astype(float)

    def constants(self, p: Vector, cost: Vector) -> tuple[Vector, Vector]:
        """Constants of cuts by subproblem, and the multipliers with those of missing sides left out."""
        s = self.subs
        p = np.where(np.isfinite(np.where(p > 0, s.row_lower, s.row_upper)), p, 0.0)
        sides = np.where(p != 0, np.where(p > 0, s.row_lower, s.row_upper), 0.0)
        d = cost - self.transposed @ p
        columns = np.where(d > 0, d * self.low, d * self.high)
        constant: Vector = np.bincount(self.row_owner, weights=p * sides, minlength=s.count).astype(float)
        constant += np.bincount(self.column_owner, weights=columns, minlength=s.count)
        return constant, p

    def floor(self) -> Vector:
        """By subproblem: what it costs at least, wherever the master stands."""
        return least(self.allowed)
