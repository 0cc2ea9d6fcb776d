"""The search for the best yes/no decisions: our branch and bound, or HiGHS's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from models.options import Options
from optimizer.branch import BranchAndBound
from optimizer.compile import Arrays, Vector
from optimizer.highs import LostError, Outcome, Report, Solver, machine_threads, relax

KEPT_BACK = 0.05
"""Share of the gap and of the time left that the search does not use: rounding and polishing need some."""


def search(
    arrays: Arrays,
    options: Options,
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
    report: Callable[[Report], None] | None = None,
    start: Vector | None = None,
) -> Outcome:
    """The best yes/no decisions found, in the units of the arrays; ``start`` proposes values for all columns.

    Of ``x`` only the integer columns are meant to be used.
    """
    seconds = None if seconds is None else seconds * (1 - KEPT_BACK)
    begun = time.monotonic()
    if options.method == "extensive":
        try:
            found = _by_us(arrays, options, seconds, stop, report, start)
        except LostError:
            # The search of HiGHS goes other ways (cuts, propagation) and may not meet that LP.
            found = None
        # Infeasible is a strong word: HiGHS is asked before it is said, as where presolve settles everything.
        if found is not None and found.end != "infeasible":
            return found
    seconds = None if seconds is None else max(0.0, seconds - (time.monotonic() - begun))
    return _by_highs(arrays, options, seconds, stop, report, start)


def _by_us(
    arrays: Arrays,
    options: Options,
    seconds: float | None,
    stop: threading.Event | None,
    report: Callable[[Report], None] | None,
    start: Vector | None,
) -> Outcome | None:
    relaxed = relax(arrays, options.seed, stop)
    if relaxed is None:
        return None
    relaxation, columns = relaxed
    found = BranchAndBound(
        relaxation,
        len(columns),
        relative_gap=options.relative_gap * (1 - KEPT_BACK),
        seconds=seconds,
        threads=options.threads or machine_threads(),
        stop=stop,
        report=report,
    ).run(None if start is None else start[columns])
    x = None
    if found.x is not None:
        # Integer columns that presolve took out: whatever it fixed them to comes back with the others fixed.
        x = relaxation.restore(found.x)
    spent = found.seconds + relaxation.presolve_seconds
    return Outcome(
        found.end, x, found.objective, found.bound, None, None, found.nodes, found.iterations, spent
    )


def _by_highs(
    arrays: Arrays,
    options: Options,
    seconds: float | None,
    stop: threading.Event | None,
    report: Callable[[Report], None] | None,
    start: Vector | None,
) -> Outcome:
    solver = Solver(arrays, threads=options.threads, seed=options.seed)
    if start is not None:
        integers = np.flatnonzero(arrays.integer)
        solver.start_from(integers, start[integers])
    # A yes/no decision may be off by a hundredth of the gap at most, so that rounding it keeps the gap.
    return solver.run(
        relative_gap=options.relative_gap * (1 - KEPT_BACK),
        time_limit=seconds,
        stop=stop,
        report=report,
        mip_feasibility_tolerance=float(np.clip(options.relative_gap / 100, 1e-9, 1e-6)),
    )
