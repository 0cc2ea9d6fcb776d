"""The price at which an unused option would be bought, from the LP with yes/no decisions as they are.

The dual of an unused option bounds the price cut it needs from below; where duals are not unique it may need
more. So the cut is found by forcing a little: z(a), the optimum with an amount a forced, is convex and
piecewise linear, and its slope at 0 is what the option is too dear. A step lies on the first piece, and the
slope is exact, where the dual at its end equals the mean over it.

A cheaper option also spends less cash and moves shares of spend. Where those are worth something (money
binds), one cut is not proportional to the slope; Newton's method on the price finds it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from optimizer.highs.probe import Forced
from optimizer.why.ground import Ground
from optimizer.why.levers import Lever

STEPS = (1e-2, 1e-3, 1e-4, 1e-5)
"""Shares of all there is that are forced, until the step is small enough."""
EXACT = 1e-6
"""Relative difference at which dual and mean are the same number."""
ROUNDS = 12
"""Cuts of Newton's method at most."""


@dataclass(frozen=True)
class Threshold:
    """The price below which an option is bought."""

    lever: Lever
    cut: float
    """How far the price has to fall, in the lever's unit; inf if no price makes it enter."""
    exact: bool
    """Whether the step was small enough to prove it; if not, somewhat less may do."""

    @property
    def enters_below(self) -> float:
        """The price itself."""
        return self.lever.price - self.cut


def threshold(ground: Ground, lever: Lever) -> Threshold:
    """How far the price of an unused option has to fall before any of it is bought."""
    with ExitStack() as stack:
        if lever.open:
            columns, values = zip(*lever.open, strict=True)
            stack.enter_context(ground.probe.opened(columns, np.array(values), np.array(values)))
        found, amount, exact = None, 0.0, False
        for step in STEPS:
            amount = step * lever.most
            found = ground.probe.force(lever.columns, lever.weights, amount)
            exact = found is not None and _straight(ground, found, amount)
            if exact:
                break
        if found is None:
            return Threshold(lever, np.inf, True)
        # Beyond the tangents there are more of a cone: of a curved rule no step is on one piece for certain.
        return _newton(ground, lever, found, amount, exact and not ground.curved)


def _straight(ground: Ground, found: Forced, amount: float) -> bool:
    mean = (found.outcome.objective - ground.best) / amount
    return abs(found.price - mean) <= EXACT * max(abs(found.price), abs(mean), EXACT)


def _newton(ground: Ground, lever: Lever, found: Forced, amount: float, exact: bool) -> Threshold:
    """From what the option is too dear to the cut that makes it worth its price."""
    cut = 0.0
    for _ in range(ROUNDS):
        gain, linear = _gain(lever, found)
        if gain <= 0:
            return Threshold(lever, np.inf, exact)
        more = (found.outcome.objective - ground.best) / gain
        cut += more
        if linear or abs(more) <= EXACT * abs(cut):
            return Threshold(lever, cut * lever.natural, exact)
        ground.probe.add_to((i, j, -cut * value) for i, j, value in lever.entries)
        try:
            again = ground.probe.force(lever.columns, lever.weights, amount)
        finally:
            ground.probe.add_to((i, j, cut * value) for i, j, value in lever.entries)
        if again is None:
            break
        found = again
    return Threshold(lever, cut * lever.natural, False)


def _gain(lever: Lever, found: Forced) -> tuple[float, bool]:
    """What one unit of price is worth at the point found, and whether that is cost alone."""
    x, y = found.outcome.x, found.outcome.row_duals
    assert x is not None, "optimal"
    assert y is not None, "optimal"
    cost = sum(value * x[j] for i, j, value in lever.entries if i < 0)
    rows = -sum(y[i] * value * x[j] for i, j, value in lever.entries if i >= 0)
    return float(cost + rows), abs(rows) <= EXACT * abs(cost)
