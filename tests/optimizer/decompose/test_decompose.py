"""The decomposition finds what the extensive form finds, and its bound holds."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from models.instance import Instance
from models.options import Options
from optimizer import methods
from optimizer.decompose import CannotDecompose
from optimizer.solve import solve
from tests.optimizer import support
from tests.optimizer.byhand import HAND
from tests.optimizer.decompose.cases import agrees, decomposed, programme
from tests.strategies import instances

CONES = [name for name in HAND if HAND[name].instance.risk.concentration]
CHANCES = [name for name in HAND if HAND[name].instance.risk.chance]
RULES = [*(name for name in support.expected() if name.startswith("rule-")), *CONES, *CHANCES]
CASES = [name for name in support.expected() if name.startswith("case-")]


@pytest.mark.parametrize(
    "name", [*RULES, *(pytest.param(n, marks=pytest.mark.slow) for n in HAND if n not in RULES)]
)
def test_known_optima_with_every_rule_across_subtrees(name: str) -> None:
    # Two nodes to a subtree: allocations, exposure, limits and CVaR all join subproblems.
    found, money = decomposed(support.case(name))
    optimum = support.known_optimum(name)
    if optimum is None:
        assert found.end == "infeasible"
        assert found.x is None
        return
    assert found.end == "optimal"
    assert found.objective * money == pytest.approx(optimum, rel=2e-6, abs=1e-3)
    assert found.bound * money <= optimum + 1e-6 * abs(optimum) + 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_reference_case_through_the_front_door(name: str) -> None:
    plan = solve(
        support.case(name), Options(method="decompose", relative_gap=1e-5, marginals=False, threads=1)
    )
    optimum = support.expected()[name]["objective"]
    assert plan.status == "optimal"
    assert plan.effort.method == "decompose"
    assert plan.objective == pytest.approx(optimum, rel=1e-5)
    assert plan.bound is not None
    assert plan.bound <= optimum * (1 + 1e-9)
    assert plan.certificate is not None
    assert plan.certificate.passed, plan.certificate.findings


@pytest.mark.slow
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(instances())
def test_the_value_of_the_extensive_form_on_drawn_instances(instance: Instance) -> None:
    gap = 1e-4
    known = support.optimum(instance, gap=1e-9)
    assert known is not None, "instances drawn have a plan"
    try:
        # Whatever is reached by then must be right; with several rules across subtrees it may take long.
        found, money = decomposed(instance, gap, seconds=3.0)
    except CannotDecompose:
        return
    agrees(found, money, known, gap)


@pytest.mark.parametrize("small", [1, 2, 6])
@pytest.mark.parametrize("name", ["rule-unknown-length", "rule-allocation-floor", "rule-emissions-cap"])
def test_its_plan_keeps_every_row_of_the_whole_programme(name: str, small: int) -> None:
    instance = support.case(name)
    arrays, *_ = programme(instance)
    found, _ = decomposed(instance, small=small)
    assert found.x is not None
    x = found.x
    sums = arrays.matrix @ x
    slack = 1e-6 * (1 + np.abs(sums))
    assert (sums >= arrays.row_lower - slack).all()
    assert (sums <= arrays.row_upper + slack).all()
    assert (x >= arrays.lower - 1e-6).all()
    assert (x <= arrays.upper + 1e-6).all()
    assert float(arrays.cost @ x + arrays.offset) == pytest.approx(found.objective, rel=1e-7)


def test_one_thread_and_two_find_the_same() -> None:
    instance = support.case("rule-unknown-length")
    (one, _), (two, _) = decomposed(instance, threads=1), decomposed(instance, threads=2)
    assert one.x is not None
    assert two.x is not None
    assert one.x.tolist() == two.x.tolist()
    assert (one.objective, one.bound, one.branch_nodes) == (two.objective, two.bound, two.branch_nodes)


def test_a_stop_leaves_a_bound_that_holds() -> None:
    stop = threading.Event()
    stop.set()
    instance = support.case("rule-unknown-length")
    plan = solve(instance, Options(method="decompose", marginals=False), stop=stop)
    assert plan.status == "interrupted"
    assert plan.commitments is None


def test_that_there_is_no_plan_is_confirmed_and_explained() -> None:
    name = next(n for n in HAND if support.known_optimum(n) is None)
    plan = solve(support.case(name), Options(method="decompose", marginals=False))
    assert plan.status == "infeasible"
    assert plan.relaxations
    assert plan.effort.method.startswith("extensive")


def test_a_plan_too_large_to_be_solved_as_a_whole_is_still_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "rule-unknown-length"
    options = Options(method="decompose", relative_gap=1e-6, marginals=False, threads=1)
    small = solve(support.case(name), options)
    monkeypatch.setattr(methods, "WHOLE", 0)
    large = solve(support.case(name), options)
    # Its matrix is let go of before the search; that is told all the same.
    assert large.effort.nonzeros == small.effort.nonzeros > 0
    assert large.objective == pytest.approx(small.objective, rel=2e-6)
    assert large.certificate is not None
    assert large.certificate.passed, large.certificate.findings


def test_no_plan_of_a_large_programme_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(n for n in HAND if support.known_optimum(n) is None)
    monkeypatch.setattr(methods, "WHOLE", 0)
    plan = solve(support.case(name), Options(method="decompose", marginals=False))
    assert plan.status == "infeasible"
    assert plan.relaxations


@pytest.mark.slow
@pytest.mark.parametrize("field", ["cvar_limit", "expected_loss_limit"])
def test_that_no_plan_keeps_what_joins_subproblems_is_proved(field: str) -> None:
    # Every subtree has a plan for any decisions, but their losses cannot come down to a dollar: no cut of
    # feasibility says so, the least that the limit is broken by does.
    case = support.case("case-24")
    risk = case.risk.model_copy(update={"expected_loss_limit": None, field: 1.0})
    tight = case.model_copy(update={"risk": risk})
    found, _ = decomposed(tight)
    assert (found.end, found.bound) == ("infeasible", np.inf)
    assert found.x is None
    # No CVaR is below the mean, so one proof is enough for both.
    if field == "expected_loss_limit":
        assert solve(tight, Options(method="highs", threads=1)).status == "infeasible"
