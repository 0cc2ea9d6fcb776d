"""Rows that subproblems ask of the master: by hand, and of drawn programmes no plan is lost."""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.compile import Arrays, Vector
from optimizer.decompose.conditions import with_conditions
from optimizer.decompose.implied import bounds_of
from optimizer.decompose.split import Split, split
from tests.optimizer.decompose.parts import INF


def path() -> Split:
    """Two columns y of 0 to 9 in the master; two subproblems that may use up to 8 and 12 along their path:
    y_0 + y_1 + x_0 ≤ 8, and 2·y_0 + 2·y_1 + 2·x_1 ≤ 24 with x_1 ≥ 5; each with x ≥ 0."""
    arrays = Arrays(
        matrix=sp.csc_array(np.array([[1.0, 1.0, 1.0, 0.0], [2.0, 2.0, 0.0, 2.0]])),
        cost=np.array([-1.0, -1.0, -1.0, -1.0]),
        expected_cost=np.zeros(4),
        offset=0.0,
        lower=np.array([0.0, 0.0, 0.0, 5.0]),
        upper=np.array([9.0, 9.0, INF, INF]),
        integer=np.zeros(4, dtype=bool),
        row_lower=np.full(2, -INF),
        row_upper=np.array([8.0, 24.0]),
        columns=[("y", (0,)), ("y", (1,)), ("x", (1,)), ("x", (2,))],
        rows=[("path", (1,)), ("path", (2,))],
    )
    return split(arrays, np.array([0, 1]), np.array([-1, -1, 0, 1]), np.array([0.5, 0.5]))


def test_what_is_used_on_the_way_leaves_something() -> None:
    whole = path()
    asked = with_conditions(whole, bounds_of(whole)).master
    # 2·(y_0 + y_1) ≤ 24 - 2·5 is y_0 + y_1 ≤ 7: the same row as y_0 + y_1 ≤ 8 - 0, and tighter.
    assert asked.matrix.shape == (1, 2)
    row = asked.matrix.toarray()[0]
    assert row[0] == row[1]
    assert asked.row_upper[0] / row[0] == pytest.approx(7.0, abs=1e-9)
    assert asked.row_upper[0] / row[0] >= 7.0
    assert np.isneginf(asked.row_lower[0])


def test_nothing_is_asked_that_bounds_grant() -> None:
    whole = path()
    m = replace(whole.master, upper=np.array([3.0, 4.0]))
    whole = replace(whole, master=m)
    # 3 + 4 ≤ 7.
    assert with_conditions(whole, bounds_of(whole)).master.matrix.shape == (0, 2)


def test_nothing_is_asked_where_a_column_is_free() -> None:
    whole = path()
    whole = replace(whole, subproblems=replace(whole.subproblems, lower=np.array([-INF, -INF])))
    assert with_conditions(whole, bounds_of(whole)).master.matrix.shape == (0, 2)


@pytest.mark.parametrize("seed", range(40))
def test_no_plan_is_lost(seed: int) -> None:
    random = np.random.default_rng(seed)
    whole = _drawn(random)
    asked = with_conditions(whole, bounds_of(whole)).master
    for _ in range(4):
        point = _plan(whole, random)
        if point is None:
            continue
        y = point[: len(whole.master.cost)]
        sums = asked.matrix @ y
        room = 1e-6 * (1 + np.abs(sums))
        assert (sums >= asked.row_lower - room).all()
        assert (sums <= asked.row_upper + room).all()


def _drawn(random: np.random.Generator) -> Split:
    """Three columns of the master, two subproblems of three columns and four rows each, some sides and bounds
    missing."""
    rows, columns = 8, 9
    matrix = np.where(random.random((rows, columns)) < 0.6, random.integers(-3, 4, (rows, columns)), 0.0)
    matrix[:4, 6:], matrix[4:, 3:6] = 0.0, 0.0
    middle = random.integers(-5, 6, rows).astype(float)
    width = random.integers(0, 9, rows).astype(float)
    lower = np.where(random.random(columns) < 0.2, -INF, random.integers(-4, 1, columns))
    upper = np.where(random.random(columns) < 0.2, INF, random.integers(1, 6, columns))
    arrays = Arrays(
        matrix=sp.csc_array(matrix),
        cost=np.zeros(columns),
        expected_cost=np.zeros(columns),
        offset=0.0,
        lower=lower,
        upper=upper,
        integer=np.zeros(columns, dtype=bool),
        row_lower=np.where(random.random(rows) < 0.3, -INF, middle - width),
        row_upper=np.where(random.random(rows) < 0.3, INF, middle + width),
        columns=[("c", (j,)) for j in range(columns)],
        rows=[("r", (i,)) for i in range(rows)],
    )
    owner = np.array([-1] * 3 + [0] * 3 + [1] * 3)
    return split(arrays, np.array([0] * 4 + [1] * 4), owner, np.array([0.5, 0.5]))


def _plan(whole: Split, random: np.random.Generator) -> Vector | None:
    """A corner of all of it, y first, in a drawn direction; None if there is none."""
    m, s = whole.master, whole.subproblems
    matrix = sp.csc_array(sp.hstack([s.linking, sp.csr_array(s.matrix)]))
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = random.normal(size=matrix.shape[1])
    lp.col_lower_ = np.maximum(np.concatenate([m.lower, s.lower]), -1e3)
    lp.col_upper_ = np.minimum(np.concatenate([m.upper, s.upper]), 1e3)
    lp.row_lower_, lp.row_upper_ = s.row_lower, s.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = matrix.shape
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.array(highs.getSolution().col_value)
