"""A programme cut by the nodes of its rows and columns: master, subproblems, and what joins them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Arrays, Vector
from optimizer.decompose.partition import SPINE, Integers


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
    row_lower ≤ matrix·x + linking·y ≤ row_upper.

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

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.probability)


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
    column_owner = np.where(arrays.integer, SPINE, column_owner)
    columns = np.argsort(column_owner, kind="stable")
    rows = np.argsort(row_owner, kind="stable")
    first_column = int(np.count_nonzero(column_owner == SPINE))
    first_row = int(np.count_nonzero(row_owner == SPINE))
    of_master, of_subs = columns[:first_column], columns[first_column:]
    master_rows, sub_rows = rows[:first_row], rows[first_row:]
    by_row = sp.csr_array(arrays.matrix)
    top, below = by_row[master_rows], by_row[sub_rows]
    joining = sp.csr_array(top[:, of_subs])
    joined = np.flatnonzero(np.diff(joining.indptr))
    count = len(probability)
    blocks = sp.csc_array(below[:, of_subs])
    owner_of_row, owner_of_column = row_owner[sub_rows], column_owner[of_subs]
    entries = sp.coo_array(blocks)
    if (owner_of_row[entries.coords[0]] != owner_of_column[entries.coords[1]]).any():
        raise AssertionError("a row of one subproblem reaches a column of another")
    return Split(
        master=Master(
            matrix=sp.csr_array(top[:, of_master]),
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
            linking=sp.csr_array(below[:, of_master]),
            joining=sp.csr_array(joining[joined]),
            cost=arrays.cost[of_subs],
            lower=arrays.lower[of_subs],
            upper=arrays.upper[of_subs],
            row_lower=arrays.row_lower[sub_rows],
            row_upper=arrays.row_upper[sub_rows],
            row_start=np.searchsorted(owner_of_row, np.arange(count + 1)),
            column_start=np.searchsorted(owner_of_column, np.arange(count + 1)),
            probability=probability,
        ),
        master_columns=of_master,
        columns=of_subs,
        offset=arrays.offset,
    )
