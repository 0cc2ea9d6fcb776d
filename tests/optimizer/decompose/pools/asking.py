"""Subproblems of a reference case, points to ask them at, and answers as bytes."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed, Fines, allow
from optimizer.decompose.oracle import Heard, Oracle
from optimizer.decompose.partition import Integers
from optimizer.decompose.preparing import prepare
from tests.optimizer.decompose.cases import case, programme


def allowed(name: str = "rule-unknown-length", small: int = 1) -> Allowed:
    """The subproblems of a case, cut as :func:`optimizer.decompose.decompose` does."""
    arrays, nodes, _ = programme(case(name))
    pieces = prepare(arrays, nodes, small)
    box = pieces.box
    return allow(pieces.take(), box.low_subs, box.high_subs)


def oracle(of: Allowed) -> Oracle:
    """They on one thread of this process, fined."""
    here = Oracle(of, threads=1, seed=0, halted=lambda: False)
    here.charge(fines(of))
    return here


def fines(of: Allowed) -> Fines:
    """Fines that deter: by joining row, and by column of the master."""
    return Fines(np.full(len(of.sides[0]), 50.0), np.full(of.width, 1e4))


def points(of: Allowed, count: int, seed: int = 0) -> list[Vector]:
    """Points of the master within its bounds; at some of them subproblems have no plan."""
    random = np.random.default_rng(seed)
    m = of.whole.master
    low, high = np.maximum(m.lower, -10.0), np.minimum(m.upper, 10.0)
    return [low + random.random(len(low)) * (high - low) for _ in range(count)]


def bits(heard: Heard) -> list[bytes]:
    """Everything an answer holds, to the last bit."""
    parts = (
        heard.feasible,
        heard.constant,
        *entries(heard.slope),
        heard.cost,
        heard.true,
        heard.use,
        heard.size,
        heard.beyond,
        *entries(heard.astray),
    )
    return [np.ascontiguousarray(part).tobytes() for part in parts]


def entries(matrix: sp.csr_array) -> tuple[Vector, Integers, Integers]:
    """Of a matrix: its values, their columns, and where each row starts."""
    return matrix.data, matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
