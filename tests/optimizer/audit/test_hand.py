"""Further plans made by hand: half-years, budgets of every kind, prices, terms and ramps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.instance import Instance
from models.plan import Certificate, Commitments
from optimizer.audit.commit import commitments_of
from optimizer.audit.ledger import Ledger
from optimizer.audit.loss import cvar
from optimizer.audit.tree import grow
from optimizer.audit.world import World
from tests.optimizer.audit.yard import INSTANCE, judge, parts, put

Raw = dict[str, Any]

METAL: Raw = {"id": "zn", "name": "zinc", "material": "zinc", "stage": "metal", "price": 100.0}
DEMAND: Raw = {"id": "zn:all", "commodity": "zn", "segment": "all", "quantity": 20.0,
               "shortage_cost": [{"share": 1.0, "cost": 500.0}]}  # fmt: skip
HALF_YEARS: Raw = {
    "schema_version": "1",
    "name": "half-years",
    "discount_rate": 0.21,
    "horizon": {"start_year": 2027, "periods": 2, "period_years": 0.5},
    "countries": [{"id": "USA", "name": "United States", "group": "domestic"}],
    "commodities": [
        {**METAL, "price": [100.0, 121.0], "storage_cost": 4.0, "loss_rate": 0.19, "terminal_factor": 0.5}
    ],
    "demand": [DEMAND],
    "market": [{"commodity": "zn", "country": "USA", "quantity": [16.0, 12.0]}],
    "spot": [
        {"id": "zn-spot", "commodity": "zn", "country": "USA", "tiers": [{"quantity": 4.0, "premium": 0.0}]}
    ],
    "depots": [{"id": "vault", "country": "USA"}],
    "opening_stock": [{"commodity": "zn", "depot": "vault", "quantity": 10.0}],
}

# Half a year moves half the rates. Of the opening 10 t, 0.81^0.5 = 0.9 survive half a year: 9.
# First half: consumers want 10 and buy 8; 2 t of spot (all of 4·0.5) are released. Stock 9: storage
# 4·0.5·9 = 18.
# Paid 200 + 18 = 218.
# Second half: 8.1 left, 3.1 taken out and released: 5. Wanted 10, bought 6: 0.9 short, 450 USD. Storage 10.
# δ(1) = 1.21^-0.5 = 1/1.1, δ(2) = 1/1.21. The final 5 t are worth 0.5·121·5/1.21 = 250.
# Objective 218 + 10/1.1 - 250 + 450/1.1.
HALF_YEARS_PLAN: Raw = {
    "instance": "half-years",
    "status": "feasible",
    "objective": 218 - 250 + 460 / 1.1,
    "nodes": 2,
    "commitments": {},
    "risk": {
        "expected_loss": 450 / 1.1,
        "cvar": 450 / 1.1,
        "cvar_alpha": 0.95,
        "expected_cost": 218 - 250 + 10 / 1.1,
        "scenarios": [{"id": "", "probability": 1.0, "loss": 450 / 1.1}],
    },
    "tree": [  # any numbering will do
        {"id": 41, "period": 1, "year": 2027.5, "parent": 7, "probability": 1.0, "scenarios": [""]},
        {"id": 7, "period": 0, "year": 2027.0, "parent": None, "probability": 1.0, "scenarios": [""]},
    ],
    "operations": {
        "spot": {"offer": ["zn-spot"], "tier": [0], "node": [7], "value": [2.0]},
        "bought": {"commodity": ["zn", "zn"], "node": [7, 41], "value": [8.0, 6.0]},
        "release": {"commodity": ["zn", "zn"], "node": [7, 41], "value": [2.0, 3.1]},
        "withdraw": {"commodity": ["zn"], "depot": ["vault"], "node": [41], "value": [3.1]},
        "stock": {"commodity": ["zn"] * 2, "depot": ["vault"] * 2, "node": [7, 41], "value": [9.0, 5.0]},
        "short": {"demand": ["zn:all"], "tier": [0], "node": [41], "value": [0.9]},
    },
}


def half_years(budget: Raw | None, **operations: Raw) -> Certificate:
    instance = {**HALF_YEARS, "budget": budget} if budget is not None else HALF_YEARS
    return judge(instance, {**HALF_YEARS_PLAN, "operations": {**HALF_YEARS_PLAN["operations"], **operations}})


def test_half_years() -> None:
    certificate = half_years(None)
    assert certificate.findings == ()
    assert certificate.objective == pytest.approx(218 - 250 + 460 / 1.1, rel=1e-12)


def test_an_instance_without_anything_has_a_plan_without_anything() -> None:
    risk: Raw = {"expected_loss": 0.0, "cvar": 0.0, "cvar_alpha": 0.95, "expected_cost": 0.0}
    risk["scenarios"] = [{"id": "", "probability": 1.0, "loss": 0.0}]
    tree = [{"id": 0, "period": 0, "year": 2027.0, "probability": 1.0, "scenarios": [""]}]
    instance = {"schema_version": "1", "name": "nothing", "horizon": {"start_year": 2027, "periods": 1}}
    plan = {"instance": "nothing", "status": "feasible", "objective": 0.0, "nodes": 1, "commitments": {}}
    certificate = judge(instance, {**plan, "risk": risk, "tree": tree})
    assert certificate.findings == ()
    assert certificate.objective == 0.0


def money(source: str, *rows: tuple[int, float]) -> Raw:
    return {"source": [source] * len(rows), "node": [n for n, _ in rows], "value": [v for _, v in rows]}


CASH: Raw = {"node": [7], "value": [10.0]}


def test_without_a_budget_money_is_not_limited_and_there_is_none_to_report() -> None:
    assert not half_years(None, cash=CASH).passed
    assert not half_years(None, draw=money("approp", (7, 228.0))).passed


def test_opening_cash_alone_must_last() -> None:
    # 228 USD are paid in all.
    assert half_years({"opening_cash": 228.0}, cash=CASH).passed
    short = half_years({"opening_cash": 227.0}, cash={"node": [7], "value": [9.0]})
    assert [f for f in short.findings if "cash runs out" in f]


def test_an_envelope_without_sources_is_one_appropriation_under_any_one_id() -> None:
    drawn = money("the purse", (7, 228.0), (41, 228.0))
    flows = {"draw": money("the purse", (7, 228.0)), "drawn": drawn, "cash": CASH}
    assert half_years({"envelope": 228.0}, **flows).passed
    assert not half_years({"envelope": 227.0}, **flows).passed
    assert not half_years(
        {"envelope": 228.0}, **{**flows, "drawn": money("other", (7, 228.0), (41, 228.0))}
    ).passed


def test_a_stock_left_out_is_a_stock_of_zero() -> None:
    # Its row is as large as all that moved before: 10 t to begin with, 3.1 taken out. 5/13.1 = 0.38.
    certificate = half_years(
        None, stock={"commodity": ["zn"], "depot": ["vault"], "node": [7], "value": [9.0]}
    )
    assert certificate.findings == (
        "stock · zn · vault · node 41 (2027.5, undisturbed): not what went in less what came out, "
        "off by 5 t (0.38 of the row's size)",
    )


def spread(commitments: Raw, **changes: Any) -> tuple[Any, Ledger]:
    """The commitments of a yard of six half-years, by period."""
    raw = {
        k: v
        for k, v in INSTANCE.items()
        if k not in ("budget", "allocations", "risk", "choices", "scenarios")
    }
    horizon = {"start_year": 2027, "periods": 6, "period_years": 0.5}
    instance = Instance.parse({**raw, "horizon": horizon, **changes})
    ledger = Ledger(1e-6)
    world = World(instance, grow(instance))
    return commitments_of(world, Commitments.model_validate(commitments), ledger), ledger


def test_contracted_tonnes_follow_the_contract_year() -> None:
    # From period 1 for 1.7 years: ⌊1.7/0.5 + ½⌋ = 3 periods. The first two are contract year 0, the third
    # is year 1.
    agreement = {**INSTANCE["agreements"][0], "term_years": 1.7, "ramp": [0.5, 1.0]}
    committed, ledger = spread(
        {"agreements": [{"id": "ga-off", "start": 1, "year": 2027.5, "volume": 4.0}]}, agreements=[agreement]
    )
    assert not ledger.findings()
    assert committed.contracted.tolist() == [[0.0, 1.0, 1.0, 2.0, 0.0, 0.0]]
    assert committed.agreements_due.tolist() == [[0.0, 10.0 + 2.0 * 4.0, 0.0, 0.0, 0.0, 0.0]]


def test_a_term_is_at_least_one_period() -> None:
    agreement = {**INSTANCE["agreements"][0], "term_years": 0.1}
    committed, _ = spread(
        {"agreements": [{"id": "ga-off", "start": 0, "year": 2027.0, "volume": 4.0}]}, agreements=[agreement]
    )
    assert committed.contracted.tolist() == [[2.0, 0.0, 0.0, 0.0, 0.0, 0.0]]


def smelter(start: int, **changes: Any) -> Any:
    project = {**INSTANCE["projects"][0], "starts": [start], "lead_years": 1.0, **changes}
    operates = 2027.0 + 0.5 * start + 1.0
    built = {
        "id": "smelter",
        "start": start,
        "year": 2027.0 + 0.5 * start,
        "operates": operates,
        "capacity": 2.0,
    }
    committed, ledger = spread({"projects": [built]}, projects=[project], agreements=[])
    assert not ledger.findings()
    return committed


def test_capacity_follows_the_operating_year_and_capex_the_lead() -> None:
    # From period 1, two periods of lead: operates from period 3. Public capex 0.5·(40 + 10·2) = 30, half
    # in each.
    committed = smelter(1, ramp=[0.25, 1.0])
    assert committed.built.tolist() == [[0.0, 0.0, 0.0, 0.5, 0.5, 2.0]]
    assert committed.projects_due.tolist() == [[0.0, 15.0, 15.0, 0.0, 0.0, 0.0]]


def test_capex_beyond_the_horizon_is_paid_in_the_last_period() -> None:
    committed = smelter(3, spend_profile=[0.2, 0.3, 0.1, 0.4])
    assert committed.projects_due[0] == pytest.approx([0.0, 0.0, 0.0, 6.0, 9.0, 15.0])


def test_a_required_project_must_operate_when_the_other_one_does() -> None:
    first = {**INSTANCE["projects"][0], "starts": [0, 1], "lead_years": 1.0}
    second = {**first, "id": "refinery", "lead_years": 0.5, "requires": ["smelter"]}
    for start, fault in ((0, True), (1, False)):  # operates in period 1 or 2; the smelter in period 2
        commitments = {"projects": [
            {"id": "smelter", "start": 0, "year": 2027.0, "operates": 2028.0, "capacity": 2.0},
            {"id": "refinery", "start": start, "year": 2027.0 + 0.5 * start,
             "operates": 2027.5 + 0.5 * start,
             "capacity": 2.0},
        ]}  # fmt: skip
        _, ledger = spread(commitments, projects=[first, second], agreements=[])
        assert bool(ledger.findings()) == fault
    existing = {k: v for k, v in first.items() if k not in ("capacity", "starts")} | {
        "existing_capacity": 1.0
    }
    commitments = {"projects": commitments["projects"][1:]}
    _, ledger = spread(commitments, projects=[existing, second], agreements=[])
    assert not ledger.findings()  # without capacity to build it operates already


@pytest.mark.parametrize(
    ("price", "first", "last"),
    [
        # The reference is 100 in node 0 and 150 in node 2.
        ({"kind": "index"}, 100.0, 150.0),
        ({"kind": "index", "premium": 0.2}, 120.0, 180.0),
        ({"kind": "index", "premium": 0.2, "ceiling": 170.0}, 120.0, 170.0),
        ({"kind": "index", "floor": 160.0, "ceiling": 165.0}, 160.0, 160.0),
        ({"kind": "fixed", "value": [90.0, 95.0]}, 90.0, 95.0),
    ],
)
def test_unit_price_moves_cash_by_what_is_paid(price: Raw, first: float, last: float) -> None:
    instance, plan = parts()
    instance["agreements"][0]["price"] = price
    instance["budget"]["opening_cash"] = 100.0 + 4.0 * (first - 90.0)  # 4 t in node 0
    usual = 95.0 if price["kind"] == "fixed" else first
    put(plan, "cash", 168.0 - 3.0 * (usual - 90.0), node=1)
    put(plan, "cash", 71.2 - 2.0 * (last - 90.0), node=2)  # 1 t delivered, 1 t untaken
    money = [f for f in judge(instance, plan).findings if f.startswith("money")]
    assert not [f for f in money if "cash is not what is left" in f]


def test_cvar_by_hand() -> None:
    losses, chance = np.array([20.0, 0.0, 30.0, 10.0]), np.array([0.2, 0.4, 0.1, 0.3])
    assert cvar(losses, chance, 0.0) == pytest.approx(10.0)  # the mean: 4 + 0 + 3 + 3
    assert cvar(losses, chance, 0.8) == pytest.approx((0.1 * 30 + 0.1 * 20) / 0.2)
    assert cvar(losses, chance, 0.95) == pytest.approx(30.0)
    unheard = np.array([1.0, 99.0])
    assert cvar(unheard, np.array([1.0, 0.0]), 0.9) == 1.0  # without probability it does not count


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), min_size=1, max_size=12),
    st.floats(0.0, 0.99),
)
def test_cvar_is_the_minimum_over_eta(scenarios: list[tuple[int, int]], alpha: float) -> None:
    losses = np.array([float(loss) for loss, _ in scenarios])
    chance = np.array([float(p) for _, p in scenarios]) / sum(p for _, p in scenarios)
    best = min(
        eta + float(chance @ np.maximum(losses - eta, 0.0)) / (1 - alpha) for eta in [*losses, *range(51)]
    )
    assert cvar(losses, chance, alpha) == pytest.approx(best, abs=1e-9)
