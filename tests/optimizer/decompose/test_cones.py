"""Rules on concentration in pieces: subproblems within cones, by hand and against the extensive form."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.instance import Instance
from models.options import Options
from optimizer import methods
from optimizer.compile import Arrays
from optimizer.cones import Cone, cones
from optimizer.decompose.allowance import Fines
from optimizer.decompose.oracle import Oracle
from optimizer.decompose.preparing import CannotDecompose, placed
from optimizer.decompose.split import Split, split
from optimizer.decompose.start import restrict
from optimizer.highs import tangents
from optimizer.highs.tangents import CLOSE, Cones
from optimizer.search import search
from optimizer.solve import solve
from tests.optimizer import support
from tests.optimizer.byhand.base import by_hand, commerce, cut, hit, offer, vault
from tests.optimizer.byhand.rules import AUS, spread
from tests.optimizer.decompose.cases import agrees, case, concentrated, decomposed, programme
from tests.optimizer.decompose.parts import INF, asked
from tests.optimizer.decompose.pools.asking import allowed, oracle, points
from tests.optimizer.test_concentration import several
from tests.strategies import instances

CURVED = "case-21 at 0.6"
F = math.sqrt(0.625)
"""Of two countries none has more than three quarters: 0.75² + 0.25² = 0.625."""


# ---- by hand: minimise Σ x_s + 2·z_s over two subproblems, x_s + z_s ≥ 4 - y, (x_s, z_s) in the cone of F


def sold(most: float = INF, anyway: float = 0.0, scale: float = 0.125) -> Split:
    """The second seller of the first subproblem has ``most``, which has to buy ``anyway``; z is told in
    ``scale`` units."""
    z = scale
    matrix = np.array(
        [
            [1.0, 1.0, z, 0.0, 0.0],  # y + x_0 + z_0 ≥ 4
            [0.0, 1.0, z, 0.0, 0.0],  # x_0 + z_0 ≥ anyway
            [1.0, 0.0, 0.0, 1.0, z],  # y + x_1 + z_1 ≥ 4
        ]
    )
    arrays = Arrays(
        matrix=sp.csc_array(matrix),
        cost=np.array([1.0, 1.0, 2.0 * z, 1.0, 2.0 * z]),
        expected_cost=np.zeros(5),
        offset=0.0,
        lower=np.zeros(5),
        upper=np.array([4.0, INF, most / z, INF, INF]),
        integer=np.zeros(5, dtype=bool),
        row_lower=np.array([4.0, anyway, 4.0]),
        row_upper=np.full(3, INF),
        columns=[("y", ()), *(("x", (i,)) for i in range(4))],
        rows=[("need", (i,)) for i in range(3)],
    )
    whole = split(arrays, np.array([0, 0, 1]), np.array([-1, 0, 0, 1, 1]), np.array([0.5, 0.5]))
    found = [Cone((0, "ga", s), np.array([2 * s + 1, 2 * s + 2]), F, (), 0) for s in (1, 0)]
    within = placed(found, np.array([1.0, 1.0, z, 1.0, z]), whole)
    return replace(whole, subproblems=replace(whole.subproblems, cones=within))


def by_cones(most: float = INF, anyway: float = 0.0, scale: float = 0.125) -> Oracle:
    here = asked(sold(most, anyway, scale))
    here.high = np.array([10.0, 10.0 / scale if most == INF else most / scale, 10.0, 10.0 / scale])
    here.charge(Fines(np.empty(0), np.full(1, 10.0)))
    return here


@pytest.mark.parametrize("scale", [0.125, 1.0, 1024.0])
def test_three_quarters_of_the_cheap_one(scale: float) -> None:
    here = by_cones(scale=scale)
    for y in (1.0, 2.0, 0.0):
        heard = here.ask(np.array([y]))
        # 4 - y at ¾·1 + ¼·2.
        assert heard.true.tolist() == pytest.approx([1.25 * (4 - y)] * 2, rel=1e-7)
        here.keep()
        told = [0.75 * (4 - y), 0.25 * (4 - y) / scale] * 2
        assert here.kept().tolist() == pytest.approx(told, rel=1e-6)
        # The cut says so wherever y is.
        assert heard.constant.tolist() == pytest.approx([5.0, 5.0], rel=1e-6)
        assert heard.slope.toarray()[:, 0].tolist() == pytest.approx([1.25, 1.25], rel=1e-6)


def test_too_little_of_the_dear_one_is_answered_for_nearby() -> None:
    # With half a unit of the second no more than 1½ of the first: a plan from y = 2 on.
    here = by_cones(most=0.5)
    heard = here.ask(np.array([1.0]))
    assert heard.astray.toarray()[:, 0].tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
    assert heard.true.tolist() == pytest.approx([2.5, 3.75], rel=1e-6)
    assert heard.cost.tolist() == pytest.approx([7.5, 3.75], rel=1e-6)


def test_asked_exactly_the_cone_says_that_there_is_no_plan() -> None:
    for here in (by_cones(most=0.5), by_cones(most=0.5)):
        heard = here.ask(np.array([1.0]), exact=True)
        assert heard.feasible.tolist() == [False, True]
        # 2 - y is missing, told in fines of 10.
        at = heard.constant[0] - heard.slope.toarray()[0, 0] * np.array([1.0, 2.0, 3.0])
        assert at == pytest.approx([10.0, 0.0, -10.0], abs=1e-5)
        here.ask(np.array([0.0]))


def test_no_plan_at_all_because_of_a_cone() -> None:
    # Three units are asked for whatever y is, and two are the most.
    heard = by_cones(most=0.5, anyway=3.0).ask(np.array([4.0]))
    assert heard.feasible.tolist() == [False, True]
    assert heard.constant[0] > 0.1
    assert heard.slope.toarray()[0, 0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_a_cut_of_any_multipliers_and_tangents_is_below_the_truth(seed: int) -> None:
    here, rng = by_cones(scale=1.0), np.random.default_rng(seed)
    cost = here.allowed.whole.subproblems.cost
    for size in (1e-3, 10.0):
        duals = np.array([1.25, 0.0, 1.25]) + rng.normal(0, size, 3)
        angle, q = rng.uniform(0, math.pi / 2, 2), rng.uniform(-2.0, 0.0, 2)
        rows = np.concatenate([np.array([math.cos(a), math.sin(a)]) - F for a in angle])
        constant, p = here.constants(duals, cost - np.repeat(q, 2) * rows)
        for y in np.linspace(0, 4, 5):
            value = constant - np.array([p[0], p[2]]) * y
            assert (value <= 1.25 * (4 - y) + 1e-12).all()


def test_tangents_that_no_longer_hold_are_let_go_and_the_answers_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tangents, "STALE", 2)
    monkeypatch.setattr(tangents, "MANY", 1)
    here = by_cones(scale=1.0)
    held, lp = here.pieces._tangents[0], here.pieces._held
    assert held is not None
    counts = []
    for _ in range(4):
        heard = here.ask(np.array([1.0]))
        counts.append(len(held))
        assert lp[0] is not None
        assert lp[0].getNumRow() == 2 + len(held)
        assert heard.true.tolist() == pytest.approx([3.75, 3.75], rel=1e-7)
        assert heard.constant.tolist() == pytest.approx([5.0, 5.0], rel=1e-6)
    # The one that holds the solution stays; without the others nothing is to be found anew.
    assert counts[0] > 1
    assert counts[1:] == [1, 1, 1]


def test_cones_go_where_their_subproblems_go() -> None:
    c = Cones(
        np.array([0, 2, 2, 3]),
        np.array([0, 2, 5, 6]),
        np.array([0, 1, 2, 3, 4, 5], dtype=np.int32),
        np.arange(6.0),
        np.arange(6.0) / 2,
    )
    some = c.of(np.array([1, 2]))
    assert [some.start.tolist(), some.entry.tolist(), some.column.tolist()] == [[0, 0, 1], [0, 1], [5]]
    assert (some.length.tolist(), some.room.tolist()) == ([5.0], [2.5])
    assert c.of(np.array([0])).column.tolist() == [0, 1, 2, 3, 4]
    whole = restrict(sold(), np.array([0.0, 2.0]))
    assert whole.subproblems.cones is not None
    assert whole.subproblems.cones.start.tolist() == [0, 1]


def test_a_cone_of_two_subproblems_is_refused() -> None:
    whole = sold()
    both = [Cone((0, "ga", 0), np.array([1, 3]), F, (), 0)]
    with pytest.raises(CannotDecompose, match="ends in the master"):
        placed(both, np.ones(5), whole)


# ---- real subproblems


def test_answers_lie_within_the_cones_which_cost_something() -> None:
    of = allowed(CURVED)
    s = of.whole.subproblems
    c = s.cones
    assert c is not None
    free = replace(of, whole=replace(of.whole, subproblems=replace(s, cones=None)))
    here, there, met = oracle(of), oracle(free), 0.0
    for y in points(of, 4):
        heard, without = here.ask(y), there.ask(y)
        assert heard.feasible.all()
        here.keep()
        for i in range(s.count):
            x = here.kept()[s.column_start[i] : s.column_start[i + 1]]
            for k in range(*c.start[i : i + 2]):
                some = slice(*c.entry[k : k + 2])
                length = np.linalg.norm(c.length[some] * x[c.column[some]])
                room = float(c.room[some] @ x[c.column[some]])
                assert length <= room + max(2e-9, 2 * CLOSE * room)
        # What tangents take off the costs of columns is part of the cut: at y it is as high as the cost.
        assert heard.constant - heard.slope @ y == pytest.approx(heard.cost, rel=1e-5, abs=1e-4)
        more = heard.cost - without.cost
        assert (more >= -1e-6 * (1 + np.abs(heard.cost))).all()
        met = max(met, float((more / (1 + np.abs(heard.cost))).max()))
    assert met > 1e-2


# ---- whole programmes


@pytest.mark.parametrize("small", [1, 2])
@pytest.mark.parametrize("hhi", [0.35, 0.4, 0.5, 0.6, 0.8])
def test_several_suppliers(hhi: float, small: int) -> None:
    known = support.optimum(several(hhi), gap=1e-8)
    assert known is not None
    found, money = decomposed(several(hhi), small=small)
    assert found.end == "optimal"
    assert found.objective * money == pytest.approx(known, rel=2e-6)
    assert found.bound * money <= known * (1 + 1e-7)


@pytest.mark.parametrize("name", ["case-33 at 0.7", *(pytest.param(f"{n} at 0.6", marks=pytest.mark.slow)
    for n in ("case-21", "case-22", "case-25", "case-26", "case-28", "case-30"))])  # fmt: skip
def test_a_reference_case_with_a_rule_on_every_commodity(name: str) -> None:
    arrays, *_ = programme(case(name))
    known = search(arrays, Options(relative_gap=1e-7, threads=1, method="extensive"))
    assert known.end == "optimal"
    found, _ = decomposed(case(name), small=4)
    assert found.x is not None
    assert found.objective == pytest.approx(known.objective, rel=1e-5)
    assert found.bound <= known.objective * (1 + 1e-9)
    assert known.bound <= found.objective * (1 + 1e-9)
    for cone in cones(arrays):
        assert cone.excess(found.x) <= max(2e-9, 2 * CLOSE * cone.factor * cone.amounts(found.x).sum())


@pytest.mark.parametrize("whole", [methods.WHOLE, 0])
def test_through_the_front_door(whole: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Solved again as a whole or not: the audit passes either way.
    monkeypatch.setattr(methods, "WHOLE", whole)
    instance, options = case("case-21 at 0.7"), Options(relative_gap=1e-5, marginals=False, threads=1)
    plan = solve(instance, options.model_copy(update={"method": "decompose"}))
    known = solve(instance, options)
    assert (plan.status, plan.effort.method) == ("optimal", "decompose")
    assert plan.objective == pytest.approx(known.objective, rel=2e-5)
    assert plan.certificate is not None
    assert plan.certificate.passed, plan.certificate.findings
    assert plan.risk is not None
    assert any(told.hhi == pytest.approx(0.7, rel=1e-6) for told in plan.risk.concentration)


def test_two_processes_find_the_same_to_the_bit() -> None:
    one, two = (
        decomposed(case("case-33 at 0.7"), 1e-5, small=4, threads=threads, pool=pool)[0]
        for pool, threads in (("threads", 1), ("processes", 2))
    )
    assert one.x is not None
    assert two.x is not None
    assert one.x.tobytes() == two.x.tobytes()
    assert (one.objective, one.bound, one.iterations) == (two.objective, two.bound, two.iterations)


def test_a_path_that_ends_in_the_master_is_left_to_the_extensive_form_and_the_plan_says_so() -> None:
    # One period: the undisturbed course is the largest tree there is, and a leaf.
    made = by_hand(
        None,
        periods=1,
        spot=[offer(), AUS],
        risk=spread(0.625),
        scenarios=[hit(cut(0.3, countries=["AUS"]), start=0)],
    )
    plan = solve(made.instance, Options(method="decompose", relative_gap=1e-6, marginals=False))
    assert plan.effort.method == (
        "extensive: a rule on concentration concerns a path that ends in the master"
    )
    assert plan.objective == pytest.approx(support.optimum(made.instance), rel=1e-6)


@pytest.mark.parametrize("whole", [methods.WHOLE, 0])
def test_an_index_that_cannot_be_had_is_explained(whole: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in test_concentration: both years' 130 t ask for an index of 0.503.
    monkeypatch.setattr(methods, "WHOLE", whole)
    rows = [offer(quantity=80.0), offer("far", quantity=30.0, country="AUS")]
    risk = {**spread(0.5), "cover": [{"commodity": "ga", "days": 365.0}]}
    made = by_hand(None, market=[commerce()], depots=[vault()], spot=rows, risk=risk)
    plan = solve(made.instance, Options(method="decompose", marginals=False))
    assert plan.status == "infeasible"
    assert [told.family for told in plan.relaxations] == ["concentration"]


@pytest.mark.slow
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(instances(), st.sampled_from([0.4, 0.5, 0.6, 0.9]))
def test_the_value_of_the_extensive_form_on_drawn_instances(instance: Instance, hhi: float) -> None:
    asked_for, gap = concentrated(instance, hhi), 1e-4
    arrays, _, data = programme(asked_for)
    whole = search(arrays, Options(relative_gap=1e-7, threads=1, method="extensive"))
    assert whole.end in ("optimal", "infeasible")
    known = whole.objective * data.units.money if whole.end == "optimal" else None
    try:
        found, money = decomposed(asked_for, gap, seconds=3.0)
    except CannotDecompose:
        return
    if known is None:
        assert found.x is None
        return
    agrees(found, money, known, gap)
