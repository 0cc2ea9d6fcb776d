"""Rows, columns or entries of blocks that stand one after the other, by where each block starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def positions(start: Integers, which: Integers) -> Integers:
    """Positions of some blocks, one block after the other; ``start`` by block, and the end."""
    none = np.empty(0, dtype=np.int64)
    return np.concatenate([none, *(np.arange(start[i], start[i + 1]) for i in which.tolist())])


def starts(start: Integers, which: Integers) -> Integers:
    """Where some blocks start when they stand alone, and the end."""
    return np.concatenate([[0], np.cumsum(np.diff(start)[which])]).astype(np.int64)
