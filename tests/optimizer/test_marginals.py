"""Marginal values against a second solve with a little more, the yes/no decisions as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.instance import Instance
from models.options import Options
from models.plan import Commitments, MarginalValue, Plan
from optimizer.highs import Solver
from optimizer.solve import solve, warm_values
from tests.optimizer.small import AGREEMENT, DEMAND, GALLIUM, MUST_SIGN, SPOT, VAULT, small
from tests.optimizer.support import arrays_of, case

QUICK = Options(threads=1, relative_gap=0.0)
NO_AGREEMENT: dict[str, Any] = {"agreements": []}
CHEAP = [{**DEMAND, "shortage_cost": [{"share": 1.0, "cost": 900.0}]}]
"""Shortages that nobody would pay to avoid, so that a service floor has a price."""
CHIPS = {
    "demand": [],
    "agreements": [],
    "industries": [
        {
            "id": "chips",
            "segment": "defense",
            "output": 1e6,
            "needs": {"ga": 365.0},
            "loss": [{"share": 1.0, "factor": 0.3}],
        }
    ],
}
LIT = [{**GALLIUM, "sale_limit": 5.0, "sale_factor": 1.5}]
"""Gallium that can be sold for more than it costs, 5 t a year."""


def objective(instance: Instance, plan: Plan) -> float:
    """The least cost in USD with the yes/no decisions of a plan."""
    arrays, money = arrays_of(instance)
    solver = Solver(arrays, threads=1)
    integers = np.flatnonzero(arrays.integer)
    solver.fix(integers, warm_values(arrays, plan)[integers])
    outcome = solver.run()
    assert outcome.end == "optimal"
    return outcome.objective * money


def told(plan: Plan, kind: str, item: str, year: float | None) -> MarginalValue:
    """The one marginal value asked for."""
    (found,) = [v for v in plan.marginal_values if (v.kind, v.item, v.year) == (kind, item, year)]
    return found


def sources(total: float, *available: float) -> dict[str, Any]:
    """A budget whose envelope does not bind."""
    source: dict[str, Any] = {"id": "appropriation", "kind": "appropriation", "amount": total}
    if available:
        source["available"] = list(available)
    return {**NO_AGREEMENT, "budget": {"envelope": 9e4, "sources": [source]}}


def gift(*tonnes: float) -> dict[str, Any]:
    """Tonnes that come into the reserve year by year for nothing."""
    mine = {"id": "gift", "kind": "mine", "country": "USA", "outputs": {"ga": 1.0}}
    return {**NO_AGREEMENT, "projects": [{**mine, "existing_capacity": list(tonnes), "must_run": True}]}


def newcomer(*tonnes: float) -> dict[str, Any]:
    """Tonnes that consumers can buy from a country that no ban closes."""
    market = [{"commodity": "ga", "country": "CHN", "quantity": 365.0}]
    return {
        **NO_AGREEMENT,
        "market": [*market, {"commodity": "ga", "country": "USA", "quantity": list(tonnes)}],
    }


def bump(values: list[float], place: int, step: float) -> list[float]:
    """A list with one entry raised."""
    return [value + step * (i == place) for i, value in enumerate(values)]


def mine(**changes: Any) -> list[dict[str, Any]]:
    """A mine that can be built at once."""
    base = {"id": "mine", "kind": "mine", "country": "USA", "outputs": {"ga": 1.0}, "opex": 500.0}
    return [{**base, "capacity": {"min": 0.0, "max": 20.0}, **changes}]


MUST_BUILD = {"id": "must-build", "members": ["mine"], "min": 1}
OLD = {"id": "old", "kind": "mine", "country": "USA", "outputs": {"ga": 1.0}, "opex": 500.0}
OTHER = [
    GALLIUM,
    {"id": "si", "name": "silicon", "material": "silicon", "stage": "metal", "price": 10.0},
]
DIRTY = [{**SPOT, "emissions": 2.0}]
BARGAIN = [{**SPOT, "tiers": [{"quantity": [100.0, 0.0], "premium": -0.5}]}]
"""Before the ban only, at 500 USD/t; a tonne is worth a chance of 20 % of 5,000."""
OPTION = [{**AGREEMENT, "country": "AUS", "take_or_pay": 0.0}]
NOT_WANTED = [{**AGREEMENT, "country": "AUS", "price": {"kind": "fixed", "value": 9000.0}}]

# What is asked for, in which unit a step of 1 raises it, and what the instance looks like with a step more.
STEPS: dict[str, tuple[tuple[str, str, float | None], str, Callable[[float], dict[str, Any]]]] = {
    "envelope alone": (
        ("envelope", "envelope", None), "USD",
        lambda h: {**NO_AGREEMENT, "budget": {"envelope": 5e4 + h}},
    ),
    "amount of a source": (("source", "appropriation", None), "USD", lambda h: sources(5e4 + h)),
    "availability now": (
        ("source", "appropriation", 2027.0), "USD", lambda h: sources(8e4, 2e4 + h, 1e4, 5e4)
    ),
    "availability next year": (
        ("source", "appropriation", 2028.0), "USD", lambda h: sources(8e4, 2e4, 1e4 + h, 5e4)
    ),
    "reserve in 2027": (("commodity", "ga", 2027.0), "t", lambda h: gift(1 + h, 1, 1)),
    "reserve in 2029": (("commodity", "ga", 2029.0), "t", lambda h: gift(1, 1, 1 + h)),
    "commerce in 2028": (("market", "ga", 2028.0), "t", lambda h: newcomer(1, 1 + h, 1)),
    "consumers' own stock": (
        ("private_stock", "ga", None), "t",
        lambda h: {**NO_AGREEMENT, "private_stock": [{"commodity": "ga", "quantity": 9 + h}]},
    ),
    "cover": (
        # One tonne a day; bought in 2027, as prices rise.
        ("cover", "ga (10 days)", 2028.0), "t",
        lambda h: {
            "commodities": [{**GALLIUM, "price": [1000.0, 2000.0, 3000.0]}],
            "scenarios": [],
            "risk": {"cover": [{"commodity": "ga", "days": 10 - h, "from_period": 1}]},
        },
    ),
    "service": (
        ("service", "ga:all", 2028.0), "t",
        lambda h: {
            **NO_AGREEMENT,
            "horizon": {"start_year": 2027, "periods": 2},
            "demand": CHEAP,
            "risk": {"service": [{"segment": "defense", "min_fraction": 0.1 - h / 365}]},
        },
    ),
    "service of an industry": (
        # 1 m USD a year: a millionth of the output is a dollar.
        ("service", "chips", 2028.0), "USD of output",
        lambda h: {
            **CHIPS,
            "horizon": {"start_year": 2027, "periods": 2},
            "risk": {"service": [{"segment": "defense", "min_fraction": 0.1 - h / 1e6}]},
        },
    ),
    "least spend": (
        ("allocations", "more", None), "USD",
        lambda h: {
            **NO_AGREEMENT, "scenarios": [], "allocations": [{"id": "more", "where": {}, "min": 3e4 - h}]
        },
    ),
    "most spend": (
        ("allocations", "less", None), "USD",
        lambda h: {**NO_AGREEMENT, "allocations": [{"id": "less", "where": {}, "max": 1e4 + h}]},
    ),
    "CVaR": (
        ("cvar_limit", "cvar_limit", None), "USD",
        lambda h: {"agreements": OPTION, "demand": CHEAP, "risk": {"cvar_limit": 4e5 + h}},
    ),
    "expected loss": (
        ("expected_loss_limit", "expected_loss_limit", None), "USD",
        lambda h: {"agreements": OPTION, "demand": CHEAP, "risk": {"expected_loss_limit": 8e4 + h}},
    ),
    "emissions": (
        ("emissions_limit", "emissions_limit", None), "tCO2e",
        lambda h: {**NO_AGREEMENT, "spot": DIRTY, "risk": {"emissions_limit": 20 + h}},
    ),
    "room": (
        ("depot", "vault", 2027.0), "m³",
        lambda h: {
            **NO_AGREEMENT,
            "spot": BARGAIN,
            "horizon": {"start_year": 2027, "periods": 2},
            "depots": [{**VAULT, "capacity": 50 + h}],
        },
    ),
    "outturn": (
        ("outturn", "vault", 2028.0), "t",
        lambda h: {
            **NO_AGREEMENT,
            "spot": BARGAIN,
            "horizon": {"start_year": 2027, "periods": 2},
            "depots": [{**VAULT, "outturn": 50 + h}],
        },
    ),
    "volume on offer": (
        ("agreement", "ga-chn", None), "t/year",
        lambda h: {"agreements": [{**OPTION[0], "volume": {"min": 10.0, "max": 100 + h}}]},
    ),
    "least volume": (
        ("least volume", "ga-chn", None), "t/year",
        lambda h: {
            "agreements": [{**NOT_WANTED[0], "volume": {"min": 10 - h, "max": 100.0}}],
            "choices": [MUST_SIGN],
        },
    ),
    "take-or-pay": (
        # 10 t in 2028, of which 80 % are paid: one tonne less is 10 % less.
        ("take-or-pay", "ga-chn", 2028.0), "t",
        lambda h: {
            "agreements": [{**NOT_WANTED[0], "term_years": 1.0, "starts": [1], "take_or_pay": 0.8 - h / 10}],
            "choices": [MUST_SIGN],
        },
    ),
    "size of a project": (
        ("project", "mine", None), "t/year",
        lambda h: {**NO_AGREEMENT, "projects": mine(capacity={"min": 0.0, "max": 20 + h})},
    ),
    "least size of a project": (
        ("least capacity", "mine", None), "t/year",
        lambda h: {
            **NO_AGREEMENT,
            "projects": mine(capacity={"min": 5 - h, "max": 20.0}, capex_per_unit=1e5),
            "choices": [MUST_BUILD],
        },
    ),
    "activity": (
        ("activity", "old", 2028.0), "t",
        lambda h: {**NO_AGREEMENT, "projects": [{**OLD, "existing_capacity": [20.0, 20 + h, 20.0]}]},
    ),
    "cheap tier": (
        ("spot", "ga-spot, tier 0", 2028.0), "t",
        lambda h: {
            **NO_AGREEMENT,
            "spot": [{**SPOT, "tiers": [{"quantity": [40.0, 40 + h, 40.0], "premium": 0.0},
                                        {"quantity": 30.0, "premium": 0.5}]}],
        },
    ),
    "dear tier": (
        ("spot", "ga-spot, tier 1", 2028.0), "t",
        lambda h: {
            **NO_AGREEMENT,
            "spot": [{**SPOT, "tiers": [{"quantity": 40.0, "premium": 0.0},
                                        {"quantity": [30.0, 30 + h, 30.0], "premium": 0.5}]}],
        },
    ),
    "sale": (
        ("sale", "ga", 2027.0), "t",
        lambda h: {
            **NO_AGREEMENT,
            "commodities": [{**LIT[0], "sale_limit": [5 + h, 5.0, 5.0]}],
        },
    ),
    "substitution": (
        # 365 t of demand: a share of 1/365 is a tonne; in the two years of the ban.
        ("substitution", "si-for-ga", 2028.0), "t",
        lambda h: {
            **NO_AGREEMENT,
            "horizon": {"start_year": 2027, "periods": 2},
            "commodities": OTHER,
            "market": [{"commodity": "ga", "country": "CHN", "quantity": 365.0},
                       {"commodity": "si", "country": "USA", "quantity": 500.0}],
            "substitutions": [
                {"id": "si-for-ga", "demand": "ga:all", "commodity": "si", "cost": 10.0,
                 "max_share": (50 + h) / 365}
            ],
        },
    ),
    "upside": (
        ("upside", "plant", 2028.0), "USD",
        lambda h: {
            **NO_AGREEMENT,
            "horizon": {"start_year": 2027, "periods": 2},
            "commodities": [{**GALLIUM, "price": [500.0, 1000.0]}],
            "projects": [
                {
                    "id": "plant", "kind": "processing", "country": "USA", "outputs": {"ga": 1.0},
                    "must_run": True, "existing_capacity": 100.0, "offtake_share": 0.0,
                    "support": {"commodity": "ga", "strike": 800.0, "upside_share": 0.5,
                                "upside_cap": 4e3 + h},
                }
            ],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_value_is_what_a_step_saves(name: str) -> None:
    (kind, item, year), unit, changes = STEPS[name]
    plan = solve(small(**changes(0.0)), QUICK)
    value = told(plan, kind, item, year)
    step = 0.01 if unit in ("t", "t/year", "m³", "tCO2e") else 10.0
    saved = (objective(small(**changes(0.0)), plan) - objective(small(**changes(step)), plan)) / step
    assert value.value == pytest.approx(saved, rel=1e-4)
    assert value.value > 0
    assert value.unit == unit
    assert item in value.words or kind in value.words.lower() or kind.endswith("_limit")
    assert year is None or f"in {year:.0f}" in value.words


def test_shares_of_entering_tonnes() -> None:
    # 60 days of cover (60 t) in 2027: 40 t from the spot, the rest from CHN, a tenth of all at most.
    # With x t from CHN and more bought elsewhere at 2,000 USD/t: x = 0.1 · 60 = 6.
    dear = {**SPOT, "id": "dear", "country": "USA", "tiers": [{"quantity": 100.0, "premium": 1.0}]}

    def changes(share: float) -> dict[str, Any]:
        rule = {"countries": ["CHN"], "commodities": ["ga"], "max_share": share}
        return {
            "horizon": {"start_year": 2027, "periods": 1},
            "scenarios": [],
            "spot": [SPOT, dear],
            "agreements": [{**AGREEMENT, "volume": {"min": 0.0, "max": 100.0}}],
            "risk": {"shares": [rule], "cover": [{"commodity": "ga", "days": 60}]},
        }

    plan = solve(small(**changes(0.1)), QUICK)
    # One tonne more from CHN at 1,000 takes the place of one at 2,000.
    assert told(plan, "shares", "ga from CHN (at most 10 %)", None).value == pytest.approx(1000)
    step = 1e-4
    saved = objective(small(**changes(0.1)), plan) - objective(small(**changes(0.1 + step)), plan)
    assert saved == pytest.approx(1000 * step * 60)


@pytest.mark.parametrize("rule", ["min_share", "max_share", "exposure"])
def test_shares_of_spend(rule: str) -> None:
    # 60 t of cover: 40 t from AUS at 1,000 USD/t, 20 t or more from CHN at 500 or from the USA at 2,000.
    dear = {**SPOT, "id": "dear", "country": "USA", "tiers": [{"quantity": 100.0, "premium": 1.0}]}

    def changes(step: float) -> dict[str, Any]:
        where = {"min_share": {"countries": ["USA"]}, "max_share": {"countries": ["CHN"]}}
        level = {"min_share": 0.4 - step, "max_share": 0.1 + step}
        limits: dict[str, Any] = {"risk": {"cover": [{"commodity": "ga", "days": 60}]}}
        if rule == "exposure":
            limits["risk"]["exposure_limit"] = 0.1 + step
        else:
            limits["allocations"] = [{"id": "split", "where": where[rule], rule: level[rule]}]
        return {
            "horizon": {"start_year": 2027, "periods": 1},
            "scenarios": [],
            "spot": [SPOT, dear],
            "agreements": [
                {
                    **AGREEMENT,
                    "volume": {"min": 0.0, "max": 100.0},
                    "price": {"kind": "fixed", "value": 500.0},
                }
            ],
            **limits,
        }

    plan = solve(small(**changes(0.0)), QUICK)
    assert plan.risk is not None
    kind, item = ("exposure", "exposure_limit") if rule == "exposure" else ("allocations", "split")
    # Letting the share go by a step allows step · all spend dollars; all is spent in the one year there is.
    step = 1e-5
    saved = objective(small(**changes(0.0)), plan) - objective(small(**changes(step)), plan)
    assert told(plan, kind, item, None).value * step * plan.risk.expected_cost == pytest.approx(
        saved, rel=1e-3
    )
    assert saved > 0


def test_what_is_slack_is_not_told() -> None:
    # Far more of everything than is needed: nothing but the tonnes themselves has a value.
    plan = solve(
        small(
            **sources(1e9, 1e9, 1e9, 1e9) | {"budget": {**sources(1e9)["budget"], "envelope": 1e10}},
            spot=[{**SPOT, "tiers": [{"quantity": 1000.0, "premium": 0.0}]}],
            depots=[{**VAULT, "capacity": 1e5, "outturn": 1e5}],
            allocations=[{"id": "loose", "where": {}, "min": 1.0, "max": 1e9}],
            risk={
                "cover": [{"commodity": "ga", "days": 0.0}],
                "service": [{"segment": "defense", "min_fraction": 0.1}],
                "cvar_limit": 1e12,
                "expected_loss_limit": 1e12,
                "emissions_limit": 1e12,
                "exposure_limit": 1.0,
            },
        ),
        QUICK,
    )
    assert {v.kind for v in plan.marginal_values if v.value > 0} <= {"commodity", "market"}
    assert [(v.item, v.value, v.words) for v in plan.marginal_values if v.kind in ("envelope", "source")] == [
        ("envelope", 0.0, "The envelope does not bind."),
        ("appropriation", 0.0, "Source appropriation does not bind."),
    ]


def test_no_use_no_value() -> None:
    # 366 t are on offer for 365 t of demand in 2027: of what use is leave to release, or more commerce?
    plan = solve(small(**newcomer(1, 1, 1)), QUICK)
    assert not [v for v in plan.marginal_values if v.year == 2027.0 and v.kind in ("release", "market")]


def test_nothing_is_told_of_what_is_not_signed_built_or_open() -> None:
    hopeless = mine(capex_fixed=1e12)
    plan = solve(
        small(
            agreements=[{**AGREEMENT, "signing_cost": 1e12}],
            projects=hopeless,
            depots=[
                VAULT,
                {**VAULT, "id": "annex", "capacity": 10.0, "optional": True, "opening_cost": 1e12},
            ],
        ),
        QUICK,
    )
    assert plan.commitments == Commitments()
    assert not {v.item for v in plan.marginal_values} & {"ga-chn", "mine", "annex"}


@pytest.mark.parametrize("name", ["rule-loan-only", "rule-envelope", "case-26"])
def test_order_and_units(name: str) -> None:
    plan = solve(case(name), Options(threads=1))
    kinds = [v.kind for v in plan.marginal_values]
    assert kinds == sorted(kinds, key=kinds.index), "one kind after the other"
    for kind in set(kinds):
        values = [v.value for v in plan.marginal_values if v.kind == kind]
        assert values == sorted(values, reverse=True)
    assert all(v.value >= 0 for v in plan.marginal_values)
    assert all(v.value > 0 or v.kind in ("envelope", "source") for v in plan.marginal_values)
    assert len({(v.kind, v.item, v.year, v.words) for v in plan.marginal_values}) == len(plan.marginal_values)


def test_a_marginal_envelope_is_worth_what_money_saves() -> None:
    # rule-envelope: more money is worth more than a dollar, or the case would not be about money.
    instance = case("rule-envelope")
    plan = solve(instance, QUICK)
    assert instance.budget is not None
    raw = instance.as_dict()
    raw["budget"]["envelope"] += 1000.0
    more = Instance.parse(raw)
    value = told(plan, "envelope", "envelope", None).value
    assert (objective(instance, plan) - objective(more, plan)) / 1000 == pytest.approx(
        value, rel=1e-4, abs=1e-9
    )


def test_marginals_can_be_left_out() -> None:
    assert solve(small(), Options(threads=1, marginals=False)).marginal_values == ()


def test_limits_that_are_reached_together_say_so() -> None:
    # 50,000 USD of envelope, all from one source: a dollar more of either alone is no dollar more.
    source = {"id": "own", "kind": "appropriation", "amount": 5e4}
    budget = {"envelope": 5e4, "sources": [source]}
    plan = solve(small(**NO_AGREEMENT, budget=budget), QUICK)
    money = [v for v in plan.marginal_values if v.kind in ("envelope", "source")]
    words = {v.item: v.words for v in money}
    assert sum(v.value for v in money) == pytest.approx(0.8)
    assert sorted(words.values()) in (
        [
            "One more dollar of envelope saves 0.8 USD, if its sources grow with it.",
            "Source own is used up, but more of it alone saves nothing.",
        ],
        [
            "One more dollar in all from source own saves 0.8 USD, if the envelope grows with it.",
            "The envelope is used up, but more of it alone saves nothing.",
        ],
    )


def test_sources_without_limits_are_not_told_of() -> None:
    plan = solve(small(**NO_AGREEMENT, budget={"sources": [{"id": "endless", "kind": "loan"}]}), QUICK)
    assert not [v for v in plan.marginal_values if v.kind in ("envelope", "source")]
