"""The few subtrees that stand for all where the relaxation is started (start.py).

Without it the master's first points ask for what no subtree can do, and hundreds of cuts go into saying so.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.split import Master, Split
from optimizer.highs.spans import positions

SAMPLED = 16
"""Subtrees that are solved as one LP with the spine; at least one for each of its nodes that has any."""
SECOND = 150
"""Subtrees of a second sample, which is decomposed."""
WORTH = 3
"""A second sample is worth its time where there are so many times more subtrees than in it."""


def choose(parent: NDArray[np.int64], probability: Vector, seed: int, most: int = SAMPLED) -> Vector:
    """Weights of subproblems by which those chosen stand for all; 0 for those not chosen.

    One for each parent, the rest by probability; the chosen children of a parent share its probability.
    """
    random = np.random.default_rng(seed)
    # Keys of a weighted sample without replacement (Efraimidis and Spirakis, 2006): the largest are taken.
    keys = np.log(random.random(len(parent))) / np.maximum(probability, 1e-300)
    order = np.argsort(-keys, kind="stable")
    taken = np.zeros(len(parent), dtype=bool)
    _, first = np.unique(parent[order], return_index=True)
    taken[order[first]] = True
    rest = order[~taken[order]]
    taken[rest[: max(0, most - int(taken.sum()))]] = True
    # Those taken of a parent stand for all of it.
    top = int(parent.max(initial=0)) + 1
    whole = np.bincount(parent, weights=probability, minlength=top)
    part = np.bincount(parent[taken], weights=probability[taken], minlength=top)
    factor = np.divide(whole, part, out=np.ones_like(whole), where=part > 0)
    return np.where(taken, factor[parent], 0.0)


def sampled(whole: Split, weights: Vector) -> Master:
    """The relaxation on the master and the weighted subproblems; the master's columns stand first."""
    m, s = whole.master, whole.subproblems
    chosen = np.flatnonzero(weights)
    columns, rows = positions(s.column_start, chosen), positions(s.row_start, chosen)
    heavy = np.repeat(weights[chosen], np.diff(s.column_start)[chosen])
    top = sp.csr_array((m.matrix.shape[0], len(columns)))
    if len(m.joining):
        joined = sp.coo_array(s.joining[:, columns] @ sp.diags_array(heavy))
        top = sp.csr_array((joined.data, (m.joining[joined.coords[0]], joined.coords[1])), shape=top.shape)
    matrix = sp.csc_array(
        sp.vstack(
            [
                sp.hstack([m.matrix, top]),
                sp.hstack([s.linking[rows], sp.csr_array(s.matrix[:, columns])[rows]]),
            ]
        )
    )
    return Master(
        matrix=sp.csr_array(matrix),
        cost=np.concatenate([m.cost, s.cost[columns] * heavy]),
        lower=np.concatenate([m.lower, s.lower[columns]]),
        upper=np.concatenate([m.upper, s.upper[columns]]),
        integer=np.concatenate([m.integer, np.zeros(len(columns), dtype=bool)]),
        row_lower=np.concatenate([m.row_lower, s.row_lower[rows]]),
        row_upper=np.concatenate([m.row_upper, s.row_upper[rows]]),
        joining=m.joining,
    )
