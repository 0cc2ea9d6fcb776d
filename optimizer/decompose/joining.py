"""Rows that join subproblems, without the columns that only name their sums.

Expected spend of an item is a column defined by one row that reaches into every subproblem. Put in the place
of the column, it leaves the few rows that say something: an allocation, the exposure, a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.split import Split

TINY = 1e-13


def substitute(whole: Split) -> tuple[Split, NDArray[np.int64]]:
    """The same programme without the columns that joining rows define, and those columns of the master.

    A column goes where an equality defines it, nothing else bounds it (what the row adds up is never below
    its lower bound) and no cost is on it. The columns stay in the master, in no row: positions stay.
    """
    m, s = whole.master, whole.subproblems
    if not len(m.joining):
        return whole, np.empty(0, dtype=np.int64)
    work = _Rows(whole)
    gone: list[int] = []
    while (found := work.next()) is not None:
        gone.append(work.eliminate(*found))
    rows = work.rows
    kept = [k for k in range(len(rows)) if k not in work.dropped]
    others = np.setdiff1d(np.arange(m.matrix.shape[0]), rows)
    dense = sp.csr_array(work.dense[kept])
    joining = sp.csr_array(sp.csr_array(work.mix[kept][:, : len(m.joining)]) @ s.joining)
    joining.data[np.abs(joining.data) < TINY] = 0.0
    joining.eliminate_zeros()
    matrix = sp.csr_array(sp.vstack([m.matrix[others], dense]))
    filled = np.flatnonzero(np.diff(joining.indptr))
    master = replace(
        m,
        matrix=matrix,
        row_lower=np.concatenate([m.row_lower[others], work.lower[kept]]),
        row_upper=np.concatenate([m.row_upper[others], work.upper[kept]]),
        joining=len(others) + filled,
    )
    return (
        replace(whole, master=master, subproblems=replace(s, joining=sp.csr_array(joining[filled]))),
        np.array(gone, dtype=np.int64),
    )


def define(whole: Split, gone: NDArray[np.int64], x: Vector) -> Vector:
    """``x`` (over all columns of the programme) with the columns that are gone as their rows define them."""
    if not len(gone):
        return x
    m = whole.master
    x = x.copy()
    x[whole.master_columns[gone]] = 0.0
    rows = np.flatnonzero(m.row_lower == m.row_upper)
    held = m.matrix[rows][:, gone]
    rows = rows[np.diff(held.indptr) > 0]
    sums = m.matrix[rows] @ x[whole.master_columns]
    joined = np.zeros(m.matrix.shape[0])
    joined[m.joining] = whole.subproblems.joining @ x[whole.columns]
    lack = m.row_lower[rows] - sums - joined[rows]
    x[whole.master_columns[gone]] = np.linalg.lstsq(m.matrix[rows][:, gone].toarray(), lack)[0]
    return x


@dataclass
class _Rows:
    """The rows that join, and those that hold columns which such rows may define."""

    rows: NDArray[np.int64]
    dense: Vector
    mix: Vector
    lower: Vector
    upper: Vector
    dropped: set[int]

    def __init__(self, whole: Split) -> None:
        m, s = whole.master, whole.subproblems
        self.master, self.joining = m, s.joining
        self.sub_lower, self.sub_upper = s.lower, s.upper
        by_column = sp.csc_array(m.matrix)
        equal = m.row_lower == m.row_upper
        linking = np.zeros(len(m.cost), dtype=bool)
        linking[s.linking.indices] = True
        free = (m.cost == 0) & ~m.integer & np.isposinf(m.upper) & ~linking
        touched = m.joining
        # Twice: a sum of sums is defined by a row that joins only once its parts are gone.
        for _ in range(2):
            inside = np.unique(m.matrix[touched[equal[touched]]].indices)
            self.candidates = inside[free[inside]]
            reach = np.unique(by_column[:, self.candidates].indices)
            others = np.setdiff1d(np.union1d(reach, touched), m.joining)
            touched = np.concatenate([m.joining, others])
        self.rows = touched.astype(np.int64)
        self.dense = m.matrix[self.rows].toarray()
        self.mix = np.eye(len(self.rows))
        self.lower, self.upper = m.row_lower[self.rows].copy(), m.row_upper[self.rows].copy()
        self.dropped: set[int] = set()

    def next(self) -> tuple[int, int] | None:
        """A row and a column it defines."""
        count = len(self.master.joining)
        for k in range(len(self.rows)):
            if k in self.dropped or self.lower[k] != self.upper[k]:
                continue
            for j in self.candidates[self.dense[k, self.candidates] != 0]:
                if self._implied(k, int(j), count):
                    return k, int(j)
        return None

    def _implied(self, k: int, j: int, count: int) -> bool:
        """Whether what defines the column is never below its lower bound."""
        pivot = self.dense[k, j]
        rest = -self.dense[k] / pivot
        rest[j] = 0.0
        inner, values = self._sum(self.mix[k, :count])
        least = self.lower[k] / pivot
        for at, weights, low, high in (
            (np.arange(len(rest)), rest, self.master.lower, self.master.upper),
            (inner, values / -pivot, self.sub_lower, self.sub_upper),
        ):
            up, down = at[weights > TINY], at[weights < -TINY]
            least += float((weights[weights > TINY] * low[up]).sum())
            least += float((weights[weights < -TINY] * high[down]).sum())
        return bool(least >= self.master.lower[j])

    def _sum(self, weights: Vector) -> tuple[NDArray[np.int32], Vector]:
        """Columns of subproblems and their values in a sum of rows that join."""
        starts, rows = self.joining.indptr, np.flatnonzero(weights)
        spans = [slice(starts[r], starts[r + 1]) for r in rows]
        at = np.concatenate([self.joining.indices[:0], *(self.joining.indices[some] for some in spans)])
        data = self.joining.data
        values = np.concatenate(
            [data[:0], *(weights[r] * data[some] for r, some in zip(rows, spans, strict=True))]
        )
        if len(rows) > 1:
            at, place = np.unique(at, return_inverse=True)
            values = np.bincount(place, weights=values, minlength=len(at)).astype(float)
        return at, values

    def eliminate(self, k: int, j: int) -> int:
        """Put row k in the place of column j everywhere else."""
        for r in np.flatnonzero(self.dense[:, j]):
            if r == k:
                continue
            factor = self.dense[r, j] / self.dense[k, j]
            self.dense[r] -= factor * self.dense[k]
            self.dense[r, j] = 0.0
            self.mix[r] -= factor * self.mix[k]
            self.lower[r] -= factor * self.lower[k]
            self.upper[r] -= factor * self.lower[k]
        self.dense[np.abs(self.dense) < TINY] = 0.0
        self.dropped.add(k)
        self.candidates = self.candidates[self.candidates != j]
        return j
