"""Blocks of all nodes of a tree, put together as one programme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Arrays, Key, Vector
from optimizer.template.cells import Catalogue, Flags, Integers, Names
from optimizer.template.layout import Block
from optimizer.tree import Tree


@dataclass
class Level:
    """The nodes of one period; arrays are node × row, column or entry."""

    nodes: Integers
    probability: Vector
    block: Block
    rows: Flags
    """Which rows stand."""
    columns: Flags
    """Which columns may be there."""
    row_number: Integers
    """Of standing rows, in the order of ``Bank.rows``; in the whole programme."""
    column_number: Integers


@dataclass(frozen=True)
class Numbered:
    """Rows or columns of a whole programme in their order: by name, then index, then node."""

    keys: list[Key]
    of_common: Integers
    """Number of each that belongs to no node."""
    of_levels: list[Integers]
    """By level: node × row or column; -1 where there is none."""


def number(
    at_nodes: Names, common: Names, levels: list[tuple[Integers, Integers, Flags]], nodes: int
) -> Numbered:
    """Number what stands: ``levels`` are (nodes, which of ``at_nodes`` by row or column, which stand)."""
    rank = at_nodes.rank
    ranks = np.array([rank[name] for name, _ in [*at_nodes.keys, *common.keys]], dtype=np.int64)
    order = np.empty(len(ranks), dtype=np.int64)
    order[np.argsort(ranks, kind="stable")] = np.arange(len(ranks))
    first = len(at_nodes.keys)
    codes, owners, where = (
        [order[first:] * nodes],
        [np.full(len(common.keys), -1)],
        [np.arange(len(common.keys))],
    )
    for ids, which, stands in levels:
        n, j = np.nonzero(stands)
        codes.append(order[which[j]] * nodes + ids[n])
        owners.append(ids[n])
        where.append(which[j])
    code, owner, key = (np.concatenate(found) for found in (codes, owners, where))
    sorting = np.argsort(code)
    numbers = np.empty(len(code), dtype=np.int64)
    numbers[sorting] = np.arange(len(code))
    found, start = [], len(common.keys)
    for _, _, stands in levels:
        of_level = np.full(stands.shape, -1)
        end = start + int(stands.sum())
        of_level[stands] = numbers[start:end]
        found.append(of_level)
        start = end
    of_nodes, of_common = at_nodes.keys, common.keys
    keys = []
    for n, k in zip(owner[sorting].tolist(), key[sorting].tolist(), strict=True):
        if n < 0:
            keys.append(of_common[k])
        else:
            name, index = of_nodes[k]
            keys.append((name, (*index, n)))
    return Numbered(keys, numbers[: len(common.keys)], found)


Triplet = tuple[Integers, Integers, NDArray[np.float64]]


def entries(
    tree: Tree, levels: list[Level], common: Arrays, rows: Numbered, columns: Numbered
) -> Iterator[Triplet]:
    """Rows, columns and values of the matrix, piece by piece."""
    core = sp.coo_array(common.matrix)
    yield rows.of_common[core.coords[0]], columns.of_common[core.coords[1]], core.data
    place = np.empty(len(tree), dtype=np.int64)
    for level in levels:
        place[level.nodes] = np.arange(len(level.nodes))
    parent = np.array([-1 if node.parent is None else node.parent for node in tree.nodes])
    for t, level in enumerate(levels):
        layout, block = level.block.layout, level.block
        row, column = rows.of_levels[t], columns.of_levels[t]
        yield _kept(row[:, layout.own_row], column[:, layout.own_column], block.own)
        yield _kept(row[:, layout.common_row], columns.of_common[layout.common_column], block.common)
        weighted = block.weighted * level.probability[:, None]
        yield _kept(rows.of_common[layout.weighted_row], column[:, layout.weighted_column], weighted)
        ancestor = level.nodes
        for back in range(1, int(layout.past_distance.max(initial=0)) + 1):
            ancestor = parent[ancestor]
            mine = np.flatnonzero(layout.past_distance == back)
            there = columns.of_levels[t - back][place[ancestor]]
            yield _kept(
                row[:, layout.past_row[mine]], there[:, layout.past_column[mine]], block.past[:, mine]
            )


def _kept(rows: Integers, columns: Integers, values: NDArray[np.float64]) -> Triplet:
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
    i, j, values = (
        np.concatenate(found) for found in zip(*entries(tree, levels, common, rows, columns), strict=True)
    )
    shape = (len(rows.keys), len(columns.keys))
    matrix = sp.csc_array(sp.coo_array((values, (i, j)), shape=shape))

    def spread(name: str, numbered: Numbered, weights: bool = False) -> NDArray[np.float64]:
        whole = np.empty(len(numbered.keys))
        whole[numbered.of_common] = getattr(common, name)
        for level, at in zip(levels, numbered.of_levels, strict=True):
            found = getattr(level.block, name)
            if weights:
                found = found * level.probability[:, None]
            whole[at[at >= 0]] = np.broadcast_to(found, at.shape)[at >= 0]
        return whole

    cost, expected_cost = spread("cost", columns, True), spread("expected_cost", columns, True)
    integer = np.zeros(len(columns.keys), dtype=bool)
    integer[columns.of_common] = common.integer
    for level, at in zip(levels, columns.of_levels, strict=True):
        integer[at[at >= 0]] = np.broadcast_to(level.block.layout.integer, at.shape)[at >= 0]
    used = np.flatnonzero((np.diff(matrix.indptr) > 0) | (cost != 0) | (expected_cost != 0))
    return Arrays(
        matrix=sp.csc_array(matrix[:, used]),
        cost=cost[used],
        expected_cost=expected_cost[used],
        offset=common.offset,
        lower=spread("lower", columns)[used],
        upper=spread("upper", columns)[used],
        integer=integer[used],
        row_lower=spread("row_lower", rows),
        row_upper=spread("row_upper", rows),
        columns=[columns.keys[k] for k in used.tolist()],
        rows=rows.keys,
    )
