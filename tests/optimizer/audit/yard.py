"""A small instance that touches every rule, and a plan for it that can be checked with a pencil.

Two years, three nodes: 0 (2027), 1 (2028 undisturbed, 0.6), 2 (2028 under the ban, 0.4). The ban leaves a
fifth of what comes from CHN, lifts the price of gallium to 150 and defense demand from 4 to 6 t.
"""

from __future__ import annotations

import copy
from typing import Any

from models.instance import Instance
from models.plan import Certificate, Plan
from optimizer.audit import audit

INSTANCE: dict[str, Any] = {
    "schema_version": "1",
    "name": "yard",
    "horizon": {"start_year": 2027, "periods": 2},
    "countries": [
        {"id": "USA", "name": "United States", "group": "domestic", "risk": 0.1},
        {"id": "AUS", "name": "Australia", "group": "ally", "risk": 0.2},
        {"id": "CHN", "name": "China", "group": "adversary", "risk": 0.9},
    ],
    "commodities": [
        {"id": "ga", "name": "gallium", "material": "gallium", "stage": "metal", "price": 100.0,
         "storage_cost": 2.0,
         "sale_limit": 3.0, "sale_factor": 0.9, "release_factor": 0.5, "terminal_factor": 0.3},
        {"id": "ge", "name": "germanium", "material": "germanium", "stage": "metal", "price": 200.0},
    ],
    "private_stock": [{"commodity": "ga", "quantity": 1.0}],
    "demand": [
        {"id": "ga:defense", "commodity": "ga", "segment": "defense", "quantity": 4.0,
         "shortage_cost": [{"share": 1.0, "cost": 1000.0}]},
        {"id": "ga:general", "commodity": "ga", "segment": "general", "quantity": 6.0,
         "shortage_cost": [{"share": 0.5, "cost": 300.0}, {"share": 0.5, "cost": 900.0}]},
    ],
    "industries": [
        {"id": "chips", "segment": "general", "output": 1000.0, "needs": {"ge": 5.0},
         "loss": [{"share": 0.5, "factor": 0.5}, {"share": 0.5, "factor": 2.0}]},
    ],
    "market": [
        {"commodity": "ga", "country": "CHN", "quantity": 10.0},
        {"commodity": "ge", "country": "AUS", "quantity": 5.0},
    ],
    "spot": [
        {"id": "ga-spot", "commodity": "ga", "country": "AUS", "additional": 0.5, "emissions": 2.0,
         "tiers": [{"quantity": 2.0, "premium": 0.1}, {"quantity": 2.0, "premium": 0.5}]},
        {"id": "ge-spot", "commodity": "ge", "country": "CHN", "tiers": [{"quantity": 1.0, "premium": 0.0}]},
    ],
    "agreements": [
        {"id": "ga-off", "supplier": "Off", "country": "AUS", "commodity": "ga", "starts": [0, 1],
         "term_years": 2.0,
         "volume": {"min": 1.0, "max": 5.0}, "take_or_pay": 0.5, "price": {"kind": "fixed", "value": 90.0},
         "signing_cost": 10.0, "prepayment": 2.0},
        {"id": "ga-opt", "supplier": "Opt", "country": "USA", "commodity": "ga", "starts": [0, 1],
         "term_years": 1.0,
         "volume": {"min": 1.0, "max": 3.0}, "price": {"kind": "index"}, "requires": ["smelter"]},
    ],
    "projects": [
        {"id": "smelter", "kind": "processing", "country": "USA", "inputs": {"ge": 0.5},
         "outputs": {"ga": 1.0},
         "capacity": {"min": 1.0, "max": 4.0}, "lead_years": 1.0, "capex_fixed": 40.0,
         "capex_per_unit": 10.0,
         "public_share": 0.5, "offtake_share": 0.5, "opex": 6.0},
        {"id": "mill", "kind": "mine", "country": "USA", "outputs": {"ga": 0.5}, "existing_capacity": 2.0,
         "offtake_share": 0.0, "must_run": True,
         "support": {"commodity": "ga", "strike": 120.0, "upside_share": 0.5, "upside_cap": 30.0}},
    ],
    "choices": [{"id": "one", "members": ["ga-off", "ga-opt"], "min": 1, "max": 1}],
    "depots": [
        {"id": "vault", "country": "USA", "capacity": 20.0, "outturn": 8.0, "handling_cost": 1.0},
        {"id": "annex", "country": "USA", "capacity": 5.0, "optional": True, "opening_cost": 25.0},
    ],
    "opening_stock": [{"commodity": "ga", "depot": "vault", "quantity": 4.0}],
    "substitutions": [
        {"id": "ge-for-ga", "demand": "ga:general", "commodity": "ge", "ratio": 0.5, "max_share": 0.25,
         "cost": 50.0},
    ],
    "budget": {
        "envelope": 3000.0,
        "opening_cash": 100.0,
        "sources": [
            {"id": "approp", "kind": "appropriation", "amount": 2000.0, "available": [1500.0, 500.0]},
            {"id": "loan", "kind": "loan", "amount": 1000.0, "rate": 0.1, "fee": 0.02},
        ],
    },
    "allocations": [
        {"id": "offtake", "where": {"categories": ["agreement"]}, "max": 700.0},
        {"id": "nimble", "where": {"categories": ["spot"]}, "min": 400.0, "min_share": 0.4,
         "max_share": 0.45},
    ],
    "risk": {
        "shares": [{"countries": ["AUS"], "max_share": 1.0}],
        "exposure_limit": 0.25,
        "cover": [{"commodity": "ga", "days": 292.0}],
        "service": [{"segment": "defense", "min_fraction": 0.9}, {"segment": "general",
        "min_fraction": 0.8}],
        "concentration": [{"commodities": ["ga"], "hhi": 1.0}],
        "chance": [{"segment": "general", "probability": 0.6}, {"segment": "defense", "min_fraction": 0.9,
        "probability": 1.0}],
        "cvar_limit": 600.0,
        "expected_loss_limit": 300.0,
        "emissions_limit": 7.0,
    },
    "scenarios": [
        {"id": "ban", "probability": 0.4, "events": [
            {"id": "ban", "start": 1, "duration": 1, "effects": [
                {"kind": "supply", "factor": 0.2, "countries": ["CHN"]},
                {"kind": "price", "factor": 1.5, "materials": ["gallium"]},
                {"kind": "demand", "factor": 1.5, "segments": ["defense"]},
            ]},
        ]},
    ],
    "objective": {"cvar_weight": 0.25, "cvar_alpha": 0.5},
}  # fmt: skip

