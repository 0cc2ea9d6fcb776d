"""A point to start from: the relaxation on the spine and a few subtrees that stand for all.

Without it the master's first points ask for what no subtree can do, and hundreds of cuts go into saying so.
The first few subtrees are solved with the spine as one LP; where there are many more, some more of them are
decomposed from there before all are asked.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed
from optimizer.decompose.sample import sampled
from optimizer.decompose.split import Split
from optimizer.highs.growing import Growing
from optimizer.highs.spans import positions, starts

UNKNOWN = 100.0
"""How steep subproblems are taken to be where no sample says it, in costs of their dearest column."""


@dataclass(frozen=True)
class First:
    """Where to start."""

    y: Vector | None
    """Columns of the master but the allowances; None if the sample has no plan."""
    use: Vector
    """What subproblems use of each joining row, by unit of probability: subproblems × rows."""
    price: Vector
    """What the joining rows are worth in the sample."""
    slope: Vector
    """By column of the master but the allowances: how steep the steepest subproblem is, by unit of
    probability."""
    cost: float
    sums: Vector
    """How large the joining rows are, in absolute terms."""

    def point(self, allowed: Allowed, which: NDArray[np.int64]) -> Vector | None:
        """A point of a master whose subproblems are ``which`` of all."""
        if self.y is None:
            return None
        m, width = allowed.whole.master, len(self.y)
        allowance = self.use[which[allowed.owner], allowed.row]
        return np.concatenate([self.y, np.clip(allowance, m.lower[width:], m.upper[width:])])


def spread(use: Vector, chosen: NDArray[np.int64], parent: NDArray[np.int64], likely: Vector) -> Vector:
    """Use by subproblem where that of some is known (rows of ``use``): others get the mean of those with the
    same parent, by which rows that join keep their sums if the chosen stand for all."""
    top = int(parent.max(initial=0)) + 1
    total, weight = np.zeros((top, use.shape[1])), np.zeros(top)
    np.add.at(total, parent[chosen], use * likely[chosen, None])
    np.add.at(weight, parent[chosen], likely[chosen])
    whole: Vector = (total / np.where(weight > 0, weight, 1.0)[:, None])[parent]
    whole[chosen] = use
    return whole


def begin(
    whole: Split,
    parent: NDArray[np.int64],
    weights: Vector,
    seed: int,
    stop: threading.Event | None,
    seconds: float | None,
) -> First:
    """Solve the sample as one LP."""
    m, s = whole.master, whole.subproblems
    rows, width = len(m.joining), len(m.cost)
    few = sampled(whole, weights)
    lp = Growing(
        sp.csc_array(few.matrix), few.cost, few.lower, few.upper, few.row_lower, few.row_upper,
        seed=seed, stop=stop, once=True,
    )  # fmt: skip
    sides = np.abs([m.row_lower[m.joining], m.row_upper[m.joining]])
    sums = np.where(np.isfinite(sides), sides, 0.0).max(axis=0, initial=0.0)
    point = lp.solve(seconds=seconds)
    if point.end != "optimal":
        dear = np.abs(s.cost) / np.repeat(s.weight, np.diff(s.column_start))
        steep = np.full(width, UNKNOWN * float(dear.max(initial=1.0)))
        return First(None, np.zeros((s.count, rows)), np.zeros(rows), steep, 0.0, sums)
    chosen = np.flatnonzero(weights)
    columns = positions(s.column_start, chosen)
    used = s.joining[:, columns] @ sp.diags_array(point.x[width:])
    owner = np.repeat(np.arange(len(chosen)), np.diff(s.column_start)[chosen])
    member = sp.csr_array(
        (np.ones(len(owner)), (np.arange(len(owner)), owner)), shape=(len(owner), len(chosen))
    )
    likely = s.weight
    use = (used @ member).toarray().T.reshape(len(chosen), rows) / likely[chosen, None]
    heavy = (abs(used) @ member).toarray().reshape(rows, len(chosen)) @ weights[chosen]
    price = point.row_duals[m.joining]
    duals = point.row_duals[len(m.row_lower) :]
    of_rows = np.repeat(np.arange(len(chosen)), np.diff(s.row_start)[chosen])
    by_unit = duals / (likely * weights)[chosen][of_rows]
    member = sp.csr_array((by_unit, (of_rows, np.arange(len(duals)))), shape=(len(chosen), len(duals)))
    slope = abs(member @ s.linking[positions(s.row_start, chosen)]).max(axis=0).toarray().ravel()
    first = point.x[:width], spread(use, chosen, parent, likely), price, slope, point.objective
    return First(*first, np.maximum(sums, heavy))


def restrict(whole: Split, weights: Vector) -> Split:
    """The programme on some subproblems, weighted to stand for all."""
    s = whole.subproblems
    chosen = np.flatnonzero(weights)
    columns, rows = positions(s.column_start, chosen), positions(s.row_start, chosen)
    heavy = np.repeat(weights[chosen], np.diff(s.column_start)[chosen])
    subs = replace(
        s,
        matrix=sp.csc_array(sp.csr_array(s.matrix[:, columns])[rows]),
        linking=sp.csr_array(s.linking[rows]),
        joining=sp.csr_array(s.joining[:, columns] @ sp.diags_array(heavy)),
        cost=s.cost[columns] * heavy,
        lower=s.lower[columns],
        upper=s.upper[columns],
        row_lower=s.row_lower[rows],
        row_upper=s.row_upper[rows],
        row_start=starts(s.row_start, chosen),
        column_start=starts(s.column_start, chosen),
        probability=(s.probability * weights)[chosen],
        cones=None if s.cones is None else s.cones.of(chosen),
    )
    return replace(whole, subproblems=subs, columns=whole.columns[columns])
