"""Rows that join subproblems, split: each subproblem has an allowance of its own, decided in the master.

A row  low ≤ W₀·y + Σ_s W_s·x_s ≤ high  becomes, with π_s the probability of subproblem s,

    low ≤ W₀·y + Σ_s π_s a_s ≤ high            in the master,
    W_s·x_s / π_s - over_s ≤ a_s               in subproblem s, where high is finite,
    W_s·x_s / π_s + under_s ≥ a_s              where low is finite.

Going beyond costs a *fine* by unit and π_s: then a subproblem answers at any allowance. A subproblem with
fines is a relaxation of the one without, so its cuts hold for both. Whether a plan keeps the joining rows is
asked of the rows themselves; where the fine is below what a row is worth, it is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.split import Split


@dataclass(frozen=True)
class Allowed:
    """A programme whose subproblems are joined by columns of the master alone."""

    whole: Split
    low: Vector
    """Bounds on all columns of the subproblems, those that go beyond included."""
    high: Vector
    owner: NDArray[np.int64]
    """By allowance: its subproblem. Allowances are the last columns of the master."""
    row: NDArray[np.int64]
    """By allowance: its position among the joining rows."""
    own: NDArray[np.int64]
    """Positions of the programme's own columns among those of the subproblems."""
    beyond: NDArray[np.int64]
    """Positions of the columns that go beyond an allowance."""
    beyond_row: NDArray[np.int64]
    """By such column: its position among the joining rows."""
    weight: Vector
    """By such column: π_s."""

    sums: tuple[sp.csr_array, sp.csr_array]
    """The joining rows over the columns of the master and over those of the subproblems."""
    sides: tuple[Vector, Vector]
    """Of the joining rows."""

    def broken(self, y: Vector, use: Vector, size: Vector) -> float:
        """By how much the worst of the joining rows is broken, relative to what it adds up where that is
        large; not above 0 if none is. What one subproblem takes too much another may have left.

        ``use`` and ``size`` are what subproblems add to each row, as it is and in absolute terms."""
        of_master = self.sums[0]
        total = of_master @ y + use.sum(axis=0)
        size = np.maximum(1.0, abs(of_master) @ np.abs(y) + size.sum(axis=0))
        low, high = self.sides
        return float((np.maximum(low - total, total - high) / size).max(initial=0.0))

    def fined(self, fines: Vector) -> Vector:
        """Costs of the subproblems' columns with these fines by joining row."""
        cost = self.whole.subproblems.cost.copy()
        cost[self.beyond] = fines[self.beyond_row] * self.weight
        return cost


def allow(whole: Split, low: Vector, high: Vector) -> Allowed:
    """Split the joining rows; ``low`` and ``high`` bound the columns of the subproblems.

    An allowance lies within what its columns can add up to: more would say nothing, less cannot be.
    """
    m, s = whole.master, whole.subproblems
    weight = np.where(s.probability > 0, s.probability, 1.0)
    count, width = s.count, len(m.cost)
    entries = sp.coo_array(s.joining)
    column_owner = np.repeat(np.arange(count), np.diff(s.column_start))
    of = column_owner[entries.coords[1]]
    pairs, at = np.unique(of * len(m.joining) + entries.coords[0], return_inverse=True)
    owner, row = pairs // max(1, len(m.joining)), pairs % max(1, len(m.joining))
    value = entries.data / weight[of]
    least = np.minimum(value * low[entries.coords[1]], value * high[entries.coords[1]])
    most = np.maximum(value * low[entries.coords[1]], value * high[entries.coords[1]])
    least = np.bincount(at, weights=least, minlength=len(pairs))
    most = np.bincount(at, weights=most, minlength=len(pairs))

    over = np.isfinite(m.row_upper[m.joining])[row]
    under = np.isfinite(m.row_lower[m.joining])[row]
    extra = np.concatenate([np.flatnonzero(over), np.flatnonzero(under)])
    sign = np.concatenate([-np.ones(over.sum()), np.ones(under.sum())])
    # Columns in the order: own, beyond; then sorted by owner, own first.
    owners = np.concatenate([column_owner, owner[extra]])
    column_order = np.argsort(owners, kind="stable")
    row_owner = np.repeat(np.arange(count), np.diff(s.row_start))
    row_owners = np.concatenate([row_owner, owner])
    row_order = np.argsort(row_owners, kind="stable")
    rows = sp.coo_array(
        (
            np.concatenate([value, sign]),
            (
                np.concatenate([at, extra]),
                np.concatenate([entries.coords[1], len(s.cost) + np.arange(len(extra))]),
            ),
        ),
        shape=(len(pairs), len(s.cost) + len(extra)),
    )
    blank = sp.csr_array((len(row_owner), len(extra)))
    matrix = sp.csc_array(sp.vstack([sp.hstack([s.matrix, blank]), rows]))
    linking = sp.vstack(
        [
            sp.hstack([s.linking, sp.csr_array((len(row_owner), len(pairs)))]),
            sp.hstack([sp.csr_array((len(pairs), width)), -sp.eye_array(len(pairs))]),
        ]
    )
    spread = np.concatenate([most - least, most - least])
    wide = np.concatenate([spread[: len(pairs)][over], spread[len(pairs) :][under]])
    joined = sp.csr_array(
        (weight[owner], (m.joining[row], np.arange(len(pairs)))), shape=(m.matrix.shape[0], len(pairs))
    )
    place = np.empty(len(owners), dtype=np.int64)
    place[column_order] = np.arange(len(owners))

    def by_column(first: Vector, second: Vector) -> Vector:
        return np.concatenate([first, second])[column_order]

    none = np.zeros(len(extra))
    sums = sp.csr_array(
        sp.csc_array(sp.hstack([s.joining, sp.csr_array((len(m.joining), len(extra)))]))[:, column_order]
    )
    subs = replace(
        s,
        matrix=sp.csc_array(matrix[row_order][:, column_order]),
        linking=sp.csr_array(sp.csr_array(linking)[row_order]),
        joining=sp.csr_array((0, len(owners))),
        cost=by_column(s.cost, none),
        lower=by_column(s.lower, none),
        upper=by_column(s.upper, np.full(len(extra), np.inf)),
        row_lower=np.concatenate([s.row_lower, np.where(under, 0.0, -np.inf)])[row_order],
        row_upper=np.concatenate([s.row_upper, np.where(over, 0.0, np.inf)])[row_order],
        row_start=np.searchsorted(row_owners[row_order], np.arange(count + 1)),
        column_start=np.searchsorted(owners[column_order], np.arange(count + 1)),
    )
    master = replace(
        m,
        matrix=sp.csr_array(sp.hstack([m.matrix, joined])),
        cost=np.concatenate([m.cost, np.zeros(len(pairs))]),
        lower=np.concatenate([m.lower, least]),
        upper=np.concatenate([m.upper, most]),
        integer=np.concatenate([m.integer, np.zeros(len(pairs), dtype=bool)]),
        joining=np.empty(0, dtype=np.int64),
    )
    return Allowed(
        replace(whole, master=master, subproblems=subs),
        by_column(low, none),
        by_column(high, np.maximum(wide, 0.0) if len(extra) else none),
        owner,
        row,
        place[: len(s.cost)],
        place[len(s.cost) :],
        row[extra],
        weight[owner[extra]],
        (sp.csr_array(sp.hstack([m.matrix[m.joining], sp.csr_array((len(m.joining), len(pairs)))])), sums),
        (m.row_lower[m.joining], m.row_upper[m.joining]),
    )
