"""A programme cut by the nodes of its rows and columns: master, subproblems, and what joins them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Arrays, Vector
from optimizer.decompose.partition import SPINE, Integers
from optimizer.highs.tangents import Cones
from optimizer.scaling import stretches


@dataclass(frozen=True)
class Master:
    """What is decided before any subproblem: minimise cost·y, lower ≤ y ≤ upper,
    row_lower ≤ matrix·y + joined ≤ row_upper, ``joined`` what subproblems add to rows that join them."""

    matrix: sp.csr_array
    cost: Vector
    lower: Vector
    upper: Vector
    integer: NDArray[np.bool_]
    row_lower: Vector
    row_upper: Vector
    joining: Integers
    """Rows that hold columns of subproblems."""


@dataclass(frozen=True)
class Subproblems:
    """All subproblems in one: minimise cost·x, lower ≤ x ≤ upper,
    row_lower ≤ matrix·x + linking·y ≤ row_upper, x in all cones.

    Rows and columns of one subproblem stand together; ``matrix`` has no entry elsewhere than within one.
    """

    matrix: sp.csc_array
    linking: sp.csr_array
    joining: sp.csr_array
    """By joining row and column."""
    cost: Vector
    lower: Vector
    upper: Vector
    row_lower: Vector
    row_upper: Vector
    row_start: Integers
    """By subproblem, and the end."""
    column_start: Integers
    probability: Vector
    cones: Cones | None = None
    """In which columns of a subproblem have to lie, counted from its first."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.probability)

    @property
    def weight(self) -> Vector:
        """By subproblem: its probability, 1 where that is 0. What is told by unit of it means the same
        everywhere."""
        return np.where(self.probability > 0, self.probability, 1.0)


@dataclass(frozen=True)
class Split:
    """A programme in two."""

    master: Master
    subproblems: Subproblems
    master_columns: Integers
    """Columns of the whole programme, in the order of the master's."""
    columns: Integers
    """Columns of the whole programme, in the order of the subproblems'."""
    offset: float


def split(arrays: Arrays, row_owner: Integers, column_owner: Integers, probability: Vector) -> Split:
    """Cut a programme; owners are numbers of subproblems, ``SPINE`` for the master.

    Integer columns go to the master, whatever their owner. A row must reach no columns but those of its owner
    and of the master, unless it belongs to the master.
    """
    count = len(probability)
    # Numbers of two bytes are sorted in a fourth of the time.
    short = np.int16 if count <= np.iinfo(np.int16).max else np.int32
    row_owner = row_owner.astype(short)
    column_owner = np.where(arrays.integer, SPINE, column_owner).astype(short)
    columns = np.argsort(column_owner, kind="stable")
    rows = np.argsort(row_owner, kind="stable")
    first_column = int(np.count_nonzero(column_owner == SPINE))
    first_row = int(np.count_nonzero(row_owner == SPINE))
    of_master, of_subs = columns[:first_column], columns[first_column:]
    master_rows, sub_rows = rows[:first_row], rows[first_row:]
    owner_of_row, owner_of_column = row_owner[sub_rows], column_owner[of_subs]
    blocks, joining = _below(arrays.matrix, of_subs, rows, owner_of_row, owner_of_column)
    joined = np.flatnonzero(np.diff(joining.indptr))
    above = sp.csr_array(arrays.matrix[:, of_master])
    return Split(
        master=Master(
            matrix=above[master_rows],
            cost=arrays.cost[of_master],
            lower=arrays.lower[of_master],
            upper=arrays.upper[of_master],
            integer=arrays.integer[of_master],
            row_lower=arrays.row_lower[master_rows],
            row_upper=arrays.row_upper[master_rows],
            joining=joined,
        ),
        subproblems=Subproblems(
            matrix=blocks,
            linking=above[sub_rows],
            joining=sp.csr_array(joining[joined]),
            cost=arrays.cost[of_subs],
            lower=arrays.lower[of_subs],
            upper=arrays.upper[of_subs],
            row_lower=arrays.row_lower[sub_rows],
            row_upper=arrays.row_upper[sub_rows],
            row_start=_starts(owner_of_row, count),
            column_start=_starts(owner_of_column, count),
            probability=probability,
        ),
        master_columns=of_master,
        columns=of_subs,
        offset=arrays.offset,
    )


def _starts(owner: NDArray[np.integer], count: int) -> Integers:
    """Where each begins, and the end."""
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))])


def _below(
    matrix: sp.csc_array,
    columns: Integers,
    rows: Integers,
    owner_of_row: NDArray[np.integer],
    owner_of_column: NDArray[np.integer],
) -> tuple[sp.csc_array, sp.csr_array]:
    """Columns of subproblems over the rows of subproblems, and over those of the master; ``rows`` are all,
    those of the master first."""
    place = np.empty(len(rows), dtype=np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    first = len(rows) - len(owner_of_row)
    each = np.diff(matrix.indptr)[columns]
    starts = np.concatenate([[0], np.cumsum(each)])
    # More than enough: what joins is taken out.
    indices, data = np.empty(starts[-1], dtype=np.int32), np.empty(starts[-1])
    inside = np.zeros(len(columns), dtype=np.int32)
    joining: list[tuple[NDArray[np.int32], NDArray[np.int32], Vector]] = []
    filled = 0
    for begin, end, _ in stretches(starts):
        some = sp.csc_array(matrix[:, columns[begin:end]])
        at = place[some.indices]
        column = np.repeat(np.arange(begin, end, dtype=np.int32), each[begin:end])
        values = some.data
        above = np.flatnonzero(at < first)
        if len(above):
            joining.append((at[above], column[above], values[above]))
            below = np.flatnonzero(at >= first)
            at, column, values = at[below], column[below], values[below]
        at -= np.int32(first)
        if (owner_of_row[at] != owner_of_column[column]).any():
            raise AssertionError("a row of one subproblem reaches a column of another")
        indices[filled : filled + len(at)], data[filled : filled + len(at)] = at, values
        filled += len(at)
        inside[begin:end] = np.bincount(column - np.int32(begin), minlength=end - begin)
    indptr = np.concatenate([[0], np.cumsum(inside)]).astype(np.int32)
    shape = len(owner_of_row), len(columns)
    blocks = sp.csc_array((data[:filled], indices[:filled], indptr), shape=shape)
    i, j, values = (np.concatenate([part[k] for part in joining] or [np.empty(0)]) for k in range(3))
    above = sp.coo_array((values, (i.astype(np.int32), j.astype(np.int32))), shape=(first, len(columns)))
    return blocks, sp.csr_array(above)
