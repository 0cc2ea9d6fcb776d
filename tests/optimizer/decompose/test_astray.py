"""Subproblems that answer for a point nearby, against LPs written down again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from optimizer.compile import Vector
from optimizer.decompose.allowance import Allowed, Fines
from optimizer.decompose.oracle import Heard, Oracle
from optimizer.decompose.pools.shards import deal, shard, together
from optimizer.decompose.split import Subproblems
from tests.optimizer.decompose.parts import INF, asked, capped
from tests.optimizer.decompose.pools.asking import allowed, fines, points

CURVED = "case-21 at 0.6"
"""Its subproblems lie within cones as well."""
NAMES = ["rule-unknown-length", "case-21", CURVED]
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Least:
    """What a subproblem costs, inf if it has no plan, and at which point."""

    cost: float
    at: Vector


def least(of: Allowed, charged: Fines, i: int, y: Vector, astray: bool) -> Least:
    """One subproblem as one LP: min c·x + π Σ_k F_k (up_k + down_k), its rows at z = y + up - down; without
    the last two if it may not go astray. With tangents until x lies within its cones."""
    s = of.whole.subproblems
    rows, columns = slice(*s.row_start[i : i + 2]), slice(*s.column_start[i : i + 2])
    links = s.linking[rows][:, : of.width]
    none = np.zeros(2 * of.width)
    shift = s.linking[rows] @ y
    constraints = [
        LinearConstraint(
            sp.csc_array(sp.hstack([s.matrix[rows, columns], links, -links])),
            s.row_lower[rows] - shift,
            s.row_upper[rows] - shift,
        )
    ]
    tangents: list[Vector] = []
    for _ in range(200):
        found = milp(
            np.concatenate([of.fined(charged)[columns], *(2 * [s.weight[i] * charged.astray])]),
            constraints=[
                *constraints,
                *([LinearConstraint(np.array(tangents), -INF, 0.0)] if tangents else []),
            ],
            bounds=Bounds(
                np.concatenate([s.lower[columns], none]),
                np.concatenate([s.upper[columns], none + (INF if astray else 0.0)]),
            ),
        )
        assert found.status in (0, 2), found.message
        if found.status == 2:
            return Least(INF, y)
        new = outside(s, i, found.x)
        if not new:
            break
        tangents += new
    up, down = found.x[-2 * of.width : -of.width], found.x[-of.width :]
    at = y.copy()
    at[: of.width] += up - down
    return Least(float(found.fun), at)


def outside(s: Subproblems, i: int, x: Vector) -> list[Vector]:
    """Tangents, over all of x, of the cones of a subproblem outside of which it lies."""
    found: list[Vector] = []
    c = s.cones
    for k in range(*c.start[i : i + 2]) if c is not None else ():
        some = slice(*c.entry[k : k + 2])
        column, length, room = c.column[some], c.length[some], c.room[some]
        v = length * x[column]
        if np.linalg.norm(v) > room @ x[column] + 1e-8 * max(1.0, float(room @ x[column])):
            row = np.zeros(len(x))
            row[column] = v / np.linalg.norm(v) * length - room
            found.append(row / np.abs(row).max())
    return found


def fined(of: Allowed, seed: int, size: float) -> Fines:
    """Another fine by each row and column."""
    random = np.random.default_rng(seed)
    rows, columns = len(of.sides[0]), of.width
    return Fines(50 * (1 + random.random(rows)), size * (1 + random.random(columns)))


def oracle(of: Allowed, charged: Fines) -> Oracle:
    here = Oracle(of, threads=1, seed=0, halted=lambda: False)
    here.charge(charged)
    return here


def strays(heard: Heard) -> list[int]:
    """Which subproblems answered for another point."""
    return np.flatnonzero(np.diff(heard.astray.indptr)).tolist()


def cut(heard: Heard, i: int, y: Vector) -> float:
    """The height of the cut of a subproblem at y."""
    return float(heard.constant[i] - (heard.slope @ y)[i])


# ---- by hand: minimise y + Σ 3·x_s, x_s ≥ 4 - y, x_0 ≤ 2, so y ≥ 2 for the first; of probability ½ each


def by_hand(fine: float) -> Oracle:
    here = asked(capped())
    here.high = np.array([2.0, here.high[1]])
    here.charge(Fines(np.empty(0), np.full(2, fine)))
    return here


def test_the_nearest_point_with_a_plan_is_answered_for() -> None:
    heard = by_hand(10.0).ask(np.array([1.0, 0.0]))
    # At y = 1 the first has none; at 2 it costs 3·2 = 6 and the fine for one unit, ½·10.
    assert heard.feasible.tolist() == [True, True]
    assert heard.true.tolist() == pytest.approx([6.0, 9.0])
    assert heard.cost.tolist() == pytest.approx([11.0, 9.0])
    assert heard.astray.toarray().tolist() == [pytest.approx([1.0, 0.0]), [0.0, 0.0]]
    # Below 2 each unit costs the fine: 6 + 5·(2 - y).
    assert heard.constant[0] == pytest.approx(16.0)
    assert heard.slope.toarray()[0].tolist() == pytest.approx([5.0, 0.0])


def test_a_fine_that_does_not_deter_leads_farther() -> None:
    heard = by_hand(4.0).ask(np.array([1.0, 0.0]))
    # A unit of y saves 3 and costs ½·4: it goes on to y = 4, where it needs nothing any more.
    assert heard.true.tolist() == pytest.approx([0.0, 9.0])
    assert heard.cost.tolist() == pytest.approx([6.0, 9.0])
    assert heard.astray.toarray()[0].tolist() == pytest.approx([3.0, 0.0])
    assert heard.slope.toarray()[0].tolist() == pytest.approx([2.0, 0.0])


def test_other_fines_are_charged_from_then_on() -> None:
    here = by_hand(10.0)
    y = np.array([1.0, 0.0])
    here.ask(y)
    here.charge(here.fines * 2.0)
    # 6 + ½·20.
    assert here.ask(y).cost.tolist() == pytest.approx([16.0, 9.0])


def test_asked_exactly_in_between_it_goes_astray_as_before() -> None:
    here = by_hand(10.0)
    y = np.array([1.0, 0.0])
    before = here.ask(y)
    exact = here.ask(y, exact=True)
    assert exact.feasible.tolist() == [False, True]
    assert not exact.astray.nnz
    # One unit is missing, 2 - y in general, told in fines of 10.
    assert (exact.constant[0], exact.slope.toarray()[0, 0]) == (pytest.approx(20.0), pytest.approx(10.0))
    after = here.ask(y)
    assert after.feasible.all()
    assert after.cost.tolist() == pytest.approx(before.cost.tolist())
    assert after.astray.toarray().tolist() == before.astray.toarray().tolist()


# ---- real subproblems


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("rule-unknown-length", 2.0),
        ("rule-unknown-length", 1e4),
        ("case-21", 300.0),
        ("case-21", 1e4),
        (CURVED, 300.0),
        (CURVED, 1e4),
    ],
)
def test_the_cost_is_that_of_the_best_point_with_the_fine_for_being_there(name: str, size: float) -> None:
    of = allowed(name)
    charged = fined(of, 1, size)
    here, others, met = oracle(of, charged), points(of, 3, seed=9), 0
    weight = of.whole.subproblems.weight
    for y in points(of, 4):
        heard = here.ask(y)
        assert heard.feasible.all()
        for i in strays(heard):
            met += 1
            envelope = least(of, charged, i, y, astray=True)
            assert least(of, charged, i, y, astray=False).cost > envelope.cost
            assert heard.cost[i] == pytest.approx(envelope.cost, rel=TOLERANCE, abs=TOLERANCE)
            # At y the cut says as much, and nowhere more than is true.
            assert cut(heard, i, y) == pytest.approx(heard.cost[i], rel=1e-5, abs=1e-4)
            for there in (envelope.at, *others, *((envelope.at + other) / 2 for other in others)):
                true = least(of, charged, i, there, astray=False).cost
                assert cut(heard, i, there) <= true + TOLERANCE * (1 + abs(true))
            slope = np.abs(heard.slope[[i]].toarray()[0])
            assert (slope[: of.width] <= weight[i] * charged.astray * (1 + TOLERANCE) + 1e-6).all()
    assert met


@pytest.mark.parametrize("name", NAMES)
def test_asked_exactly_what_has_no_plan_is_cut_off_and_nothing_else(name: str) -> None:
    of = allowed(name)
    charged, met = fines(of), 0
    before = oracle(of, charged)
    for y in points(of, 3):
        astray = strays(before.ask(y))
        for here in (before, oracle(of, charged)):
            heard = here.ask(y, exact=True)
            assert np.flatnonzero(~heard.feasible).tolist() == astray
            assert not heard.astray.nnz
            for i in astray:
                met += 1
                assert cut(heard, i, y) > 1e-6
                for other in (y, *points(of, 3, seed=4)):
                    nearest = least(of, charged, i, other, astray=True).at
                    # It is nearest up to 1e-8, which a steep cut notices.
                    steep = float(np.abs(heard.slope[[i]].data).sum())
                    assert cut(heard, i, nearest) <= TOLERANCE * (1 + abs(heard.constant[i])) + 1e-8 * steep
    assert met


@pytest.mark.parametrize("name", NAMES)
def test_where_there_is_a_plan_high_fines_change_nothing(name: str) -> None:
    of = allowed(name)
    charged = fined(of, 2, 1e4)
    ever, met = oracle(of, charged), 0
    sample = points(of, 4)
    astray = set.intersection(*(set(strays(ever.ask(y))) for y in sample))
    for i in sorted(astray):
        nearest = [least(of, charged, i, y, astray=True).at for y in sample]
        # Where it has plans is convex.
        for y in (np.mean(nearest, axis=0), (nearest[0] + nearest[1]) / 2):
            true = least(of, charged, i, y, astray=False).cost
            assert true < INF
            met += 1
            never, heard = oracle(of, charged).ask(y, exact=True), ever.ask(y)
            assert i not in strays(heard)
            assert heard.feasible[i]
            for answer in (heard.cost[i], never.cost[i], cut(heard, i, y)):
                assert answer == pytest.approx(true, rel=1e-5, abs=1e-4)
            assert heard.true[i] == pytest.approx(never.true[i], rel=1e-5, abs=1e-4)
    assert met


@pytest.mark.parametrize(("name", "count"), [("case-21", 2), ("case-21", 3), (CURVED, 2)])
def test_shards_tell_how_far_theirs_went_as_the_whole_does(name: str, count: int) -> None:
    of = allowed(name)
    charged = fined(of, 3, 1e3)
    which = deal(of, count)
    here, parts = oracle(of, charged), [oracle(shard(of, one), charged) for one in which]
    met = set()
    for y in points(of, 4):
        heard, dealt = here.ask(y), together(which, [part.ask(y) for part in parts])
        assert dealt.astray.shape == heard.astray.shape == (of.whole.subproblems.count, of.width)
        assert dealt.astray.toarray().tobytes() == heard.astray.toarray().tobytes()
        assert dealt.cost.tobytes() == heard.cost.tobytes()
        met.update(strays(heard))
        # Charged by unit of probability, whoever holds them.
        more = heard.astray @ charged.astray + heard.beyond @ charged.beyond
        told = heard.true + of.whole.subproblems.weight * more
        assert heard.cost == pytest.approx(told, rel=1e-9, abs=1e-6)
    assert len(met) > 1
