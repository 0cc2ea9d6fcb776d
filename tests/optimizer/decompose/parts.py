"""A programme of two subproblems, small enough to be solved by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from optimizer.compile import Arrays
from optimizer.decompose.allowance import Allowed, allow
from optimizer.decompose.joining import substitute
from optimizer.decompose.oracle import Oracle
from optimizer.decompose.preparing import BOX
from optimizer.decompose.split import Split, split

INF = np.inf


def small() -> Split:
    """minimise y + Σ 3·x_s over two subproblems: x_s ≥ 4 - y, 0 ≤ y ≤ 3, and all = y + Σ x_s ≤ 9."""
    matrix = np.array(
        [
            [1.0, 1.0, 0.0, 0.0],  # y + x_0 ≥ 4
            [1.0, 0.0, 1.0, 0.0],  # y + x_1 ≥ 4
            [-1.0, -1.0, -1.0, 1.0],  # all = y + x_0 + x_1
            [0.0, 0.0, 0.0, 1.0],  # all ≤ 9
        ]
    )
    arrays = Arrays(
        matrix=sp.csc_array(matrix),
        cost=np.array([1.0, 3.0, 3.0, 0.0]),
        expected_cost=np.zeros(4),
        offset=0.0,
        lower=np.zeros(4),
        upper=np.array([3.0, INF, INF, INF]),
        integer=np.zeros(4, dtype=bool),
        row_lower=np.array([4.0, 4.0, 0.0, -INF]),
        row_upper=np.array([INF, INF, 0.0, 9.0]),
        columns=[("y", ()), ("x", (1,)), ("x", (2,)), ("all", ())],
        rows=[("need", (1,)), ("need", (2,)), ("sum", ()), ("most", ())],
    )
    return split(arrays, np.array([0, 1, -1, -1]), np.array([-1, 0, 1, -1]), np.array([0.5, 0.5]))


def capped() -> Split:
    """:func:`small`, but x_0 ≤ 2: it has a plan only where y ≥ 2."""
    whole = small()
    return replace(whole, subproblems=replace(whole.subproblems, upper=np.array([2.0, INF])))


def allowed() -> Allowed:
    """:func:`small` with an allowance for each subproblem in y + x_0 + x_1 ≤ 9."""
    whole, _ = substitute(small())
    return allow(whole, np.zeros(2), np.full(2, 9.0))


def asked(whole: Split) -> Oracle:
    """Its subproblems without what joins them, with columns within 0 and the box."""
    count = len(whole.subproblems.cost)
    whole = replace(
        whole,
        master=replace(whole.master, joining=np.empty(0, dtype=np.int64)),
        subproblems=replace(whole.subproblems, joining=sp.csr_array((0, count))),
    )
    low, high = np.zeros(count), np.full(count, BOX)
    return Oracle(allow(whole, low, high), threads=1, seed=0, halted=lambda: False)
