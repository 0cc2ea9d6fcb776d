"""Cuts outside the master's LP count as if they were in it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.decompose import cuts
from optimizer.decompose.cutpool import CutPool
from optimizer.decompose.cuts import CutMaster
from tests.optimizer.decompose.parts import asked, capped


def pool_of(rows: list[list[float]], right: list[float], group: list[int]) -> CutPool:
    """Cuts of one column y and two θ, none of them in the LP."""
    pool = CutPool(1, 2)
    pool.add(sp.csr_array(np.array(rows)), np.array(right), np.array(group))
    return pool


def master() -> CutMaster:
    """y of 0 to 3, another column, and a θ for each of two subproblems, from 0 on."""
    return CutMaster(asked(capped()).allowed.whole, np.zeros(2), np.array([3.0, 9.0]), np.zeros(2))


def know(made: CutMaster, rows: list[list[float]], right: list[float], group: list[int]) -> None:
    """Cuts in the pool of which the LP knows nothing."""
    made.pool.add(sp.csr_array(np.array(rows)), np.array(right), np.array(group))


def test_the_cut_that_is_missed_most_of_each_group() -> None:
    # At y = 1, θ = (0, 0): θ_0 ≥ 2 - y lacks 1, 2·θ_0 ≥ 6 - 2·y lacks 4 of the row and 2 of money, θ_1 ≥ y
    # lacks 1, and y ≥ 0 holds.
    rows = [[1.0, 1.0, 0.0], [2.0, 2.0, 0.0], [-1.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    pool = pool_of(rows, [2.0, 6.0, 0.0, 0.0], [0, 0, 1, -1])
    at = np.array([1.0, 0.0, 0.0])
    assert pool.missed(at, 0.0).tolist() == [1, 2]
    # Together they are worth 3.
    assert pool.missed(at, 2.9).tolist() == [1, 2]
    assert pool.missed(at, 3.0).tolist() == []
    pool.bring(np.array([1]))
    assert pool.missed(at, 0.0).tolist() == [0, 2]


def test_no_cut_of_feasibility_is_overlooked() -> None:
    pool = pool_of([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [2.0, 1.0], [-1, -1])
    assert pool.missed(np.array([1.5, 0.0, 0.0]), 1e9).tolist() == [0]


def test_those_that_have_not_held_for_longest_go() -> None:
    pool = pool_of([[1.0, 1.0, 0.0]] * 8, [float(k) for k in range(8)], [0] * 8)
    pool.bring(np.arange(8))
    pool.held(np.array([0, 0, 1, 1, 1, 1, 1, 1.0]))
    pool.held(np.array([0, 1, 0, 1, 1, 1, 1, 1.0]))
    assert not pool.oldest(8).any()
    # A fourth of eight: cut 0 has not held twice; then cut 2, not in the last.
    gone = pool.oldest(7)
    assert np.flatnonzero(gone).tolist() == [0, 2]
    assert pool.forget(gone).tolist() == [0, 2]
    assert pool.right.tolist() == [1, 3, 4, 5, 6, 7]
    assert pool.inside.tolist() == list(range(6))
    # Numbers are for good.
    assert pool.at(np.array([0, 1, 2, 3])).tolist() == [0, 1]


def test_what_holds_is_kept_however_full_the_pool() -> None:
    pool = pool_of([[1.0, 1.0, 0.0]] * 4, [0.0] * 4, [0] * 4)
    pool.bring(np.arange(4))
    pool.held(np.ones(4))
    assert not pool.oldest(1).any()


def test_a_point_keeps_the_cuts_outside_of_the_lp() -> None:
    made = master()
    floor = made.solve().objective
    # θ_0 ≥ 5 - y and θ_1 ≥ 1 + y sum up to 6 wherever y stands.
    know(made, [[1.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 1.0]], [5.0, 1.0], [0, 1])
    point = made.solve()
    assert made.safe(point) == pytest.approx(point.objective)
    assert len(made.pool.inside) == 2
    y, theta = point.x[0], point.x[2:]
    assert theta[0] >= 5 - y - 1e-9
    assert theta[1] >= 1 + y - 1e-9
    assert point.objective >= floor + 6 - 1e-9


def test_idle_cuts_leave_the_lp_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "MANY", 0.0)
    made = master()
    rows = [[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    know(made, rows, [4.0, 5.0, 2.0], [0, 0, 1])
    first = made.solve()
    # y + θ_0 + θ_1 = y + max(4, 5 - y) + 2 at y = 0.
    assert first.objective == pytest.approx(7.0)
    held = first.basis
    # With θ_0 ≥ 9 the others of its group rest.
    know(made, [[0.0, 0.0, 1.0, 0.0]], [9.0], [0])
    for _ in range(cuts.REST + 3):
        made.solve()
    assert 3 in made.pool.inside
    assert not {0, 1} & set(made.pool.inside.tolist())
    assert len(made.pool) == 4
    # From the first basis: the cuts that held it are rows again.
    again = made.solve(held)
    assert set(made.pool.at(held.tight()).tolist()) <= set(made.pool.inside.tolist())
    assert again.objective == pytest.approx(0 + 9 + 2)
    assert made.safe(again) == pytest.approx(again.objective)
