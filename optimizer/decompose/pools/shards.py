"""The subproblems dealt out, and their answers put together again.

A shard is an :class:`Allowed` of some subproblems with all columns of the master. Entries keep their order,
so sums are taken in the same order, and what a shard answers is to the bit what the whole would.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from optimizer.decompose.allowance import Allowed
from optimizer.decompose.oracle import Heard
from optimizer.highs.spans import Integers, positions, starts

RUN = 400
"""What a run costs beside its entries, in entries: handing over sides and taking answers."""


def deal(allowed: Allowed, count: int) -> list[Integers]:
    """Numbers of the subproblems of each shard, ascending: the largest first, each to the shard with least.
    At most ``count`` shards, none empty."""
    s = allowed.whole.subproblems
    entries = np.diff(s.matrix.indptr[s.column_start]) + RUN
    shards: list[list[int]] = [[] for _ in range(max(1, min(count, s.count)))]
    loads = [(0, k) for k in range(len(shards))]
    for i in np.argsort(-entries, kind="stable").tolist():
        load, k = heapq.heappop(loads)
        shards[k].append(i)
        heapq.heappush(loads, (load + int(entries[i]), k))
    return [np.array(sorted(shard), dtype=np.int64) for shard in shards]


def shard(allowed: Allowed, which: Integers) -> Allowed:
    """Some subproblems (numbers ascending). Rows of the master are left out: nothing here asks for them."""
    m, s = allowed.whole.master, allowed.whole.subproblems
    rows, columns = positions(s.row_start, which), positions(s.column_start, which)
    new_row = np.full(len(s.row_lower), -1)
    new_row[rows] = np.arange(len(rows))
    new_column = np.full(len(s.cost), -1)
    new_column[columns] = np.arange(len(columns))
    matrix = sp.csc_array(s.matrix[:, columns])
    matrix = sp.csc_array(
        (matrix.data, new_row[matrix.indices], matrix.indptr), shape=(len(rows), len(columns))
    )
    beyond = np.flatnonzero(new_column[allowed.beyond] >= 0)
    mine = np.flatnonzero(np.isin(allowed.owner, which))
    width, joining = len(m.cost), len(allowed.sides[0])
    return replace(
        allowed,
        whole=replace(
            allowed.whole,
            master=replace(m, matrix=sp.csr_array((0, width)), row_lower=np.empty(0), row_upper=np.empty(0)),
            subproblems=replace(
                s,
                matrix=matrix,
                linking=sp.csr_array(s.linking[rows]),
                joining=sp.csr_array((0, len(columns))),
                cost=s.cost[columns],
                lower=s.lower[columns],
                upper=s.upper[columns],
                row_lower=s.row_lower[rows],
                row_upper=s.row_upper[rows],
                row_start=starts(s.row_start, which),
                column_start=starts(s.column_start, which),
                probability=s.probability[which],
                cones=None if s.cones is None else s.cones.of(which),
            ),
            master_columns=np.empty(0, dtype=np.int64),
            columns=np.empty(0, dtype=np.int64),
        ),
        low=allowed.low[columns],
        high=allowed.high[columns],
        owner=np.searchsorted(which, allowed.owner[mine]),
        row=allowed.row[mine],
        own=np.empty(0, dtype=np.int64),
        beyond=new_column[allowed.beyond[beyond]],
        beyond_row=allowed.beyond_row[beyond],
        weight=allowed.weight[beyond],
        sums=(sp.csr_array((joining, width)), _columns(allowed.sums[1], new_column, len(columns))),
    )


def _columns(matrix: sp.csr_array, new: Integers, width: int) -> sp.csr_array:
    """Some columns of a matrix by rows, entries in their order."""
    kept = new[matrix.indices] >= 0
    start = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return sp.csr_array((matrix.data[kept], new[matrix.indices[kept]], start), shape=(matrix.shape[0], width))


def together(which: Sequence[Integers], heard: Sequence[Heard]) -> Heard:
    """Answers of all shards in the order of the subproblems."""
    order = np.argsort(np.concatenate(which))
    return Heard(
        np.concatenate([part.feasible for part in heard])[order],
        np.concatenate([part.constant for part in heard])[order],
        _stacked([part.slope for part in heard], order),
        np.concatenate([part.cost for part in heard])[order],
        np.concatenate([part.true for part in heard])[order],
        np.concatenate([part.use for part in heard])[order],
        np.concatenate([part.size for part in heard])[order],
        np.concatenate([part.beyond for part in heard])[order],
        _stacked([part.astray for part in heard], order),
    )


def _stacked(parts: Sequence[sp.csr_array], order: Integers) -> sp.csr_array:
    return sp.csr_array(sp.csr_array(sp.vstack(parts, format="csr"))[order])
