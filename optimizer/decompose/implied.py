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
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.split import Split

PASSES = 30
"""Most times that rows are gone through together."""
AFTER = 4
"""Times that rows of wide columns are gone through again."""
WIDE = 1e7
"""Width, in equilibrated units, from which it is worth a further look how wide a column is."""
ROUNDS = 3
"""Most times that master and subproblems tell each other what they found."""
ROUNDING = 1e-6
"""Room, relative and in equilibrated units, left to rounding and to tolerances of a solver."""
BLUR = 1e-11
"""Relative rounding of sums."""
ROOMY = 100.0
"""A column that rows do not bound is taken to lie within so many times the largest number given."""
Indices = NDArray[np.int32] | NDArray[np.int64]
AT_ONCE = 1 << 16
"""Entries of subproblems looked at together: few enough to stay close to the processor."""


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
    low, high = lower.copy(), upper.copy()
    entries = sp.coo_array(matrix)
    i, j = entries.coords
    _Rows(i, j, entries.data, row_lower, row_upper).tighten(low, high)
    return low, high


def boxed(low: Vector, high: Vector, largest: float, box: float) -> tuple[Vector, Vector]:
    """Finite bounds: where there is none, ``box``, or more if the largest number given (a side, a bound) is
    large."""
    box = max(box, ROOMY * largest)
    return np.where(np.isfinite(low), low, -box), np.where(np.isfinite(high), high, box)


def box_of(whole: Split, box: float) -> Box:
    """Finite bounds on all columns of a programme in pieces, ``box`` or more where rows say nothing.

    A few subproblems at a time: what they need of the master are bounds on its columns.
    """
    m, s = whole.master, whole.subproblems
    low, high = np.concatenate([m.lower, s.lower]), np.concatenate([m.upper, s.upper])
    of_master, places = _of_master(whole)
    for turn in range(ROUNDS):
        unknown = int(np.isinf(low).sum() + np.isinf(high).sum())
        if turn and not unknown:
            break
        part_low, part_high = low[places], high[places]
        of_master.tighten(part_low, part_high)
        low[places], high[places] = part_low, part_high
        for first, last in _few(whole):
            own = slice(len(m.cost) + s.column_start[first], len(m.cost) + s.column_start[last])
            if turn and np.isfinite(low[own]).all() and np.isfinite(high[own]).all():
                continue
            rows, reached = _of_subproblems(whole, first, last)
            part_low = np.concatenate([low[own], low[reached]])
            part_high = np.concatenate([high[own], high[reached]])
            rows.tighten(part_low, part_high)
            width = own.stop - own.start
            low[own], low[reached] = part_low[:width], part_low[width:]
            high[own], high[reached] = part_high[:width], part_high[width:]
        if unknown == int(np.isinf(low).sum() + np.isinf(high).sum()):
            break
    numbers = (m.lower, m.upper, m.row_lower, m.row_upper, s.lower, s.upper, s.row_lower, s.row_upper)
    low, high = boxed(low, high, max(_largest(some) for some in numbers), box)
    width = len(m.cost)
    return Box(low[:width], high[:width], low[width:], high[width:])


