"""Bounds that follow from rows, by hand and against what a solver finds."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from optimizer.compile import Arrays
from optimizer.decompose import implied as module
from optimizer.decompose.implied import box_of, boxed, implied
from optimizer.decompose.preparing import BOX
from optimizer.decompose.split import Split, split

INF = np.inf


def test_bounds_follow_from_rows_forwards_and_backwards() -> None:
    # x + y ≤ 4 gives x, y ≤ 4; z - 2x ≤ 0 gives z ≤ 8; w ≥ z - 1 has no upper bound.
    matrix = sp.csr_array(np.array([[1.0, 1.0, 0, 0], [-2.0, 0, 1.0, 0], [0, 0, -1.0, 1.0]]))
    sides = np.array([-INF, -INF, -1.0]), np.array([4.0, 0.0, INF])
    low, high = implied(matrix, np.array([0.0, 0.0, 0.0, -INF]), np.full(4, INF), *sides)
    assert low.tolist() == pytest.approx([0.0, 0.0, 0.0, -1.0], abs=1e-4)
    assert high.tolist() == pytest.approx([4.0, 4.0, 8.0, INF], rel=1e-5)
    # Never inside: rounding is left room.
    assert high[0] > 4.0
    assert high[2] > 8.0
    assert low[3] < -1.0
    assert boxed(low, high, 4.0, 1e6)[1][3] == 1e6


def test_what_is_only_assumed_bounds_nothing_else() -> None:
    # cash + spent = 2,000,000 with neither bounded above: a cash of at most a million, assumed, must not make
    # anybody spend the other million.
    matrix = sp.csr_array(np.array([[1.0, 1.0]]))
    side = np.array([2e6])
    low, high = implied(matrix, np.zeros(2), np.full(2, INF), side, side)
    low, high = boxed(low, high, 2e6, 1e6)
    assert low.max() <= 0.0
    assert high.min() >= 2e6


def test_a_column_without_any_bound_gets_both_from_rows_in_which_it_is_alone() -> None:
    # x - y = 1 with 0 ≤ y ≤ 3: 1 ≤ x ≤ 4; z + x = 0: -4 ≤ z ≤ -1.
    matrix = sp.csr_array(np.array([[1.0, -1.0, 0.0], [1.0, 0.0, 1.0]]))
    side = np.array([1.0, 0.0])
    low, high = implied(matrix, np.array([-INF, 0.0, -INF]), np.array([INF, 3.0, INF]), side, side)
    assert low.tolist() == pytest.approx([1.0, 0.0, -4.0], abs=1e-4)
    assert high.tolist() == pytest.approx([4.0, 3.0, -1.0], abs=1e-4)


def test_rows_that_contradict_each_other_move_no_bound_past_another() -> None:
    # x ≤ 1 and x ≥ 2: for the solver to find.
    matrix = sp.csr_array(np.array([[1.0], [1.0]]))
    low, high = implied(matrix, np.zeros(1), np.full(1, INF), np.array([-INF, 2.0]), np.array([1.0, INF]))
    assert (low <= high).all()


def drawn(seed: int) -> tuple[Split, Arrays]:
    """Two subproblems of three columns, two columns and two rows of the master; entries, bounds and sides are
    drawn, the latter such that some point keeps all of them."""
    rng = np.random.default_rng(seed)
    rows, columns = np.repeat([-1, 0, 1], [2, 4, 4]), np.repeat([-1, 0, 1], [2, 3, 3])
    matrix = rng.choice([0.0, 0.0, 1.0, -1.0, 2.5, -0.5], (len(rows), len(columns)))
    matrix[(rows[:, None] >= 0) & (columns >= 0) & (rows[:, None] != columns)] = 0.0
    point = rng.integers(-3, 9, len(columns)).astype(float)
    middle = matrix @ point
    kind = rng.integers(0, 3, len(rows))
    row_lower = np.where(kind == 0, -INF, middle - (kind == 1) * rng.integers(0, 3, len(rows)))
    row_upper = np.where(kind == 1, INF, middle + (kind == 0) * rng.integers(0, 3, len(rows)))
    lower = np.where(rng.random(len(columns)) < 0.7, np.minimum(point, 0.0), -INF)
    upper = np.where(rng.random(len(columns)) < 0.4, point + 2.0, INF)
    arrays = Arrays(
        sp.csc_array(matrix), np.ones(len(columns)), np.zeros(len(columns)), 0.0, lower, upper,
        np.zeros(len(columns), dtype=bool), row_lower, row_upper,
        [("x", (k,)) for k in range(len(columns))], [("row", (k,)) for k in range(len(rows))],
    )  # fmt: skip
    return split(arrays, rows, columns, np.array([0.5, 0.5])), arrays


@pytest.mark.parametrize("seed", range(60))
def test_no_bound_cuts_off_what_the_programme_allows(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed % 2:
        monkeypatch.setattr(module, "AT_ONCE", 1)  # one subproblem after the other, not both together
    whole, arrays = drawn(seed)
    box = box_of(whole, BOX)
    low, high = np.empty(8), np.empty(8)
    low[whole.master_columns], low[whole.columns] = box.low, box.low_subs
    high[whole.master_columns], high[whole.columns] = box.high, box.high_subs
    assert np.isfinite([low, high]).all()
    matrix = arrays.matrix.toarray()
    above, below = np.isfinite(arrays.row_upper), np.isfinite(arrays.row_lower)
    left = np.vstack([matrix[above], -matrix[below]])
    right = np.concatenate([arrays.row_upper[above], -arrays.row_lower[below]])
    for j in range(8):
        for sign in (1.0, -1.0):
            cost = np.zeros(8)
            cost[j] = sign
            found = linprog(cost, left, right, bounds=np.column_stack([arrays.lower, arrays.upper]))
            if found.status == 0:
                assert low[j] - 1e-7 <= found.x[j] <= high[j] + 1e-7
            else:
                # Without a bound: no row may have told one, so what is left is the box.
                assert found.status == 3
                assert (high if sign < 0 else -low)[j] >= BOX


def test_subproblems_learn_from_rows_that_join_them_what_their_own_do_not_tell() -> None:
    # x_0 + x_1 ≤ 9 joins; x_s - z_s ≥ 0 leaves z_s below x_s; nothing else bounds them.
    matrix = np.array([[1.0, 0.0, 1.0, 0.0], [1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    arrays = Arrays(
        sp.csc_array(matrix), np.ones(4), np.zeros(4), 0.0, np.zeros(4), np.full(4, INF),
        np.zeros(4, dtype=bool), np.array([-INF, 0.0, 0.0]), np.array([9.0, INF, INF]),
        [("x", (0,)), ("z", (0,)), ("x", (1,)), ("z", (1,))],
        [("join", ()), ("row", (0,)), ("row", (1,))],
    )  # fmt: skip
    whole = split(arrays, np.array([-1, 0, 1]), np.array([0, 0, 1, 1]), np.array([0.5, 0.5]))
    box = box_of(whole, BOX)
    assert box.high_subs.tolist() == pytest.approx([9.0] * 4, rel=1e-4)
    assert (box.high_subs > 9.0).all()


def test_what_the_master_learns_from_one_subproblem_another_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    # Only subproblem 1 bounds y, a column of the master: y + x_1 ≤ 5; subproblem 0 has x_0 ≤ y.
    matrix = np.array([[-1.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    arrays = Arrays(
        sp.csc_array(matrix), np.ones(3), np.zeros(3), 0.0, np.zeros(3), np.full(3, INF),
        np.zeros(3, dtype=bool), np.full(2, -INF), np.array([0.0, 5.0]),
        [("y", ()), ("x", (0,)), ("x", (1,))], [("row", (0,)), ("row", (1,))],
    )  # fmt: skip
    whole = split(arrays, np.array([0, 1]), np.array([-1, 0, 1]), np.array([0.5, 0.5]))
    box = box_of(whole, BOX)
    assert box.high.tolist() == pytest.approx([5.0], rel=1e-4)
    assert box.high_subs.tolist() == pytest.approx([5.0, 5.0], rel=1e-4)
