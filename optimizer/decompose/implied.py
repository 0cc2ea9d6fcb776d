"""Bounds on columns that follow from the rows.

A lower bound computed from multipliers charges whatever a column's reduced cost is off by at the width of the
column. A column without an upper bound has one all the same: its rows allow no more.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector

PASSES = 6
"""Times that all rows are gone through; what follows along longer chains is left."""
ROUNDING = 1e-6
"""Room, relative and in equilibrated units, left to rounding and to tolerances of a solver."""


def implied(
    matrix: sp.csr_array, lower: Vector, upper: Vector, row_lower: Vector, row_upper: Vector, box: float
) -> tuple[Vector, Vector]:
    """Bounds within ``box`` on every point of lower ≤ x ≤ upper, row_lower ≤ A·x ≤ row_upper that is within
    the box."""
    entries = sp.coo_array(matrix)
    (i, j), a = entries.coords, entries.data
    low, high = np.maximum(lower, -box), np.minimum(upper, box)
    up = a > 0
    for _ in range(PASSES):
        least = np.where(up, a * low[j], a * high[j])
        most = np.where(up, a * high[j], a * low[j])
        # What a row leaves for one column while all the others do their utmost.
        room = row_upper[i] - (np.bincount(i, weights=least, minlength=matrix.shape[0])[i] - least)
        need = row_lower[i] - (np.bincount(i, weights=most, minlength=matrix.shape[0])[i] - most)
        # Sums of terms as large as the box cancel badly: they say only what is beyond their own rounding.
        blur = 1e-11 * np.bincount(i, weights=np.abs(least) + np.abs(most), minlength=matrix.shape[0])[i]
        room, need = room + blur, need - blur
        new_low, new_high = low.copy(), high.copy()
        np.minimum.at(new_high, j, _out(np.where(up, room, need) / a, 1.0))
        np.maximum.at(new_low, j, _out(np.where(up, need, room) / a, -1.0))
        # Rows that contradict each other are for the solver to find.
        crossed = new_low > new_high
        new_low[crossed], new_high[crossed] = low[crossed], high[crossed]
        if np.array_equal(new_low, low) and np.array_equal(new_high, high):
            break
        low, high = new_low, new_high
    return low, high


def _out(values: Vector, sign: float) -> NDArray[np.float64]:
    """A little further out."""
    return values + sign * ROUNDING * (1.0 + np.abs(np.where(np.isfinite(values), values, 0.0)))
