"""What rows say of the columns in them, given bounds on the others.

All is told in one form. Over z = (x, -x) a row is one or two of the form Σ_j b_j z_j ≤ h with b > 0, and the
only bounds are z ≥ least: an upper bound on x is a lower one on -x. A row then says

    z_j ≤ least_j + (h - Σ_k b_k least_k) / b_j

of every column if the sum is finite, and of the only column that makes it infinite.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]
Columns = NDArray[np.int32]

ROUNDING = 1e-6
"""Room, relative and in equilibrated units, left to rounding and to tolerances of a solver."""
BLUR = 1e-11
"""Relative rounding of sums."""


@dataclass
class Rows:
    """Rows Σ b·z ≤ right by entry: row, column of z, b."""

    i: Places
    j: Columns
    b: Vector
    right: Vector
    """By row: less what other columns than these add at their least."""
    blur: Vector
    """By row: how far rounding puts off what is not among the columns, right side included."""

    @classmethod
    def of(
        cls, matrix: sp.csr_array | sp.csc_array, lower: Vector, upper: Vector,
        size: tuple[Vector, Vector] | None = None,
    ) -> Rows:  # fmt: skip
        """Rows lower ≤ A·x ≤ upper.

        ``size``: absolute sums of what has been taken off lower and upper sides, by row.
        """
        entries = sp.coo_array(matrix)
        i, j, a = entries.coords[0], entries.coords[1], entries.data
        limited = np.isfinite(np.concatenate([upper, lower]))
        height, width = matrix.shape
        negative, size_of = a < 0, np.abs(a)
        above = np.flatnonzero(limited[:height][i] & (a != 0))
        below = np.flatnonzero(limited[height:][i] & (a != 0))
        right = np.where(limited, np.concatenate([upper, -lower]), np.inf)
        blur = np.abs(right)
        if size is not None:
            blur += np.concatenate([size[1], size[0]])
        return cls(
            np.concatenate([i[above], i[below] + height], dtype=np.int64),
            np.concatenate([(j + width * negative)[above], (j + width * ~negative)[below]], dtype=np.int32),
            np.concatenate([size_of[above], size_of[below]]),
            right,
            BLUR * blur,
        )

    def tighten(self, least: Vector) -> None:
        """Write better bounds in the place of others: all that can be had for columns that lack one, and what
        all rows then say at once."""
        self.complete(least)
        self.once(least)

    def complete(self, least: Vector) -> None:
        """Find bounds for columns that lack one, as long as there is one to be found."""
        rows, found = self, True
        while found and len(rows.i):
            at = np.flatnonzero(np.isinf(least)[rows.j])
            row = rows.i[at]
            count = np.bincount(row, minlength=len(rows.right))
            # Once all of its sum is bounded a row tells all it has to tell.
            unclear = (count > 0)[rows.i]
            found = rows._some(np.flatnonzero(~unclear)).once(least)
            alone = at[count[row] == 1]
            columns = rows.j[alone]
            free = np.isinf(least[columns]) & np.isinf(least[_other(columns, len(least))])
            found |= rows._alone(least, alone[free])
            rows = rows._some(np.flatnonzero(unclear))

    def once(self, least: Vector) -> bool:
        """What each row says of each of its columns; whether one has got a bound that had none."""
        if not len(self.i):
            return False
        at = least[self.j]
        most = self._left(self.b * at)[self.i]
        most /= self.b
        with np.errstate(invalid="ignore"):  # infinite less infinite: nothing is said
            most += at
        return _write(least, self.j, most)

    def _alone(self, least: Vector, entries: Places) -> bool:
        """What rows say of the one column that makes their sums infinite; its entries are given."""
        if not len(entries):
            return False
        has = np.zeros(len(self.right), dtype=bool)
        has[self.i[entries]] = True
        some = self._some(np.flatnonzero(has[self.i]))
        at = least[some.j]
        left = some._left(some.b * np.where(np.isinf(at), 0.0, at))
        return _write(least, self.j[entries], left[self.i[entries]] / self.b[entries])

    def _left(self, terms: Vector) -> Vector:
        """By row: its side less its terms. Sums of large terms cancel badly: they are off by :data:`BLUR`
        times their absolute sum, which is left on top."""
        total = np.bincount(self.i, weights=terms, minlength=len(self.right))
        size = np.bincount(self.i, weights=np.abs(terms), minlength=len(self.right))
        left: Vector = self.right - total + (self.blur + BLUR * size)
        return left

    def _some(self, entries: Places) -> Rows:
        """The rows with these entries, all of each row."""
        if len(entries) == len(self.i):
            return self
        return Rows(self.i[entries], self.j[entries], self.b[entries], self.right, self.blur)


def both(low: Vector, high: Vector) -> Vector:
    """Bounds on z = (x, -x)."""
    return np.concatenate([low, -high])


def apart(least: Vector) -> tuple[Vector, Vector]:
    """Lower and upper bounds on x."""
    half = len(least) // 2
    return least[:half], -least[half:]


def one(least: Vector, a: Vector, room: float, need: float) -> None:
    """What one row says of each of its columns, entries ``a``, when ``room`` is what its sum at the least
    leaves to its upper side, and ``need`` what its sum at the most has above its lower side."""
    at = np.arange(len(a), dtype=np.int32)
    for left, negative in ((room, a < 0), (need, a > 0)):
        if np.isfinite(left):
            columns = at + np.int32(len(a)) * negative
            _write(least, columns, least[columns] + left / np.abs(a))


def _other(columns: Columns, count: int) -> Columns:
    """-z_j for z_j."""
    half = np.int32(count // 2)
    return columns + np.where(columns < half, half, -half)


def _write(least: Vector, columns: Columns, most: Vector) -> bool:
    """Better bounds, a little further out, in the place of others; whether one is where there was none."""
    half = len(least) // 2
    known = np.concatenate([least[half:], least[:half]])
    better = np.flatnonzero(-most > known[columns])
    columns, most = columns[better], most[better]
    most += ROUNDING * (1.0 + np.abs(most))
    other = _other(columns, len(least))
    before = least[other]
    np.maximum.at(least, other, -most)
    # Rows that contradict each other are for the solver to find.
    crossed = least[other] > -least[columns]
    least[other[crossed]] = before[crossed]
    return bool(np.isinf(before[~crossed]).any())
