"""Branch and bound over a few dozen yes/no decisions, each node an LP solved from its parent's basis.

HiGHS's own branch and bound spends its time elsewhere on this kind of programme: on the real case it had,
after 400 s, no second node (cut rounds that move the bound by 0.2 %, sub-MIP heuristics), while a node here
costs a few tenths of a second. What matters: a presolved relaxation solved once, warm bases, strong branching
until pseudo-costs are known, fixing by reduced costs, and plunging, so that incumbents come from the tree
itself (docs/decisions/0013).

The search is deterministic for a seed, on one thread as on two, but for limits of time: pairs of LPs run side
by side, and results are used in order.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from optimizer.branch.choose import PseudoCosts, choose
from optimizer.branch.frontier import Frontier
from optimizer.branch.programme import EXACT, INTEGRAL, End, Node, Open, Programme, distance
from optimizer.compile import Vector
from optimizer.highs import Relaxation, Report, Solved

PLUNGE = 0.5
"""A child is followed while its bound has used less than this share of the room below the cutoff."""
EVERY = 3.0
"""Seconds between two times that it is handed out where a search stands."""
SAME = 1e-6
"""Relative difference within which an objective found again is the one it was."""


@dataclass(frozen=True)
class Found:
    """What the search ended with."""

    end: End
    x: Vector | None
    """Values of the integer columns, whole numbers."""
    objective: float
    bound: float
    nodes: int
    iterations: int
    seconds: float
    """Spent in LPs; two side by side count once."""


class BranchAndBound:
    """One search, ended by ``relative_gap``, ``seconds`` or ``stop``."""

    def __init__(
        self,
        relaxation: Relaxation,
        count: int,
        *,
        relative_gap: float,
        seconds: float | None = None,
        threads: int = 2,
        stop: threading.Event | None = None,
        report: Callable[[Report], None] | None = None,
        keep: Callable[[Frontier], None] | None = None,
        known: float = -np.inf,
    ) -> None:
        """``keep`` is handed where the search stands when it begins to branch, and every few seconds then.
        ``known``: a bound that is proven already.
        """
        self.programme = Programme(
            relaxation, count, relative_gap=relative_gap, seconds=seconds, threads=threads, stop=stop
        )
        self.threads, self.report, self.keep = threads, report, keep
        self.known, self.kept = known, -np.inf
        self.costs = PseudoCosts(count)
        self.nodes = self.made = 0

    def run(self, start: Vector | None = None, resume: Frontier | None = None) -> Found:
        """Search until the gap is reached, nothing is left, or something asks for an end.

        ``start``: decisions of a first incumbent to try; those it leaves open (nan) are found by diving.
        ``resume``: where an earlier search with the same relaxation and gap stood; this one goes on there.
        """
        with ThreadPoolExecutor(2) as threads:
            self.programme.pool = threads if self.threads > 1 else None
            return self._run(start, resume)

    def _run(self, start: Vector | None, resume: Frontier | None) -> Found:
        programme = self.programme
        root = programme.alone(programme.lower, programme.upper, None)
        reduced_costs = programme.pair[0].reduced_costs()
        if root.end == "infeasible":
            return self._found("infeasible", np.inf)
        if root.end != "optimal":
            return self._found(programme.stopped() or "time_limit", -np.inf)
        if start is not None:
            programme.complete(start, root)
        heap = self._again(resume, root) if resume is not None else None
        if heap is None:
            top = Node(root.objective, 0, programme.lower.copy(), programme.upper.copy(), root)
            programme.first_incumbents(top)
            heap = [] if self._settled(top) else [top]
        following: Node | None = None
        bound = np.inf
        while heap or following is not None:
            programme.fix_by_reduced_cost(root, reduced_costs)
            node = following or heapq.heappop(heap)
            bound = max(self.known, min([node.bound, *(n.bound for n in heap[:1])]))
            if bound >= programme.cutoff:
                break
            self._tell(bound)
            self._keep([node, *heap])
            end = programme.stopped()
            if end is not None:
                return self._found(end, bound)
            bound = np.inf
            children = self._expand(node) if isinstance(node, Node) else self._solved(node, root)
            for child in children:
                heapq.heappush(heap, child)
            following = self._follow(heap, children)
        return self._found("optimal" if programme.incumbent is not None else "infeasible", bound)

    def _again(self, resume: Frontier, root: Solved) -> list[Open] | None:
        """The open nodes of an earlier search; None if its incumbent is not what it was said to be, for then
        what was given up because of it may hold something better."""
        programme = self.programme
        if resume.incumbent is not None:
            programme.try_point(resume.incumbent, root.basis)
            if not programme.objective <= resume.objective + SAME * abs(resume.objective):
                return None
        programme.discard(resume.discarded)
        self.costs.gain, self.costs.seen = resume.gain.copy(), resume.seen.copy()
        self.nodes, self.made = resume.nodes, len(resume.bounds)
        rows = zip(resume.bounds.tolist(), resume.lower, resume.upper, strict=True)
        heap = [Open(bound, i, lower.copy(), upper.copy()) for i, (bound, lower, upper) in enumerate(rows)]
        heapq.heapify(heap)
        return heap

    def _solved(self, node: Open, root: Solved) -> list[Node]:
        """A node of an earlier search with its relaxation solved; nothing if that shows there is nothing."""
        solved = self.programme.alone(node.lower, node.upper, root.basis)
        if solved.end == "cut off":
            self.programme.discard(self.programme.cutoff)
        if solved.end in ("infeasible", "cut off"):
            return []
        if solved.end == "stopped":
            return [Node(node.bound, node.order, node.lower, node.upper, solved)]
        again = Node(max(node.bound, solved.objective), node.order, node.lower, node.upper, solved)
        return [] if self._settled(again) else [again]

    def _keep(self, open_: list[Open]) -> None:
        """Hand out where the search stands, now and then."""
        now = time.monotonic()
        if self.keep is None or now - self.kept < EVERY:
            return
        self.kept = now
        programme = self.programme
        self.keep(
            Frontier(
                incumbent=programme.incumbent,
                objective=programme.objective,
                discarded=programme.discarded,
                bounds=np.array([node.bound for node in open_]),
                lower=np.array([node.lower for node in open_]),
                upper=np.array([node.upper for node in open_]),
                gain=self.costs.gain.copy(),
                seen=self.costs.seen.copy(),
                nodes=self.nodes,
            )
        )

    def _follow(self, heap: list[Open], children: list[Node]) -> Node | None:
        """The better child while it is worth plunging into, the node with the lowest bound otherwise."""
        if not children:
            return None
        best, floor = min(children), heap[0].bound
        room = self.programme.cutoff - floor
        if np.isfinite(room) and best.bound - floor > PLUNGE * room:
            return None
        heap.remove(best)
        heapq.heapify(heap)
        return best

    def _expand(self, node: Node) -> list[Node]:
        """Branch on a node: its children that may still hold something better."""
        self.nodes += 1
        j = choose(self.programme, self.costs, node)
        if j is None:
            return []
        both = self.programme.both(node, j)
        self.costs.learn(node, j, both)
        children = (self._child(node, j, side, solved) for side, solved in enumerate(both))
        return [child for child in children if child is not None]

    def _child(self, node: Node, j: int, side: int, solved: Solved) -> Node | None:
        """Column j rounded down (side 0) or up (side 1); None if nothing better is there."""
        if solved.end in ("infeasible", "cut off"):
            return None
        lower, upper = node.lower.copy(), node.upper.copy()
        if side == 0:
            upper[j] = np.floor(node.solved.x[j])
        else:
            lower[j] = np.ceil(node.solved.x[j])
        self.made += 1
        if solved.end == "stopped":
            # A run that a limit stopped proves nothing beyond its parent.
            return Node(node.bound, self.made, lower, upper, solved)
        child = Node(max(node.bound, solved.objective), self.made, lower, upper, solved)
        return None if self._settled(child) else child

    def _settled(self, node: Node) -> bool:
        """Whether a node needs no branching: all decisions whole (tried as incumbent), or too dear."""
        far = distance(node.solved.x).max(initial=0.0)
        if node.bound < self.programme.cutoff and far <= INTEGRAL:
            self.programme.try_point(node.solved.x, node.solved.basis)
        settled = node.bound >= self.programme.cutoff or far <= EXACT
        if settled:
            self.programme.discard(node.bound)
        return bool(settled)

    def _tell(self, bound: float) -> None:
        if self.report is not None:
            known = max(self.known, min(bound, self.programme.discarded))
            self.report(Report(self.programme.objective, known, self.nodes))

    def _found(self, end: End, bound: float) -> Found:
        p = self.programme
        bound = min(max(self.known, min(bound, p.discarded)), p.objective)
        return Found(end, p.incumbent, p.objective, bound, self.nodes, p.iterations, p.lp_seconds)
