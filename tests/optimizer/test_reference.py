"""The optima of the reference cases and of the instances solved by hand, audited, through the front door."""

from __future__ import annotations

import pytest

from models.options import Options
from models.plan import Plan
from optimizer.solve import solve
from tests.optimizer import support
from tests.optimizer.byhand import HAND


def planned(name: str) -> Plan:
    return solve(support.case(name), Options(relative_gap=1e-6, marginals=False))


@pytest.mark.parametrize("name", support.expected())
def test_reference_case(name: str) -> None:
    plan, expected = planned(name), support.expected()[name]
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(expected["objective"], rel=1e-5)
    assert plan.nodes == expected["nodes"]
    assert plan.certificate is not None
    assert plan.certificate.passed, plan.certificate.findings


@pytest.mark.parametrize("name", HAND)
def test_solved_by_hand(name: str) -> None:
    plan, optimum = planned(name), support.known_optimum(name)
    if optimum is None:
        assert plan.status == "infeasible"
        assert plan.relaxations
        return
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(optimum, rel=1e-6, abs=1e-4)
    assert plan.certificate is not None
    assert plan.certificate.passed, plan.certificate.findings


def test_no_reference_case_is_left_out() -> None:
    files = {path.stem for path in support.CASES.glob("*.json") if path.stem.startswith(("case-", "rule-"))}
    assert files == support.expected().keys()
