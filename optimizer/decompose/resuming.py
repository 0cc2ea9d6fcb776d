"""A decomposition hands out what it has learnt, and goes on from what another has learnt.

Cuts hold for the programme, whoever made them, and a bound once proven stays proven. The open nodes, the
parts given up and the incumbent cover all plans, at every moment between two rounds: a node that is being
looked at is handed out with those in the heap. Parts were given up because of an incumbent; they are left
alone only if one as good is found again.
"""

from __future__ import annotations

import heapq
import logging
import time
from collections.abc import Callable

import numpy as np

from optimizer.compile import Vector
from optimizer.decompose.allowance import Fines
from optimizer.decompose.engine import Engine
from optimizer.decompose.learnt import Learnt, Open
from optimizer.decompose.search import Node, Search
from optimizer.decompose.split import Split
from optimizer.decompose.visits import Visit

EVERY = 3.0
"""Seconds between two times that something is handed out, at least."""
SHARE = 0.01
"""Of the time that handing out may take."""
DETERRENT = 8.0
"""Factor on fines where the incumbent is asked for again: no use beyond what it was."""
HIGH = 1e300
NEAR = 1.02
"""Gaps below the incumbent down to which parts may have been given up: it comes back to the solver's
tolerances, and a search keeps more than that of the gap asked for back."""

_log = logging.getLogger(__name__)


class Keeper:
    """Hands out where a search stands, as often as that costs little, and at the end of the relaxation."""

    def __init__(self, search: Search, programme: str, hand: Callable[[Learnt], None]) -> None:
        self.search, self.programme, self.hand = search, programme, hand
        self.last, self.wait = time.monotonic(), EVERY
        search.engine.between, search.between = self.relaxing, self.searching

    def relaxing(self, best: Visit | None) -> None:
        """A round of the relaxation is over; its best point."""
        if self._due():
            self._out(best, relaxed=False)

    def searching(self, now: bool) -> None:
        """A round of the search is over, or it begins."""
        if now or self._due():
            self._out(self.search.engine.centre, relaxed=True)

    def _due(self) -> bool:
        return time.monotonic() - self.last >= self.wait

    def _out(self, centre: Visit | None, relaxed: bool) -> None:
        begun = time.monotonic()
        s, engine = self.search, self.search.engine
        offset, plan = engine.whole.offset, s.plan
        cost = np.inf if plan is None else plan.true
        bound = s.bound if relaxed else max(s.known, engine.bound)
        # While decisions are settled fines may be raised for them alone.
        fines = s.fines if relaxed and plan is s.best else engine.fines
        self.hand(
            Learnt(
                programme=self.programme,
                decisions=None if plan is None else np.round(plan.y[engine.integers]),
                objective=cost + offset,
                bound=min(bound, cost) + offset,
                nodes=s.nodes,
                cuts=engine.master.known(),
                beyond=fines.beyond,
                astray=fines.astray,
                centre=None if centre is None else centre.y,
                plan=None if plan is None else plan.y,
                tree=tree_of(s) if relaxed else None,
            )
        )
        self.last = time.monotonic()
        self.wait = max(EVERY, (self.last - begun) / SHARE)


def tree_of(search: Search) -> Open:
    """The tree as it stands; a node in hand counts as open."""
    nodes = search.heap if search.hand is None else [search.hand, *search.heap]
    decisions, packs = len(search.engine.integers), np.arange(len(search.packs))
    keys = [np.frombuffer(key) for key in search.settled]
    gains = [
        (*key, side, gain)
        for key, both in search.gains.known.items()
        for side in (0, 1)
        for gain in both[side]
    ]
    return Open(
        bounds=np.array([node.bound for node in nodes]),
        lower=np.array([node.lower for node in nodes]).reshape(-1, decisions),
        upper=np.array([node.upper for node in nodes]).reshape(-1, decisions),
        taken=np.array([np.isin(packs, list(node.taken)) for node in nodes], dtype=bool).reshape(
            -1, len(packs)
        ),
        given_up=search.given_up,
        settled=np.array(keys).reshape(-1, decisions),
        settled_bounds=np.array(list(search.settled.values())),
        gains=np.array(gains, dtype=float).reshape(-1, 4),
    )