# Node 0. Gallium: 4 delivered + 2 spot = 6 injected, on 4 in stock: 10. Consumers need 4 + 6 = 10 and buy 10;
# commerce has 10 + 1 (the mill's 2·0.5) - 1 (half of the spot). Germanium: chips need 5 and buy 5.
# Paid: signing 10, prepayment 2·4 = 8, deliveries 4·90 = 360, spot 2·110 = 220, capex 0.5·(40 + 10·2) = 30,
# support (120-100)·1 = 20, handling 6, storage 2·10 = 20: 674. Cash: 100 + 500 + 200·0.98 - 674 = 122.
#
# Node 1. The smelter runs 1: 0.5 t gallium and 0.25 t germanium (from spot) are the agency's share. Gallium:
# 3 delivered + 0.5 = 1.5 sold + 2 injected; stock 12. Take-or-pay asks for 0.5·4 = 2.
# Paid: deliveries 270, ge-spot 50, opex 0.5·6 = 3, support 20, handling 2, storage 24: 369; interest 20.
# Sale: 1.5·0.9·100 = 135. Cash: 122 + 400 - 100 repaid + 135 - 369 - 20 = 168.
#
# Node 2. Gallium: 1 delivered, 1 untaken (take-or-pay asks for 2), spot 2 + 1, the smelter runs 0.8 (0.4 for
# the agency, 0.2 germanium from spot, all that is offered), 1.6 withdrawn: 6 = released. Stock 8.4.
# Consumers need 6 + 6 = 12; commerce has 10·0.2 = 2, + 1 of the mill, + 0.4 of the smelter, - 0.2·0.5·3 = 0.3
# for the spot: 3.1. So 12 = 3.1 bought + 6 released + 1 private + 0.4 and 0.9 short + 0.6 substituted.
# The substitute takes 0.5·0.6 = 0.3 germanium: chips are cut by 0.06.
# Paid: 2·90 = 180, spot 2·165 + 1·225 = 555, ge-spot 40, opex 0.5·6·0.8 = 2.4, no support at 150, handling
# 1.6, storage 16.8: 795.8; interest 20. Received: release 6·0.5·150 = 450, upside 0.5·(150-120)·1 = 15.
# Cash: 122 + 300 + 465 - 795.8 - 20 = 71.2. Loss: 400 + 270 + 50·0.6 = 30 + 1000·0.5·0.06 = 30: 730.
OPERATIONS: dict[str, dict[str, list[Any]]] = {
    "deliver": {"agreement": ["ga-off"] * 3, "node": [0, 1, 2], "value": [4.0, 3.0, 1.0]},
    "untaken": {"agreement": ["ga-off"], "node": [2], "value": [1.0]},
    "spot": {"offer": ["ga-spot", "ga-spot", "ga-spot", "ge-spot", "ge-spot"], "tier": [0, 0, 1, 0, 0],
             "node": [0, 2, 2, 1, 2], "value": [2.0, 2.0, 1.0, 0.25, 0.2]},
    "run": {"project": ["mill"] * 3 + ["smelter"] * 2, "node": [0, 1, 2, 1, 2], "value": [2.0, 2.0, 2.0,
    1.0, 0.8]},
    "upside": {"project": ["mill"], "node": [2], "value": [15.0]},
    "bought": {"commodity": ["ga"] * 3 + ["ge"] * 3, "node": [0, 1, 2] * 2, "value": [10.0, 10.0, 3.1, 5.0,
    5.0, 5.0]},
    "release": {"commodity": ["ga"], "node": [2], "value": [6.0]},
    "private": {"commodity": ["ga"], "node": [2], "value": [1.0]},
    "sale": {"commodity": ["ga"], "node": [1], "value": [1.5]},
    "inject": {"commodity": ["ga"] * 2, "depot": ["vault"] * 2, "node": [0, 1], "value": [6.0, 2.0]},
    "withdraw": {"commodity": ["ga"], "depot": ["vault"], "node": [2], "value": [1.6]},
    "stock": {"commodity": ["ga"] * 3, "depot": ["vault"] * 3, "node": [0, 1, 2], "value": [10.0, 12.0,
    8.4]},
    "substitute": {"substitution": ["ge-for-ga"], "node": [2], "value": [0.6]},
    "short": {"demand": ["ga:defense", "ga:general"], "tier": [0, 0], "node": [2, 2], "value": [0.4, 0.9]},
    "cut": {"industry": ["chips"], "tier": [0], "node": [2], "value": [0.06]},
    "draw": {"source": ["approp", "loan", "approp", "approp"], "node": [0, 0, 1, 2],
             "value": [500.0, 200.0, 400.0, 300.0]},
    "repay": {"source": ["loan"], "node": [1], "value": [100.0]},
    "owed": {"source": ["loan"] * 3, "node": [0, 1, 2], "value": [200.0, 100.0, 200.0]},
    "drawn": {"source": ["approp"] * 3 + ["loan"] * 3, "node": [0, 1, 2] * 2,
              "value": [500.0, 900.0, 800.0, 200.0, 200.0, 200.0]},
    "cash": {"node": [0, 1, 2], "value": [122.0, 168.0, 71.2]},
}  # fmt: skip

