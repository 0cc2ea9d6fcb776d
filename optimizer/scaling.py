"""Rows and columns multiplied by powers of two, towards entries of size one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Arrays, Vector

LARGEST = 1e5
"""Right-hand sides are not scaled beyond this: a limit that is far from binding (a depot a million times too
large) would otherwise be blown up until the simplex method stumbles over it."""
ROUNDS = 4
"""Rounds of equilibration; the spread hardly shrinks after three."""
AT_ONCE = 1 << 18
"""Entries looked at together: few enough for what is in between to stay close to the processor."""


@dataclass(frozen=True)
class Scales:
    """x = columns · x', and row i of A' is rows[i] times row i of A · columns; powers of two, so exact."""

    rows: Vector
    columns: Vector


def equilibrate(arrays: Arrays) -> tuple[Arrays, Scales]:
    """Rows and columns scaled towards entries of size one, integers left alone.

    Without it HiGHS, whose tolerances are absolute, has called a plan optimal that was 26 % off.
    """
    scales = scales_of(arrays)
    by_row, by_column = scales.rows, scales.columns
    before = arrays.matrix
    data = np.empty(len(before.data))
    for first, last, some in stretches(before.indptr):
        widths = np.repeat(by_column[first:last], np.diff(before.indptr[first : last + 1]))
        widths *= by_row[before.indices[some]]
        np.multiply(before.data[some], widths, out=data[some])
    # Places of entries are the same: of a large programme once is enough.
    matrix = sp.csc_array((data, before.indices, before.indptr), shape=before.shape)
    scaled = replace(
        arrays,
        matrix=matrix,
        cost=arrays.cost * by_column,
        lower=arrays.lower / by_column,
        upper=arrays.upper / by_column,
        row_lower=arrays.row_lower * by_row,
        row_upper=arrays.row_upper * by_row,
    )
    return scaled, scales


def scales_of(arrays: Arrays) -> Scales:
    """What rows and columns are to be multiplied by."""
    matrix = arrays.matrix
    column_scale = np.ones(matrix.shape[1])
    row_scale: Vector | None = None
    for _ in range(ROUNDS):
        row_scale = _row_scale(matrix, column_scale, row_scale, arrays.integer)
    assert row_scale is not None
    for first, last, some in stretches(matrix.indptr):
        at = slice(first, last)
        column_scale[at] = _column_scale(matrix, at, some, row_scale, arrays.integer)
    right = np.where(np.isfinite(arrays.row_upper), np.abs(arrays.row_upper), np.abs(arrays.row_lower))
    row_scale = np.minimum(row_scale, LARGEST / np.maximum(right, 1e-300))
    return Scales(_power_of_two(row_scale), _power_of_two(column_scale))


def row_scales(rows: sp.csr_array) -> Vector:
    """Powers of two by which rows are multiplied towards entries of size one."""
    extremes = _Extremes.of(rows.shape[0])
    extremes.meet(np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), np.abs(rows.data))
    return _power_of_two(extremes.inverse_middle())


def _row_scale(
    matrix: sp.csc_array, column_scale: Vector, row_scale: Vector | None, integer: NDArray[np.bool_]
) -> Vector:
    """Scales of rows by those of the columns, which first, in their place, are computed from ``row_scale`` if
    given. The matrix is gone through once for both."""
    rows = _Extremes.of(matrix.shape[0])
    for first, last, some in stretches(matrix.indptr):
        at = slice(first, last)
        if row_scale is not None:
            column_scale[at] = _column_scale(matrix, at, some, row_scale, integer)
        size = np.repeat(column_scale[at], np.diff(matrix.indptr[first : last + 1]))
        size *= np.abs(matrix.data[some])
        rows.meet(matrix.indices[some], size)
    return rows.inverse_middle()


def _column_scale(
    matrix: sp.csc_array, columns: slice, entries: slice, row_scale: Vector, integer: NDArray[np.bool_]
) -> Vector:
    """Scales of some columns by those of the rows."""
    size = row_scale[matrix.indices[entries]]
    size *= np.abs(matrix.data[entries])
    count = columns.stop - columns.start
    each = np.diff(matrix.indptr[columns.start : columns.stop + 1])
    found = _Extremes.of(count)
    found.meet(np.repeat(np.arange(count), each), size)
    scale: Vector = np.where(integer[columns], 1.0, found.inverse_middle())
    return scale


@dataclass(frozen=True)
class _Extremes:
    """By row or column: its smallest and its largest entry."""

    low: Vector
    high: Vector

    @classmethod
    def of(cls, count: int) -> _Extremes:
        """None met yet."""
        return cls(np.full(count, np.inf), np.zeros(count))

    def meet(self, at: NDArray[np.integer], size: Vector) -> None:
        """Take in entries, each in the row or column ``at``."""
        np.minimum.at(self.low, at, size)
        np.maximum.at(self.high, at, size)

    def inverse_middle(self) -> Vector:
        """1 / √(smallest · largest), 1 where there is no entry."""
        filled = self.high > 0
        middle: Vector = np.sqrt(np.where(filled, self.low, 1.0) * np.where(filled, self.high, 1.0))
        return 1.0 / middle


def stretches(starts: NDArray[np.int32]) -> Iterator[tuple[int, int, slice]]:
    """Lines a few at a time: the first, the one after the last, and their entries; none without entries."""
    lines, first = len(starts) - 1, 0
    while first < lines:
        last = int(np.searchsorted(starts, starts[first] + AT_ONCE, side="right")) - 1
        last = min(lines, max(first + 1, last))
        if starts[last] > starts[first]:
            yield first, last, slice(int(starts[first]), int(starts[last]))
        first = last


def _power_of_two(scale: Vector) -> Vector:
    return np.exp2(np.round(np.log2(scale)))
