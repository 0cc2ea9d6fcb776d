"""What one tonne a year more or less of something chosen is worth: both slopes of the optimum.

At a corner the two differ, and any number between them is a dual: the interval is told, not one of its ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.why.ground import Ground, Option

STEPS = (1e-3, 1e-4, 1e-5)
EXACT = 1e-6
EDGE = 1e-7
"""Relative distance from a limit at which there is no more, or no less."""


@dataclass(frozen=True)
class Margin:
    """USD per t/year. ``less`` is at least ``more``: the optimum is convex in the size."""

    more: float | None
    """What one more would save (negative: cost); None at the largest size on offer."""
    less: float | None
    """What one less would cost; None at the least size."""


def margin(ground: Ground, option: Option) -> Margin | None:
    """Both slopes at the size in the plan; None for depots and options that are not chosen."""
    j = ground.chosen(option)
    if j is None or option.kind == "depot":
        return None
    name = "volume" if option.kind == "agreement" else "capacity"
    key = ground.arrays.columns[j][1]
    column = ground.column[name, key]
    at = ground.x[column]
    more, less = (_slope(ground, column, float(at), side) for side in (1.0, -1.0))
    data = ground.data
    unit = (
        data.units.tonnes[data.agreements[option.id].commodity]
        if option.kind == "agreement"
        else data.units.activity[option.id]
    )
    per = ground.money / unit
    return Margin(None if more is None else -more * per, None if less is None else -less * per)


def _slope(ground: Ground, column: int, at: float, side: float) -> float | None:
    """dz/d(size) to one side; None if there is no room."""
    if at <= 0:
        return None
    best = None
    for step in STEPS:
        amount = side * step * at
        found = ground.probe.force(np.array([column]), np.ones(1), at + amount)
        if found is None:
            continue
        mean = (found.outcome.objective - ground.best) / amount
        best = mean
        if abs(found.price - mean) <= EXACT * max(abs(mean), abs(found.price), EXACT):
            break
    return best
