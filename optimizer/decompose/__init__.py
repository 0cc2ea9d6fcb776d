"""Benders decomposition over the scenario tree (docs/decisions/0021-decomposition.md).

The nodes that many scenarios share stay in a master; the thousands of small subtrees below them are solved
apart, each from the basis of the time before, and answer with cuts. Everything here sees columns and rows by
node; what they mean it does not know.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from models.faults import SolverFailed
from models.options import Options
from optimizer.compile import Arrays, Vector
from optimizer.decompose.allowance import Fines, allow
from optimizer.decompose.cuts import GROUPS
from optimizer.decompose.engine import Engine
from optimizer.decompose.fines import first_fines
from optimizer.decompose.implied import Box
from optimizer.decompose.learnt import Learnt, digest
from optimizer.decompose.pools import Pool, Stopped, opened
from optimizer.decompose.preparing import CannotDecompose, Nodes, Pieces, prepare
from optimizer.decompose.resuming import Keeper, fines_of, recall, usable
from optimizer.decompose.sample import SECOND, WORTH, choose
from optimizer.decompose.search import End, Found, Search
from optimizer.decompose.split import Split
from optimizer.decompose.start import First, begin, restrict, spread
from optimizer.highs import Outcome, Report
from optimizer.highs.spans import positions

__all__ = ["CannotDecompose", "Learnt", "Nodes", "Pieces", "decompose", "prepare", "solve"]

RELAXED = 0.3
"""Share of the gap to which the relaxation is solved before the search."""
SAMPLED_GAP = 1e-2
"""Gap to which the relaxation of a second sample is solved."""
KEPT_BACK = 0.05
"""Share of the gap and of the time left that the search does not use."""


def decompose(
    arrays: Arrays,
    nodes: Nodes,
    options: Options,
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
    report: Callable[[Report], None] | None = None,
    start: Vector | None = None,
    small: int | None = None,
    pool: str = "auto",
    checkpoint: Callable[[Learnt], None] | None = None,
    resume: Learnt | None = None,
) -> Outcome:
    """:func:`prepare`, then :func:`solve`."""
    begun = time.monotonic()
    pieces = prepare(arrays, nodes, small)
    left = None if seconds is None else seconds - (time.monotonic() - begun)
    found = solve(
        pieces, options, seconds=left, stop=stop, report=report, start=start, pool=pool,
        checkpoint=checkpoint, resume=resume,
    )  # fmt: skip
    return replace(found, seconds=time.monotonic() - begun)


def solve(
    pieces: Pieces,
    options: Options,
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
    report: Callable[[Report], None] | None = None,
    start: Vector | None = None,
    pool: str = "auto",
    checkpoint: Callable[[Learnt], None] | None = None,
    resume: Learnt | None = None,
) -> Outcome:
    """The best plan found, all columns of it, in the units of the arrays, and a bound that holds.

    ``start`` proposes values for the decisions (nan: none). ``pool`` says where subproblems are solved
    (:mod:`optimizer.decompose.pools`). ``checkpoint`` is handed what has been learnt every few seconds,
    ``resume`` is what an earlier search has learnt: it is used if it was about the same programme, to the
    last bit. The pieces are used up. Raises UnknownPool, PoolFailed.
    """
    begun = time.monotonic()
    deadline = None if seconds is None else begun + seconds * (1 - KEPT_BACK)
    programme = ""
    if checkpoint is not None or resume is not None:
        programme = digest(pieces.whole, pieces.box, GROUPS)
    if resume is not None and not usable(resume, pieces.whole, programme):
        resume = None
    with closing(opened(pool, pieces.whole.subproblems.count, options.threads)) as workers:
        setting = _Setting(options, stop, deadline, workers, programme, checkpoint, resume)
        found = _pooled(pieces, setting, report, start)
    return replace(found, note=workers.words, seconds=time.monotonic() - begun)


@dataclass(frozen=True)
class _Setting:
    """What all engines share."""

    options: Options
    stop: threading.Event | None
    deadline: float | None
    pool: Pool
    programme: str
    """Its digest, if it is asked for."""
    checkpoint: Callable[[Learnt], None] | None
    resume: Learnt | None
    """Of this programme."""

    def left(self) -> float | None:
        """Seconds left, None without a limit."""
        return None if self.deadline is None else max(0.01, self.deadline - time.monotonic())

    def end(self) -> End:
        """Why a run was stopped."""
        return "interrupted" if self.stop is not None and self.stop.is_set() else "time_limit"


def _pooled(
    pieces: Pieces,
    setting: _Setting,
    report: Callable[[Report], None] | None,
    start: Vector | None,
) -> Outcome:
    """The search from its first point on; of the outcome, ``x`` are the columns of the whole programme."""
    width = len(pieces.whole.master.cost)
    known = setting.resume
    if known is None:
        try:
            first = _first(pieces, setting)
        except Stopped:
            return Outcome(setting.end(), None, np.inf, -np.inf, None, None, 0, 0)
        engine = _engine(pieces.take(), pieces.box, _fines(first), setting)
    else:
        engine = _engine(pieces.take(), pieces.box, fines_of(known), setting)
        first = None
    allowed = engine.allowed
    try:
        found = _solve(engine, first, setting, report, start)
    finally:
        engine.close()
    if found.x is None:
        return found
    below = found.x[len(allowed.whole.master.cost) :][allowed.own]
    return replace(found, x=pieces.origin.columns(found.x[:width], below))


def _engine(whole: Split, box: Box, fines: Fines, setting: _Setting) -> Engine:
    width = len(whole.master.cost)
    allowed = allow(whole, box.low_subs, box.high_subs)
    del whole
    m = allowed.whole.master
    return Engine(
        allowed,
        np.concatenate([box.low, m.lower[width:]]),
        np.concatenate([box.high, m.upper[width:]]),
        fines,
        pool=setting.pool,
        seed=setting.options.seed,
        stop=setting.stop,
        seconds=setting.left(),
    )


def _fines(first: First) -> Fines:
    return first_fines(first.price, first.slope, first.cost, first.sums)


def _first(pieces: Pieces, setting: _Setting) -> First:
    """A point to start from: one LP on a few subtrees, then a decomposition of some more."""
    whole, parent = pieces.whole, pieces.parent
    seed, s = setting.options.seed, whole.subproblems
    weights = choose(parent, s.probability, seed)
    first = begin(whole, parent, weights, seed, setting.stop, setting.left())
    if s.count < WORTH * SECOND or first.y is None:
        return first
    weights = choose(parent, s.probability, seed, SECOND)
    chosen = np.flatnonzero(weights)
    columns = positions(s.column_start, chosen)
    box = replace(pieces.box, low_subs=pieces.box.low_subs[columns], high_subs=pieces.box.high_subs[columns])
    engine = _engine(restrict(whole, weights), box, _fines(first), setting)
    try:
        engine.relax(first.point(engine.allowed, chosen), SAMPLED_GAP)
    finally:
        engine.close()
    if engine.centre is None:
        return first
    width, allowed = len(first.y), engine.allowed
    use = first.use[chosen]
    use[allowed.owner, allowed.row] = engine.centre.y[width:]
    return replace(first, y=engine.centre.y[:width], use=spread(use, chosen, parent, s.weight))


def _solve(
    engine: Engine,
    first: First | None,
    setting: _Setting,
    report: Callable[[Report], None] | None,
    start: Vector | None,
) -> Outcome:
    """The search, from a point to start from or from what is known; of the outcome, ``x`` are the columns of
    the master, then those of the subproblems."""
    gap = setting.options.relative_gap * (1 - KEPT_BACK)
    whole, oracle, known = engine.whole, engine.oracle, setting.resume
    proposed = None if start is None else start[whole.master_columns[engine.integers]]
    if proposed is not None and not np.isfinite(proposed).all():
        proposed = None

    def told(bound: float, cost: float = np.inf, nodes: int = 0) -> None:
        if report is not None:
            if search.best is not None:
                cost = min(cost, search.best.true)
            bound = min(max(bound, search.known), cost)
            report(Report(cost + whole.offset, bound + whole.offset, max(nodes, search.nodes)))

    engine.told = told
    search = Search(engine, relative_gap=gap, told=told)
    if setting.checkpoint is not None:
        Keeper(search, setting.programme, setting.checkpoint)
    try:
        centre = None if known is None else recall(search, known)
        if search.heap:
            found = search.go_on(proposed)
        else:
            if first is not None:
                centre = first.point(engine.allowed, np.arange(whole.subproblems.count))
            root, bound = engine.relax(centre, RELAXED * gap)
            if root.end != "optimal":
                if search.best is not None:
                    raise SolverFailed("the relaxation has no plan, but there is one.")
                # The bound says whether it is proved.
                return Outcome("infeasible", None, np.inf, bound, None, None, 0, oracle.iterations)
            found = search.run(root, bound, None if search.best is not None else proposed)
    except Stopped:
        found = Found(setting.end(), search.best, max(engine.bound, search.known), search.nodes)
    x, cost = None, np.inf
    if found.best is not None:
        x, cost = np.concatenate([found.best.y, oracle.kept()]), found.best.true
    return Outcome(
        found.end,
        x,
        cost + whole.offset,
        min(found.bound, cost) + whole.offset,
        None,
        None,
        found.nodes,
        oracle.iterations,
    )
