"""The search for the best yes/no decisions: our branch and bound, or HiGHS's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.options import Options
from optimizer.branch import BranchAndBound
from optimizer.compile import Arrays, Vector
from optimizer.cones import cones, relaxed, run
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
    """The best yes/no decisions found, in the units of the arrays; ``start`` proposes values for all columns
    (nan: none).

    Of ``x`` only the integer columns are meant to be used. Where there are cones (:mod:`optimizer.cones`) the
    decisions allow a plan within them, whose objective is told; ``arrays`` holds the tangents found.
    """
    if cones(arrays):
        return _within_cones(arrays, options, seconds, stop, report, start)
    return _search(arrays, options, seconds, stop, report, start)


def _within_cones(
    arrays: Arrays,
    options: Options,
    seconds: float | None,
    stop: threading.Event | None,
    report: Callable[[Report], None] | None,
    start: Vector | None,
) -> Outcome:
    """Searches with ever more tangents, until the best decisions within the cones are good enough.

    Each search knows only some tangents, so its bound holds for all of them; what it finds is then brought
    into the cones.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    integers = np.flatnonzero(arrays.integer)
    arrays = relaxed(arrays, threads=options.threads, seed=options.seed, time_limit=seconds, stop=stop)
    best: Outcome | None = None
    bound, nodes, iterations, spent = -np.inf, 0, 0, 0.0

    def told(now: Report) -> None:
        if report is not None:
            report(replace(now, bound=max(now.bound, bound), nodes=now.nodes + nodes))

    while True:
        left = None if deadline is None else max(0.01, deadline - time.monotonic())
        found = _search(arrays, options, left, stop, told if report else None, start)
        bound = max(bound, found.bound)
        nodes, iterations = nodes + found.branch_nodes, iterations + found.iterations
        spent += found.seconds
        if found.x is not None:
            solver = Solver(arrays, threads=options.threads, seed=options.seed)
            solver.fix(integers, np.round(found.x[integers]))
            inside = run(solver)
            known, arrays = len(arrays.rows), solver.arrays
            spent += inside.seconds
            if inside.x is not None and inside.objective < (np.inf if best is None else best.objective):
                best, start = inside, inside.x
        settled = found.x is None or len(arrays.rows) == known or found.end not in ("optimal", "infeasible")
        if best is not None:
            settled = settled or best.objective - bound <= options.relative_gap * abs(best.objective)
        if settled:
            break
    objective = np.inf if best is None else best.objective
    # Nothing found by one search after another has: their tangents differ by rounding.
    end = "optimal" if best is not None and found.end == "infeasible" else found.end
    x = None if best is None else best.x
    return Outcome(end, x, objective, min(bound, objective), None, None, nodes, iterations, spent, arrays)


def _search(
    arrays: Arrays,
    options: Options,
    seconds: float | None,
    stop: threading.Event | None,
    report: Callable[[Report], None] | None,
    start: Vector | None,
) -> Outcome:
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
        told = integers[np.isfinite(start[integers])]
        solver.start_from(told, start[told])
    # A yes/no decision may be off by a hundredth of the gap at most, so that rounding it keeps the gap.
    return solver.run(
        relative_gap=options.relative_gap * (1 - KEPT_BACK),
        time_limit=seconds,
        stop=stop,
        report=report,
        mip_feasibility_tolerance=float(np.clip(options.relative_gap / 100, 1e-9, 1e-6)),
    )
