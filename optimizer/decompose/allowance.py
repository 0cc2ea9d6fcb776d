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

ROUNDING = 1e-9
"""By how much, relatively, a joining row may be broken without counting as broken."""


@dataclass(frozen=True)
class Fines:
    """What subproblems are charged by unit of their probability for what they must not do."""

    beyond: Vector
    """By joining row: for going beyond an allowance."""
    astray: Vector
    """By column of the master: for a plan that supposes another value than the master's."""

    own: float = 1.0
    """Factor on their own costs: 0 where nothing but fines counts."""

    def __mul__(self, factor: float) -> Fines:
        """Higher or lower ones."""
        return Fines(self.beyond * factor, self.astray * factor, self.own)


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
    width: int
    """Columns of the master before its allowances."""
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

    def share_out(self, y: Vector, use: Vector) -> tuple[Vector, Vector]:
        """The point y with allowances of what subproblems used there: what one of them takes too much another
        may have left. Where all together take too much, those who want more than they had get but part of it,
        so that the joining row holds; by row what they lack then, all together."""
        low, high = self.sides
        weight, rows = self.whole.subproblems.weight[self.owner], len(low)
        m, row = self.whole.master, self.row
        before, used = y[self.width :], use[self.owner, row] / weight
        after = np.clip(used, m.lower[self.width :], m.upper[self.width :])
        total = self.sums[0] @ y + use.sum(axis=0)
        lack = np.maximum(0.0, np.maximum(total - high, low - total))
        lack[lack <= ROUNDING * np.maximum(1.0, np.abs(total))] = 0.0
        more = np.where(total > high, 1.0, -1.0)[row] * (after - before)
        wanted = np.bincount(row, weights=weight * np.maximum(more, 0.0), minlength=rows)
        left = np.divide(lack, wanted, out=np.where(lack > 0, 1.0, 0.0), where=wanted > lack)
        after += np.where(more > 0, left[row], 0.0) * (before - after)
        over = np.where(np.isfinite(high)[row], np.maximum(used - after, 0.0), 0.0)
        over += np.where(np.isfinite(low)[row], np.maximum(after - used, 0.0), 0.0)
        there = np.concatenate([y[: self.width], after])
        return there, np.bincount(row, weights=weight * over, minlength=rows).astype(float)

    def links(self) -> sp.csr_array:
        """Rows of the subproblems × columns of the master, but for allowances: going beyond one has a fine of
        its own."""
        return sp.csr_array(self.whole.subproblems.linking[:, : self.width])

    def fined(self, fines: Fines) -> Vector:
        """Costs of the subproblems' columns with these fines."""
        cost = self.whole.subproblems.cost * fines.own
        cost[self.beyond] = fines.beyond[self.beyond_row] * self.weight
        return cost


def allow(whole: Split, low: Vector, high: Vector) -> Allowed:
    """Split the joining rows; ``low`` and ``high`` bound the columns of the subproblems.

    An allowance lies within what its columns can add up to: more would say nothing, less cannot be.
    """
    m, s = whole.master, whole.subproblems
    weight = s.weight
    count, width = s.count, len(m.cost)
    entries = sp.csc_array(s.joining)
    each = np.diff(entries.indptr)
    # By entry: its subproblem, its allowance, its value by unit of probability.
    of = np.repeat(np.repeat(np.arange(count), np.diff(s.column_start)), each)
    value = entries.data / weight[of]
    of *= len(m.joining)
    of += entries.indices
    there = np.zeros(count * len(m.joining), dtype=bool)
    there[of] = True
    pairs = np.flatnonzero(there)
    owner, row = pairs // max(1, len(m.joining)), pairs % max(1, len(m.joining))
    at = (np.cumsum(there) - 1)[of]
    del of
    at_low, at_high = value * np.repeat(low, each), value * np.repeat(high, each)
    least = np.bincount(at, weights=np.minimum(at_low, at_high), minlength=len(pairs))
    most = np.bincount(at, weights=np.maximum(at_low, at_high), minlength=len(pairs))
    del at_low, at_high

    over = np.isfinite(m.row_upper[m.joining])[row]
    under = np.isfinite(m.row_lower[m.joining])[row]
    extra = np.concatenate([np.flatnonzero(over), np.flatnonzero(under)])
    sign = np.concatenate([-np.ones(over.sum()), np.ones(under.sum())])
    # Rows and columns of a subproblem: its own, then those of its allowances.
    by_owner = np.argsort(owner[extra], kind="stable")
    extra, sign = extra[by_owner], sign[by_owner]
    rows = _Places(s.row_start, owner)
    columns = _Places(s.column_start, owner[extra])
    matrix = _widened(s.matrix, rows, columns, (at, each, value), (extra, sign))
    linking = _linked(s.linking, rows, width)
    spread = np.maximum(most - least, 0.0)[extra]
    joined = sp.csr_array(
        (weight[owner], (m.joining[row], np.arange(len(pairs)))), shape=(m.matrix.shape[0], len(pairs))
    )
    none = np.zeros(len(extra))
    sums = sp.csr_array(
        (s.joining.data, columns.own[s.joining.indices], s.joining.indptr),
        shape=(len(m.joining), columns.count),
    )
    subs = replace(
        s,
        matrix=matrix,
        linking=linking,
        joining=sp.csr_array((0, columns.count)),
        cost=columns.merge(s.cost, none),
        lower=columns.merge(s.lower, none),
        upper=columns.merge(s.upper, np.full(len(extra), np.inf)),
        row_lower=rows.merge(s.row_lower, np.where(under, 0.0, -np.inf)),
        row_upper=rows.merge(s.row_upper, np.where(over, 0.0, np.inf)),
        row_start=rows.start,
        column_start=columns.start,
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
        columns.merge(low, none),
        columns.merge(high, spread),
        owner,
        row,
        width,
        columns.own,
        columns.added,
        row[extra],
        weight[owner[extra]],
        (sp.csr_array(sp.hstack([m.matrix[m.joining], sp.csr_array((len(m.joining), len(pairs)))])), sums),
        (m.row_lower[m.joining], m.row_upper[m.joining]),
    )


