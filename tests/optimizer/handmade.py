"""A small instance and a plan for it made by hand, whose every figure can be checked with a pencil.

Two years, three nodes: 0 (2027), 1 (2028 undisturbed, 0.75), 2 (2028 under the ban, 0.25). The ban closes CHN
and doubles the price of gallium. The plan is feasible, not optimal.
"""

from __future__ import annotations

from typing import Any

from models.instance import Instance
from models.plan import Plan

INSTANCE: dict[str, Any] = {
    "schema_version": "1",
    "name": "by hand",
    "discount_rate": 0.0,
    "horizon": {"start_year": 2027, "periods": 2},
    "countries": [
        {"id": "USA", "name": "United States", "group": "domestic"},
        {"id": "AUS", "name": "Australia", "group": "ally"},
        {"id": "CHN", "name": "China", "group": "adversary"},
    ],
    "commodities": [
        {"id": "ga", "name": "gallium", "material": "gallium", "stage": "metal", "price": 100.0,
         "storage_cost": 2.0, "release_factor": 0.5},
        {"id": "zn", "name": "zinc", "material": "zinc", "stage": "metal", "price": 50.0,
         "disposal_cost": 1.0},
    ],
    "demand": [
        {"id": "ga:essential", "commodity": "ga", "segment": "essential", "quantity": 10.0,
         "shortage_cost": [{"share": 0.5, "cost": 300.0}, {"share": 0.5, "cost": 900.0}]},
    ],
    "industries": [
        {"id": "chips", "segment": "defense", "output": 1000.0, "needs": {"ga": 5.0},
         "loss": [{"share": 1.0, "factor": 0.5}]},
    ],
    "market": [{"commodity": "ga", "country": "CHN", "quantity": 15.0}],
    "spot": [
        {"id": "ga-spot", "commodity": "ga", "country": "AUS",
         "tiers": [{"quantity": 1.0, "premium": 0.1}, {"quantity": 2.0, "premium": 0.5}]},
    ],
    "agreements": [
        {"id": "ga-aus", "supplier": "Aussie Gallium", "country": "AUS", "commodity": "ga", "term_years": 2.0,
         "volume": {"min": 1.0, "max": 5.0}, "take_or_pay": 1.0, "price": {"kind": "index", "ceiling": 150.0},
         "signing_cost": 50.0, "prepayment": 10.0},
    ],
    "projects": [
        {"id": "smelter", "kind": "processing", "country": "USA", "outputs": {"zn": 1.0, "ga": 0.5},
         "capacity": {"min": 0.0, "max": 4.0}, "lead_years": 1.0, "capex_fixed": 100.0,
         "capex_per_unit": 75.0, "public_share": 0.5, "offtake_share": 0.25, "opex": 8.0, "must_run": True,
         "support": {"commodity": "zn", "strike": 60.0}},
    ],
    "depots": [
        {"id": "vault", "country": "USA", "capacity": 100.0, "optional": True, "opening_cost": 30.0,
         "handling_cost": 1.0},
    ],
    "budget": {
        "envelope": 2000.0,
        "opening_cash": 100.0,
        "sources": [
            {"id": "approp", "kind": "appropriation", "amount": 600.0},
            {"id": "vault-loan", "kind": "loan", "amount": 1500.0, "rate": 0.1, "fee": 0.02},
        ],
    },
    "risk": {"cover": [{"commodity": "ga", "days": 73.0}]},
    "scenarios": [
        {"id": "ban", "probability": 0.25, "events": [
            {"id": "ban", "start": 1, "duration": 1, "effects": [
                {"kind": "supply", "factor": 0.0, "countries": ["CHN"]},
                {"kind": "price", "factor": 2.0, "commodities": ["ga"]},
            ]},
        ]},
    ],
}  # fmt: skip


def instance(**changes: Any) -> Instance:
    """The instance, with some top-level fields replaced."""
    return Instance.parse({**INSTANCE, **changes})


