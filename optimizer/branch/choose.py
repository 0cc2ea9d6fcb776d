"""Which decision to branch on: strong branching until pseudo-costs are known, pseudo-costs from then on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.branch.programme import EXACT, INTEGRAL, Node, Programme, distance
from optimizer.compile import Vector
from optimizer.highs import Solved

CANDIDATES = 8
"""Decisions compared by strong branching at a node, at most."""
RELIABLE = 2
"""Observations on each side after which pseudo-costs are trusted."""
TRIAL_ITERATIONS = 400
"""Simplex iterations of a strong-branching trial."""


class PseudoCosts:
    """How much the objective rose, on average, per unit by which a decision was rounded down or up."""

    def __init__(self, count: int) -> None:
        self.gain = np.zeros((2, count))
        self.seen = np.zeros((2, count), dtype=int)

    def learn(self, node: Node, j: int, both: list[Solved]) -> None:
        """Take note of what rounding column j down and up has cost."""
        for side, (solved, moved) in enumerate(zip(both, _moves(node.solved.x[j]), strict=True)):
            if solved.end in ("optimal", "stopped") and moved > INTEGRAL:
                self.gain[side, j] += max(0.0, solved.objective - node.solved.objective) / moved
                self.seen[side, j] += 1

    def reliable(self, j: int) -> bool:
        """Whether enough has been seen on both sides."""
        return bool(self.seen[:, j].min() >= RELIABLE)

    def gains(self, x: Vector, columns: NDArray[np.int64]) -> Vector:
        """Gains expected from rounding down and up, shape (2, columns); mean rates where none is known."""
        rates = np.ones(self.gain.shape)
        for side in (0, 1):
            known = self.seen[side] > 0
            if known.any():
                rates[side, known] = self.gain[side, known] / self.seen[side, known]
                rates[side, ~known] = rates[side, known].mean()
        moved: Vector = np.stack(_moves(x[columns]))
        return rates[:, columns] * moved


def _moves(x: Vector) -> tuple[Vector, Vector]:
    """How far a value moves when it is rounded down and up."""
    return x - np.floor(x), np.ceil(x) - x


def choose(programme: Programme, costs: PseudoCosts, node: Node) -> int | None:
    """The decision to branch on; None if trials show that the node holds nothing better."""
    x = node.solved.x
    far = distance(x)
    open_ = np.flatnonzero(far > INTEGRAL)
    if not len(open_):
        return int(np.argmax(far))
    expected = costs.gains(x, open_)
    order = np.argsort(-_score(expected[0], expected[1]), kind="stable")
    best, best_score, trials = int(open_[order[0]]), -1.0, 0
    for i in order[: 2 * CANDIDATES]:
        j = int(open_[i])
        if costs.reliable(j):
            down, up = expected[:, i]
        elif trials < CANDIDATES and not programme.stopped():
            trials += 1
            both = programme.both(node, j, TRIAL_ITERATIONS)
            costs.learn(node, j, both)
            gone = [s.end in ("infeasible", "cut off") for s in both]
            if all(gone):
                return None
            if any(gone):
                return j
            down, up = (s.objective - node.solved.objective for s in both)
        else:
            continue
        score = float(_score(np.array(down), np.array(up)))
        if score > best_score:
            best, best_score = j, score
    return best


def _score(down: Vector, up: Vector) -> Vector:
    """Both sides should gain, so their product counts."""
    product: Vector = np.maximum(down, EXACT) * np.maximum(up, EXACT)
    return product
