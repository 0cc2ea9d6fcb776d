"""What a yes/no decision costs: the objective with it forced the other way, everything else chosen anew.

Always told as an interval that holds. Below: the relaxation with the decision forced, or what branch and
bound proves. Above: a plan that keeps it, found by rounding or by the search. Prices are against the plan at
hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.compile import Arrays, Vector
from optimizer.highs import Solver
from optimizer.search import search
from optimizer.why.ground import Ground, Option
from optimizer.why.levers import paid

ONCE = {"agreement": "sign_once", "project": "build_once"}
"""Rows that let an option be chosen once."""
SAME = 1e-9
"""Relative difference below which two objectives are one."""


@dataclass(frozen=True)
class Flip:
    """An option forced (it is not chosen) or forbidden (it is). Money in the units of the arrays."""

    option: Option
    forced: bool
    low: float
    """The price is at least this; inf if there is no plan."""
    high: float
    """And at most this; inf if no plan was found."""
    pattern: Vector | None
    """Yes/no columns of the best plan found that way."""
    better: float = 0.0
    """By how much that plan betters the plan at hand."""
    paid: float = 0.0
    """What one unit of price of the option would cost in that plan: see :func:`optimizer.why.levers.paid`."""

    @property
    def impossible(self) -> bool:
        """Whether it is proven that no plan is that way."""
        return bool(np.isinf(self.low))

    def proven(self, gap: float) -> bool:
        """Whether the interval is no wider than a gap."""
        return self.impossible or self.high - self.low <= gap


def flip(ground: Ground, option: Option) -> Flip:
    """The price as two or three LPs tell it."""
    chosen = ground.chosen(option)
    low, guide = np.inf, None
    for lower, upper in _ways(ground, option, chosen is None):
        bound, x = _known(ground, lower, upper), None
        if ground.left() > 0:
            solved = ground.relaxation.solve(lower, upper, ground.root, seconds=_seconds(ground))
            if solved.end == "infeasible":
                continue
            if solved.end == "optimal":
                bound, x = solved.objective, solved.x
        if bound < low:
            low, guide = bound, x
    if np.isinf(low) and low > 0:
        return Flip(option, chosen is None, np.inf, np.inf, None)
    best, pattern, tonnes = np.inf, None, 0.0
    for lower, upper in _ways(ground, option, chosen is None):
        for aim in (ground.pattern, guide) if ground.left() > 0 else ():
            near = None if aim is None else nearest(ground, aim, lower, upper)
            if near is None or (pattern is not None and np.array_equal(near, pattern)):
                continue
            solved = ground.cost(near, cutoff=best)
            if solved.end == "optimal" and solved.objective < best:
                best, pattern = solved.objective, near
                tonnes = paid(ground, option, ground.values())
                break
    return _told(ground, option, chosen is None, low, best, pattern, tonnes)


def settle(ground: Ground, known: Flip, gap: float, seconds: float) -> Flip:
    """The same by branch and bound, until the interval is within a gap (of the objective) or time is up."""
    if known.impossible or seconds <= 0:
        return known
    arrays = _forced(ground, known.option, known.forced)
    start = None
    if known.pattern is not None:
        start = np.zeros(arrays.shape[1])
        start[ground.integers] = known.pattern
    relative = gap / max(abs(ground.best), SAME)
    options = ground.options.model_copy(update={"relative_gap": min(1.0, relative)})
    found = search(arrays, options, seconds=seconds, stop=ground.stop, start=start)
    if found.end == "infeasible":
        return Flip(known.option, known.forced, np.inf, np.inf, None)
    best = ground.best + (known.high if known.better == 0 else -known.better)
    pattern, tonnes = known.pattern, known.paid
    if found.x is not None:
        values = np.round(found.x[ground.integers])
        solved = ground.cost(values)
        if solved.end == "optimal" and solved.objective < best:
            best, pattern = solved.objective, values
            tonnes = paid(ground, known.option, ground.values())
    low = max(found.bound, ground.best + known.low)
    return _told(ground, known.option, known.forced, low, best, pattern, tonnes)


def _told(
    ground: Ground,
    option: Option,
    forced: bool,
    bound: float,
    found: float,
    pattern: Vector | None,
    tonnes: float,
) -> Flip:
    low = max(0.0, bound - ground.best)
    better = ground.best - found if found < ground.best - SAME * abs(ground.best) else 0.0
    high = max(low, found - ground.best)
    return Flip(option, forced, low, high, pattern, better, tonnes)


def _known(ground: Ground, lower: Vector, upper: Vector) -> float:
    """What the reduced costs of the relaxation say of these bounds; no LP is solved.

    The objective rises by at least each of them for every column that leaves the bound it lies at.
    """
    root, costs = ground.root_solved, ground.root_costs
    rise = np.where(
        root.x < lower, costs * (lower - root.x), np.where(root.x > upper, -costs * (root.x - upper), 0)
    )
    return float(root.objective + np.maximum(0.0, rise).sum())


def _seconds(ground: Ground) -> float | None:
    left = ground.left()
    return None if np.isinf(left) else max(0.01, left)


def _ways(ground: Ground, option: Option, force: bool) -> list[tuple[Vector, Vector]]:
    """Bounds of the integer columns: one way to forbid an option, one to force it for each start."""
    low, high = np.zeros(len(ground.integers)), np.ones(len(ground.integers))
    at = [ground.place[j] for j in option.columns]
    ways = []
    for only in at if force else [None]:
        lower, upper = low.copy(), high.copy()
        upper[at] = 0.0
        if only is not None:
            lower[only] = upper[only] = 1.0
        ways.append((lower, upper))
    return ways


def _forced(ground: Ground, option: Option, force: bool) -> Arrays:
    """The programme with an option forced, or forbidden."""
    columns = list(option.columns)
    if not force:
        upper = ground.arrays.upper.copy()
        upper[columns] = 0.0
        return replace(ground.arrays, upper=upper)
    if option.kind == "depot":
        lower = ground.arrays.lower.copy()
        lower[columns] = 1.0
        return replace(ground.arrays, lower=lower)
    row_lower = ground.arrays.row_lower.copy()
    row_lower[ground.row[ONCE[option.kind], (option.id,)]] = 1.0
    return replace(ground.arrays, row_lower=row_lower)


def nearest(ground: Ground, aim: Vector, lower: Vector, upper: Vector) -> Vector | None:
    """Decisions nearest to an aim that keep requires and choices within these bounds; None if none do.

    A small programme of its own: the rows that are about yes/no columns alone.
    """
    small = replace(ground.decisions, cost=1.0 - 2.0 * aim, offset=float(aim.sum()), lower=lower, upper=upper)
    found = Solver(small, threads=ground.options.threads, seed=ground.options.seed).run()
    return None if found.x is None else np.round(found.x)