# Year 1 (node 0). Out: signing 50, prepayment 10·4 = 40, deliveries 4·100 = 400, spot 1·110 = 110, opening
# 30, capex 0.5·(100 + 75·4) = 200 (all in the one period of the lead), handling 5, storage 5·2 = 10: 845.
# In: 100 cash, 600 approp, 200 from the loan less 2 % = 196: 896. Left: 51.
#
# The smelter runs 4 in 2028: the agency gets a quarter, 1 t zinc (scrapped: 1) and 0.5 t gallium, pays opex
# 0.25·8·4 = 8 and support on the owner's zinc max(0, 60 - 50)·0.75·4 = 30.
# Year 2, node 1. Deliveries 4·100 = 400, handling 4.5, storage 9.5·2 = 19, opex 8, support 30, scrap 1:
# 462.5; interest 20. In: loan 450 less 9 = 441. Left: 51 + 441 - 482.5 = 9.5.
# Node 2. Price 200, ceiling 150: deliveries 4·150 = 600 (released at once with stock 5 and 0.5 made: 9.5 t at
# 0.5·200 = 950 proceeds), handling 5, opex 8, support 30, scrap 1: 644; interest 20. Nothing drawn;
# repaid 200. Left: 51 + 950 - 644 - 20 - 200 = 137. Needs 15 t: 9.5 from the reserve, 1.5 from the smelter's
# owner; 3 t short in the first tier (900 USD), chips cut by 0.2 (1 t, 1000·0.5·0.2 = 100 USD). Loss 1000.
OPERATIONS: dict[str, dict[str, list[Any]]] = {
    "deliver": {"agreement": ["ga-aus"] * 3, "node": [0, 1, 2], "value": [4.0, 4.0, 4.0]},
    "spot": {"offer": ["ga-spot"], "tier": [0], "node": [0], "value": [1.0]},
    "run": {"project": ["smelter"] * 2, "node": [1, 2], "value": [4.0, 4.0]},
    "scrap": {"commodity": ["zn"] * 2, "node": [1, 2], "value": [1.0, 1.0]},
    "bought": {"commodity": ["ga"] * 3, "node": [0, 1, 2], "value": [15.0, 15.0, 1.5]},
    "release": {"commodity": ["ga"], "node": [2], "value": [9.5]},
    "inject": {"commodity": ["ga"] * 2, "depot": ["vault"] * 2, "node": [0, 1], "value": [5.0, 4.5]},
    "withdraw": {"commodity": ["ga"], "depot": ["vault"], "node": [2], "value": [5.0]},
    "stock": {"commodity": ["ga"] * 2, "depot": ["vault"] * 2, "node": [0, 1], "value": [5.0, 9.5]},
    "short": {"demand": ["ga:essential"], "tier": [0], "node": [2], "value": [3.0]},
    "cut": {"industry": ["chips"], "tier": [0], "node": [2], "value": [0.2]},
    "draw": {"source": ["approp", "vault-loan", "vault-loan"], "node": [0, 0, 1],
             "value": [600.0, 200.0, 450.0]},
    "repay": {"source": ["vault-loan"], "node": [2], "value": [200.0]},
    "owed": {"source": ["vault-loan"] * 2, "node": [0, 1], "value": [200.0, 650.0]},
    "drawn": {"source": ["approp"] * 3 + ["vault-loan"] * 3, "node": [0, 1, 2, 0, 1, 2],
              "value": [600.0, 600.0, 600.0, 200.0, 650.0, 200.0]},
    "cash": {"node": [0, 1, 2], "value": [51.0, 9.5, 137.0]},
}  # fmt: skip

