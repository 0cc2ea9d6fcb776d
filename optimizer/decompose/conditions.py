"""What single rows of subproblems ask of the master, as rows of its own.

What is used on the way to a subtree may leave it nothing that it could use: the sum along a path is a row of
the subtree alone. The master would learn that from feasibility cuts, one subtree and one column at a time; it
is known beforehand. Of a row  l ≤ A·x + B·y ≤ u  follows  l - max A·x ≤ B·y ≤ u - min A·x  over bounds on x.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.implied import Box, few
from optimizer.decompose.propagation import BLUR
from optimizer.decompose.split import Split, Subproblems

Conditions = tuple[sp.csr_array, Vector, Vector]
"""Rows and their sides."""


def with_conditions(whole: Split, bounds: Box) -> Split:
    """The programme with these rows in the master, each once, with the tightest sides of all subproblems.
    ``bounds`` hold in every plan and may be infinite."""
    m, s = whole.master, whole.subproblems
    found = [_some(s, *some, bounds) for some in few(s)]
    matrix, lower, upper = _once(
        sp.csr_array(sp.vstack([rows for rows, _, _ in found], format="csr")),
        np.concatenate([low for _, low, _ in found]),
        np.concatenate([high for _, _, high in found]),
    )
    master = replace(
        m,
        matrix=sp.csr_array(sp.vstack([m.matrix, matrix])),
        row_lower=np.concatenate([m.row_lower, lower]),
        row_upper=np.concatenate([m.row_upper, upper]),
    )
    return replace(whole, master=master)


def _some(s: Subproblems, first: int, last: int, bounds: Box) -> Conditions:
    """What rows of some subproblems ask for, where bounds on the master's columns do not grant it."""
    row, end = int(s.row_start[first]), int(s.row_start[last])
    columns = np.arange(s.column_start[first], s.column_start[last])
    start = s.matrix.indptr[columns[0] : columns[-1] + 2]
    at = np.repeat(columns, np.diff(start))
    inside = slice(start[0], start[-1])
    of_row, a = s.matrix.indices[inside] - row, s.matrix.data[inside]
    least, most, size = _range(of_row, a, bounds.low_subs[at], bounds.high_subs[at], end - row)
    linking = s.linking[row:end]
    lower, upper = s.row_lower[row:end], s.row_upper[row:end]
    # Rounding must not cut off a plan.
    blur = BLUR * (1.0 + size + np.where(np.isfinite(lower), np.abs(lower), np.abs(upper)))
    lower, upper = lower - most - blur, upper - least + blur
    owner = np.repeat(np.arange(end - row), np.diff(linking.indptr))
    y = linking.indices
    granted = _range(owner, linking.data, bounds.low[y], bounds.high[y], end - row)
    lower = np.where(granted[0] >= lower - blur, -np.inf, lower)
    upper = np.where(granted[1] <= upper + blur, np.inf, upper)
    asking = np.flatnonzero((np.diff(linking.indptr) > 0) & (np.isfinite(lower) | np.isfinite(upper)))
    return sp.csr_array(linking[asking]), lower[asking], upper[asking]


def _range(
    row: NDArray[np.integer], a: Vector, low: Vector, high: Vector, rows: int
) -> tuple[Vector, Vector, Vector]:
    """By row: what entries a of columns within bounds add at the least, at the most, and how large the finite
    terms are together."""
    up = a > 0
    terms = a * np.where(up, low, high), a * np.where(up, high, low)
    least, most = (np.bincount(row, weights=some, minlength=rows).astype(float) for some in terms)
    larger = np.maximum(*(np.where(np.isfinite(some), np.abs(some), 0.0) for some in terms))
    return least, most, np.bincount(row, weights=larger, minlength=rows).astype(float)


def _once(matrix: sp.csr_array, lower: Vector, upper: Vector) -> Conditions:
    """Each row once. Rows that differ by a power of two are the same: that is what scaling makes of them."""
    matrix.sort_indices()
    places: dict[tuple[bytes, bytes], int] = {}
    kept: list[int] = []
    scale = np.ones(len(lower))
    for i in range(len(lower)):
        some = slice(matrix.indptr[i], matrix.indptr[i + 1])
        values = matrix.data[some]
        scale[i] = np.exp2(-np.floor(np.log2(abs(values[0]))))
        key = matrix.indices[some].tobytes(), (values * scale[i]).tobytes()
        k = places.setdefault(key, i)
        if k == i:
            kept.append(i)
        lower[k] = max(lower[k], lower[i] * scale[i] / scale[k])
        upper[k] = min(upper[k], upper[i] * scale[i] / scale[k])
    return sp.csr_array(matrix[kept]), lower[kept], upper[kept]
