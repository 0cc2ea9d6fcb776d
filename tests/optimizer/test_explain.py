"""Infeasible instances, one per kind of rule: the answer names it, by how much, and what stands against it.

Every answer is checked three ways: by hand (the arithmetic stands with the case), by giving the rule what is
asked for (the instance becomes feasible), and by giving it a hundredth less (it stays infeasible).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from models.options import Options
from models.plan import Plan
from optimizer import explain
from optimizer.compile import Arrays, compile_arrays
from optimizer.data import Data
from optimizer.explain import relaxations, runaway
from optimizer.explain.elastic import Elastic, OutOfTime, Relaxed, Rules
from optimizer.explain.funds import funds
from optimizer.explain.rules import Index, policy
from optimizer.explain.search import conflict, hitting, smallest
from optimizer.formulation import build
from optimizer.highs import Solver
from optimizer.solve import solve
from tests.optimizer.small import AGREEMENT, BAN, DEMAND, GALLIUM, MUST_SIGN, SPOT, VAULT, small
from tests.optimizer.support import case

QUICK = Options(threads=1)
NO_AGREEMENT: dict[str, Any] = {"agreements": []}
"""40 t a year on the spot, and nothing else."""
COVER_90 = {"cover": [{"commodity": "ga", "days": 90}]}
"""90 t from 2027 on: 40 t can be bought on the spot, 50 t must come from CHN in 2027."""
OLD_MINE = {
    "id": "old",
    "kind": "mine",
    "country": "USA",
    "outputs": {"ga": 1.0},
    "existing_capacity": 10.0,
    "must_run": True,
}
CHIPS = {
    "id": "chips",
    "segment": "defense",
    "output": 1e6,
    "needs": {"ga": 365.0},
    "loss": [{"share": 1.0, "factor": 0.5}],
}


@dataclass(frozen=True)
class Case:
    """An instance that cannot be met, by the amount that its rule is relaxed by."""

    changes: Callable[[float], dict[str, Any]]
    family: str
    item: str
    year: float | None
    amount: float
    unit: str
    words: str


def cover(days: float, **more: Any) -> dict[str, Any]:
    """A rule of cover."""
    return {"cover": [{"commodity": "ga", "days": days, **more}]}


def service(least: float) -> dict[str, Any]:
    """A rule of service."""
    return {"service": [{"segment": "defense", "min_fraction": least}]}


def allocation(**limits: Any) -> list[dict[str, Any]]:
    """An allocation."""
    return [{"id": "split", "where": {}, **limits}]


CASES = {
    # 90 t asked for in 2027, 40 t on the spot.
    "cover with too little on offer": Case(
        lambda a: {**NO_AGREEMENT, "risk": cover(90 - a)},
        "cover", "ga (90 days)", 2027, 50, "t",
        "Cover of ga (90 days): 40 days can be held in 2027, 50 t less than asked for."
        " Exhausted: offer ga-spot in 2027.",
    ),
    # 25 m³ hold 25 t.
    "cover without room": Case(
        lambda a: {"depots": [{**VAULT, "capacity": 25.0}], "risk": cover(90 - a)},
        "cover", "ga (90 days)", 2027, 65, "t",
        "Cover of ga (90 days): 25 days can be held in 2027, 65 t less than asked for."
        " Exhausted: room in depot vault in 2027.",
    ),
    # Commerce has 60 t, and the agency takes from it what it buys: not even if consumers went without are
    # 90 t to be had.
    "cover that commerce cannot give": Case(
        lambda a: {
            "scenarios": [],
            "market": [{"commodity": "ga", "country": "CHN", "quantity": 60.0}],
            "agreements": [{**AGREEMENT, "additional": 0.0}],
            "spot": [],
            "risk": cover(90 - a),
        },
        "cover", "ga (90 days)", 2027, 30, "t",
        "Cover of ga (90 days): 60 days can be held in 2027, 30 t less than asked for."
        " Exhausted: commerce in ga in 2027.",
    ),
    # Demand of 1, 2 and 3 t a day: 30 days are 30, 60 and 90 t, of which 40, 50 and 60 can be held. The
    # rule gives way by 10 days, which are 30 t in 2029.
    "cover of a growing demand": Case(
        lambda a: {
            **NO_AGREEMENT,
            "scenarios": [],
            "demand": [{**DEMAND, "quantity": [365.0, 730.0, 1095.0]}],
            "spot": [{**SPOT, "tiers": [{"quantity": [40.0, 10.0, 10.0], "premium": 0.0}]}],
            "risk": cover(30 - a / 3),
        },
        "cover", "ga (30 days)", 2029, 30, "t",
        "Cover of ga (30 days): 20 days can be held in 2029, 30 t less than asked for."
        " Exhausted: offer ga-spot in 2027 to 2029.",
    ),
    # After the ban of 2028 alone the stock must be back in 2029, within one year: 40 of 60 t.
    "cover after a crisis": Case(
        lambda a: {
            **NO_AGREEMENT,
            "scenarios": [{**BAN, "events": [{**BAN["events"][0], "duration": 1}]}],  # type: ignore[index]
            "spot": [{**SPOT, "tiers": [{"quantity": [60.0, 0.0, 40.0], "premium": 0.0}]}],
            "risk": {**cover(60 - a, rebuild_periods=0), **service(60 / 365)},
        },
        "cover", "ga (60 days)", 2029, 20, "t",
        "Cover of ga (60 days): 40 days can be held in 2029 in scenario ban, 20 t less than asked for."
        " In conflict with: service of ga:all (at least 16 %). Exhausted: offer ga-spot in 2027 to 2029"
        " and commerce"
        " in ga in 2028.",
    ),
    # Three years of 40 t for two years of 365 t: 60 t a year, 16.4 %; 90 % are 328.5 t.
    "service": Case(
        lambda a: {**NO_AGREEMENT, "risk": service(0.9 - a / 365)},
        "service", "ga:all", 2028, 268.5, "t",
        "Service of ga:all (at least 90 %): 16.4 % can be served in 2028 in scenario ban, 268 t less than"
        " asked for."
        " Exhausted: offer ga-spot in 2027 to 2029 and commerce in ga in 2028 and 2029.",
    ),
    # The same of an industry: of 50 % of 1 m USD, 120 / 730 can be kept.
    "service of an industry": Case(
        lambda a: {**NO_AGREEMENT, "demand": [], "industries": [CHIPS], "risk": service(0.5 - a / 1e6)},
        "service", "chips", 2028, 5e5 - 1e6 * 120 / 730, "USD of output",
        "Service of industry chips (at least 50 %): 16.4 % of its output can be kept in 2028 in scenario ban,"
        " 335,616 USD of output less than asked for. Exhausted: offer ga-spot in 2027 to 2029 and commerce"
        " in ga in"
        " 2028 and 2029.",
    ),
    # 10 t a year in three years, paid in any case, at 1,000 USD.
    "envelope too small for a forced choice": Case(
        lambda a: {"budget": {"envelope": 2e4 + a}, "choices": [MUST_SIGN]},
        "money", "envelope", 2029, 1e4, "USD",
        "Envelope (20,000 USD): 30,000 USD must be drawn by 2029, 10,000 USD more than allowed. In"
        " conflict with:"
        " choice must-sign (at least 1). Forced: the least volume of agreement ga-chn and take-or-pay of"
        " agreement"
        " ga-chn in 2027 to 2029.",
    ),
    "source too small": Case(
        lambda a: {
            "budget": {"sources": [{"id": "own", "kind": "appropriation", "amount": 2e4 + a}]},
            "choices": [MUST_SIGN],
        },
        "money", "own", 2029, 1e4, "USD",
        "Source own (20,000 USD in all): 30,000 USD must be drawn by 2029, 10,000 USD more than it gives. In"
        " conflict with: choice must-sign (at least 1). Forced: the least volume of agreement ga-chn and"
        " take-or-pay of agreement ga-chn in 2027 to 2029.",
    ),
    # Envelope and source run out together: neither alone is the answer, money is.
    "two limits of money": Case(
        lambda a: {
            "budget": {
                "opening_cash": a, "envelope": 2e4,
                "sources": [{"id": "own", "kind": "appropriation", "amount": 2e4}],
            },
            "choices": [MUST_SIGN],
        },
        "money", "cash", 2029, 1e4, "USD",
        "Money in all: 10,000 USD more is needed by 2029. In conflict with: choice must-sign (at least 1)."
        " Used up:"
        " envelope (20,000 USD) and source own (20,000 USD in all). Forced: the least volume of agreement"
        " ga-chn and"
        " take-or-pay of agreement ga-chn in 2027 to 2029.",
    ),
    # The loan has enough, but gives nothing in 2027, when the first 10,000 USD fall due.
    "loan that comes too late": Case(
        lambda a: {
            "budget": {
                "sources": [{"id": "loan", "kind": "loan", "amount": 1e5, "available": [a, 1e5, 1e5]}]
            },
            "choices": [MUST_SIGN],
        },
        "money", "loan", 2027, 1e4, "USD",
        "Source loan in 2027 (0 USD): 10,000 USD must be drawn then, 10,000 USD more than it gives. In"
        " conflict"
        " with: choice must-sign (at least 1). Forced: the least volume of agreement ga-chn and"
        " take-or-pay of"
        " agreement ga-chn in 2027.",
    ),
    # 10 t a year whether wanted or not, at 7 USD: 210 USD in three years.
    "nothing to pay with": Case(
        lambda a: {"budget": {"opening_cash": a}, "projects": [{**OLD_MINE, "opex": 7.0}]},
        "money", "cash", 2029, 210, "USD",
        "Money in all: 210 USD more is needed by 2029 in scenario ban."
        " Forced: project old must run in 2027 to 2029.",
    ),
    # What it makes has nowhere to go but away: 10 t a year at 5 USD in three years.
    "nothing to throw away with": Case(
        lambda a: {
            **NO_AGREEMENT, "scenarios": [], "depots": [], "spot": [],
            "commodities": [{**GALLIUM, "disposal_cost": 5.0}],
            "budget": {"opening_cash": a}, "projects": [OLD_MINE],
        },
        "money", "cash", 2029, 150, "USD",
        "Money in all: 150 USD more is needed by 2029. Forced: project old must run in 2027 to 2029.",
    ),
    # 50 t lie there, 5 t a year can leave: the depot cannot be closed.
    "opening stock that cannot leave": Case(
        lambda a: {
            "depots": [{**VAULT, "capacity": 100.0, "outturn": 5.0, "optional": True}],
            "opening_stock": [{"commodity": "ga", "depot": "vault", "quantity": 50.0}],
            "choices": [{"id": "close", "members": ["vault"], "max": int(a)}],
        },
        "commit", "close", None, 1, "members",
        "Choice close (at most 0): 1 must be chosen, 1 more than allowed. Opening stock lies in vault.",
    ),
    # One must be signed, none may.
    "contradictory choices": Case(
        lambda a: {
            "choices": [{**MUST_SIGN, "min": 1 - int(a)}, {"id": "none", "members": ["ga-chn"], "max": 0}]
        },
        "commit", "must-sign", None, 1, "members",
        "Choice must-sign (at least 1): 0 can be chosen, 1 less than asked for."
        " In conflict with: choice none (at most 0).",
    ),
    # Deliveries in 2027 wait for a mine that operates in 2028.
    "agreement that must wait": Case(
        lambda a: {
            "projects": [{"id": "mine", "kind": "mine", "country": "AUS", "outputs": {"ga": 1.0},
                          "capacity": {"min": 1.0, "max": 10.0}, "lead_years": 1.0}],
            "agreements": [{**AGREEMENT, "requires": ["mine"]}],
            "choices": [{**MUST_SIGN, "min": 1 - int(a)}],
        },
        "commit", "must-sign", None, 1, "members",
        "Choice must-sign (at least 1): 0 can be chosen, 1 less than asked for."
        " Waiting to operate: ga-chn for mine.",
    ),
    "allocation above the envelope": Case(
        lambda a: {"budget": {"envelope": 2e4}, "allocations": allocation(min=5e4 - a)},
        "allocations", "split", None, 3e4, "USD",
        "Allocation split (at least 50,000 USD): 20,000 USD can be spent, 30,000 USD less than asked for."
        " In conflict with: envelope (20,000 USD).",
    ),
    # Three years of 40 t at 1,000 USD.
    "allocation above what is on offer": Case(
        lambda a: {**NO_AGREEMENT, "allocations": allocation(min=1.5e5 - a)},
        "allocations", "split", None, 3e4, "USD",
        "Allocation split (at least 150,000 USD): 120,000 USD can be spent, 30,000 USD less than asked for."
        " Exhausted: offer ga-spot in 2027 to 2029.",
    ),
    # 10 t from CHN, paid for in 2027 and with 80 % in 2028 and 2029: 26,000 USD.
    "allocation below what must be spent": Case(
        lambda a: {"allocations": allocation(max=25e3 + a), "choices": [MUST_SIGN]},
        "allocations", "split", None, 1e3, "USD",
        "Allocation split (at most 25,000 USD): 26,000 USD must be spent, 1,000 USD more than allowed. In"
        " conflict"
        " with: choice must-sign (at least 1). Forced: the least volume of agreement ga-chn and"
        " take-or-pay of"
        " agreement ga-chn in 2027 to 2029.",
    ),
    # 50 t from CHN in 2027, and as much paid in 2028 and 2029 with 80 %: 130,000 USD. AUS takes 120,000 at
    # most. 90 % of 250,000 are 225,000.
    "least share of spend": Case(
        lambda a: {
            "allocations": [{"id": "ally", "where": {"countries": ["AUS"]}, "min_share": 0.9 - a / 25e4}],
            "risk": COVER_90,
        },
        "allocations", "ally", None, 105e3, "USD",
        "Allocation ally (at least 90 % of spend): 105,000 USD less can be spent than asked for. In"
        " conflict with:"
        " cover of ga (90 days). Forced: take-or-pay of agreement ga-chn in 2028 and 2029. Exhausted:"
        " offer ga-spot"
        " in 2027 to 2029.",
    ),
    # The same against at most half for CHN: 130,000 of 250,000.
    "largest share of spend": Case(
        lambda a: {
            "allocations": [{"id": "china", "where": {"countries": ["CHN"]}, "max_share": 0.5 + a / 25e4}],
            "risk": COVER_90,
        },
        "allocations", "china", None, 5e3, "USD",
        "Allocation china (at most 50 % of spend): 5,000 USD more must be spent than allowed. In conflict"
        " with:"
        " cover of ga (90 days). Forced: take-or-pay of agreement ga-chn in 2028 and 2029. Exhausted:"
        " offer ga-spot"
        " in 2027 to 2029.",
    ),
    # The same 26,000 USD, all in CHN (0.8): 0.75 above the limit.
    "exposure": Case(
        lambda a: {"spot": [], "risk": {"exposure_limit": 0.05 + a / 26e3}, "choices": [MUST_SIGN]},
        "allocations", "exposure_limit", None, 19.5e3, "USD of risk-weighted spend",
        "Exposure limit (0.05): 19,500 USD of risk-weighted spend more than allowed cannot be avoided. In"
        " conflict"
        " with: choice must-sign (at least 1). Forced: the least volume of agreement ga-chn and"
        " take-or-pay of"
        " agreement ga-chn in 2027 to 2029.",
    ),
    # Of the 90 t of 2027, 10 t are to be had elsewhere and 80 t come from CHN; 45 t may. (2028 is calm
    # without a ban only.)
    "share of the main supplier": Case(
        lambda a: {
            "spot": [{**SPOT, "tiers": [{"quantity": 10.0, "premium": 0.0}]}],
            "risk": {**COVER_90, "shares": [{"countries": ["CHN"], "max_share": 0.5 + a / 90}]},
        },
        "shares", "ga from CHN (at most 50 %)", 2029, 35, "t",
        "Share of ga from CHN (at most 50 %): 35 t more than allowed must come from there along scenario ban."
        " In conflict with: cover of ga (90 days). Exhausted: offer ga-spot in 2027.",
    ),
    # 610 t short under the ban (730 less 120) at 5,000 USD: 3.05 m; CVaR at 95 % is the ban (20 %).
    "CVaR": Case(
        lambda a: {**NO_AGREEMENT, "risk": {"cvar_limit": 3e6 + a}},
        "loss", "cvar_limit", None, 5e4, "USD",
        "CVaR limit (3 m USD): 3.05 m USD cannot be avoided, 50,000 USD more than allowed. Exhausted:"
        " offer ga-spot"
        " in 2027 to 2029 and commerce in ga in 2028 and 2029.",
    ),
    # A fifth of that.
    "expected loss": Case(
        lambda a: {**NO_AGREEMENT, "risk": {"expected_loss_limit": 6e5 + a}},
        "loss", "expected_loss_limit", None, 1e4, "USD",
        "Limit on expected loss (600,000 USD): 610,000 USD cannot be avoided, 10,000 USD more than allowed."
        " Exhausted: offer ga-spot in 2027 to 2029 and commerce in ga in 2028 and 2029.",
    ),
    # 10 t a year at 1 tCO2e/t.
    "emissions": Case(
        lambda a: {"projects": [{**OLD_MINE, "emissions": 1.0}], "risk": {"emissions_limit": 5 + a}},
        "loss", "emissions_limit", None, 25, "tCO2e",
        "Emissions limit (5 tCO2e): 30 tCO2e cannot be avoided, 25 tCO2e more than allowed."
        " Forced: project old must run in 2027 to 2029.",
    ),
    # Three covers of 90 t at 1,000 USD/t against 90,000 USD: twice as much again is missing. One rule
    # three times as large, the envelope, beats two that are given up whole, though these weigh the same.
    "one rule rather than several": Case(
        lambda a: {**three_metals(), "budget": {"envelope": 9e4 + a}},
        "money", "envelope", 2027, 18e4, "USD",
        "Envelope (90,000 USD): 270,000 USD must be drawn by 2027, 180,000 USD more than allowed. In"
        " conflict with:"
        " cover of ga (90 days) and cover of ge (90 days).",
    ),
}  # fmt: skip


def three_metals() -> dict[str, Any]:
    """Three commodities alike, each with 90 days of cover and plenty on offer."""
    metals = ("ga", "ge", "in")
    return {
        **NO_AGREEMENT,
        "scenarios": [],
        "horizon": {"start_year": 2027, "periods": 1},
        "commodities": [{**GALLIUM, "id": m, "material": m} for m in metals],
        "demand": [{**DEMAND, "id": f"{m}:all", "commodity": m} for m in metals],
        "market": [{"commodity": m, "country": "CHN", "quantity": 365.0} for m in metals],
        "spot": [
            {**SPOT, "id": f"{m}-spot", "commodity": m, "tiers": [{"quantity": 500.0, "premium": 0.0}]}
            for m in metals
        ],
        "risk": {"cover": [{"commodity": m, "days": 90} for m in metals]},
    }


def infeasible(**changes: Any) -> Plan:
    """The answer to an instance that cannot be met."""
    plan = solve(small(**changes), QUICK)
    assert plan.status == "infeasible"
    assert plan.commitments is None
    assert plan.relaxations
    return plan


@pytest.mark.parametrize("name", CASES)
def test_rule_amount_and_words(name: str) -> None:
    expected = CASES[name]
    (found,) = infeasible(**expected.changes(0.0)).relaxations
    assert (found.family, found.item, found.year) == (expected.family, expected.item, expected.year)
    assert (found.amount, found.unit) == (pytest.approx(expected.amount, rel=1e-5), expected.unit)
    assert found.words == expected.words


@pytest.mark.parametrize("name", CASES)
def test_the_amount_is_enough_and_no_more_than_that(name: str) -> None:
    expected = CASES[name]
    assert solve(small(**expected.changes(expected.amount * (1 + 1e-7))), QUICK).status == "optimal"
    assert solve(small(**expected.changes(expected.amount * 0.99)), QUICK).status == "infeasible"


def test_every_kind_of_rule_is_met() -> None:
    kinds = set()
    for expected in CASES.values():
        elastic = elastic_of(**expected.changes(0.0))
        kinds |= {rule.kind for rule in elastic.rules}
    assert kinds == {
        "allocation_max", "allocation_max_share", "allocation_min", "allocation_min_share", "availability",
        "cash", "choose_max", "choose_min", "cover", "cvar_limit", "emissions_limit", "envelope",
        "expected_loss_limit", "exposure", "service", "service_industry", "share", "source",
    }  # fmt: skip


def test_two_conflicts_two_rules() -> None:
    # Cover of 90 days in 2027 cannot be held, nor 90 % be served under the ban: neither helps the other.
    plan = infeasible(**NO_AGREEMENT, risk={**COVER_90, **service(0.9)})
    assert [(r.family, r.amount) for r in plan.relaxations] == [
        ("service", pytest.approx(268.5)),
        ("cover", pytest.approx(50)),
    ]


def test_two_rules_in_conflict_one_gives_way() -> None:
    # 20 days of cover ask for 20,000 USD, of which 10,000 are allowed: half of the one or all of the other.
    plan = infeasible(**NO_AGREEMENT, allocations=allocation(max=1e4), risk=cover(20))
    (found,) = plan.relaxations
    assert (found.family, found.amount) == ("cover", pytest.approx(10))
    assert "In conflict with: allocation split (at most 10,000 USD)." in found.words


def test_nothing_to_do_with_it_is_not_named() -> None:
    # The envelope, the share and the service floor could all be met.
    plan = infeasible(
        **NO_AGREEMENT,
        budget={"envelope": 1e9},
        risk={
            **COVER_90,
            **service(0.05),
            "shares": [{"countries": ["CHN"], "max_share": 0.9}],
            "cvar_limit": 1e9,
        },
    )
    (found,) = plan.relaxations
    assert found.family == "cover"
    assert "In conflict" not in found.words


def test_no_depot_no_cover() -> None:
    (found,) = infeasible(depots=[], risk=COVER_90).relaxations
    assert found.amount == pytest.approx(90)
    assert found.words.endswith("0 days can be held in 2029, 90 t less than asked for. There is no depot.")


def test_scenarios_are_named_and_counted() -> None:
    events = BAN["events"][0]  # type: ignore[index]
    bans = [
        {"id": f"ban-{i}", "probability": 0.05, "events": [events, {
            **events, "id": "x", "start": 2, "effects": [{"kind": "price", "factor": 1.0 + i}]}]}
        for i in range(1, 6)
    ]  # fmt: skip
    (found,) = infeasible(**NO_AGREEMENT, scenarios=bans[:1], risk=service(0.9)).relaxations
    assert "in 2028 in scenario ban-1" in found.words
    (found,) = infeasible(**NO_AGREEMENT, scenarios=bans[:2], risk=service(0.9)).relaxations
    assert "in 2028 in scenarios ban-1 and ban-2" in found.words
    (found,) = infeasible(**NO_AGREEMENT, scenarios=bans, risk=service(0.9)).relaxations
    assert "in 2028 in 5 scenarios (ban-1, ban-2, ban-3 …)" in found.words


def test_outputs_without_a_depot_can_be_thrown_away() -> None:
    # A plant that must run, no depot, no use for what it makes: that is dear, not impossible.
    plan = solve(small(projects=[OLD_MINE], depots=[], **NO_AGREEMENT), QUICK)
    assert plan.status == "optimal"
    assert sum(plan.operations["scrap"]["value"]) > 0  # type: ignore[arg-type]


def test_same_answer_twice() -> None:
    changes = {**three_metals(), "budget": {"envelope": 9e4}}
    assert infeasible(**changes).relaxations == infeasible(**changes).relaxations


def elastic_of(seconds: float = 60.0, **changes: Any) -> Elastic:
    """The elastic programme of a small instance."""
    data, arrays = compiled(**changes)
    index = Index(arrays)
    return Elastic(arrays, [*policy(data, index), *funds(data, index)], QUICK, seconds)


def compiled(**changes: Any) -> tuple[Data, Arrays]:
    """A small instance as scaled numbers and as arrays."""
    data = Data(small(**changes))
    return data, compile_arrays(build(data))


CROWDED: list[dict[str, Any]] = [
    {**three_metals(), "budget": {"envelope": 9e4}},
    {**NO_AGREEMENT, "risk": {**COVER_90, **service(0.9), "cvar_limit": 3e6, "expected_loss_limit": 6e5}},
    {
        "budget": {"envelope": 2e4, "sources": [{"id": "own", "kind": "appropriation", "amount": 2e4}]},
        "choices": [MUST_SIGN],
        "risk": {**COVER_90, "exposure_limit": 0.3, "shares": [{"countries": ["CHN"], "max_share": 0.2}]},
    },
    {
        "allocations": [
            {"id": "ally", "where": {"countries": ["AUS"]}, "min_share": 0.9}, *allocation(max=1e5)
        ],
        "choices": [MUST_SIGN, {"id": "none", "members": ["ga-chn"], "max": 0}],
        "risk": {**COVER_90, "emissions_limit": 1.0},
        "spot": [{**SPOT, "emissions": 1.0}],
    },
]  # fmt: skip


@pytest.mark.parametrize("changes", CROWDED, ids=range(len(CROWDED)))
def test_no_smaller_set_exists(changes: dict[str, Any]) -> None:
    # Against all sets of rules, smallest first, each asked on its own.
    elastic = elastic_of(**changes)
    found, proven = smallest(elastic)
    assert found is not None
    assert proven
    asked = elastic_of(**changes)
    for size in range(len(elastic.rules) + 1):
        enough = [
            rules
            for rules in map(frozenset, combinations(sorted(asked.every), size))
            if asked.suffices(rules)
        ]
        if enough:
            break
    assert len(found.used) == size
    weights = [relaxed.weight for rules in enough if (relaxed := asked.cheapest(rules)) is not None]
    assert found.weight == pytest.approx(min(weights), rel=1e-3)


@pytest.mark.parametrize("changes", CROWDED, ids=range(len(CROWDED)))
def test_conflicts_are_conflicts_and_no_member_can_be_spared(changes: dict[str, Any]) -> None:
    elastic, asked = elastic_of(**changes), elastic_of(**changes)
    members = conflict(elastic, elastic.every, frozenset())
    assert not asked.suffices(asked.every - members)
    for member in members:
        assert asked.suffices(asked.every - members | {member})


def test_sets_that_hit_every_conflict() -> None:
    conflicts = [frozenset({1, 2}), frozenset({2, 3}), frozenset({4})]
    assert set(hitting(conflicts, 1)) == set()
    assert set(hitting(conflicts, 2)) == {frozenset({2, 4})}
    assert set(hitting(conflicts, 3)) == {frozenset({2, 4}), frozenset({1, 2, 4}), frozenset({1, 3, 4})}


@pytest.mark.parametrize("name", ["case-21", "case-28", "rule-plant-first", "rule-joint-scrap"])
def test_physics_alone_is_always_possible(name: str) -> None:
    # With every rule gone there is a plan; and the reference cases need none to give way.
    data = Data(case(name))
    arrays = compile_arrays(build(data))
    index = Index(arrays)
    elastic = Elastic(arrays, [*policy(data, index), *funds(data, index)], QUICK, 60.0)
    assert elastic.suffices(frozenset())
    assert elastic.suffices(elastic.every)


class Late(Elastic):
    """Time runs out after the first answer."""

    def cheapest(self, *args: Any) -> Relaxed | None:
        found = super().cheapest(*args)
        self.deadline = 0.0
        return found


def test_out_of_time_the_first_answer_is_told_with_a_warning() -> None:
    data, arrays = compiled(**three_metals(), budget={"envelope": 9e4})
    index = Index(arrays)
    late = Late(arrays, [*policy(data, index), *funds(data, index)], QUICK, 60.0)
    found, proven = smallest(late)
    assert found is not None
    assert not proven
    # Two covers weigh less than the envelope, but are more rules.
    assert {late.rules[g].kind for g in found.used} == {"cover"}
    assert len(found.used) >= 2
    with pytest.raises(OutOfTime):
        late.left()


def test_a_smaller_set_met_on_the_way_is_kept() -> None:
    elastic = elastic_of(**three_metals(), budget={"envelope": 9e4})
    (envelope,) = [g for g, rule in enumerate(elastic.rules) if rule.kind == "envelope"]
    rules: Rules = frozenset({envelope})
    assert elastic.known(rules) is None
    assert elastic.suffices(rules)
    known = elastic.known(rules)
    assert known is not None
    assert known.used == rules
    assert not known.proven


@pytest.mark.parametrize("how", ["no time", "stopped"])
def test_never_just_infeasible(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "LEAST_SECONDS", 0.0)
    stop = threading.Event()
    if how == "stopped":
        stop.set()
    data, arrays = compiled(**NO_AGREEMENT, risk={**COVER_90, "cvar_limit": 1.0})
    (found,) = relaxations(data, arrays, QUICK, seconds=0.0 if how == "no time" else None, stop=stop)
    assert found.family == "unknown"
    assert "laid down are cover and loss" in found.words


def unbounded_arrays() -> Arrays:
    """Minimise -2·sale + draw - worth of a fixed amount: sale ≤ draw grows without limit, stock does not."""
    columns = [("sale", ("ga", 0)), ("draw", ("loan", 0)), ("stock", ("ga", "vault", 0)), ("sign", ("a", 0))]
    return Arrays(
        matrix=sp.csc_array(np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]])),
        cost=np.array([-2.0, 1.0, -5.0, 0.0]),
        expected_cost=np.zeros(4),
        offset=0.0,
        lower=np.zeros(4),
        upper=np.array([np.inf, np.inf, np.inf, 1.0]),
        integer=np.array([False, False, False, True]),
        row_lower=np.array([-np.inf, -np.inf]),
        row_upper=np.array([0.0, 7.0]),
        columns=columns,
        rows=[("pool", ("ga", 0)), ("depot_capacity", ("vault", 0))],
    )  # fmt: skip


@pytest.mark.parametrize("integer", [True, False])
def test_unbounded_is_said_and_what_runs_away_is_named(integer: bool) -> None:
    arrays = unbounded_arrays()
    if not integer:
        arrays = replace(arrays, integer=np.zeros(4, dtype=bool))
    assert Solver(arrays, threads=1).run().end == "unbounded"
    found = runaway(arrays, QUICK)
    assert [(r.family, r.item) for r in found] == [("unbounded", "sale[ga]"), ("unbounded", "draw[loan]")]
    assert (
        found[0].words == "sale[ga] can grow without limit, together with draw[loan], and cost falls with it."
    )
    assert found[1].words == "draw[loan] can grow without limit, together with sale[ga]."


def test_bounded_has_no_ray() -> None:
    assert runaway(compiled()[1], QUICK) == ()


def test_an_instance_cannot_be_unbounded() -> None:
    # Everything that earns: sales, releases and final stock far above their price, a loan without limit or
    # interest, a substitute of itself twice over, free storage. Whatever earns is limited by tonnes that are.
    rich = {**GALLIUM, "sale_limit": 1e6, "sale_factor": 9.0, "release_factor": 9.0, "terminal_factor": 9.0}
    silicon = {**rich, "id": "si", "material": "silicon"}
    eased = {"id": "si:all", "commodity": "si"}
    plant = {"kind": "processing", "country": "USA", "existing_capacity": 10.0}
    plan = solve(
        small(
            commodities=[rich, silicon],
            demand=[DEMAND, {**DEMAND, **eased}],
            substitutions=[
                {"id": "a", "demand": "ga:all", "commodity": "si", "ratio": 3.0, "max_share": 1.0},
                {"id": "b", "demand": "si:all", "commodity": "ga", "ratio": 3.0, "max_share": 1.0},
            ],
            projects=[
                {**plant, "id": "up", "inputs": {"ga": 1.0}, "outputs": {"si": 5.0}},
                {**plant, "id": "down", "inputs": {"si": 1.0}, "outputs": {"ga": 5.0}},
            ],
            budget={"sources": [{"id": "loan", "kind": "loan"}]},
        ),
        QUICK,
    )  # fmt: skip
    assert plan.status == "optimal"
    assert plan.objective is not None
    assert plan.objective < 0


def test_a_first_answer_from_fractions_is_one() -> None:
    # It need not weigh least, but the rules it relaxes are enough.
    for changes in (three_metals(), {"risk": {**cover(365.0), **service(1.0)}}):
        elastic = elastic_of(**changes)
        first, best = elastic.from_fractions(), elastic.cheapest(elastic.every)
        assert first is not None
        assert best is not None
        assert first.weight >= best.weight - 1e-9
        assert elastic.suffices(first.used)
