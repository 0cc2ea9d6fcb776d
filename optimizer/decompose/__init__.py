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
import scipy.sparse as sp
from numpy.typing import NDArray

from models.options import Options
from optimizer.compile import Arrays, Vector, equilibrate
from optimizer.cones import cones
from optimizer.decompose.allowance import allow
from optimizer.decompose.engine import Engine, first_fines
from optimizer.decompose.implied import boxed, implied
from optimizer.decompose.joining import define, substitute
from optimizer.decompose.partition import SMALL, SPINE, partition
from optimizer.decompose.pools import Pool, Stopped, opened
from optimizer.decompose.sample import SECOND, WORTH, choose
from optimizer.decompose.search import End, Search
from optimizer.decompose.split import Split, split
from optimizer.decompose.start import First, begin, restrict, spread
from optimizer.highs import Outcome, Report
from optimizer.tree import Tree

__all__ = ["CannotDecompose", "Nodes", "decompose"]

BOX = 1e6
"""Least width of a column that nothing bounds, in equilibrated units."""
MANY = 200
"""Decisions at nodes (chances) beyond which the master would drown in them."""
RELAXED = 0.3
"""Share of the gap to which the relaxation is solved before the search."""
SAMPLED_GAP = 3e-3
"""Gap to which the relaxation of a second sample is solved."""
KEPT_BACK = 0.05
"""Share of the gap and of the time left that the search does not use."""


class CannotDecompose(Exception):
    """The shape of a programme does not allow it; the message says why."""


@dataclass(frozen=True)
class Nodes:
    """The tree behind a programme, and which names of columns and rows end with a node."""

    tree: Tree
    columns: frozenset[str]
    rows: frozenset[str]

    def of_columns(self, arrays: Arrays) -> NDArray[np.int64]:
        """Node by column, -1 where there is none."""
        return np.array(
            [key[-1] if name in self.columns else -1 for name, key in arrays.columns], dtype=np.int64
        )

    def of_rows(self, arrays: Arrays) -> NDArray[np.int64]:
        """Node by row, -1 where there is none."""
        return np.array([key[-1] if name in self.rows else -1 for name, key in arrays.rows], dtype=np.int64)


def decompose(
    arrays: Arrays,
    nodes: Nodes,
    options: Options,
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
    report: Callable[[Report], None] | None = None,
    start: Vector | None = None,
    small: int = SMALL,
    pool: str = "auto",
) -> Outcome:
    """The best plan found, all columns of it, in the units of the arrays, and a bound that holds.

    ``start`` proposes values for the decisions (nan: none). ``small``: most nodes of a subtree that is solved
    apart. ``pool`` says where (:mod:`optimizer.decompose.pools`). Raises CannotDecompose,
    UnknownPool, PoolFailed.
    """
    begun = time.monotonic()
    if cones(arrays):
        raise CannotDecompose("a rule on concentration is a cone along each path")
    part = partition(nodes.tree, small)
    if not part.count:
        raise CannotDecompose("the tree has one node")
    own = np.append(part.owner, SPINE)
    at_columns = nodes.of_columns(arrays)
    if np.count_nonzero(arrays.integer & (at_columns >= 0)) > MANY:
        raise CannotDecompose("a rule on chances has too many scenarios to decide on")
    scaled, scales = equilibrate(arrays)
    original = split(scaled, own[nodes.of_rows(arrays)], own[at_columns], part.probability)
    whole, gone = substitute(original)
    given = scaled.lower, scaled.upper, scaled.row_lower, scaled.row_upper
    low, high = boxed(*implied(sp.csr_array(scaled.matrix), *given), np.concatenate(given), BOX)
    box = _Box(low, high)
    parent = np.array([nodes.tree.nodes[root].parent or 0 for root in part.roots], dtype=np.int64)
    deadline = None if seconds is None else begun + seconds * (1 - KEPT_BACK)
    with closing(opened(pool, part.count, options.threads)) as workers:
        setting = _Setting(options, stop, deadline, workers)
        found = _pooled(whole, box, parent, setting, report, start)
    found = replace(found, note=workers.words, seconds=time.monotonic() - begun)
    if found.x is None:
        return found
    x = np.empty(len(arrays.columns))
    x[whole.master_columns] = found.x[: len(whole.master.cost)]
    x[whole.columns] = found.x[len(whole.master.cost) :]
    return replace(found, x=define(original, gone, x) * scales.columns)


