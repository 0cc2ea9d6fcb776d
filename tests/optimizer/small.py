"""One commodity, three years, one ban: small enough for pencil and paper.

Consumers need 365 t of gallium a year, one tonne a day, and buy it from CHN. Under the ban (20 %, 2028 and
2029) CHN sells nothing to anybody. The agency may buy 40 t a year on the spot in AUS, and sign for 10 to
100 t a year in CHN, at 1,000 USD/t both; a tonne short costs 5,000 USD. Nothing is discounted, storing is
free.

Nodes: 0 (2027), 1 (2028), 2 (2029) undisturbed; 3 (2028) and 4 (2029) under the ban.
"""

from __future__ import annotations

import copy
from typing import Any

from models.instance import Instance

COUNTRIES = [
    {"id": "USA", "name": "United States", "group": "domestic"},
    {"id": "AUS", "name": "Australia", "group": "ally", "risk": 0.1},
    {"id": "CHN", "name": "China", "group": "adversary", "risk": 0.8},
]
GALLIUM = {"id": "ga", "name": "gallium", "material": "gallium", "stage": "metal", "price": 1000.0}
DEMAND = {
    "id": "ga:all",
    "commodity": "ga",
    "segment": "defense",
    "quantity": 365.0,
    "shortage_cost": [{"share": 1.0, "cost": 5000.0}],
}
SPOT = {"id": "ga-spot", "commodity": "ga", "country": "AUS", "tiers": [{"quantity": 40.0, "premium": 0.0}]}
AGREEMENT = {
    "id": "ga-chn",
    "supplier": "Gallium of China",
    "country": "CHN",
    "commodity": "ga",
    "term_years": 3.0,
    "volume": {"min": 10.0, "max": 100.0},
    "take_or_pay": 1.0,
    "price": {"kind": "fixed", "value": 1000.0},
}
VAULT = {"id": "vault", "country": "USA"}
BAN = {
    "id": "ban",
    "probability": 0.2,
    "events": [
        {
            "id": "ban",
            "start": 1,
            "duration": 2,
            "effects": [{"kind": "supply", "factor": 0.0, "countries": ["CHN"]}],
        }
    ],
}
BASE: dict[str, Any] = {
    "schema_version": "1",
    "name": "small",
    "horizon": {"start_year": 2027, "periods": 3},
    "countries": COUNTRIES,
    "commodities": [GALLIUM],
    "demand": [DEMAND],
    "market": [{"commodity": "ga", "country": "CHN", "quantity": 365.0}],
    "spot": [SPOT],
    "agreements": [AGREEMENT],
    "depots": [VAULT],
    "scenarios": [BAN],
}
MUST_SIGN = {"id": "must-sign", "members": ["ga-chn"], "min": 1}


def raw(**changes: Any) -> dict[str, Any]:
    """Plain data, with some tables replaced."""
    return copy.deepcopy({**BASE, **changes})


def small(**changes: Any) -> Instance:
    """The instance, with some tables replaced."""
    return Instance.parse(raw(**changes))