def usable(learnt: Learnt, whole: Split, programme: str) -> bool:
    """Whether it was learnt about this programme; a line of the log says so if it was not."""
    fits = (
        learnt.programme == programme
        and len(learnt.beyond) == len(whole.master.joining)
        and len(learnt.astray) == len(whole.master.cost)
    )
    if not fits:
        _log.warning("The cuts of the checkpoint are not used: the programme in pieces came out differently.")
    return fits


def fines_of(learnt: Learnt) -> Fines:
    """Those it was learnt with."""
    return Fines(learnt.beyond, learnt.astray)


def recall(search: Search, learnt: Learnt) -> Vector | None:
    """Give a search that has not begun what another has learnt: cuts, bound, the incumbent if it is found
    again, and then the open nodes; a point to start the relaxation from if there are none. Raises Stopped."""
    engine = search.engine
    if not _fits(search, learnt):
        _log.warning("The cuts of the checkpoint are not used: they are not those of this master.")
        return None
    search.known, search.nodes = learnt.bound - engine.whole.offset, learnt.nodes
    engine.master.recall(learnt.cuts)
    if learnt.plan is not None:
        search.best = search.plan = _regained(engine, learnt.plan)
    if learnt.tree is not None:
        _plant(search, learnt, learnt.tree)
    return learnt.centre


def _plant(search: Search, learnt: Learnt, tree: Open) -> None:
    """What is known of decisions, and the open nodes unless others were given up for a plan that is gone."""
    for decisions, bound in zip(tree.settled, tree.settled_bounds.tolist(), strict=True):
        search.settled[decisions.tobytes()] = bound
    for pack, member, side, gain in tree.gains.tolist():
        both = search.gains.known.setdefault((int(pack), int(member)), [[], []])
        both[int(side)].append(gain)
    best = search.best
    if learnt.decisions is not None and (
        best is None or tree.given_up < best.true - NEAR * search.gap * abs(best.true)
    ):
        _log.warning("The open nodes of the checkpoint are not used: its plan came out differently.")
        return
    if learnt.centre is not None:
        none = np.empty(0)
        search.engine.centre = Visit(learnt.centre, np.inf, np.inf, none, none, 0)
    search.given_up, search.made = tree.given_up, len(tree.bounds)
    rows = zip(tree.bounds.tolist(), tree.lower, tree.upper, tree.taken, strict=True)
    search.heap = [
        Node(bound, i, lower, upper, frozenset(np.flatnonzero(taken).tolist()), None, 0)
        for i, (bound, lower, upper, taken) in enumerate(rows)
    ]
    heapq.heapify(search.heap)


def _regained(engine: Engine, y: Vector) -> Visit | None:
    """A plan at the point where it was found, if it is found there again."""
    fines, groups = engine.fines, engine.master.groups
    # Its cuts are known: none is violated where every θ is as high as can be.
    at = np.concatenate([y, np.full(groups, HIGH)])
    engine.charge(fines * DETERRENT)
    try:
        visit = engine.visit(y, at)
        if not np.isfinite(visit.true):
            visit = engine.visit(y, at, exact=True)
    finally:
        engine.charge(fines)
    if not np.isfinite(visit.true):
        return None
    engine.kept = visit.true
    engine.oracle.keep()
    return visit


def _fits(search: Search, learnt: Learnt) -> bool:
    """Whether shapes are those of the master."""
    engine, tree, cuts = search.engine, learnt.tree, learnt.cuts
    width, groups, decisions = engine.master.width, engine.master.groups, len(engine.integers)
    points = [point for point in (learnt.centre, learnt.plan) if point is not None]
    return bool(
        cuts.rows.shape[1] == width + groups
        and (not len(cuts.columns) or len(cuts.own) == engine.master.own)
        and ((cuts.group >= -1) & (cuts.group < groups)).all()
        and all(point.shape == (width,) for point in points)
        and (learnt.decisions is None or learnt.decisions.shape == (decisions,))
        and (tree is None or tree.taken.shape[1] == len(search.packs))
        and (tree is None or tree.lower.shape[1] == decisions)
    )
