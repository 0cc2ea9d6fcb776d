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
    matrix = arrays.matrix.copy()
    for first, last, some in stretches(matrix.indptr):
        widths = np.repeat(by_column[first:last], np.diff(matrix.indptr[first : last + 1]))
        matrix.data[some] *= by_row[matrix.indices[some]] * widths
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
    by_column = arrays.matrix
    by_row = sp.csr_array(by_column)
    column_scale = np.ones(by_column.shape[1])
    for _ in range(ROUNDS):
        row_scale = _inverse_middle(by_row, column_scale)
        column_scale = np.where(arrays.integer, 1.0, _inverse_middle(by_column, row_scale))
    right = np.where(np.isfinite(arrays.row_upper), np.abs(arrays.row_upper), np.abs(arrays.row_lower))
    row_scale = np.minimum(row_scale, LARGEST / np.maximum(right, 1e-300))
    return Scales(_power_of_two(row_scale), _power_of_two(column_scale))


def row_scales(rows: sp.csr_array) -> Vector:
    """Powers of two by which rows are multiplied towards entries of size one."""
    return _power_of_two(_inverse_middle(rows, np.ones(rows.shape[1])))


def _inverse_middle(lines: sp.csr_array | sp.csc_array, scale: Vector) -> Vector:
    """1 / √(smallest · largest entry) by row (of a csc array: by column), 1 for those that are empty, when
    what lies across is multiplied by ``scale``."""
    starts = lines.indptr
    result = np.ones(len(starts) - 1)
    for first, last, some in stretches(starts):
        size = np.abs(lines.data[some])
        size *= scale[lines.indices[some]]
        begin = starts[first:last] - starts[first]
        filled = np.flatnonzero(starts[first + 1 : last + 1] > starts[first:last])
        low, high = np.minimum.reduceat(size, begin[filled]), np.maximum.reduceat(size, begin[filled])
        result[first + filled] = 1.0 / np.sqrt(low * high)
    return result


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
