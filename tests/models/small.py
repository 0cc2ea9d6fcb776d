"""A small instance with a row in every table: what tests break, one thing at a time."""

from __future__ import annotations

import copy
from typing import Any

Raw = dict[str, Any]

SMALL: Raw = {
    "schema_version": "1",
    "name": "small",
    "description": "Every table has a row.\nNothing is meant by the numbers.",
    "discount_rate": 0.03,
    "horizon": {"start_year": 2027, "periods": 4, "period_years": 1.0},
    "countries": [
        {"id": "USA", "name": "United States", "group": "domestic"},
        {"id": "AUS", "name": "Australia", "group": "ally", "risk": 0.1},
        {"id": "CHN", "name": "China", "group": "adversary", "risk": 0.8},
    ],
    "commodities": [
        {"id": "ore", "name": "bauxite liquor", "material": "gallium", "stage": "ore", "price": 100.0},
        {
            "id": "ga",
            "name": "gallium",
            "material": "gallium",
            "stage": "refined",
            "price": [500_000.0, 510_000.0, 520_000.0, 530_000.0],
            "stowage": 2.0,
        },
        {"id": "ge", "name": "germanium", "material": "germanium", "stage": "refined", "price": 1_500_000.0},
    ],
    "private_stock": [{"commodity": "ga", "quantity": 1.0}],
    "demand": [
        {
            "id": "ga:defense",
            "commodity": "ga",
            "segment": "defense",
            "quantity": 5.0,
            "shortage_cost": [{"share": 0.5, "cost": 2e6}, {"share": 0.5, "cost": [8e6, 8e6, 9e6, 9e6]}],
        },
        {
            "id": "ge:general",
            "commodity": "ge",
            "segment": "general",
            "quantity": 10.0,
            "shortage_cost": [{"share": 1.0, "cost": 9e6}],
        },
    ],
    "industries": [
        {
            "id": "chips",
            "segment": "electronics",
            "output": 1e8,
            "needs": {"ga": 3.0, "ge": [1.0, 1.0, 2.0, 2.0]},
            "loss": [{"share": 0.4, "factor": 0.3}, {"share": 0.6, "factor": 1.0}],
        }
    ],
    "market": [
        {"commodity": "ga", "country": "CHN", "quantity": 16.0},
        {"commodity": "ge", "country": "AUS", "via": ["CHN"], "quantity": 8.0},
    ],
    "spot": [
        {
            "id": "ga-spot",
            "commodity": "ga",
            "country": "AUS",
            "tiers": [{"quantity": 2.0, "premium": 0.05}, {"quantity": 4.0, "premium": 0.4}],
        }
    ],
    "agreements": [
        {
            "id": "ga-off",
            "supplier": "An offtake",
            "country": "AUS",
            "commodity": "ga",
            "starts": [0, 1],
            "term_years": 4.0,
            "volume": {"min": 2.0, "max": 8.0},
            "price": {"kind": "index", "premium": 0.1, "floor": 4e5, "ceiling": [6e5, 6e5, 7e5, 7e5]},
            "requires": ["plant"],
        },
        {
            "id": "ge-off",
            "supplier": "Another",
            "country": "USA",
            "commodity": "ge",
            "term_years": 2.0,
            "volume": {"max": 3.0},
            "price": {"kind": "fixed", "value": 1.4e6},
        },
    ],
    "projects": [
        {
            "id": "plant",
            "kind": "processing",
            "country": "USA",
            "inputs": {"ore": 20.0},
            "outputs": {"ga": 1.0},
            "capacity": {"min": 1.0, "max": 10.0},
            "starts": [0, 1],
            "lead_years": 1.0,
            "spend_profile": [0.6, 0.4],
            "requires": ["smelter"],
        },
        {
            "id": "smelter",
            "kind": "processing",
            "country": "USA",
            "outputs": {"ge": 1.0, "ore": 0.5},
            "existing_capacity": 1.0,
            "offtake_share": 0.5,
            "must_run": True,
            "support": {"commodity": "ge", "strike": 1.6e6, "upside_share": 0.5},
        },
    ],
    "choices": [{"id": "one", "members": ["ga-off", "plant", "vault"], "min": 0, "max": 2}],
    "depots": [
        {"id": "yard", "country": "USA", "capacity": 100.0},
        {"id": "vault", "country": "AUS", "capacity": 50.0, "optional": True},
    ],
    "opening_stock": [
        {"commodity": "ga", "depot": "yard", "quantity": 10.0},
        {"commodity": "ga", "depot": "yard", "quantity": 5.0},
    ],
    "substitutions": [{"id": "swap", "demand": "ga:defense", "commodity": "ge", "max_share": 0.2}],
    "budget": {
        "envelope": 1e9,
        "sources": [
            {"id": "loan", "kind": "loan", "amount": 1e9, "available": [1e9, 0.0, 0.0, 0.0], "rate": 0.05}
        ],
    },
    "allocations": [
        {"id": "home", "where": {"groups": ["domestic"], "members": ["plant"]}, "min": 0.0, "max": 1e9}
    ],
    "risk": {
        "shares": [{"groups": ["adversary"], "commodities": ["ga"], "max_share": 0.5}],
        "exposure_limit": 0.5,
        "cover": [{"commodity": "ga", "segments": ["defense"], "days": 60.0, "from_period": 1}],
        "service": [{"segment": "electronics", "min_fraction": 0.1}],
        "concentration": [{"commodities": ["ga"], "hhi": 0.9}],
        "chance": [{"segment": "defense", "min_fraction": 0.5, "probability": 0.8}],
    },
    "scenarios": [
        {
            "id": "ban",
            "probability": 0.3,
            "events": [
                {
                    "id": "e",
                    "start": 1,
                    "duration": 2,
                    "effects": [
                        {
                            "kind": "supply",
                            "factor": 0.0,
                            "countries": ["CHN"],
                            "channels": ["market", "spot"],
                        },
                        {"kind": "price", "factor": 2.0, "materials": ["gallium"]},
                        {"kind": "demand", "factor": 1.5, "segments": ["defense"], "commodities": ["ga"]},
                    ],
                },
                {
                    "id": "f",
                    "start": 2,
                    "duration": 9,
                    "effects": [
                        {"kind": "supply", "factor": 0.5, "members": ["ga-spot", "ga-off", "plant", "vault"]}
                    ],
                },
            ],
        },
        {"id": "short ban", "probability": 0.3, "events": [{"id": "e", "start": 1, "duration": 1}]},
    ],
    "hazards": [
        {
            "id": "licence",
            "country": "CHN",
            "rate": 0.2,
            "ending_rate": 0.12,
            "levels": [
                {
                    "id": "strict",
                    "probability": 0.25,
                    "effects": [
                        {"kind": "supply", "factor": 0.1, "countries": ["CHN"], "materials": ["gallium"]},
                        {"kind": "price", "factor": 1.5},
                    ],
                },
                {
                    "id": "lenient",
                    "probability": 0.75,
                    "effects": [
                        {"kind": "supply", "factor": 0.6, "countries": ["CHN"], "materials": ["gallium"]}
                    ],
                },
            ],
        },
        {
            "id": "embargo",
            "country": "CHN",
            "after": ["licence"],
            "after_rate": 0.3,
            "ending_rate": 1.07,
            "becomes": "licence",
            "becomes_probability": 0.5,
            "replaces": ["licence"],
            "dated": {"period": 1, "probability": 0.2, "level": "only"},
            "levels": [
                {
                    "id": "only",
                    "effects": [
                        {"kind": "supply", "factor": 0.1, "countries": ["CHN"], "materials": ["gallium"]}
                    ],
                }
            ],
        },
    ],
    "regimes": [
        {
            "country": "CHN",
            "tense_rate": 0.05,
            "calm_rate": 0.25,
            "tense_at_start": 0.2,
            "calm_factor": 0.5,
            "tense_factor": 3.0,
        }
    ],
    "hazard_rates": [
        {"id": "high", "factor": 4.0, "hazards": ["licence", "embargo"]},
        {"id": "more", "factor": 2.0},
    ],
    "objective": {"cvar_weight": 0.5, "cvar_alpha": 0.9},
}

# The second scenario begins like the first.
SMALL["scenarios"][1]["events"][0]["effects"] = copy.deepcopy(SMALL["scenarios"][0]["events"][0]["effects"])


class _Gone:
    def __repr__(self) -> str:
        return "GONE"


GONE = _Gone()
"""Stands for: take the field away."""


def small(changes: dict[str, Any] | None = None) -> Raw:
    """The small instance with values put at paths: ``{"demand.0.quantity": -1}``."""
    raw = copy.deepcopy(SMALL)
    for path, value in (changes or {}).items():
        *above, last = path.split(".")
        target: Any = raw
        for part in above:
            target = target[int(part)] if isinstance(target, list) else target[part]
        if value is GONE:
            del target[int(last) if isinstance(target, list) else last]
        elif isinstance(target, list):
            target[int(last)] = value
        else:
            target[last] = value
    return raw
