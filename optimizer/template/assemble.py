"""Blocks of all nodes of a tree, put together as one programme."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Arrays, Vector
from optimizer.template.cells import Catalogue, Flags, Integers
from optimizer.template.layout import Block, Layout
from optimizer.template.number import Numbered, number
from optimizer.tree import Tree

AT_ONCE = 1_000_000
"""Numbers written at once: what is only needed on the way stays small."""


@dataclass
class Level:
    """The nodes of one period; arrays are node × row or column."""

    nodes: Integers
    probability: Vector
    layout: Layout
    block: Callable[[slice], Block]
    """The numbers of some of the nodes."""
    rows: Flags
    """Which rows stand."""
    columns: Flags
    """Which columns may be there."""
    row_number: Integers
    """Of rows, in the order of ``Bank.rows``; in the whole programme."""
    column_number: Integers

    def pieces(self) -> Iterator[tuple[slice, Block]]:
        """All nodes, some at a time."""
        entries = len(self.layout.own_row) + len(self.layout.past_row) + len(self.layout.columns)
        step = max(1, AT_ONCE // max(1, entries))
        for first in range(0, len(self.nodes), step):
            some = slice(first, first + step)
            yield some, self.block(some)


Triplet = tuple[NDArray[np.int32], NDArray[np.int32], Vector]
"""Rows, columns and values of entries."""


@dataclass
class _Whole:
    """A programme that is being written."""

    tree: Tree
    levels: list[Level]
    common: Arrays
    rows: Numbered
    columns: Numbered

    def __post_init__(self) -> None:
        self.place = np.empty(len(self.tree), dtype=np.int64)
        for level in self.levels:
            self.place[level.nodes] = np.arange(len(level.nodes))
        self.parent = np.array([-1 if n.parent is None else n.parent for n in self.tree.nodes])
        width, height = self.columns.count, self.rows.count
        self.cost, self.expected_cost, self.lower, self.upper = (np.empty(width) for _ in range(4))
        self.row_lower, self.row_upper = np.empty(height), np.empty(height)
        self.integer = np.zeros(width, dtype=bool)
        at = self.columns.of_common
        self.cost[at], self.expected_cost[at] = self.common.cost, self.common.expected_cost
        self.lower[at], self.upper[at] = self.common.lower, self.common.upper
        self.integer[at] = self.common.integer
        at = self.rows.of_common
        self.row_lower[at], self.row_upper[at] = self.common.row_lower, self.common.row_upper

    def write(self) -> Iterator[Triplet]:
        """Bounds, costs and sides into their places; entries of the matrix, piece by piece."""
        core = sp.coo_array(self.common.matrix)
        yield _kept(self.rows.of_common[core.coords[0]], self.columns.of_common[core.coords[1]], core.data)
        for t, level in enumerate(self.levels):
            for some, block in level.pieces():
                row, column = self.rows.of_levels[t][some], self.columns.of_levels[t][some]
                weight = level.probability[some, None]
                self._numbers(block, row, column, weight)
                yield from self._entries(t, level.nodes[some], block, row, column, weight)

    def _numbers(
        self, block: Block, row: NDArray[np.int32], column: NDArray[np.int32], weight: Vector
    ) -> None:
        there = column >= 0
        at = column[there]
        self.cost[at] = (block.cost * weight)[there]
        self.expected_cost[at] = (block.expected_cost * weight)[there]
        self.lower[at], self.upper[at] = block.lower[there], block.upper[there]
        self.integer[at] = np.broadcast_to(block.layout.integer, column.shape)[there]
        there = row >= 0
        at = row[there]
        self.row_lower[at], self.row_upper[at] = block.row_lower[there], block.row_upper[there]

    def _entries(
        self,
        t: int,
        nodes: Integers,
        block: Block,
        row: NDArray[np.int32],
        column: NDArray[np.int32],
        weight: Vector,
    ) -> Iterator[Triplet]:
        layout = block.layout
        yield _kept(row[:, layout.own_row], column[:, layout.own_column], block.own)
        yield _kept(row[:, layout.common_row], self.columns.of_common[layout.common_column], block.common)
        weighted = block.weighted * weight
        yield _kept(self.rows.of_common[layout.weighted_row], column[:, layout.weighted_column], weighted)
        ancestor = nodes
        for back in range(1, int(layout.past_distance.max(initial=0)) + 1):
            ancestor = self.parent[ancestor]
            mine = np.flatnonzero(layout.past_distance == back)
            if not len(mine):
                continue
            there = self.columns.of_levels[t - back][self.place[ancestor]]
            yield _kept(
                row[:, layout.past_row[mine]], there[:, layout.past_column[mine]], block.past[:, mine]
            )


def _kept(rows: NDArray[np.int32], columns: NDArray[np.int32], values: Vector) -> Triplet:
    kept = (values != 0) & (rows >= 0) & (columns >= 0)
    rows, columns = np.broadcast_to(rows, values.shape), np.broadcast_to(columns, values.shape)
    return rows[kept], columns[kept], values[kept]


def assemble(tree: Tree, levels: list[Level], common: Arrays, known: Catalogue) -> Arrays:
    """The arrays of a tree. Columns without any entry are left out, as Pyomo's compiler leaves them out."""
    rows = number(known.rows, known.common_rows, [(v.nodes, v.row_number, v.rows) for v in levels], len(tree))
    columns = number(
        known.columns,
        known.common_columns,
        [(v.nodes, v.column_number, v.columns) for v in levels],
        len(tree),
    )
    whole = _Whole(tree, levels, common, rows, columns)
    pieces = list(whole.write())
    filled = np.zeros(columns.count, dtype=bool)
    for _, j, _ in pieces:
        filled[j] = True
    used = filled | (whole.cost != 0) | (whole.expected_cost != 0)
    matrix = _matrix(pieces, rows.count, used)
    return Arrays(
        matrix=matrix,
        cost=whole.cost[used],
        expected_cost=whole.expected_cost[used],
        offset=common.offset,
        lower=whole.lower[used],
        upper=whole.upper[used],
        integer=whole.integer[used],
        row_lower=whole.row_lower,
        row_upper=whole.row_upper,
        columns=columns.keys().kept(used),
        rows=rows.keys(),
    )


def _matrix(pieces: list[Triplet], rows: int, used: Flags) -> sp.csc_array:
    """The entries as a matrix of the columns that are used; ``pieces`` is emptied."""
    shape = (rows, int(np.count_nonzero(used)))
    place = (np.cumsum(used) - 1).astype(np.int32)
    i = np.concatenate([piece[0] for piece in pieces])
    j = np.concatenate([place[piece[1]] for piece in pieces])
    values = np.concatenate([piece[2] for piece in pieces])
    pieces.clear()
    return sp.csc_array(sp.coo_array((values, (i, j)), shape=shape))
