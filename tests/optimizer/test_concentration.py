"""Concentration: closed forms, SCIP on the cone itself, the tangents, and words."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyscipopt import Model, quicksum

from models.instance import Instance
from models.options import Options
from models.plan import ConcentrationRisk, Plan
from optimizer.audit import audit
from optimizer.compile import Arrays, compile_arrays
from optimizer.cones import CLOSE, cones, relaxed
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.formulation.concentration import is_even, tangents
from optimizer.highs import Solver
from optimizer.search import search
from optimizer.solve import solve
from optimizer.summary import summary
from optimizer.tables import plan_tables
from tests.optimizer import support
from tests.optimizer.byhand.base import by_hand, commerce, contract, cut, hit, offer, vault
from tests.optimizer.byhand.rules import AUS, spread
from tests.strategies import instances

few = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
COVERED = {"market": [commerce()], "depots": [vault()]}
YEAR = [{"commodity": "ga", "days": 365.0}]


def with_rules(instance: Instance, **rules: Any) -> Instance:
    raw = instance.as_dict()
    return Instance.parse({**raw, "risk": {**raw.get("risk", {}), **rules}})


@pytest.mark.parametrize("hhi", [0.5, 0.500001, 0.55, 0.7, 0.9, 0.999])
def test_two_suppliers(hhi: float) -> None:
    """Of two countries at 10 and 20 USD/t the cheap one has the share s with s² + (1-s)² = hhi."""
    plan = solve(by_hand(None, spot=[offer(), AUS], risk=spread(hhi)).instance)
    s = (1 + math.sqrt(2 * hhi - 1)) / 2
    # Near a half the share moves by the square root of the index: 1e-8 of one is 1e-4 of the other.
    assert plan.objective == pytest.approx(200 * (10 * s + 20 * (1 - s)), rel=1e-6 if hhi > 0.51 else 1e-4)
    assert plan.risk is not None
    (told,) = plan.risk.concentration
    assert told.hhi <= hhi * (1 + 1e-7)
    assert told.share == pytest.approx(s, abs=1e-6 if hhi > 0.51 else 2e-4)


def test_many_suppliers() -> None:
    """Prices 10 + i for i = 0 … 5, index 1/4, enough of each: shares fall by the same step from price to
    price until they reach 0, which the KKT conditions of the cone ask for.

    Shares a - b·i over n countries: sum n·a - b·n(n-1)/2 = 1, squares 1/n + b²·n(n²-1)/12 = 1/4. n = 6:
    b² = (1/12)·12/210, b = 0.0690, a = 1/6 + 2.5·b = 0.339, the last share a - 5·b = -0.006: too many.
    n = 5: b² = (1/20)·12/120 = 0.005, b = 0.0707, a = 0.2 + 2·b = 0.341, the last 0.2 - 2·b = 0.0586. The
    mean price is 10 + Σ i·share = 10 + 2 - b·Σ (i-2)² = 12 - 10·b, for 200 t.
    """
    countries = [{"id": f"C{i}", "name": f"C{i}"} for i in range(6)]
    offers = [offer(f"o{i}", premium=i / 10, country=f"C{i}") for i in range(6)]
    countries = [{**c, "group": "ally"} for c in countries]
    plan = solve(by_hand(None, countries=countries, spot=offers, risk=spread(0.25)).instance)
    assert plan.objective == pytest.approx(200 * (12 - 10 * math.sqrt(0.005)), rel=1e-6)


def scip(arrays: Arrays) -> float | None:
    """The optimum by SCIP of the arrays, with the cones in the place of their tangents."""
    model = Model()
    model.hideOutput()
    bound = [(None if np.isinf(low) else low, None if np.isinf(high) else high)
             for low, high in zip(arrays.lower, arrays.upper, strict=True)]  # fmt: skip
    x = [
        model.addVar(vtype="I" if whole else "C", lb=low, ub=high)
        for whole, (low, high) in zip(arrays.integer, bound, strict=True)
    ]
    matrix = arrays.matrix.tocsr()
    for i, (name, _) in enumerate(arrays.rows):
        if name == "hhi":
            continue
        at = slice(matrix.indptr[i], matrix.indptr[i + 1])
        row = quicksum(v * x[j] for j, v in zip(matrix.indices[at], matrix.data[at], strict=True))
        if np.isfinite(arrays.row_upper[i]):
            model.addCons(row <= arrays.row_upper[i])
        if np.isfinite(arrays.row_lower[i]):
            model.addCons(row >= arrays.row_lower[i])
    for cone in cones(arrays):
        q, length = [x[j] for j in cone.columns], model.addVar(lb=0.0)
        model.addCons(length <= cone.factor * quicksum(q))
        model.addCons(quicksum(amount * amount for amount in q) <= length * length)
    model.setObjective(quicksum(c * x[j] for j, c in enumerate(arrays.cost) if c) + arrays.offset)
    model.setParam("limits/gap", 1e-6)
    model.setParam("limits/time", 60)
    model.optimize()
    return model.getObjVal() if model.getStatus() in ("optimal", "gaplimit") else None


def several(hhi: float, need_all: bool = True) -> Instance:
    """Three countries, least volumes, a crisis that is not calm, and stock for it."""
    rows = [
        contract("a", least=30.0, most=80.0, price=8.0, country="AUS", signing_cost=300.0),
        contract("b", least=10.0, most=60.0, price=9.0, country="CHN", starts=[0, 1]),
    ]
    return by_hand(
        None,
        spot=[offer(quantity=40.0, premium=0.2), offer("far", quantity=15.0, premium=0.5, country="AUS")],
        agreements=rows,
        depots=[vault(handling_cost=0.1)],
        risk=spread(hhi) if need_all else {},
        scenarios=[hit(cut(0.3, countries=["AUS"]), probability=0.3)],
    ).instance


@pytest.mark.parametrize("hhi", [0.35, 0.4, 0.5, 0.6, 0.8])
def test_another_solver_on_the_cone_itself(hhi: float) -> None:
    arrays, money = support.arrays_of(several(hhi))
    expected = scip(arrays)
    assert expected is not None
    plan = solve(several(hhi), Options(relative_gap=1e-6))
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(expected * money, rel=2e-5)


@pytest.mark.parametrize("method", ["extensive", "highs"])
def test_either_search_and_any_start_lead_to_the_same_plan(method: Any) -> None:
    options = Options(method=method, relative_gap=1e-6)
    plan = solve(several(0.4), options)
    again = solve(several(0.4), options, warm=plan)
    other = solve(several(0.4), options, warm=solve(several(0.8)))
    assert again.objective == pytest.approx(plan.objective, rel=1e-6)
    assert other.objective == pytest.approx(plan.objective, rel=1e-6)


@few
@given(instances())
def test_an_index_of_one_changes_nothing(instance: Instance) -> None:
    free = with_rules(instance, concentration=[{"hhi": 1.0}])
    assert cones(compile_arrays(build(Data(free)))) == []
    assert support.same(support.optimum(free), support.optimum(instance))


@pytest.mark.slow
@few
@given(instances(), st.sampled_from([0.3, 0.5, 0.6, 0.9]), st.sampled_from([0.5, 0.75]))
def test_plans_are_audited_or_explained(instance: Instance, hhi: float, other: float) -> None:
    """The audit raises where an index is too high; several rules at once, commodities unnamed and named."""
    named = [instance.commodities[0].id]
    asked = with_rules(instance, concentration=[{"hhi": hhi}, {"hhi": other, "commodities": named}])
    plan = solve(asked, Options(relative_gap=1e-5))
    assert plan.status in ("optimal", "infeasible", "feasible")
    if plan.risk is None:
        assert plan.relaxations
        return
    assert plan.certificate is not None
    assert plan.certificate.passed
    assert [c.rule for c in plan.risk.concentration] == [0] * len(instance.commodities) + [1]
    assert all(c.hhi <= c.allowed * (1 + 1e-5) for c in plan.risk.concentration)


@pytest.mark.slow
@few
@given(instances(), st.sampled_from([0.5, 0.6, 0.9]))
def test_a_stricter_rule_never_helps(instance: Instance, hhi: float) -> None:
    strict, lax = (
        support.optimum(with_rules(instance, concentration=[{"hhi": h}])) for h in (hhi, (1 + hhi) / 2)
    )
    if strict is not None and lax is not None:
        assert lax <= strict + 1e-6 * max(1.0, abs(strict))


# ---- tangents


def test_tangents_hold_everywhere_inside() -> None:
    """Bounds rest on it: no tangent that a search adds cuts off a point of the cone."""
    arrays = compile_arrays(build(Data(several(0.5))))
    found = search(arrays, Options()).arrays
    assert found is not None
    assert len(found.rows) > len(arrays.rows)
    random = np.random.default_rng(1)
    for cone in cones(found):
        q = random.dirichlet(np.ones(len(cone.columns)), size=2000)
        inside = q[np.linalg.norm(q, axis=1) <= cone.factor * q.sum(axis=1)]
        rows = [
            i
            for i, (name, key) in enumerate(found.rows)
            if name == "hhi" and (key[0], key[1], key[3]) == cone.key
        ]
        assert len(rows) == cone.rows
        assert (found.matrix.tocsr()[rows][:, cone.columns] @ inside.T <= 1e-9).all()


def test_a_relaxation_ends_within_the_cones() -> None:
    arrays = compile_arrays(build(Data(several(0.5))))
    tight = relaxed(arrays)
    assert len({key for name, key in tight.rows if name == "hhi"}) == sum(n == "hhi" for n, _ in tight.rows)
    outcome = Solver(replace(tight, integer=np.zeros_like(tight.integer))).run()
    assert outcome.x is not None
    for cone in cones(tight):
        # Tangents that do not hold the solution were dropped: another optimum may lie a little outside.
        assert cone.excess(outcome.x) <= 1e-4 * max(1.0, cone.amounts(outcome.x).sum())


def test_arrays_without_the_rule_have_no_cones() -> None:
    assert cones(compile_arrays(build(Data(several(0.5, need_all=False))))) == []


def test_numbers_of_countries() -> None:
    assert tangents(2, 0.6) == [(1.0, 0.0), (0.0, 1.0)]
    # The middle says that nothing can be had: 1/√3·Σq ≤ √0.3·Σq only for 0.
    assert tangents(3, 0.3)[-1] == pytest.approx((1 / math.sqrt(3),) * 3)
    assert [is_even(n, 1 / n) for n in range(1, 6)] == [False, True, True, True, True]
    assert not is_even(3, 0.34)
    assert is_even(3, 0.3333333)
    assert not is_even(3, 0.333)


def test_an_unknown_direction_counts_as_inside_up_to_rounding() -> None:
    arrays = compile_arrays(build(Data(support.case("rules/concentration"))))
    (cone,) = cones(arrays)
    x = np.zeros(arrays.shape[1])
    x[cone.columns] = [3.0, 1.0]  # 0.625 exactly
    assert abs(cone.excess(x)) < 1e-12
    assert not cone.outside(x)
    x[cone.columns[0]] += 1e-6
    assert cone.outside(x)
    x[cone.columns[0]] = 3.0 + CLOSE
    assert not cone.outside(x)


# ---- words and figures


def test_a_country_too_few() -> None:
    # A year's use is 100 t, and AUS sells 30 a year: over both years 60 of 130, (70² + 60²)/130² = 0.503.
    offers = [offer(quantity=80.0), offer("far", quantity=30.0, country="AUS")]
    case = by_hand(None, **COVERED, spot=offers, risk={**spread(0.5), "cover": YEAR})
    (told,) = solve(case.instance).relaxations
    assert (told.family, told.unit, told.year) == ("concentration", "", 2028.0)
    assert told.amount == pytest.approx(8500 / 16900 - 0.5, rel=1e-4)
    assert told.words == (
        "Concentration of ga (index at most 0.5): an index of 0.503 cannot be avoided along the undisturbed"
        " course. In conflict with: cover of ga (365 days). Exhausted: offer far in 2027 and 2028."
    )


def test_money_for_less_than_the_index_asks() -> None:
    # 1050 USD: at an index of 0.8 the cheap share is s = (1 + √0.6)/2, so a tonne costs 20 - 10·s = 11.13.
    s = (1 + math.sqrt(0.6)) / 2
    case = by_hand(
        None,
        **COVERED,
        spot=[offer(), AUS],
        risk={**spread(0.8), "cover": YEAR},
        budget={"opening_cash": 1050.0},
    )
    (told,) = solve(case.instance).relaxations
    assert told.family == "cover"
    assert told.amount == pytest.approx(100 - 1050 / (20 - 10 * s), rel=1e-4)
    assert "In conflict with: concentration of ga (index at most 0.8) and money in all." in told.words


def test_what_leeway_is_worth() -> None:
    """Per unit of share s, |q| grows by 100·(2s-1)/√hhi and 1000 USD are saved: √hhi·10/(2s-1) a tonne."""
    case = by_hand(None, **COVERED, spot=[offer(), AUS], risk={**spread(0.8), "cover": YEAR})
    plan = solve(case.instance)
    (value,) = [v for v in plan.marginal_values if v.kind == "concentration"]
    assert value.unit == "t"
    assert value.value == pytest.approx(math.sqrt(0.8) * 10 / math.sqrt(0.6), rel=1e-3)


def test_what_a_plan_tells() -> None:
    instance = support.case("rules/concentration")
    plan = solve(instance)
    assert plan.risk is not None
    (told,) = plan.risk.concentration
    assert (told.rule, told.commodity, told.country) == (0, "ga", "USA")
    figures = (told.allowed, told.hhi, told.tonnes, told.share)
    assert figures == pytest.approx((0.625, 0.625, 200.0, 0.75), rel=1e-6)
    (row,) = plan_tables(instance, plan)["concentration"].to_dict("records")
    assert row["rule"] == 1
    assert row["acquired_t"] == pytest.approx(200.0)
    words = " ".join(summary(instance, plan).split())
    assert "concentration largest index allowed most from ga 0.625 0.625 USA 75 %" in words
    nothing = support.case("rules/concentration-too-few")
    words = " ".join(summary(nothing, solve(nothing)).split())
    assert "Concentration: nothing that a rule concerns is acquired in calm." in words


def judged(plan: Plan, **told: Any) -> tuple[str, ...]:
    """Findings about a plan for rules/concentration that tells another index."""
    assert plan.risk is not None
    (right,) = plan.risk.concentration
    rows: tuple[ConcentrationRisk, ...] = (right.model_copy(update=told),) if told else (right, right)
    wrong = plan.risk.model_copy(update={"concentration": rows})
    return audit(support.case("rules/concentration"), plan.model_copy(update={"risk": wrong})).findings


def test_a_wrong_index_is_found() -> None:
    plan = solve(support.case("rules/concentration"))
    assert any("wrong index" in f for f in judged(plan, hhi=0.5))
    assert any("no such rule" in f for f in judged(plan, rule=1))
    assert any("not reported" in f for f in judged(plan, rule=1))


def test_an_index_just_above_the_limit_is_found() -> None:
    """The plan for 0.625, audited for limits a little below: 1e-6 of the limit is what is allowed."""
    instance = support.case("rules/concentration")
    plan = solve(instance)
    for part, passed in ((1 - 5e-7, True), (1 - 2e-6, False)):
        stricter = with_rules(instance, concentration=[{"hhi": 0.625 * part}])
        told = plan.risk and plan.risk.model_copy(update={"concentration": ()})
        moved = plan.model_copy(update={"fingerprint": stricter.fingerprint(), "risk": told})
        assert audit(stricter, moved).passed is passed