class _Places:
    """Where rows or columns come to stand when each subproblem gets some more at its end: ``owner`` says
    which, ascending."""

    def __init__(self, start: NDArray[np.int64], owner: NDArray[np.int64]) -> None:
        before = np.searchsorted(owner, np.arange(len(start)))
        self.shift = before[:-1]
        """By subproblem: how far its own move."""
        self.start = start + before
        self.own = np.arange(start[-1]) + np.repeat(before[:-1], np.diff(start))
        self.added = start[owner + 1] + np.arange(len(owner))
        self.count = int(self.start[-1])

    def merge(self, own: Vector, added: Vector) -> Vector:
        """Numbers of both in their places."""
        result = np.empty(self.count)
        result[self.own], result[self.added] = own, added
        return result


def _widened(
    matrix: sp.csc_array,
    rows: _Places,
    columns: _Places,
    used: tuple[NDArray[np.int64], NDArray[np.int32], Vector],
    beyond: tuple[NDArray[np.int64], Vector],
) -> sp.csc_array:
    """The matrix with rows of allowances: what own columns use of them (allowance by entry, column after
    column; entries by column; value by entry), what the added columns go beyond them (allowance, value)."""
    allowance, per_column, value = used
    each = np.zeros(columns.count, dtype=np.int64)
    each[columns.own], each[columns.added] = np.diff(matrix.indptr) + per_column, 1
    indptr = np.concatenate([[0], np.cumsum(each)])
    # What is used stands at the end of its column.
    first = indptr[columns.own + 1] - np.cumsum(per_column)
    at = np.repeat(first, per_column)
    at += np.arange(len(at))
    indices, data = np.empty(indptr[-1], dtype=np.int32), np.empty(indptr[-1])
    before = np.ones(len(data), dtype=bool)
    for places, row, values in (
        (at, allowance, value),
        (indptr[columns.added], *beyond),
    ):
        before[places] = False
        indices[places], data[places] = rows.added[row], values
    of_own = np.diff(matrix.indptr[columns.start - np.append(columns.shift, columns.added.size)])
    data[before] = matrix.data
    indices[before] = matrix.indices + np.repeat(rows.shift.astype(np.int32), of_own)
    return sp.csc_array((data, indices, indptr.astype(np.int32)), shape=(rows.count, columns.count))


def _linked(linking: sp.csr_array, rows: _Places, width: int) -> sp.csr_array:
    """The linking entries with those of allowances, -1 each; allowances follow the ``width`` columns of the
    master."""
    count = len(rows.added)
    each = np.ones(rows.count, dtype=np.int64)
    each[rows.own] = np.diff(linking.indptr)
    indptr = np.concatenate([[0], np.cumsum(each)])
    own = np.ones(indptr[-1], dtype=bool)
    own[indptr[rows.added]] = False
    indices, data = np.empty(len(own), dtype=np.int32), np.empty(len(own))
    indices[own], data[own] = linking.indices, linking.data
    indices[~own], data[~own] = width + np.arange(count), -1.0
    return sp.csr_array((data, indices, indptr.astype(np.int32)), shape=(rows.count, width + count))
