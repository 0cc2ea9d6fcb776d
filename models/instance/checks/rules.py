"""Small rules that several tables share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from models.instance.base import at
from models.instance.checks.view import View
from models.instance.shape import Path

SUM = 1e-6
"""Shares and fractions must sum to 1 within this."""

SeriesValue = float | tuple[float, ...]


def whole(view: View, path: Path, shares: Sequence[float], what: str) -> None:
    """Shares that sum to 1."""
    total = math.fsum(shares)
    if abs(total - 1) > SUM:
        view.findings.add(path, total, f"{what} that sum to 1")


def climbing(view: View, path: Path, field: str, values: Sequence[SeriesValue]) -> None:
    """Tiers of which none is below the one before, in any period."""
    for number, (before, value) in enumerate(pairwise(values), start=1):
        below = first_below(value, before)
        if below is not None:
            least = f"{at(before, below):g}{_period(value, before, below)}"
            allowed = f"at least the {field} of the tier before, {least}"
            view.findings.add((*path, number, field), at(value, below), allowed)


def ordered(
    view: View, path: Path, low: SeriesValue | None, high: SeriesValue | None, names: tuple[str, str]
) -> None:
    """A lower bound that is not above the upper one, in any period; an absent one does not bind."""
    if low is None or high is None:
        return
    above = first_below(high, low)
    if above is not None:
        allowed = f"at most {names[1]}, which is {at(high, above):g}{_period(low, high, above)}"
        view.findings.add((*path, names[0]), at(low, above), allowed)


def distinct(view: View, path: Path, values: Sequence[str | int]) -> None:
    """A list that names nothing twice."""
    seen: set[str | int] = set()
    for number, value in enumerate(values):
        if value in seen:
            view.findings.add((*path, number), value, "each entry once")
        seen.add(value)


def inside(view: View, path: Path, period: int) -> None:
    """A period of the horizon."""
    if view.horizon is not None and period >= view.horizon.periods:
        last = view.horizon.periods - 1
        view.findings.add(path, period, f"a period of the horizon, 0 to {last}")


def first_below(value: SeriesValue, bound: SeriesValue) -> int | None:
    """The first period in which a Series is below another.

    Lists of different length are compared as far as both go: their length is a fault of its own.
    """
    lengths = [len(s) for s in (value, bound) if isinstance(s, tuple)]
    return next((t for t in range(min(lengths, default=1)) if at(value, t) < at(bound, t)), None)


def _period(one: SeriesValue, other: SeriesValue, period: int) -> str:
    return f" in period {period}" if isinstance(one, tuple) or isinstance(other, tuple) else ""
