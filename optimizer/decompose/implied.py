"""Bounds on columns that follow from the rows.

A lower bound computed from multipliers charges whatever a column's reduced cost is off by at the width of the
column. A column without an upper bound has one all the same: its rows allow no more. Nothing is assumed on
the way: a row says something of a column only if all its other columns are bounded.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector

PASSES = 30
"""Most times that all rows are gone through."""
AFTER = 2
"""Times after the last column has got a bound that had none: the rest is tightening."""
ROUNDING = 1e-6
"""Room, relative and in equilibrated units, left to rounding and to tolerances of a solver."""
BLUR = 1e-11
"""Relative rounding of sums."""
ROOMY = 100.0
"""A column that rows do not bound is taken to lie within so many times the largest number given."""


def implied(
    matrix: sp.csr_array, lower: Vector, upper: Vector, row_lower: Vector, row_upper: Vector
) -> tuple[Vector, Vector]:
    """Bounds, some of them infinite, on every point of lower ≤ x ≤ upper, row_lower ≤ A·x ≤ row_upper."""
    entries = sp.coo_array(matrix)
    (i, j), a = entries.coords, entries.data
    low, high, up, rows = lower.copy(), upper.copy(), a > 0, matrix.shape[0]
    since = 0
    for _ in range(PASSES):
        first, second = a * low[j], a * high[j]
        least, most = np.where(up, first, second), np.where(up, second, first)
        # What a row leaves for one column while all the others do their utmost.
        room = row_upper[i] - _others(least, i, rows, -BLUR)
        need = row_lower[i] - _others(most, i, rows, BLUR)
        new_low, new_high = low.copy(), high.copy()
        np.minimum.at(new_high, j, _out(np.where(up, room, need) / a, 1.0, np.inf))
        np.maximum.at(new_low, j, _out(np.where(up, need, room) / a, -1.0, -np.inf))
        # Rows that contradict each other are for the solver to find.
        crossed = new_low > new_high
        new_low[crossed], new_high[crossed] = low[crossed], high[crossed]
        fresh = np.isfinite(new_low) & np.isinf(low) | np.isfinite(new_high) & np.isinf(high)
        same = np.array_equal(new_low, low) and np.array_equal(new_high, high)
        low, high = new_low, new_high
        since = 0 if fresh.any() else since + 1
        if same or since > AFTER:
            break
    return low, high


def boxed(low: Vector, high: Vector, given: Vector, box: float) -> tuple[Vector, Vector]:
    """Finite bounds: where there is none, ``box``, or more if the numbers given (sides, bounds) are large."""
    box = max(box, ROOMY * float(np.abs(given[np.isfinite(given)]).max(initial=0.0)))
    return np.where(np.isfinite(low), low, -box), np.where(np.isfinite(high), high, box)


def _others(terms: Vector, row: NDArray[np.int64], rows: int, blur: float) -> Vector:
    """By entry: the sum of the other terms of its row, nan where one of them is infinite. Sums of large terms
    cancel badly, so that they are off by ``blur`` times their absolute sum."""
    infinite = np.isinf(terms)
    finite = np.where(infinite, 0.0, terms)
    count = np.bincount(row, weights=infinite, minlength=rows)[row] - infinite
    sums = np.bincount(row, weights=finite, minlength=rows).astype(float)[row] - finite
    sums = sums + blur * np.bincount(row, weights=np.abs(finite), minlength=rows)[row]
    return np.where(count > 0, np.nan, sums)


def _out(values: Vector, sign: float, unknown: float) -> Vector:
    """A little further out; what is not known says nothing."""
    known = np.isfinite(values)
    shifted = values + sign * ROUNDING * (1.0 + np.abs(values))
    return np.where(known, shifted, unknown)
