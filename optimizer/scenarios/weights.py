"""Probabilities that add up to exactly 1, in whatever order a computer adds them."""

from __future__ import annotations

from collections.abc import Sequence

GRID = 2**50
"""Probabilities are multiples of 1/GRID: every partial sum up to 1 is then a double without rounding."""


def probabilities(counts: Sequence[int]) -> list[float]:
    """Shares of a whole as multiples of 2**-50 whose sum is exactly 1.0 in any order of adding.

    ``counts``: positive whole numbers. Each share is within 2**-50 of count / Σ counts; what rounding down
    leaves goes to the largest remainders, the earlier first (Hare's method).
    """
    total = sum(counts)
    units = [count * GRID // total for count in counts]
    rest = GRID - sum(units)
    by_remainder = sorted(range(len(counts)), key=lambda i: (-(counts[i] * GRID % total), i))
    for i in by_remainder[:rest]:
        units[i] += 1
    return [unit / GRID for unit in units]
