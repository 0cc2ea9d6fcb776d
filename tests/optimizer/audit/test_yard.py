"""The plan made by hand passes with its objective worked out by hand; planted faults are found and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.instance import Instance
from models.plan import Plan
from optimizer.audit import FAMILIES, audit
from tests.optimizer.audit.yard import (
    COST,
    INSTANCE,
    OBJECTIVE,
    OPERATIONS,
    PLAN,
    families,
    judge,
    parts,
    put,
)

Raw = dict[str, Any]


def test_the_plan_made_by_hand_passes() -> None:
    certificate = judge(INSTANCE, PLAN)
    assert certificate.findings == ()
    assert certificate.passed
    assert certificate.objective == pytest.approx(OBJECTIVE, rel=1e-12)
    assert abs(certificate.objective_difference) < 1e-9
    assert certificate.bound == PLAN["bound"]
    assert [r.family for r in certificate.residuals] == list(FAMILIES)
    assert certificate.largest is not None
    assert certificate.largest.relative < 1e-12


def test_a_plan_without_commitments_cannot_be_audited() -> None:
    instance = Instance.parse(INSTANCE)
    raw = {"instance": "yard", "fingerprint": instance.fingerprint(), "status": "infeasible", "nodes": 3}
    with pytest.raises(ValueError, match=r"no commitments \(status infeasible\)"):
        audit(instance, Plan.model_validate(raw))


def test_row_is_named_in_the_planners_words() -> None:
    instance, plan = parts()
    instance["risk"]["cover"][0]["days"] = 401.5  # 11 t; node 0 holds 10
    certificate = judge(instance, plan)
    worst = next(r for r in certificate.residuals if r.family == "cover")
    assert worst.row == "cover · ga · node 0 (2027, undisturbed and scenario ban)"
    assert worst.unit == "days"
    assert worst.residual == pytest.approx(36.5)  # one tonne of 10 a year
    assert certificate.findings == (
        "cover · ga · node 0 (2027, undisturbed and scenario ban): less than 401.5 days of cover, "
        "off by 36.5 days (0.048 of the row's size)",
    )
    assert certificate.largest == worst


VALUES = [(variable, i) for variable, columns in OPERATIONS.items() for i in range(len(columns["value"]))]


@pytest.mark.parametrize(("variable", "i"), VALUES)
@pytest.mark.parametrize("factor", [1 - 1e-3, 1 + 1e-3])
def test_no_value_can_be_changed_by_a_thousandth(variable: str, i: int, factor: float) -> None:
    instance, plan = parts()
    plan["operations"][variable]["value"][i] *= factor
    assert not judge(instance, plan).passed


@pytest.mark.parametrize(("variable", "i"), VALUES)
def test_rounding_is_not_a_fault(variable: str, i: int) -> None:
    instance, plan = parts()
    plan["operations"][variable]["value"][i] *= 1 + 1e-9
    assert judge(instance, plan).passed


Fault = tuple[str, Callable[[Raw, Raw], None]]


def op(family: str, variable: str, value: float, **index: str | int) -> Any:
    """A fault planted in one operation."""

    def plant(_: Raw, plan: Raw) -> None:
        put(plan, variable, value, **index)

    where = "-".join(str(v) for v in index.values())
    return pytest.param(family, plant, id=f"{family}: {variable} {where} = {value}")


def rule(family: str, *path: str | int, to: Any) -> Any:
    """A rule of the instance tightened, so that the plan no longer meets it."""

    def plant(instance: Raw, _: Raw) -> None:
        place: Any = instance
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return pytest.param(family, plant, id=f"{family}: {'.'.join(map(str, path))} = {to}")


def told(family: str, *path: str | int, to: Any) -> Any:
    """Something else in the plan changed."""

    def plant(_: Raw, plan: Raw) -> None:
        place: Any = plan
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return pytest.param(family, plant, id=f"{family}: plan {'.'.join(map(str, path))} = {to}")


GA_OFF = {"id": "ga-off", "start": 0, "year": 2027.0, "volume": 4.0}
GA_OPT = {"id": "ga-opt", "start": 0, "year": 2027.0, "volume": 1.0}
MILL = {"id": "mill", "start": 0, "year": 2027.0, "operates": 2027.0, "capacity": 1.0}
HIDDEN = {"id": 2, "period": 1, "year": 2028.0, "parent": 0, "probability": 0.4, "scenarios": ["unheard of"]}
FAULTS = [
    # commit: 1
    told("commit", "commitments", "agreements", to=[GA_OFF, {**GA_OFF, "start": 1, "year": 2028.0}]),
    told("commit", "commitments", "agreements", to=[{**GA_OFF, "start": 2, "year": 2029.0}]),
    told("commit", "commitments", "agreements", 0, "volume", to=5.01),
    told("commit", "commitments", "agreements", 0, "volume", to=0.99),
    told("commit", "commitments", "agreements", 0, "year", to=2028.0),
    told("commit", "commitments", "agreements", to=[GA_OFF, {**GA_OPT, "start": 1, "year": 2028.0}]),
     # choice
    told("commit", "commitments", "agreements", to=[]),  # choice
    told("commit", "commitments", "agreements", to=[GA_OPT]),  # the smelter operates in period 1 only
    told("commit", "commitments", "projects", 0, "capacity", to=4.1),
    told("commit", "commitments", "projects", 0, "operates", to=2027.0),
    told("commit", "commitments", "projects", to=[MILL]),  # nothing can be built there
    told("commit", "commitments", "depots", to=[{"id": "vault"}]),
    told("commit", "commitments", "depots", to=[{"id": "annex"}, {"id": "annex"}]),
    # contracts: 2
    op("contracts", "deliver", 4.01, agreement="ga-off", node=0),
    op("contracts", "deliver", 0.5, agreement="ga-opt", node=0),
    op("contracts", "untaken", 0.9, agreement="ga-off", node=2),
    op("contracts", "untaken", 3.1, agreement="ga-off", node=2),
    op("contracts", "untaken", 0.1, agreement="ga-opt", node=0),
    rule("contracts", "agreements", 0, "term_years", to=1.0),
    rule("contracts", "agreements", 0, "ramp", to=[0.9, 1.0]),
    # spot: 3
    op("spot", "spot", 2.01, offer="ga-spot", tier=0, node=0),
    op("spot", "spot", 0.21, offer="ge-spot", tier=0, node=2),
    # projects: 4
    op("projects", "run", 1.99, project="mill", node=0),
    op("projects", "run", 2.01, project="smelter", node=1),
    op("projects", "run", 0.1, project="smelter", node=0),
    op("projects", "upside", 15.1, project="mill", node=2),
    op("projects", "upside", 0.1, project="mill", node=0),
    op("projects", "upside", 0.1, project="smelter", node=2),
    rule("projects", "projects", 1, "support", "upside_cap", to=14.9),
    # pool: 5
    op("pool", "release", 6.01, commodity="ga", node=2),
    op("pool", "release", 0.1, commodity="ga", node=1),
    op("pool", "sale", 3.1, commodity="ga", node=1),
    op("pool", "sale", 0.1, commodity="ga", node=2),
    op("pool", "scrap", 4.1, commodity="ga", node=0),
    op("pool", "scrap", 0.1, commodity="ga", node=1),
    # stock: 6
    op("stock", "stock", 12.1, commodity="ga", depot="vault", node=1),
    op("stock", "inject", 0.1, commodity="ga", depot="annex", node=1),  # not opened
    op("stock", "withdraw", 8.1, commodity="ga", depot="vault", node=2),
    op("stock", "withdraw", 0.1, commodity="ge", depot="vault", node=1),
    rule("stock", "depots", 0, "capacity", to=11.9),
    rule("stock", "depots", 0, "outturn", to=1.5),
    rule("stock", "commodities", 0, "stowage", to=1.7),
    rule("stock", "commodities", 0, "loss_rate", to=0.01),
    rule("stock", "opening_stock", 0, "quantity", to=3.9),
    # consumers: 7
    op("consumers", "bought", 10.1, commodity="ga", node=0),
    op("consumers", "bought", 3.11, commodity="ga", node=2),
    op("consumers", "private", 1.01, commodity="ga", node=2),
    op("consumers", "short", 3.1, demand="ga:general", tier=0, node=2),
    op("consumers", "substitute", 1.51, substitution="ge-for-ga", node=2),
    op("consumers", "cut", 0.51, industry="chips", tier=0, node=2),
    rule("consumers", "spot", 0, "additional", to=0.4),
    rule("consumers", "market", 1, "quantity", to=4.9),
    rule("consumers", "substitutions", 0, "max_share", to=0.09),
    # money: 8
    op("money", "cash", 168.2, node=1),
    op("money", "owed", 201.0, source="loan", node=2),
    op("money", "drawn", 899.0, source="approp", node=1),
    op("money", "repay", 10.0, source="approp", node=1),
    op("money", "repay", 200.5, source="loan", node=1),
    op("money", "draw", 501.0, source="approp", node=1),
    op("money", "draw", 100.0, source="loan", node=1),
    rule("money", "budget", "envelope", to=1099.0),
    rule("money", "budget", "opening_cash", to=28.0),
    rule("money", "budget", "sources", 0, "amount", to=899.0),
    rule("money", "budget", "sources", 1, "rate", to=0.11),
    rule("money", "budget", "sources", 1, "fee", to=0.03),
    rule("money", "agreements", 0, "signing_cost", to=11.0),
    rule("money", "agreements", 0, "prepayment", to=2.1),
    rule("money", "projects", 0, "public_share", to=0.51),
    rule("money", "projects", 1, "support", "strike", to=121.0),
    rule("money", "depots", 0, "handling_cost", to=1.1),
    rule("money", "commodities", 0, "storage_cost", to=2.1),
    rule("money", "commodities", 0, "sale_factor", to=0.91),
    # allocations: 9
    rule("allocations", "allocations", 0, "max", to=611.0),
    rule("allocations", "allocations", 0, "min", to=613.0),
    rule("allocations", "allocations", 1, "min_share", to=0.42),
    rule("allocations", "allocations", 1, "max_share", to=0.4189),
    rule("allocations", "risk", "exposure_limit", to=0.222),
    # shares: 10; on the path of the ban all 6 t that enter in calm come from AUS, on the trunk 9 of 9.5
    rule("shares", "risk", "shares", 0, "max_share", to=0.999),
    rule("shares", "risk", "shares", 0, to={"groups": ["ally"], "commodities": ["ga"], "max_share": 0.9}),
    # cover: 11, service: 12
    rule("cover", "risk", "cover", 0, "days", to=366.0),
    rule("cover", "risk", "cover", 0, to={"commodity": "ga", "segments": ["defense"], "days": 913.0}),
    rule("service", "risk", "service", 0, "min_fraction", to=0.94),
    rule("service", "risk", "service", 1, "min_fraction", to=0.86),
    rule("service", "risk", "service", 1, to={"segment": "general", "commodities": ["ga"],
    "min_fraction": 0.86}),
    # concentration: 14; 9 t from AUS and 0.5 from USA on the trunk, an index of 0.90; in the ban all from AUS
    rule("concentration", "risk", "concentration", 0, "hhi", to=0.999),
    rule("concentration", "risk", "concentration", 0, to={"hhi": 0.95}),
    rule("concentration", "risk", "concentration", 0, to={"commodities": ["ge"], "hhi": 0.5}),
    # chance: 15; short in the ban (0.4) only, and by 0.4 of 6 t
    rule("chance", "risk", "chance", 0, "probability", to=0.61),
    rule("chance", "risk", "chance", 1, "min_fraction", to=0.94),
    rule("chance", "risk", "chance", 0, to={"segment": "defense", "commodities": ["ga"], "probability": 1.0}),
    # loss: 13
    rule("loss", "risk", "cvar_limit", to=583.0),
    rule("loss", "risk", "expected_loss_limit", to=291.0),
    rule("loss", "risk", "emissions_limit", to=6.39),  # 2·(2 + 0.4·3) = 6.4
    # tree: 2
    told("tree", "fingerprint", to="of another instance"),
    told("tree", "nodes", to=4),
    told("tree", "tree", to=PLAN["tree"][:2]),
    told("tree", "tree", to=[*PLAN["tree"], {**PLAN["tree"][2], "id": 3}]),
    told("tree", "tree", to=[*PLAN["tree"][:2], HIDDEN]),
    told("tree", "tree", 2, "id", to=1),
    told("tree", "tree", 2, "probability", to=0.4004),
    told("tree", "tree", 2, "parent", to=1),
    told("tree", "tree", 2, "parent", to=None),
    told("tree", "tree", 2, "year", to=2029.0),
    told("tree", "tree", 2, "period", to=0),
    told("tree", "tree", 2, "scenarios", to=["", "ban"]),
    told("tree", "tree", 1, "scenarios", to=[]),
    rule("tree", "scenarios", 0, "probability", to=0.41),
    # bounds: 3
    op("bounds", "scrap", -0.01, commodity="ga", node=1),
    op("bounds", "draw", -1.0, source="approp", node=1),
    op("bounds", "deliver", 1.0, agreement="unheard of", node=1),
    op("bounds", "deliver", 1.0, agreement="ga-off", node=9),
    op("bounds", "spot", 1.0, offer="ga-spot", tier=2, node=0),
    op("bounds", "spot", 1.0, offer="ge-spot", tier=-1, node=0),
    op("bounds", "stock", 1.0, commodity="vault", depot="ga", node=0),
    op("bounds", "hoard", 1.0, commodity="ga", node=0),
    op("bounds", "deliver", 1e200, agreement="ga-off", node=0),
    op("bounds", "deliver", 10**400, agreement="ga-off", node=0),
    told("bounds", "operations", "cash", "value", 0, to="much"),
    told("bounds", "operations", "cash", to={"node": [0, 1, 1], "value": [122.0, 168.0, 71.2]}),
    told("bounds", "operations", "cash", to={"node": [0, 1, 2], "value": [122.0, 168.0]}),
    told("bounds", "operations", "cash", to={"value": [122.0, 168.0, 71.2]}),
    told("bounds", "operations", "cash", to={}),
    told("bounds", "commitments", "agreements", to=[GA_OFF, {**GA_OFF, "id": "unheard of"}]),
    told("bounds", "commitments", "agreements", 0, "volume", to=-4.0),
    told("bounds", "commitments", "agreements", 0, "volume", to=1e300),
    told("bounds", "commitments", "depots", to=[{"id": "unheard of"}]),
    # objective: 5, bound, gap and risk figures
    told("objective", "objective", to=OBJECTIVE * 1.001),
    told("objective", "objective", to=1e308),
    told("objective", "objective", to=None),
    told("objective", "bound", to=1019.9),
    told("objective", "bound", to=-1.7e308),
    told("objective", "bound", to=None),
    told("objective", "gap", to=1.0),
    told("objective", "relative_gap", to=0.001),
    told("objective", "risk", to=None),
    told("objective", "risk", "expected_loss", to=292.3),
    told("objective", "risk", "cvar", to=583.4),
    told("objective", "risk", "cvar_alpha", to=0.95),
    told("objective", "risk", "expected_cost", to=COST * 1.001),
    told("objective", "risk", "scenarios", 1, "loss", to=730.8),
    told("objective", "risk", "scenarios", 1, "probability", to=0.39),
    told("objective", "risk", "scenarios", 1, "id", to="unheard of"),
    told("objective", "risk", "scenarios", 0, "id", to="ban"),
    told("objective", "risk", "scenarios", to=[]),
    told("objective", "risk", "segments", 0, "expected_shortage", to=160.2),
    told("objective", "risk", "segments", 0, "probability_of_shortage", to=0.6),
    told("objective", "risk", "segments", 0, "segment", to="unheard of"),
    told("objective", "options", to={"relative_gap": 1e-6}),
    rule("objective", "commodities", 0, "terminal_factor", to=0.31),
    rule("objective", "discount_rate", to=0.01),
    rule("objective", "objective", "cvar_weight", to=0.26),
    rule("objective", "objective", "cost_weight", to=1.01),
    rule("objective", "objective", "loss_weight", to=0.99),
]  # fmt: skip


@pytest.mark.parametrize(("family", "plant"), FAULTS)
def test_planted_fault_is_rejected_and_named(family: str, plant: Callable[[Raw, Raw], None]) -> None:
    instance, plan = parts()
    plant(instance, plan)
    certificate = judge(instance, plan)
    assert not certificate.passed
    assert family in families(certificate)
    assert any(finding.startswith(f"{family} · ") for finding in certificate.findings), certificate.findings


def test_many_faults_are_counted_not_told() -> None:
    instance, plan = parts()
    columns = {"commodity": ["ga"] * 50, "node": list(range(10, 60)), "value": [1.0] * 50}
    plan["operations"] |= dict.fromkeys(("scrap", "private", "sale"), columns)
    findings = [f for f in judge(instance, plan).findings if f.startswith("bounds")]
    assert len(findings) == 21
    assert findings[-1].startswith("bounds: ")


def test_every_family_has_a_planted_fault() -> None:
    assert {str(fault.values[0]) for fault in FAULTS} == set(FAMILIES)
