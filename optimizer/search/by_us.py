"""The search by our own branch and bound, on what presolve leaves."""

from __future__ import annotations

import logging

from optimizer.branch import BranchAndBound
from optimizer.branch.frontier import Frontier
from optimizer.checkpoint import Checkpoint, named
from optimizer.compile import Arrays
from optimizer.highs import Outcome, machine_threads, relax
from optimizer.search.ask import Ask

_log = logging.getLogger(__name__)


def by_us(arrays: Arrays, ask: Ask) -> Outcome | None:
    """What branch and bound finds; None where presolve settles everything."""
    options, resume = ask.options, ask.resume
    relaxed = relax(arrays, options.seed, ask.stop)
    if relaxed is None:
        return None
    relaxation, columns = relaxed
    names, digest = named([arrays.columns[j] for j in columns]), ""
    if ask.checkpoint is not None or resume is not None:
        digest = relaxation.digest
    frontier: Frontier | None = None
    if resume is not None and resume.frontier is not None:
        if resume.programme == digest and resume.columns == names:
            frontier = resume.frontier
        else:
            _log.warning("The open nodes of the checkpoint are not used: presolve came out differently.")

    def keep(now: Frontier) -> None:
        if ask.checkpoint is not None:
            bound = now.bound if resume is None else max(now.bound, min(resume.bound, now.objective))
            ask.checkpoint(Checkpoint(names, now.incumbent, now.objective, bound, now.nodes, now, digest))

    start = None if ask.start is None or frontier is not None else ask.start[columns]
    found = BranchAndBound(
        relaxation,
        len(columns),
        relative_gap=ask.gap,
        seconds=ask.seconds,
        threads=options.threads or machine_threads(),
        stop=ask.stop,
        report=ask.report,
        keep=keep if ask.checkpoint is not None else None,
        known=float("-inf") if resume is None else resume.bound,
    ).run(start, frontier)
    x = None
    if found.x is not None:
        # Integer columns that presolve took out: whatever it fixed them to comes back with the others fixed.
        x = relaxation.restore(found.x)
    spent = found.seconds + relaxation.presolve_seconds
    return Outcome(
        found.end, x, found.objective, found.bound, None, None, found.nodes, found.iterations, spent
    )
