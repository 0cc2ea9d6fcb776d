"""All cuts there are, of which the master's LP holds those that matter where it stands.

Of ten thousand cuts a thousand hold a point. Each of the others costs the simplex method its share of every
iteration, and costs next to nothing here, where one product tells which of them a point violates.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector

Integers = NDArray[np.int64]


class CutPool:
    """Cuts ``cuts·(y, θ) ≥ right``, each with a number it keeps for good."""

    def __init__(self, width: int, groups: int) -> None:
        self.width, self.groups = width, groups
        self.cuts = sp.csr_array((0, width + groups))
        self.right = np.empty(0)
        self.theta = np.empty(0)
        """By cut: its entry of θ, 0 for cuts of feasibility."""
        self.group = np.empty(0, dtype=np.int64)
        """By cut: its group, -1 for cuts of feasibility."""
        self.idle = np.empty(0, dtype=np.int64)
        """By cut: for how many solves it has not held."""
        self.number = np.empty(0, dtype=np.int64)
        """Ascending."""
        self.inside = np.empty(0, dtype=np.int64)
        """Positions of the cuts that are in the LP, in its order."""
        self.slack = np.empty(0, dtype=np.int64)
        """By cut: for how many solves it has been in the LP and not held."""
        self._next = 0

    def __len__(self) -> int:
        return len(self.right)

    def add(self, rows: sp.csr_array, right: Vector, group: Integers) -> Integers:
        """More cuts; their positions."""
        count, before = len(right), len(self)
        self.cuts = sp.csr_array(sp.vstack([self.cuts, rows]))
        self.right = np.concatenate([self.right, right])
        self.theta = np.concatenate([self.theta, np.asarray(rows[:, self.width :].sum(axis=1)).ravel()])
        self.group = np.concatenate([self.group, group])
        none = np.zeros(count, dtype=np.int64)
        self.idle, self.slack = np.concatenate([self.idle, none]), np.concatenate([self.slack, none])
        self.number = np.concatenate([self.number, self._next + np.arange(count)])
        self._next += count
        return before + np.arange(count)

    def bring(self, which: Integers) -> None:
        """These are in the LP now, after all others."""
        self.inside = np.concatenate([self.inside, which])
        self.slack[which] = 0

    def held(self, duals: Vector) -> None:
        """Take note of which cuts of the LP hold a point."""
        holding = np.zeros(len(self), dtype=bool)
        holding[self.inside] = duals != 0
        self.idle = np.where(holding, 0, self.idle + 1)
        self.slack = np.where(holding, 0, self.slack + 1)

    def missed(self, point: Vector, least: float) -> Integers:
        """The cut of each group, outside the LP, that a point (y, θ) violates most, in money; none if all of
        these together are worth less than ``least``. Cuts of feasibility: all that are violated."""
        outside = np.ones(len(self), dtype=bool)
        outside[self.inside] = False
        if not outside.any():
            return np.empty(0, dtype=np.int64)
        violated = self.right - self.cuts @ point
        broken = outside & (violated > 1e-9 * (1 + np.abs(self.right)))
        hard = np.flatnonzero(broken & (self.group < 0))
        soft = np.flatnonzero(broken & (self.group >= 0))
        money = violated[soft] / self.theta[soft]
        # By group the largest comes last.
        order = np.lexsort((money, self.group[soft]))
        soft, money = soft[order], money[order]
        last = np.append(self.group[soft][1:] != self.group[soft][:-1], True)[: len(soft)]
        soft, money = soft[last], money[last]
        if not len(hard) and float(money.sum()) <= least:
            return np.empty(0, dtype=np.int64)
        return np.sort(np.concatenate([hard, soft]))

    def idlers(self, age: int) -> Integers:
        """Rows of the LP, by their order there, that have not held it for so many solves."""
        return np.flatnonzero(self.slack[self.inside] > age)

    def leave(self, rows: Integers) -> None:
        """These rows of the LP are out of it."""
        self.inside = np.delete(self.inside, rows)

    def oldest(self, most: int) -> NDArray[np.bool_]:
        """Where there are more than so many, a fourth of them: those that have not held for longest."""
        gone = np.zeros(len(self), dtype=bool)
        if len(self) > most:
            gone[np.argsort(-self.idle, kind="stable")[: len(self) // 4]] = True
        return gone & (self.idle > 0)

    def forget(self, gone: NDArray[np.bool_]) -> Integers:
        """Some cuts for good; rows of the LP that these were."""
        rows, kept = np.flatnonzero(gone[self.inside]), ~gone
        place = np.cumsum(kept) - 1
        self.inside = place[self.inside[kept[self.inside]]]
        self.cuts = sp.csr_array(self.cuts[kept])
        self.right, self.theta = self.right[kept], self.theta[kept]
        self.group, self.number = self.group[kept], self.number[kept]
        self.idle, self.slack = self.idle[kept], self.slack[kept]
        return rows

    def at(self, numbers: Integers) -> Integers:
        """Positions of cuts by number, of those that are still there."""
        place = np.minimum(np.searchsorted(self.number, numbers), max(0, len(self) - 1))
        return place[self.number[place] == numbers] if len(self) else place[:0]
