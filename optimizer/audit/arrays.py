"""Small pieces of arithmetic that every part of the audit uses.

Arrays have one row per thing (commodity, offer, project ...) and one column per node of the tree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class OfCommodity(Protocol):
    """A row that names one commodity."""

    @property
    def commodity(self) -> str:
        """Id of the commodity."""


def whole_periods(years: float, length: float) -> int:
    """Years as periods of ``length`` years: ⌊years/Δ + ½⌋ (model.md §4)."""
    return math.floor(years / length + 0.5)


def ramp_at(ramp: Sequence[float], age: int, length: float) -> float:
    """Factor of the year that ``age`` periods have led into; the last value lasts (model.md §4)."""
    year = math.floor(age * length + 1e-9)
    return ramp[min(year, len(ramp) - 1)]


def over_periods(series: float | tuple[float, ...], periods: int) -> Array:
    """A Series written out, shape (T,)."""
    return np.broadcast_to(np.asarray(series, dtype=np.float64), (periods,)).copy()


def table(rows: Sequence[float | tuple[float, ...]], periods: int) -> Array:
    """Several Series written out, shape (rows, T)."""
    return np.array([over_periods(row, periods) for row in rows]).reshape(len(rows), periods)


def column(values: Sequence[float]) -> Array:
    """One value per row, shape (rows, 1), to multiply an array of shape (rows, nodes)."""
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def gather(rows: Array, owner: Sequence[int], size: int) -> Array:
    """Rows added up by owner: (rows, nodes) -> (size, nodes)."""
    total = np.zeros((size, rows.shape[1]))
    for row, index in zip(rows, owner, strict=True):
        total[index] += row
    return total