# Node 0 costs 674 + fee 0.02·200 = 678; node 1 costs 369 + 20 - 135 = 254; node 2 795.8 + 20 - 465 = 350.8.
# The final stock is worth 0.3·100·(0.6·12 + 0.4·8.4) = 316.8.
# Cost 678 + 0.6·254 + 0.4·350.8 - 316.8 = 653.92. E[L] = 0.4·730 = 292. CVaR at 0.5: 0.4·730/0.5 = 584.
# Objective 653.92 + 0.75·292 + 0.25·584 = 1018.92.
COST, EXPECTED_LOSS, CVAR, OBJECTIVE = 653.92, 292.0, 584.0, 1018.92

PLAN: dict[str, Any] = {
    "instance": "yard",
    "status": "optimal",
    "objective": OBJECTIVE,
    "bound": 1018.9,
    "gap": 0.02,
    "relative_gap": 0.02 / OBJECTIVE,
    "nodes": 3,
    "commitments": {
        "agreements": [{"id": "ga-off", "start": 0, "year": 2027.0, "volume": 4.0}],
        "projects": [{"id": "smelter", "start": 0, "year": 2027.0, "operates": 2028.0, "capacity": 2.0}],
        "depots": [],
    },
    "risk": {
        "expected_loss": EXPECTED_LOSS,
        "cvar": CVAR,
        "cvar_alpha": 0.5,
        "expected_cost": COST,
        "segments": [
            {"segment": "defense", "probability_of_shortage": 0.4, "expected_shortage": 0.4 * 400.0},
            {"segment": "general", "probability_of_shortage": 0.4, "expected_shortage": 0.4 * 330.0},
        ],
        "scenarios": [
            {"id": "", "probability": 0.6, "loss": 0.0},
            {"id": "ban", "probability": 0.4, "loss": 730.0},
        ],
    },
    "tree": [
        {"id": 0, "period": 0, "year": 2027.0, "parent": None, "probability": 1.0, "scenarios": ["", "ban"]},
        {"id": 1, "period": 1, "year": 2028.0, "parent": 0, "probability": 0.6, "scenarios": [""]},
        {"id": 2, "period": 1, "year": 2028.0, "parent": 0, "probability": 0.4, "scenarios": ["ban"]},
    ],
    "operations": OPERATIONS,
}  # fmt: skip


def parts() -> tuple[dict[str, Any], dict[str, Any]]:
    """Copies of the instance and the plan, to be changed."""
    return copy.deepcopy(INSTANCE), copy.deepcopy(PLAN)


def judge(instance: dict[str, Any], plan: dict[str, Any]) -> Certificate:
    """Audit plain data; the plan is for this instance unless it says otherwise."""
    parsed = Instance.parse(instance)
    return audit(parsed, Plan.model_validate({"fingerprint": parsed.fingerprint(), **plan}))


def put(plan: dict[str, Any], variable: str, value: float, **index: str | int) -> None:
    """Set one value of an operation, whether or not the plan lists it already."""
    columns = plan["operations"].setdefault(variable, {**{name: [] for name in index}, "value": []})
    for i in range(len(columns["value"])):
        if all(columns[name][i] == key for name, key in index.items()):
            columns["value"][i] = value
            return
    for name, key in index.items():
        columns[name].append(key)
    columns["value"].append(value)


def families(certificate: Certificate) -> set[str]:
    """Families with a residual beyond the tolerance."""
    return {r.family for r in certificate.residuals if r.relative > certificate.tolerance}
