"""Bounds on columns that follow from the rows.

A lower bound computed from multipliers charges whatever a column's reduced cost is off by at the width of the
column. A column without an upper bound has one all the same: its rows allow no more. Nothing is assumed on
the way: a row says something of a column only if all its other columns are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from optimizer.compile import Vector
from optimizer.decompose.propagation import Flags, Rows, apart, both
from optimizer.decompose.shared import AT_ONCE, finite_sides, sums, tell
from optimizer.decompose.split import Split, Subproblems

ROUNDS = 3
"""Most times that master and subproblems tell each other what they found."""
ROOMY = 100.0
"""A column that rows do not bound is taken to lie within so many times the largest number given."""


@dataclass(frozen=True)
class Box:
    """Bounds on the columns of the master and of the subproblems."""

    low: Vector
    high: Vector
    low_subs: Vector
    high_subs: Vector


def implied(
    matrix: sp.csr_array, lower: Vector, upper: Vector, row_lower: Vector, row_upper: Vector
) -> tuple[Vector, Vector]:
    """Bounds, some of them infinite, on every point of lower ≤ x ≤ upper, row_lower ≤ A·x ≤ row_upper."""
    least = both(lower, upper)
    Rows.of(matrix, row_lower, row_upper).tighten(least)
    return apart(least)


def boxed(low: Vector, high: Vector, largest: float, box: float) -> tuple[Vector, Vector]:
    """Finite bounds: where there is none, ``box``, or more if the largest number given (a side, a bound) is
    large."""
    box = max(box, ROOMY * largest)
    return np.where(np.isfinite(low), low, -box), np.where(np.isfinite(high), high, box)


def box_of(whole: Split, box: float) -> Box:
    """Finite bounds on all columns of a programme in pieces, ``box`` or more where rows say nothing."""
    return closed(whole, bounds_of(whole), box)


def bounds_of(whole: Split) -> Box:
    """Bounds on all columns of a programme in pieces, infinite where rows say nothing.

    A few subproblems at a time: what they need of the master are bounds on its columns. Rows that join them
    are asked about those of their columns alone that lack a bound.
    """
    m, s = whole.master, whole.subproblems
    known = np.zeros(len(m.cost), dtype=np.int64)
    found = Box(m.lower.copy(), m.upper.copy(), s.lower.copy(), s.upper.copy())
    for turn in range(ROUNDS):
        fresh = _of_master(whole, found)
        # What was found in the last turn, after a subproblem had been asked, counts as well.
        before, known = known, finite_sides(found.low, found.high)
        news = known > before
        idle = True
        for first, last in few(s):
            if turn and not _told(s, first, last, found, fresh, news):
                continue
            idle = False
            _of_subproblems(s, first, last, found)
        if idle:
            break
    return found


def closed(whole: Split, found: Box, box: float) -> Box:
    """Finite bounds: ``box`` or more where there is none."""
    m, s = whole.master, whole.subproblems
    numbers = (m.lower, m.upper, m.row_lower, m.row_upper, s.lower, s.upper, s.row_lower, s.row_upper)
    largest = max(_largest(some) for some in numbers)
    master = boxed(found.low, found.high, largest, box)
    return Box(*master, *boxed(found.low_subs, found.high_subs, largest, box))


def _told(s: Subproblems, first: int, last: int, found: Box, fresh: Flags, news: Flags) -> bool:
    """Whether some subproblems have columns that lack a bound, and there is something new to them."""
    own = slice(int(s.column_start[first]), int(s.column_start[last]))
    if not (np.isinf(found.low_subs[own]).any() or np.isinf(found.high_subs[own]).any()):
        return False
    links = s.linking.indptr[s.row_start[[first, last]]]
    return bool(fresh[own].any() or news[s.linking.indices[links[0] : links[1]]].any())


def _of_subproblems(s: Subproblems, first: int, last: int, found: Box) -> None:
    """What the rows of some subproblems say, of the columns of the master as well."""
    own = slice(int(s.column_start[first]), int(s.column_start[last]))
    row, end_row = int(s.row_start[first]), int(s.row_start[last])
    starts = s.matrix.indptr[own.start : own.stop + 1]
    inside = slice(starts[0], starts[-1])
    linking = s.linking[row:end_row]
    reached, place = np.unique(linking.indices, return_inverse=True)
    shape = linking.shape[0], len(reached)
    linking = sp.csc_array(sp.csr_array((linking.data, place.astype(np.int32), linking.indptr), shape=shape))
    width = own.stop - own.start
    matrix = sp.csc_array(
        (
            np.concatenate([s.matrix.data[inside], linking.data]),
            np.concatenate([s.matrix.indices[inside] - np.int32(row), linking.indices]),
            np.concatenate([starts - starts[0], starts[-1] - starts[0] + linking.indptr[1:]]),
        ),
        shape=(shape[0], width + shape[1]),
    )
    least = both(
        np.concatenate([found.low_subs[own], found.low[reached]]),
        np.concatenate([found.high_subs[own], found.high[reached]]),
    )
    Rows.of(sp.csr_array(matrix), s.row_lower[row:end_row], s.row_upper[row:end_row]).tighten(least)
    low, high = apart(least)
    found.low_subs[own], found.low[reached] = low[:width], low[width:]
    found.high_subs[own], found.high[reached] = high[:width], high[width:]


def _of_master(whole: Split, found: Box) -> Flags:
    """What the rows of the master say, of columns of subproblems only where they lack a bound; which of these
    have got one."""
    m, joining = whole.master, whole.subproblems.joining
    added = np.zeros((4, m.matrix.shape[0]))
    added[:, m.joining] = sums(joining, found.low_subs, found.high_subs)
    least = both(found.low, found.high)
    size = added[3] + np.abs(m.row_lower), added[2] + np.abs(m.row_upper)
    Rows.of(m.matrix, m.row_lower - added[1], m.row_upper - added[0], size).tighten(least)
    found.low[:], found.high[:] = apart(least)
    total = added[:, m.joining] + sums(sp.csr_array(m.matrix[m.joining]), found.low, found.high)
    sides = m.row_lower[m.joining], m.row_upper[m.joining]
    return tell(joining, sides, total, found.low_subs, found.high_subs)


def few(s: Subproblems) -> Iterator[tuple[int, int]]:
    """Subproblems a few at a time: the first and the one after the last."""
    before = s.matrix.indptr[s.column_start]
    first = 0
    while first < s.count:
        last = int(np.searchsorted(before, before[first] + AT_ONCE, side="right")) - 1
        last = min(s.count, max(first + 1, last))
        yield first, last
        first = last


def _largest(numbers: Vector) -> float:
    return float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0))
