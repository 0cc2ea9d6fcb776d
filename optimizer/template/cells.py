"""A library cut into cells: one number each, found again by period and by what it stands for.

A cell is a bound, a cost, a side of a row or an entry of the matrix at a node of some period. It is coded as
one integer (kind, distance, row, column), so that a million of them are handled as arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Arrays, Vector
from optimizer.keys import Key, Keys
from optimizer.template.library import Library, Place

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Kind(IntEnum):
    """What a cell is. Rows and columns are those of the node unless said otherwise."""

    LOWER = 0
    UPPER = 1
    COST = 2
    EXPECTED_COST = 3
    """Costs as if the node had probability 1."""
    ROW_LOWER = 4
    ROW_UPPER = 5
    OWN = 6
    """Entry in a row and a column of the node."""
    PAST = 7
    """Entry in a row of the node and a column of an ancestor, so many periods before."""
    COMMON = 8
    """Entry in a row of the node and a column of no node (a commitment, say)."""
    WEIGHTED = 9
    """Entry in a row of no node and a column of the node, as if it had probability 1."""


ABSENT = np.zeros(len(Kind))
"""What a cell holds where its row or column does not exist: a free row, a column fixed at 0."""
ABSENT[Kind.ROW_LOWER], ABSENT[Kind.ROW_UPPER] = -np.inf, np.inf

WIDTH = 20
"""Bits for a row or a column; 14 for a distance, the rest for the kind."""


def encode(kind: Kind, row: Any = 0, column: Any = 0, distance: Any = 0) -> Any:
    """Codes of cells; integers or arrays of them."""
    return (((int(kind) << 14 | distance) << WIDTH) | row) << WIDTH | column


def decode(codes: Integers) -> tuple[Integers, Integers, Integers, Integers]:
    """Kind, distance, row, column."""
    mask = (1 << WIDTH) - 1
    return codes >> (2 * WIDTH + 14), codes >> 2 * WIDTH & (1 << 14) - 1, codes >> WIDTH & mask, codes & mask


@dataclass
class Names:
    """Keys numbered in the order in which they are met; those of nodes without the node."""

    keys: list[Key] = field(default_factory=list)
    number: dict[Key, int] = field(default_factory=dict)
    rank: dict[str, int] = field(default_factory=dict)
    """Place of a name among names."""

    def __getitem__(self, key: Key) -> int:
        found = self.number.get(key)
        if found is None:
            found = self.number[key] = len(self.keys)
            self.keys.append(key)
            self.rank.setdefault(key[0], len(self.rank))
        return found


@dataclass
class Catalogue:
    """All keys met so far."""

    rows: Names = field(default_factory=Names)
    columns: Names = field(default_factory=Names)
    common_rows: Names = field(default_factory=Names)
    common_columns: Names = field(default_factory=Names)


def split(keys: Keys, at_nodes: Names, common: Names) -> tuple[Integers, Integers]:
    """For each key its node (-1 if none) and its number among its like."""
    common.rank = at_nodes.rank
    nodes, numbers = np.full(len(keys), -1), np.empty(len(keys), dtype=np.int64)
    for i, (name, index) in enumerate(keys):
        if index and type(index[-1]) is Place:
            nodes[i], numbers[i] = index[-1], at_nodes[name, index[:-1]]
        else:
            numbers[i] = common[name, index]
    return nodes, numbers


@dataclass(frozen=True)
class Cut:
    """A library in pieces. Cells by node; ``common`` is what belongs to no node."""

    node: Integers
    code: Integers
    value: Vector
    integer: set[tuple[int, int]]
    """(period, column) of columns that take whole numbers."""
    common: Arrays


def cut(library: Library, known: Catalogue) -> Cut:
    """All cells of all nodes, the unlikely one included."""
    arrays, tree = library.arrays, library.tree
    for name in library.row_names:
        known.rows.rank.setdefault(name, len(known.rows.rank))
    column_node, column = split(arrays.columns, known.columns, known.common_columns)
    row_node, row = split(arrays.rows, known.rows, known.common_rows)
    # -1 stands for no node: the last entry of the tables by node.
    period = np.array([*(n.period for n in tree.nodes), -1])
    weight = np.array([*tree.probability, 1.0])
    weight[library.unlikely] = 1.0

    pieces: list[tuple[Integers, Integers, Vector]] = []
    here = np.flatnonzero(column_node >= 0)
    nodes, numbers = column_node[here], column[here]
    for kind, values in (
        (Kind.LOWER, arrays.lower[here]),
        (Kind.UPPER, arrays.upper[here]),
        (Kind.COST, arrays.cost[here] / weight[nodes]),
        (Kind.EXPECTED_COST, arrays.expected_cost[here] / weight[nodes]),
    ):
        pieces.append((nodes, encode(kind, 0, numbers), values))
    whole = {(int(period[column_node[j]]), int(column[j])) for j in here[arrays.integer[here]]}
    here = np.flatnonzero(row_node >= 0)
    for kind, values in ((Kind.ROW_LOWER, arrays.row_lower[here]), (Kind.ROW_UPPER, arrays.row_upper[here])):
        pieces.append((row_node[here], encode(kind, row[here]), values))

    entries = sp.coo_array(arrays.matrix)
    i, j, value = entries.coords[0], entries.coords[1], entries.data
    at_row, at_column = row_node[i], column_node[j]
    distance = period[at_row] - period[at_column]
    own, common = at_row == at_column, (at_row < 0) & (at_column < 0)
    past = (at_row >= 0) & (at_column >= 0) & ~own
    astray = past & ((distance <= 0) | (at_column != period[at_column]))
    if astray.any():
        raise AssertionError(
            f"row {arrays.rows[i[astray][0]][0]} reaches beyond its node and the nodes before it"
        )
    masks = {
        Kind.OWN: own & ~common,
        Kind.PAST: past,
        Kind.COMMON: (at_row >= 0) & (at_column < 0),
        Kind.WEIGHTED: (at_row < 0) & (at_column >= 0),
    }
    for kind, mask in masks.items():
        far = distance[mask] if kind is Kind.PAST else 0
        node = at_column[mask] if kind is Kind.WEIGHTED else at_row[mask]
        scaled = value[mask] / weight[node] if kind is Kind.WEIGHTED else value[mask]
        pieces.append((node, encode(kind, row[i[mask]], column[j[mask]], far), scaled))
    node, code, found = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return Cut(node, code, found, whole, _common(arrays, row_node < 0, column_node < 0))


def _common(arrays: Arrays, rows: Flags, columns: Flags) -> Arrays:
    """The part of the arrays in rows and columns of no node."""
    return Arrays(
        matrix=sp.csc_array(arrays.matrix[rows][:, columns]),
        cost=arrays.cost[columns],
        expected_cost=arrays.expected_cost[columns],
        offset=arrays.offset,
        lower=arrays.lower[columns],
        upper=arrays.upper[columns],
        integer=arrays.integer[columns],
        row_lower=arrays.row_lower[rows],
        row_upper=arrays.row_upper[rows],
        columns=[key for key, kept in zip(arrays.columns, columns, strict=True) if kept],
        rows=[key for key, kept in zip(arrays.rows, rows, strict=True) if kept],
    )