@dataclass(frozen=True)
class _Rows:
    """Some rows by entry: row, column, value; sides by row."""

    i: Indices
    j: Indices
    a: Vector
    lower: Vector
    upper: Vector

    def tighten(self, low: Vector, high: Vector) -> None:
        """Write better bounds in the place of others: all that can be had for columns that lack one, and what
        all rows then say at once."""
        rows = self.with_any(np.isinf(low) | np.isinf(high))
        fresh = rows.once(low, high)
        for _ in range(PASSES):
            if not len(fresh):
                break
            # Only rows with a column that has got a bound and one that has none have anything new to say.
            known = np.zeros(len(low), dtype=bool)
            known[fresh] = True
            rows = rows.with_any(np.isinf(low) | np.isinf(high))
            fresh = rows.with_any(known).once(low, high)
        self.once(low, high)
        for _ in range(AFTER):
            self.with_any(np.isfinite(high - low) & (high - low > WIDE)).once(low, high)

    def with_any(self, columns: NDArray[np.bool_]) -> _Rows:
        """The rows that have one of these columns."""
        rows = np.zeros(len(self.lower), dtype=bool)
        rows[self.i[columns[self.j]]] = True
        kept = rows[self.i]
        return _Rows(self.i[kept], self.j[kept], self.a[kept], self.lower, self.upper)

    def once(self, low: Vector, high: Vector) -> Indices:
        """What each row says of each of its columns; which of them have got a bound that had none."""
        at_low, at_high, up = low[self.j], high[self.j], self.a > 0
        if not up.all():
            near, far = np.where(up, at_low, at_high), np.where(up, at_high, at_low)
        else:
            near, far = at_low, at_high
        # What a row leaves for one column while all the others do their utmost.
        room = self._left(self.upper, self.a * near, 1.0)
        need = self._left(self.lower, self.a * far, -1.0)
        room /= self.a
        need /= self.a
        top, bottom = (room, need) if near is at_low else (np.where(up, room, need), np.where(up, need, room))
        lowered = np.flatnonzero((top < at_high) & np.isfinite(top))
        raised = np.flatnonzero((bottom > at_low) & np.isfinite(bottom))
        top, bottom = _out(top[lowered], 1.0), _out(bottom[raised], -1.0)
        below, above = self.j[lowered], self.j[raised]
        met = np.concatenate([below, above])
        old_low, old_high = low[met], high[met]
        np.minimum.at(high, below, top)
        np.maximum.at(low, above, bottom)
        # Rows that contradict each other are for the solver to find.
        crossed = low[met] > high[met]
        low[met[crossed]], high[met[crossed]] = old_low[crossed], old_high[crossed]
        fresh = np.isinf(old_low) & np.isfinite(low[met]) | np.isinf(old_high) & np.isfinite(high[met])
        found: Indices = met[fresh]
        return found

    def _left(self, side: Vector, terms: Vector, sign: float) -> Vector:
        """By entry: a side less the other terms of its row, nan where one of them is infinite. Sums of large
        terms cancel badly: they are off by ``BLUR`` times their absolute sum, which is left on top (sign 1)
        or below (-1)."""
        rows, infinite = len(self.lower), np.isinf(terms)
        some = np.flatnonzero(infinite)
        if len(some):
            terms[some] = 0.0
        sums = np.bincount(self.i, weights=terms, minlength=rows)
        blur = np.bincount(self.i, weights=np.abs(terms), minlength=rows) + np.abs(side)
        # A side that is infinite says nothing.
        left = np.where(np.isfinite(side), side - sums + sign * BLUR * blur, np.nan)
        if not len(some):
            terms += left[self.i]
            return terms
        count = np.bincount(self.i[some], minlength=rows)
        terms += np.where(count == 0, left, np.nan)[self.i]
        terms[some] = np.where(count == 1, left, np.nan)[self.i[some]]
        return terms


def _of_master(whole: Split) -> tuple[_Rows, NDArray[np.int64]]:
    """Rows of the master, and the columns they reach: the master's and some of those that follow."""
    m, s = whole.master, whole.subproblems
    own, joined = sp.coo_array(m.matrix), sp.coo_array(s.joining)
    reached, place = np.unique(joined.coords[1], return_inverse=True)
    rows = _Rows(
        np.concatenate([own.coords[0], m.joining[joined.coords[0]]]).astype(np.int32),
        np.concatenate([own.coords[1], len(m.cost) + place]).astype(np.int32),
        np.concatenate([own.data, joined.data]),
        m.row_lower,
        m.row_upper,
    )
    return rows, np.concatenate([np.arange(len(m.cost)), len(m.cost) + reached]).astype(np.int64)


def _of_subproblems(whole: Split, first: int, last: int) -> tuple[_Rows, NDArray[np.int32]]:
    """Rows of some subproblems, and the columns of the master they reach; those come after their own."""
    s = whole.subproblems
    column, end_column = int(s.column_start[first]), int(s.column_start[last])
    row, end_row = int(s.row_start[first]), int(s.row_start[last])
    starts, links = s.matrix.indptr[column : end_column + 1], s.linking.indptr[row : end_row + 1]
    own, outside = slice(starts[0], starts[-1]), slice(links[0], links[-1])
    reached, place = np.unique(s.linking.indices[outside], return_inverse=True)
    own_columns = np.repeat(np.arange(end_column - column, dtype=np.int32), np.diff(starts))
    linking_rows = np.repeat(np.arange(end_row - row, dtype=np.int32), np.diff(links))
    rows = _Rows(
        np.concatenate([s.matrix.indices[own] - np.int32(row), linking_rows]),
        np.concatenate([own_columns, (end_column - column + place).astype(np.int32)]),
        np.concatenate([s.matrix.data[own], s.linking.data[outside]]),
        s.row_lower[row:end_row],
        s.row_upper[row:end_row],
    )
    return rows, reached


def _few(whole: Split) -> Iterator[tuple[int, int]]:
    """Subproblems a few at a time: the first and the one after the last."""
    s = whole.subproblems
    before = s.matrix.indptr[s.column_start]
    first = 0
    while first < s.count:
        last = int(np.searchsorted(before, before[first] + AT_ONCE, side="right")) - 1
        last = min(s.count, max(first + 1, last))
        yield first, last
        first = last


def _largest(numbers: Vector) -> float:
    return float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0))


def _out(values: Vector, sign: float) -> Vector:
    """A little further out."""
    return values + sign * ROUNDING * (1.0 + np.abs(values))
