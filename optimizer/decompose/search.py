"""Branch and bound on the master: cuts are shared by all nodes, subproblems are asked at every node as
long as it pays, and until the plan is known where decisions are whole.

Every bound is computed from multipliers (:meth:`CutMaster.safe`), and a node for which none can be computed
counts with that of its parent.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from optimizer.compile import Vector
from optimizer.decompose.branching import CANDIDATES, INTEGRAL, Branching, Gains, branchings, packs
from optimizer.decompose.engine import STEP, Engine
from optimizer.decompose.pools.port import Stopped
from optimizer.decompose.visits import Visit
from optimizer.highs.growing import Basis, Point

End = Literal["optimal", "infeasible", "time_limit", "interrupted"]

THRESHOLDS = (0.05, 0.2, 0.5)
"""First plans: decisions above a threshold in the relaxation are taken. Fixed costs make the relaxation sign
a tenth of an agreement, so rounding to the nearest would drop what is worth having."""
FIRST = 2
"""First plans that are settled: each time what the master thinks best of."""
DIVE = 4
"""Nodes after which one is rounded to a plan; then whenever their number has doubled."""
TRIAL = 100
"""Simplex iterations of a trial."""
VISITS, WORTH = 3, 0.1
"""Times that a node asks the subproblems at most; once more only if its bound rose by this share of the
way to the cutoff."""
SHARE = 0.5
"""Share of the gap to which one set of decisions is settled."""
ROUGH = 5e-3
"""Relative tolerance of the first plans, if that is more: what they are good for is known long before."""


@dataclass(order=True)
class Node:
    """A part of the tree: no plan in it is below ``bound``."""

    bound: float
    order: int
    lower: Vector = field(compare=False)
    upper: Vector = field(compare=False)
    """Of decisions; arrays may be shared between nodes and are never written to."""
    taken: frozenset[int] = field(compare=False)
    """Packs that have to be 1."""
    basis: Basis | None = field(compare=False)
    depth: int = field(compare=False)


@dataclass(frozen=True)
class Found:
    """What a search ended with."""

    end: End
    best: Visit | None
    bound: float
    nodes: int


class Search:
    """Best bound first."""

    def __init__(
        self, engine: Engine, *, relative_gap: float, told: Callable[[float, float, int], None]
    ) -> None:
        self.engine, self.gap, self.tell = engine, relative_gap, told
        m = engine.whole.master
        self.packs = packs(m, engine.integers)
        self.rows = np.array([pack.row for pack in self.packs], dtype=np.int64)
        self.sides = m.row_lower[self.rows], m.row_upper[self.rows]
        self.gains = Gains()
        self.best: Visit | None = None
        self.plan: Visit | None = None
        """The best plan, also of decisions that are not settled yet."""
        self.given_up = np.inf
        """No plan in any part of the tree that was given up is below this."""
        self.known = -np.inf
        """No plan at all is below this: proved before."""
        self.settled: dict[bytes, float] = {}
        self.heap: list[Node] = []
        self.hand: Node | None = None
        """The node that is being looked at: it is not in the heap."""
        self.made = 0
        self.nodes = 0
        self.next_dive = DIVE
        self.fines = engine.fines
        """But for those of decisions that are being settled."""
        self.between: Callable[[bool], None] = lambda _: None
        """Called after rounds, and with True when the search begins."""

    @property
    def cutoff(self) -> float:
        """Nothing at or above this is worth finding."""
        if self.best is None:
            return np.inf
        return self.best.true - self.gap * abs(self.best.true)

    def run(self, root: Point, bound: float, proposed: Vector | None) -> Found:
        """Search from the relaxation and its bound; ``proposed`` are decisions to begin with."""
        m, integers = self.engine.whole.master, self.engine.integers
        lower, upper = m.lower[integers], m.upper[integers]
        self.heap = [Node(bound, 0, lower, upper, frozenset(), root.basis, 0)]
        return self._run(root, proposed)

    def go_on(self, proposed: Vector | None) -> Found:
        """Search from the open nodes there are; first plans are made if there is none."""
        return self._run(None, proposed)

    def _run(self, root: Point | None, proposed: Vector | None) -> Found:
        self.engine.between, self.fines = self._heard, self.engine.fines
        try:
            self.between(True)
            if root is None and self.best is None:
                root = self.engine.solve()
            if root is not None and root.end == "optimal":
                self._begin(root, proposed)
            while self.heap and max(self.known, self.heap[0].bound) < self.cutoff:
                self.tell(self.bound, self._cost(), self.nodes)
                self.between(False)
                self.hand = heapq.heappop(self.heap)
                self._expand(self.hand)
                self.hand = None
        except Stopped:
            asked = self.engine.stop is not None and self.engine.stop.is_set()
            return Found("interrupted" if asked else "time_limit", self.plan, self.bound, self.nodes)
        end: End = "optimal" if self.best is not None else "infeasible"
        return Found(end, self.best, self.bound, self.nodes)

    def _heard(self, clean: Visit | None) -> None:
        """A plan of decisions that are being settled: the subproblems keep it if it is the best."""
        if clean is not None and (self.plan is None or clean.true < self.plan.true):
            self.plan = clean
        self.between(False)

    def _cost(self) -> float:
        return np.inf if self.best is None else self.best.true

    @property
    def bound(self) -> float:
        """No plan is below."""
        open_ = self.heap[0].bound if self.heap else np.inf
        if self.hand is not None:
            open_ = min(open_, self.hand.bound)
        return min(max(self.known, min(open_, self.given_up)), self._cost())

    # ---- plans

    def _begin(self, root: Point, proposed: Vector | None) -> None:
        """First plans."""
        if proposed is not None:
            self._consider(np.round(proposed), rough=True)
        m, integers = self.engine.whole.master, self.engine.integers
        for turn in range(FIRST):
            if turn:
                # What the master has learnt of the last plan changes what it thinks of all others.
                self._open()
                self.engine.decide(m.lower[integers], m.upper[integers])
                root = self.engine.solve(root.basis)
            if root.end != "optimal" or not self._first(root):
                break

    def _first(self, root: Point) -> bool:
        """What the master thinks best of; whether it was looked at."""
        x = self._x(root)
        starts: dict[bytes, tuple[float, Vector]] = {}
        for threshold in THRESHOLDS:
            decisions = self._whole(x, threshold)
            if decisions.tobytes() not in starts:
                starts[decisions.tobytes()] = self._think(decisions, root.basis), decisions
        m, integers = self.engine.whole.master, self.engine.integers
        dived = self._dive(x, root.basis, m.lower[integers], m.upper[integers])
        if dived is not None:
            starts.setdefault(dived.tobytes(), (self._think(dived, root.basis), dived))
        thought, decisions = min(starts.values(), key=lambda start: start[0])
        return self._promising(thought, decisions)

    def _promising(self, thought: float, decisions: Vector) -> bool:
        """Look at decisions that the master thinks well of and that are new; whether they were."""
        if thought >= self.cutoff or decisions.tobytes() in self.settled:
            return False
        self._consider(decisions, rough=True)
        return True

    def _dive_from(self, node: Node, point: Point) -> None:
        """A plan from what a node's point rounds to: the later, the more the master knows."""
        if self.nodes < self.next_dive:
            return
        self.next_dive = 2 * self.nodes
        dived = self._dive(self._x(point), point.basis, node.lower, node.upper)
        if dived is not None:
            self._promising(self._think(dived, point.basis), dived)

    def _whole(self, x: Vector, threshold: float) -> Vector:
        decisions = np.floor(x + 1 - threshold)
        for pack in self.packs:
            if decisions[pack.members].sum() > 1:
                decisions[pack.members] = 0.0
                decisions[pack.members[int(np.argmax(x[pack.members]))]] = 1.0
        return decisions

    def _think(self, decisions: Vector, basis: Basis | None) -> float:
        """What the master thinks of decisions."""
        self._open()
        self.engine.decide(decisions, decisions)
        return self.engine.master.safe(self.engine.solve(basis))

    def _dive(self, x: Vector, basis: Basis | None, lower: Vector, upper: Vector) -> Vector | None:
        """Round the decisions that are nearest to a whole number, a few at a time, until all are."""
        integers, lower, upper = self.engine.integers, lower.copy(), upper.copy()
        self._open()
        while True:
            far = np.abs(x - np.round(x))
            open_ = np.flatnonzero(far > INTEGRAL)
            if not len(open_):
                return np.round(x)
            nearest = open_[np.argsort(far[open_], kind="stable")][: max(1, len(open_) // 4)]
            lower[nearest] = upper[nearest] = np.round(x[nearest])
            self.engine.decide(lower, upper)
            point = self.engine.solve(basis)
            if point.end != "optimal":
                return None
            x, basis = self.engine.y(point)[integers], point.basis

    def _consider(self, decisions: Vector, rough: bool = False) -> float:
        """Settle a set of decisions to a share of the gap; a better plan is kept. The bound on all plans with
        them."""
        known = self.settled.get(decisions.tobytes())
        if known is not None and known >= self.cutoff:
            return known
        self._open()
        self.fines = self.engine.fines
        tolerance = max(SHARE * self.gap, ROUGH if rough else 0.0)
        settled = self.engine.settle(decisions, tolerance, lambda: self.cutoff)
        self.settled[decisions.tobytes()] = settled.bound
        self.fines = self.engine.fines
        if settled.best is not None and settled.best.true < self._cost():
            self.best = self.plan = settled.best
        return settled.bound

    # ---- nodes

    def _open(self) -> None:
        if len(self.rows):
            self.engine.master.bound_rows(self.rows, *self.sides)

    def _solve(self, node: Node, iterations: int | None = None) -> tuple[Point, float]:
        """The master at a node, and its bound; of a trial the objective, which is only a hint."""
        self.engine.decide(node.lower, node.upper)
        if len(self.rows):
            low, high = self.sides
            low = np.where([k in node.taken for k in range(len(self.rows))], high, low)
            self.engine.master.bound_rows(self.rows, low, high)
        point = self.engine.solve(node.basis, iterations)
        if iterations is not None:
            return point, point.objective
        safe = self.engine.master.safe(point)
        bound = max(node.bound, safe)
        if point.end == "optimal" and bound < self.cutoff < np.inf:
            self._fix(node, safe)
        return point, min(bound, self.cutoff) if point.end == "infeasible" and bound < np.inf else bound

    def _fix(self, node: Node, safe: float) -> None:
        """Fix the decisions that would lift the bound above the cutoff if they were taken otherwise."""
        d = self.engine.master.reduced[self.engine.integers]
        other = safe + np.abs(d) * (node.upper - node.lower)
        fixed = (other >= self.cutoff) & (node.lower < node.upper)
        if not fixed.any():
            return
        self._give_up(float(other[fixed].min()))
        node.upper = np.where(fixed & (d > 0), node.lower, node.upper)
        node.lower = np.where(fixed & (d < 0), node.upper, node.lower)

    def _expand(self, node: Node) -> None:
        """Branch on a node."""
        # What is open here is the gap: cuts that change less of it are not worth their rows.
        self.engine.want(self.gap * abs(self._cost()))
        point, bound = self._solve(node)
        self.nodes += 1
        node, point, bound = self._ask(node, point, bound)
        node = self._at(node, bound, point.basis or node.basis)
        if bound >= self.cutoff or point.end != "optimal":
            # Called infeasible without proof: whatever is there counts with the bound known.
            self._give_up(bound)
            return
        x = self._x(point)
        options = branchings(x, self.packs, node.taken)
        if not options:
            self._whole_node(node, np.round(x))
            return
        self._dive_from(node, point)
        chosen = self._choose(node, options)
        for side in (0, 1):
            child = self._child(node, chosen, side)
            solved, below = self._solve(child)
            if solved.end == "optimal":
                self.gains.learn(chosen, side, below - node.bound)
            if below >= self.cutoff or solved.end != "optimal":
                self._give_up(below)
            else:
                self._push(self._at(child, below, solved.basis))

    def _ask(self, node: Node, point: Point, bound: float) -> tuple[Node, Point, float]:
        """Ask the subproblems at a node as long as that lifts its bound by more than a little."""
        for _ in range(VISITS):
            if point.end != "optimal" or bound >= self.cutoff:
                break
            if not branchings(self._x(point), self.packs, node.taken):
                break
            y, near = self.engine.y(point), self.best or self.engine.centre
            if near is not None:
                # Half of the way from a good point: a shorter way, and cuts that still hold there.
                y = near.y + STEP * (y - near.y)
            if not self.engine.visit(y, point.x).cuts:
                break
            node, before = self._at(node, bound, point.basis), bound
            point, bound = self._solve(node)
            if bound - before < WORTH * (min(self.cutoff, before + abs(before)) - before):
                break
        return node, point, bound

    def _x(self, point: Point) -> Vector:
        return self.engine.y(point)[self.engine.integers]

    def _at(self, node: Node, bound: float, basis: Basis | None) -> Node:
        return Node(max(bound, node.bound), node.order, node.lower, node.upper, node.taken, basis, node.depth)

    def _push(self, node: Node) -> None:
        self.made += 1
        node.order = self.made
        heapq.heappush(self.heap, node)

    def _whole_node(self, node: Node, decisions: Vector) -> None:
        """A node whose decisions are whole: settle them; the rest of the node stays open."""
        bound = self._consider(decisions)
        if (node.lower == node.upper).all():
            self._give_up(bound)
            return
        point, below = self._solve(node)
        if (node.lower == node.upper).all():
            # What could be otherwise has just been fixed.
            self._give_up(max(bound, below))
        elif below >= self.cutoff or point.end != "optimal":
            self._give_up(below)
        elif np.array_equal(np.round(self._x(point)), decisions) and not branchings(
            self._x(point), self.packs, node.taken
        ):
            # The same again: split off these decisions so that the rest can be looked at.
            free = np.flatnonzero(node.lower < node.upper)
            value = float(decisions[free[0]])
            for side in (0, 1):
                child = self._child(node, Branching(-1, int(free[0]), value), side)
                self._push(self._at(child, below, point.basis))
        else:
            self._push(self._at(node, below, point.basis))

    def _give_up(self, bound: float) -> None:
        """No plan in a part that is looked at no more is below the bound."""
        self.given_up = min(self.given_up, bound)

    def _child(self, node: Node, b: Branching, side: int) -> Node:
        lower, upper, taken = node.lower.copy(), node.upper.copy(), node.taken
        if b.pack < 0:
            (upper if side == 0 else lower)[b.member] = float(side)
        elif side == 0:
            upper[self.packs[b.pack].members] = 0.0
        else:
            taken = taken | {b.pack}
        return Node(node.bound, 0, lower, upper, taken, node.basis, node.depth + 1)

    def _choose(self, node: Node, options: list[Branching]) -> Branching:
        """The branching to take: trials for those of which little is known."""
        unknown = sorted(
            (b for b in options if not self.gains.reliable(b)), key=lambda b: -min(b.value, 1 - b.value)
        )
        for b in unknown[:CANDIDATES]:
            for side in (0, 1):
                point, hint = self._solve(self._child(node, b, side), TRIAL)
                if point.end in ("optimal", "stopped"):
                    self.gains.learn(b, side, hint - node.bound)
                elif point.end == "infeasible":
                    return b
        return max(options, key=self.gains.score)
