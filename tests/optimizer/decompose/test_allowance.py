"""Allowances of subproblems that use several joining rows, one of them or none, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.compile import Arrays
from optimizer.decompose.allowance import allow
from optimizer.decompose.split import split

INF = np.inf


def test_each_subproblem_has_an_allowance_in_the_rows_it_uses_alone() -> None:
    # Subproblem 0 holds x_0 and x_1, 1 holds x_2, 2 holds x_3, with probabilities 1/2, 1/4, 1/4.
    # Joining rows: x_0 + 2·x_1 + x_2 ≤ 9 and 2 ≤ x_1 - x_2 ≤ 7; x_3 is in neither.
    matrix = np.array(
        [
            [1.0, 2.0, 1.0, 0.0],
            [0.0, 1.0, -1.0, 0.0],
            [1.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )
    arrays = Arrays(
        sp.csc_array(matrix), np.ones(4), np.zeros(4), 0.0, np.zeros(4), np.full(4, INF),
        np.zeros(4, dtype=bool), np.array([-INF, 2.0, 1.0, 1.0, 1.0]), np.array([9.0, 7.0, INF, INF, INF]),
        [("x", (k,)) for k in range(4)], [("row", (k,)) for k in range(5)],
    )  # fmt: skip
    whole = split(arrays, np.array([-1, -1, 0, 1, 2]), np.array([0, 0, 1, 2]), np.array([0.5, 0.25, 0.25]))
    found = allow(whole, np.zeros(4), np.full(4, 10.0))
    assert list(zip(found.owner.tolist(), found.row.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
    # What columns between 0 and 10 can add up to, by unit of probability.
    assert found.whole.master.lower.tolist() == [0.0, 0.0, 0.0, -40.0]
    assert found.whole.master.upper.tolist() == pytest.approx([60.0, 20.0, 40.0, 0.0])
    assert found.whole.master.matrix.toarray().tolist() == [[0.5, 0.0, 0.25, 0.0], [0.0, 0.5, 0.0, 0.25]]
    # Subproblem 0: its row, then its allowances over x_0, x_1 and what goes beyond: over, over and under.
    s = found.whole.subproblems
    assert s.row_start.tolist() == [0, 3, 6, 7]
    assert s.column_start.tolist() == [0, 5, 9, 10]
    block = s.matrix.toarray()[:3, :5]
    assert block[:, :2].tolist() == [[1.0, 1.0], [2.0, 4.0], [0.0, 2.0]]
    assert sorted(block[:, 2:].T.tolist()) == [[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [0.0, 0.0, 1.0]]
    assert s.matrix.toarray()[3:6, 5].tolist() == [1.0, 4.0, -4.0]
    assert s.linking.toarray()[:6].sum(axis=1).tolist() == [0.0, -1.0, -1.0, 0.0, -1.0, -1.0]
