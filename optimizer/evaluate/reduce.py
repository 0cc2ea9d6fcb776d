"""Rows and columns that fixed commitments leave nothing to decide about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.compile import Vector

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
ROUNDS = 4
"""Of taking out what is decided already; more find nothing."""
ZERO = 1e-12


def reduce(
    entries: tuple[Integers, Integers, Vector],
    lower: Vector,
    upper: Vector,
    row_lower: Vector,
    row_upper: Vector,
    alive: Flags,
    stays: Flags,
) -> Flags:
    """Take out rows that say something about one column or leave none a choice; bounds change in place.

    Commitments not made leave rows like ``deliver ≤ 0``, those made rows like ``run = 4``. Returns the rows
    that are left. Rows in ``stays`` are not touched.
    """
    row, column, value = entries
    count = len(row_lower)
    alive = alive.copy()
    for _ in range(ROUNDS):
        fixed = lower == upper
        live = (value != 0) & ~fixed[column]
        done = np.bincount(row, np.where(fixed[column], value * lower[column], 0.0), minlength=count)
        number = np.bincount(row[live], minlength=count)
        single = alive & ~stays & (number == 1)
        before = int(alive.sum()), int(fixed.sum())
        at = live & single[row]
        i, j, v = row[at], column[at], value[at]
        low, high = (row_lower[i] - done[i]) / v, (row_upper[i] - done[i]) / v
        low, high = np.where(v > 0, low, high), np.where(v > 0, high, low)
        np.maximum.at(lower, j, low)
        np.minimum.at(upper, j, high)
        # Rounding may leave an equality a hair apart.
        crossed = (upper < lower) & (upper >= lower - 1e-9 * np.maximum(1.0, np.abs(lower)))
        upper[crossed] = lower[crossed]
        alive &= ~single
        # A sum of columns >= 0 that may not be above 0.
        down = np.bincount(row[live], (value[live] < 0) | (lower[column[live]] != 0), minlength=count) == 0
        up = np.bincount(row[live], (value[live] > 0) | (lower[column[live]] != 0), minlength=count) == 0
        forced = alive & ~stays & (number > 1)
        forced &= (down & (np.abs(row_upper - done) <= ZERO)) | (up & (np.abs(row_lower - done) <= ZERO))
        at = live & forced[row]
        upper[column[at]] = 0.0
        alive &= ~forced
        alive &= stays | (number > 0)
        if before == (int(alive.sum()), int((lower == upper).sum())):
            break
    return alive
