"""Which variables run away when a programme has no least cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from models.options import Options
from models.plan import Relaxation
from optimizer.compile import Arrays
from optimizer.highs import Solver

STILL = 1e-7
"""Directions below this are rounding; the largest is 1."""
MOST = 10
"""Variables that are named."""


def runaway(arrays: Arrays, options: Options) -> tuple[Relaxation, ...]:
    """The variables of a ray along which cost falls without limit, the best earner first; empty if none does.

    A ray keeps every row and bound however far it is followed: the recession cone, here cut at length 1.
    """
    low, high = np.isfinite(arrays.lower), np.isfinite(arrays.upper)
    cone = replace(
        arrays,
        lower=np.where(low, 0.0, -1.0),
        upper=np.where(high, 0.0, 1.0),
        row_lower=np.where(np.isfinite(arrays.row_lower), 0.0, -np.inf),
        row_upper=np.where(np.isfinite(arrays.row_upper), 0.0, np.inf),
        integer=np.zeros_like(arrays.integer),
        offset=0.0,
    )
    outcome = Solver(cone, threads=options.threads, seed=options.seed).run()
    if outcome.x is None or outcome.objective >= -STILL:
        return ()
    moves: dict[str, float] = defaultdict(float)
    earns: dict[str, float] = defaultdict(float)
    for j in np.flatnonzero(np.abs(outcome.x) > STILL):
        name, key = arrays.columns[j]
        called = f"{name}[{key[0]}]" if key else name
        moves[called] += abs(outcome.x[j])
        earns[called] -= arrays.cost[j] * outcome.x[j]
    named = sorted(moves, key=lambda called: (-earns[called], called))[:MOST]
    found = []
    for called in named:
        others = [other for other in named if other != called]
        falls = ", and cost falls with it" if earns[called] > STILL else ""
        along = f", together with {', '.join(others)}" if others else ""
        words = f"{called} can grow without limit{along}{falls}."
        amount, unit = moves[called], "of the ray"
        found.append(Relaxation(family="unbounded", item=called, amount=amount, unit=unit, words=words))
    return tuple(found)