@dataclass(frozen=True)
class _Box:
    """Finite bounds on all columns of a programme."""

    low: Vector
    high: Vector


@dataclass(frozen=True)
class _Setting:
    """What all engines share."""

    options: Options
    stop: threading.Event | None
    deadline: float | None
    pool: Pool

    def left(self) -> float | None:
        """Seconds left, None without a limit."""
        return None if self.deadline is None else max(0.01, self.deadline - time.monotonic())

    def end(self) -> End:
        """Why a run was stopped."""
        return "interrupted" if self.stop is not None and self.stop.is_set() else "time_limit"


def _pooled(
    whole: Split,
    box: _Box,
    parent: NDArray[np.int64],
    setting: _Setting,
    report: Callable[[Report], None] | None,
    start: Vector | None,
) -> Outcome:
    """The search from its first point on; of the outcome, ``x`` are the programme's own columns: those of the
    master, then those of the subproblems."""
    try:
        first = _first(whole, box, parent, setting)
    except Stopped:
        return Outcome(setting.end(), None, np.inf, -np.inf, None, None, 0, 0)
    engine = _engine(whole, box, first, setting)
    allowed, width = engine.allowed, len(whole.master.cost)
    try:
        point = first.point(allowed, np.arange(whole.subproblems.count))
        found = _solve(engine, point, setting.options, report, start)
    finally:
        engine.close()
    if found.x is None:
        return found
    y, x = found.x[:width], found.x[len(allowed.whole.master.cost) :]
    return replace(found, x=np.concatenate([y, x[allowed.own]]))


def _engine(whole: Split, box: _Box, first: First, setting: _Setting) -> Engine:
    allowed = allow(whole, box.low[whole.columns], box.high[whole.columns])
    m, width = allowed.whole.master, len(whole.master.cost)
    return Engine(
        allowed,
        np.concatenate([box.low[whole.master_columns], m.lower[width:]]),
        np.concatenate([box.high[whole.master_columns], m.upper[width:]]),
        first_fines(first.price, first.cost, first.sums),
        pool=setting.pool,
        seed=setting.options.seed,
        stop=setting.stop,
        seconds=setting.left(),
    )


def _first(whole: Split, box: _Box, parent: NDArray[np.int64], setting: _Setting) -> First:
    """A point to start from: one LP on a few subtrees, then a decomposition of some more."""
    seed, s = setting.options.seed, whole.subproblems
    weights = choose(parent, s.probability, seed)
    first = begin(whole, parent, weights, seed, setting.stop, setting.left())
    if s.count < WORTH * SECOND or first.y is None:
        return first
    weights = choose(parent, s.probability, seed, SECOND)
    chosen = np.flatnonzero(weights)
    engine = _engine(restrict(whole, weights), box, first, setting)
    try:
        engine.relax(first.point(engine.allowed, chosen), SAMPLED_GAP)
    finally:
        engine.close()
    if engine.centre is None:
        return first
    width, allowed = len(first.y), engine.allowed
    use = first.use[chosen]
    use[allowed.owner, allowed.row] = engine.centre.y[width:]
    likely = np.where(s.probability > 0, s.probability, 1.0)
    return replace(first, y=engine.centre.y[:width], use=spread(use, chosen, parent, likely))


def _solve(
    engine: Engine,
    point: Vector | None,
    options: Options,
    report: Callable[[Report], None] | None,
    start: Vector | None,
) -> Outcome:
    """The search; of the outcome, ``x`` are the columns of the master, then those of the subproblems."""
    gap = options.relative_gap * (1 - KEPT_BACK)
    whole, oracle = engine.whole, engine.oracle

    def told(bound: float, cost: float = np.inf, nodes: int = 0) -> None:
        if report is not None:
            report(Report(cost + whole.offset, bound + whole.offset, nodes))

    engine.told = told
    try:
        root, bound = engine.relax(point, RELAXED * gap)
    except Stopped:
        end: End = "interrupted" if engine.stop is not None and engine.stop.is_set() else "time_limit"
        return Outcome(end, None, np.inf, engine.bound + whole.offset, None, None, 0, oracle.iterations)
    if root.end != "optimal":
        return Outcome("infeasible", None, np.inf, np.inf, None, None, 0, oracle.iterations)
    proposed = None if start is None else start[whole.master_columns[engine.integers]]
    if proposed is not None and not np.isfinite(proposed).all():
        proposed = None
    found = Search(engine, relative_gap=gap, told=told).run(root, bound, proposed)
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
