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
    """The variables of a ray along which cost falls without limit, those that earn most first; empty if there is none.

    A ray moves no row with a right-hand side and no bounded variable beyond it: the recession cone, cut at length 1.
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
    named = sorted(moves, key=lambda called: (-earns[called], called))
    others = f" It grows together with {', '.join(named[1:MOST])}." if len(named) > 1 else ""
    return tuple(
        Relaxation(
            family="unbounded",
            item=called,
            amount=moves[called],
            unit="of the ray",
            words=f"{called} can grow without limit{', and cost falls as it does' if earns[called] > 0 else ''}."
            + (others if called == named[0] else ""),
        )
        for called in named[:MOST]
    )
