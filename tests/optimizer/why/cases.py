"""One year, 100 t of gallium wanted, all of it from CHN, which sells nothing under a ban of probability ½.

Short of 100 t, consumers lose 900 USD/t on the first 60 t that come back and 500 USD/t on the other 40. What
is bought arrives under the ban only: without it there is no gap to fill. Nothing is discounted, so a tonne
under the ban counts half.
"""

from __future__ import annotations

from typing import Any

from models.instance import Instance
from models.options import Options
from models.plan import Plan
from optimizer.solve import solve
from optimizer.why.ground import Ground

EXACT = Options(relative_gap=0.0, threads=1)
BASE: dict[str, Any] = {
    "schema_version": "1",
    "name": "ban",
    "horizon": {"start_year": 2027, "periods": 1},
    "countries": [
        {"id": "AUS", "name": "Australia", "group": "ally"},
        {"id": "CHN", "name": "China", "group": "adversary"},
    ],
    "commodities": [{"id": "ga", "name": "gallium", "material": "gallium", "stage": "metal", "price": 700.0}],
    "demand": [
        {
            "id": "ga:all",
            "commodity": "ga",
            "segment": "defense",
            "quantity": 100.0,
            "shortage_cost": [{"share": 0.4, "cost": 500.0}, {"share": 0.6, "cost": 900.0}],
        }
    ],
    "market": [{"commodity": "ga", "country": "CHN", "quantity": 100.0}],
    "scenarios": [
        {
            "id": "ban",
            "probability": 0.5,
            "events": [
                {
                    "id": "ban",
                    "start": 0,
                    "duration": 1,
                    "effects": [{"kind": "supply", "factor": 0.0, "countries": ["CHN"]}],
                }
            ],
        }
    ],
}


def agreement(
    id_: str = "aus", *, price: float, most: float, least: float = 0.0, **more: Any
) -> dict[str, Any]:
    """An agreement for one year; without least volume and signing cost unless they are given."""
    return {
        "id": id_,
        "supplier": f"Gallium of {id_}",
        "country": "AUS",
        "commodity": "ga",
        "term_years": 1.0,
        "volume": {"min": least, "max": most},
        "price": {"kind": "fixed", "value": price},
        **more,
    }


def spot(premium: float, quantity: float = 50.0) -> dict[str, Any]:
    """A spot offer of one tier at 700 USD/t and a premium."""
    tiers = [{"quantity": quantity, "premium": premium}]
    return {"id": "spot", "commodity": "ga", "country": "AUS", "tiers": tiers}


def refinery(capex: float, **more: Any) -> dict[str, Any]:
    """A refinery of up to 50 t a year at 100 USD/t, half of its capex public."""
    return {
        "id": "refinery",
        "kind": "processing",
        "country": "AUS",
        "outputs": {"ga": 1.0},
        "capacity": {"min": 0.0, "max": 50.0},
        "capex_per_unit": capex,
        "public_share": 0.5,
        "opex": 100.0,
        **more,
    }


def instance(**tables: Any) -> Instance:
    """The instance with more tables."""
    return Instance.parse({**BASE, **tables})


def solved(**tables: Any) -> tuple[Instance, Plan]:
    """The instance and its optimum."""
    there = instance(**tables)
    return there, solve(there, EXACT)


def ground(**tables: Any) -> Ground:
    """Ready to be asked."""
    return Ground(*solved(**tables), EXACT)


def bought(plan: Plan, name: str) -> float:
    """Tonnes of an operation over all nodes."""
    return float(sum(map(float, plan.operations.get(name, {}).get("value", []))))
