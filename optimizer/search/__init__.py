"""The search for the best yes/no decisions: our branch and bound, or HiGHS's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.options import Options
from optimizer.checkpoint import Checkpoint
from optimizer.compile import Arrays, Vector
from optimizer.cones import cones, run
from optimizer.highs import LostError, Outcome, Report, Solver
from optimizer.search.ask import KEPT_BACK, Ask
from optimizer.search.by_highs import by_highs
from optimizer.search.by_us import by_us
from optimizer.search.within import Within


def search(
    arrays: Arrays,
    options: Options,
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
    report: Callable[[Report], None] | None = None,
    start: Vector | None = None,
    checkpoint: Callable[[Checkpoint], None] | None = None,
    resume: Checkpoint | None = None,
) -> Outcome:
    """The best yes/no decisions found, in the units of the arrays; ``start`` proposes values for all columns
    (nan: none).

    ``checkpoint`` is handed where the search stands every few seconds, ``resume`` is where an earlier search
    of the same arrays with the same options stood.

    Of ``x`` only the integer columns are meant to be used. Where there are cones (:mod:`optimizer.cones`) the
    decisions allow a plan within them, whose objective is told; ``arrays`` holds the tangents found.
    """
    if resume is not None and resume.incumbent is not None:
        start = resume.values(arrays.columns)
        # Presolve makes one column of decisions that do the same; what both are is not known.
        start[(start < arrays.lower) | (start > arrays.upper)] = np.nan
    ask = Ask(options, seconds, stop, report, start, checkpoint, resume)
    found = Within(arrays, ask, _search).run() if cones(arrays) else _search(arrays, ask)
    return found if resume is None else _no_worse(found, arrays, ask, resume)


def _no_worse(found: Outcome, arrays: Arrays, ask: Ask, resume: Checkpoint) -> Outcome:
    """What has been found stays found, even by a search that was ended before it could look at it; what has
    been proven stays proven."""
    if found.x is None and found.end in ("time_limit", "interrupted") and ask.start is not None:
        integers = np.flatnonzero(arrays.integer)
        told = integers[np.isfinite(ask.start[integers])]
        solver = Solver(arrays, threads=ask.options.threads, seed=ask.options.seed)
        solver.fix(told, np.round(ask.start[told]))
        made = run(solver, relative_gap=ask.gap)
        if made.x is not None:
            found = replace(found, x=made.x, objective=made.objective, arrays=solver.arrays)
    return replace(found, bound=min(max(found.bound, resume.bound), found.objective))


def _search(arrays: Arrays, ask: Ask) -> Outcome:
    ask = replace(ask, seconds=None if ask.seconds is None else ask.seconds * (1 - KEPT_BACK))
    begun = time.monotonic()
    if ask.options.method != "highs":
        try:
            found = by_us(arrays, ask)
        except LostError:
            # The search of HiGHS goes other ways (cuts, propagation) and may not meet that LP.
            found = None
        # Infeasible is a strong word: HiGHS is asked before it is said, as where presolve settles everything.
        if found is not None and found.end != "infeasible":
            return found
    if ask.seconds is not None:
        ask = replace(ask, seconds=max(0.0, ask.seconds - (time.monotonic() - begun)))
    return by_highs(arrays, ask)
