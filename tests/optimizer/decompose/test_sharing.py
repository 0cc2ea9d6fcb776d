"""Allowances shared out: what one subproblem takes too much another may have left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed, Fines, allow
from optimizer.decompose.engine import Engine
from optimizer.decompose.oracle import Oracle
from optimizer.decompose.pools.threads import Threads
from optimizer.decompose.preparing import prepare
from tests.optimizer import support
from tests.optimizer.decompose.cases import programme
from tests.optimizer.decompose.parts import INF, allowed


def test_what_is_left_with_one_goes_to_the_other() -> None:
    of = allowed()
    # y + a_0/2 + a_1/2 ≤ 9: 3 + 3 + 2 = 8 are given.
    y = np.array([3.0, 0.0, 6.0, 4.0])
    # 3 + 5 + 1 = 9 are used; by unit of probability ½ that is 10 and 2.
    there, beyond = of.share_out(y, np.array([[5.0], [1.0]]))
    assert there.tolist() == [3.0, 0.0, 10.0, 2.0]
    assert beyond.tolist() == [0.0]
    # 3 + 6 + 1 = 10 are one too many, a third of the (12 - 6)/2 = 3 that the first wants more than it had:
    # it gets 12 - 6/3 = 10, the second what it used, 2.
    there, beyond = of.share_out(y, np.array([[6.0], [1.0]]))
    assert there.tolist() == pytest.approx([3.0, 0.0, 10.0, 2.0])
    # 3 + 5 + 1 = 9 holds; the first goes 12 - 10 = 2 beyond its own, one by its probability.
    assert beyond.tolist() == pytest.approx([1.0])
    assert (of.whole.master.matrix @ there).tolist() == pytest.approx([9.0])


def test_what_all_together_must_use_is_shared_out_alike() -> None:
    of = allowed()
    of = replace(of, sides=(np.array([9.0]), np.array([INF])))
    # At least 9: 3 + 4 + 4 = 11 are given, 3 + 4 + 1 = 8 used, one too few of three: a third of the way back
    # from (8, 2) to (8, 8), and 4 - 2 = 2 short of it, one by its probability.
    there, beyond = of.share_out(np.array([3.0, 0.0, 8.0, 8.0]), np.array([[4.0], [1.0]]))
    assert beyond.tolist() == pytest.approx([1.0])
    assert there.tolist() == pytest.approx([3.0, 0.0, 8.0, 4.0])


def test_a_point_that_breaks_the_row_itself_comes_to_keep_it() -> None:
    of = allowed()
    # 3 + 4 + 4 = 11 were given already, 3 + 7 + 1 = 11 used: two too many of the (14 - 8)/2 = 3 that the
    # first wants more, so it gets 14 - 6·2/3 = 10. 3 + 5 + 1 = 9.
    y = np.array([3.0, 0.0, 8.0, 8.0])
    there, beyond = of.share_out(y, np.array([[7.0], [1.0]]))
    assert there.tolist() == pytest.approx([3.0, 0.0, 10.0, 2.0])
    assert beyond.tolist() == pytest.approx([2.0])


def test_sharing_out_saves_fines_by_hand() -> None:
    of = allowed()
    here = Oracle(of, threads=1, seed=0, halted=lambda: False)
    here.charge(Fines(np.array([2.0]), np.full(of.width, 100.0)))
    # 1 + 5 + 2 = 8 ≤ 9 at y = 1. Both need 4 - 1 = 3, which is 6 by unit of probability: the second goes 2
    # beyond its 4, for ½·2·2 = 2.
    y = np.array([1.0, 0.0, 10.0, 4.0])
    heard = here.ask(y)
    assert heard.cost.tolist() == pytest.approx([9.0, 11.0])
    there, beyond = of.share_out(y, heard.use)
    assert beyond.tolist() == [0.0]
    assert there.tolist() == pytest.approx([1.0, 0.0, 6.0, 6.0])
    assert here.ask(there).cost.tolist() == pytest.approx([9.0, 9.0])


@contextmanager
def engine(name: str, astray: float) -> Iterator[tuple[Engine, list[Vector]]]:
    """The engine of a case, subtrees of one node, and points that keep all rows of its master."""
    arrays, nodes, _ = programme(support.case(name))
    pieces = prepare(arrays, nodes, 1)
    box = pieces.box
    of = allow(pieces.take(), box.low_subs, box.high_subs)
    m = of.whole.master
    low = np.concatenate([box.low, m.lower[of.width :]])
    high = np.concatenate([box.high, m.upper[of.width :]])
    charged = Fines(np.full(len(of.sides[0]), 5.0), np.full(of.width, astray))
    held = Engine(of, low, high, charged, pool=Threads(1), seed=0, stop=None, seconds=None)
    try:
        yield held, between(of, low, high)
    finally:
        held.close()


def between(of: Allowed, low: Vector, high: Vector) -> list[Vector]:
    """Points between two vertices of the master."""
    m = of.whole.master
    upper, lower = np.isfinite(m.row_upper), np.isfinite(m.row_lower)
    rows = sp.csr_array(sp.vstack([m.matrix[upper], -m.matrix[lower]]))
    sides = np.concatenate([m.row_upper[upper], -m.row_lower[lower]])
    random, vertices = np.random.default_rng(5), []
    for _ in range(6):
        found = linprog(random.normal(size=len(low)), rows, sides, bounds=np.column_stack([low, high]))
        assert found.status == 0, found.message
        vertices.append(np.clip(found.x, low, high))
    return [(one + other) / 2 for one, other in pairwise(vertices)]


@pytest.mark.parametrize("name", ["rule-emissions-cap", "rule-allocation-floor", "case-21", "case-23"])
def test_where_allowances_were_shared_out_it_costs_no_more_than_told(name: str) -> None:
    shared = 0
    with engine(name, 1e3) as (held, sample):
        of, m = held.allowed, held.whole.master
        for y in sample:
            visit = held.visit(y, None)
            assert visit.cost < INF
            assert visit.y[: of.width].tolist() == y[: of.width].tolist()
            shared += visit.y.tolist() != y.tolist()
            sums = m.matrix @ visit.y
            slack = 1e-6 * (1 + abs(m.matrix) @ np.abs(visit.y))
            assert (sums >= m.row_lower - slack).all()
            assert (sums <= m.row_upper + slack).all()
            assert (visit.y >= m.lower - 1e-9).all()
            assert (visit.y <= m.upper + 1e-9).all()
            again = float(m.cost @ visit.y) + float(held.oracle.ask(visit.y).cost.sum())
            assert again <= visit.cost + 1e-6 * (1 + abs(visit.cost))
            heard = held.oracle.ask(y)
            _, beyond = of.share_out(y, heard.use)
            if of.broken(y, heard.use, heard.size) <= 0:
                assert not beyond.any()
                assert not visit.beyond.any()
    assert shared
