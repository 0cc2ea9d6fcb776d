"""A point to start from: the relaxation on the spine and a few subtrees that stand for all.

Without it the master's first points ask for what no subtree can do, and hundreds of cuts go into saying so.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed
from optimizer.decompose.sample import sampled
from optimizer.decompose.split import Split
from optimizer.highs.growing import Growing


@dataclass(frozen=True)
class First:
    """Where to start."""

    y: Vector | None
    """A point of the master, allowances included; None if the sample has no plan."""
    price: Vector
    """What the joining rows are worth in the sample."""
    cost: float
    sums: Vector
    """How large the joining rows are, in absolute terms."""


def begin(
    whole: Split,
    allowed: Allowed,
    parent: NDArray[np.int64],
    weights: Vector,
    seed: int,
    stop: threading.Event | None,
) -> First:
    """Solve the sample. Subtrees that are not in it get the mean allowance of those below the same node."""
    m, s = whole.master, whole.subproblems
    rows = len(m.joining)
    few = sampled(whole, weights)
    lp = Growing(
        sp.csc_array(few.matrix), few.cost, few.lower, few.upper, few.row_lower, few.row_upper,
        seed=seed, stop=stop, presolve=True,
    )  # fmt: skip
    sides = np.abs([m.row_lower[m.joining], m.row_upper[m.joining]])
    sums = np.where(np.isfinite(sides), sides, 0.0).max(axis=0, initial=0.0)
    point = lp.solve()
    if point.end != "optimal":
        return First(None, np.zeros(rows), 0.0, sums)
    width = len(m.cost)
    chosen = np.flatnonzero(weights)
    count = s.count
    column_owner = np.repeat(np.arange(count), np.diff(s.column_start))
    x = np.zeros(len(s.cost))
    x[(weights > 0)[column_owner]] = point.x[width:]
    likely = np.where(s.probability > 0, s.probability, 1.0)
    used = sp.coo_array(s.joining @ sp.diags_array(x))
    flat = column_owner[used.coords[1]] * max(1, rows) + used.coords[0]
    each = np.bincount(flat, weights=used.data, minlength=count * max(1, rows)).reshape(count, max(1, rows))
    large = np.bincount(flat, weights=np.abs(used.data), minlength=count * max(1, rows))
    heavy = (large.reshape(count, max(1, rows)) * weights[:, None]).sum(axis=0)[:rows]
    # By parent: the mean of what its sampled children use, by unit of probability.
    top = int(parent.max(initial=0)) + 1
    total = np.zeros((top, max(1, rows)))
    np.add.at(total, parent[chosen], each[chosen])
    weight = np.bincount(parent[chosen], weights=likely[chosen], minlength=top)
    mean = total / np.where(weight > 0, weight, 1.0)[:, None]
    use = np.where((weights > 0)[:, None], each / likely[:, None], mean[parent])
    allowance = np.clip(
        use[allowed.owner, allowed.row],
        allowed.whole.master.lower[width:],
        allowed.whole.master.upper[width:],
    )
    y = np.concatenate([point.x[:width], allowance])
    price = point.row_duals[m.joining]
    return First(y, price, point.objective, np.maximum(sums, heavy))
