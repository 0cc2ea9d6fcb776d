"""Bounds and the rows that join subproblems: few rows of millions of entries, gone through piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.propagation import BLUR, Flags, apart, both, one

AT_ONCE = 1 << 15
"""Entries looked at together: few enough to stay close to the processor."""


def sums(rows: sp.csr_array, low: Vector, high: Vector) -> Vector:
    """What columns add to each row at the least and at the most, and the absolute sums of either: 4 × row."""
    found = np.zeros((4, rows.shape[0]))
    for row, some in _pieces(rows):
        a, at = rows.data[some], rows.indices[some]
        up = a > 0
        least, most = a * np.where(up, low[at], high[at]), a * np.where(up, high[at], low[at])
        found[:, row] += least.sum(), most.sum(), np.abs(least).sum(), np.abs(most).sum()
    return found


def tell(rows: sp.csr_array, sides: tuple[Vector, Vector], added: Vector, low: Vector, high: Vector) -> Flags:
    """Better bounds on columns that lack one, in their places; which of them have got one they lacked.

    ``sides``: lower and upper, by row; ``added``: the :func:`sums` of all columns of the rows.
    """
    lower, upper = sides
    room = upper - added[0] + BLUR * (np.abs(upper) + added[2])
    need = added[1] - lower + BLUR * (np.abs(lower) + added[3])
    lacking = np.isinf(low) | np.isinf(high)
    fresh = np.zeros(len(low), dtype=bool)
    for row, some in _pieces(rows):
        entries = some.start + np.flatnonzero(lacking[rows.indices[some]])
        columns = rows.indices[entries]
        least = both(low[columns], high[columns])
        one(least, rows.data[entries], room[row], need[row])
        part_low, part_high = apart(least)
        fresh[columns] |= finite_sides(part_low, part_high) > finite_sides(low[columns], high[columns])
        low[columns], high[columns] = part_low, part_high
    return fresh


def finite_sides(low: Vector, high: Vector) -> NDArray[np.int64]:
    """How many of the two bounds of each column are finite."""
    return np.isfinite(low).astype(np.int64) + np.isfinite(high)


def _pieces(rows: sp.csr_array) -> Iterator[tuple[int, slice]]:
    """Entries of each row a few at a time."""
    for row, (begin, end) in enumerate(pairwise(rows.indptr.tolist())):
        for first in range(begin, end, AT_ONCE):
            yield row, slice(first, min(end, first + AT_ONCE))