# Cost: 845 + 0.75·(462.5) + 0.25·(644 - 950) = 845 + 346.875 - 76.5 = 1115.375; finance: fee 0.02·200
# + 0.75·0.02·450 = 10.75, interest 0.1·200 = 20 in both nodes: 30.75. Together 1146.125. Expected loss
# 0.25·1000 = 250; CVaR at 0.95 is 1000. Objective 1396.125.
PLAN: dict[str, Any] = {
    "instance": "by hand",
    "status": "optimal",
    "objective": 1396.125,
    "bound": 1396.0,
    "gap": 0.125,
    "relative_gap": 0.125 / 1396.125,
    "nodes": 3,
    "commitments": {
        "agreements": [{"id": "ga-aus", "start": 0, "year": 2027.0, "volume": 4.0}],
        "projects": [{"id": "smelter", "start": 0, "year": 2027.0, "operates": 2028.0, "capacity": 4.0}],
        "depots": [{"id": "vault"}],
    },
    "risk": {
        "expected_loss": 250.0,
        "cvar": 1000.0,
        "cvar_alpha": 0.95,
        "expected_cost": 1146.125,
        "segments": [
            {"segment": "defense", "probability_of_shortage": 0.25, "expected_shortage": 25.0},
            {"segment": "essential", "probability_of_shortage": 0.25, "expected_shortage": 225.0},
        ],
        "scenarios": [
            {"id": "", "probability": 0.75, "loss": 0.0},
            {"id": "ban", "probability": 0.25, "loss": 1000.0, "days_of_cover": {"ga": 182.5}},
        ],
    },
    "certificate": {
        "passed": True,
        "tolerance": 1e-6,
        "residuals": [{"family": "pool", "residual": 2e-9, "unit": "t", "relative": 1e-10,
                       "row": "ga, node 2"}],
        "largest": {"family": "pool", "residual": 2e-9, "unit": "t", "relative": 1e-10, "row": "ga, node 2"},
        "objective": 1396.125,
        "objective_difference": 0.0,
        "bound": 1396.0,
    },
    "marginal_values": [
        {"kind": "envelope", "item": "budget.envelope", "value": 0.0, "unit": "USD",
         "words": "The envelope does not bind."},
        {"kind": "cover", "item": "ga", "year": 2028.0, "value": 12.5, "unit": "t",
         "words": "Cover of ga in 2028: one tonne less to hold saves 12.50 USD."},
    ],
    "tree": [
        {"id": 0, "period": 0, "year": 2027.0, "parent": None, "probability": 1.0, "scenarios": ["", "ban"]},
        {"id": 1, "period": 1, "year": 2028.0, "parent": 0, "probability": 0.75, "scenarios": [""]},
        {"id": 2, "period": 1, "year": 2028.0, "parent": 0, "probability": 0.25, "scenarios": ["ban"]},
    ],
    "operations": OPERATIONS,
    "effort": {"seconds": {"build": 0.1, "highs": 0.3}, "rows": 10, "columns": 12, "nonzeros": 30,
               "integers": 3},
}  # fmt: skip

NO_PLAN: dict[str, Any] = {
    "instance": "by hand",
    "status": "infeasible",
    "nodes": 3,
    "relaxations": [
        {"family": "cover", "item": "ga", "year": 2028.0, "amount": 1.5, "unit": "t",
         "words": "Cover of ga in 2028 would have to give way by 1.5 t."},
    ],
}  # fmt: skip


def plan(of: Instance | None = None, **changes: Any) -> Plan:
    """The plan for the instance, with some fields replaced."""
    fingerprint = (of or instance()).fingerprint()
    return Plan.model_validate({**PLAN, "fingerprint": fingerprint, **changes})


def no_plan(of: Instance | None = None) -> Plan:
    """What comes out when the instance is infeasible."""
    return Plan.model_validate({**NO_PLAN, "fingerprint": (of or instance()).fingerprint()})


def infeasible(**changes: Any) -> Instance:
    """Demand that must be served to the last tonne, with nothing to serve it from."""
    nothing: dict[str, Any] = {"market": [], "spot": [], "agreements": [], "projects": []}
    service = {"service": [{"segment": "essential", "min_fraction": 1.0}]}
    return instance(**{**nothing, "risk": service, "name": "infeasible", **changes})
