"""A small world with hazards: one metal from two countries, both may be cut."""

from __future__ import annotations

from typing import Any

from models.instance import Instance

Raw = dict[str, Any]


def cut(country: str, factor: float) -> Raw:
    return {"kind": "supply", "factor": factor, "countries": [country], "channels": ["market"]}


def hazard(name: str, country: str = "AAA", **fields: Any) -> Raw:
    """A hazard with one level, which halves what comes from its country; it ends after one period."""
    levels = [{"id": "only", "effects": [cut(country, 0.5)]}]
    return {"id": name, "country": country, "rate": 0.0, "ending_rate": 50.0, "levels": levels, **fields}


def at(period: int, probability: float = 1.0, **fields: Any) -> Raw:
    """A start on a date."""
    return {"dated": {"period": period, "probability": probability, **fields}}


def world(*hazards: Raw, periods: int = 6, **tables: Any) -> Instance:
    """Demand of 10 t/yr of one metal, 5 from AAA and 5 from BBB; a shortage costs 100 USD/t."""
    raw: Raw = {
        "schema_version": "1",
        "name": "hazardous",
        "horizon": {"start_year": 2027, "periods": periods},
        "countries": [
            {"id": "AAA", "name": "A", "group": "one"},
            {"id": "BBB", "name": "B", "group": "other"},
        ],
        "commodities": [{"id": "m", "name": "m", "material": "metal", "stage": "refined", "price": 10.0}],
        "demand": [
            {
                "id": "m:all",
                "commodity": "m",
                "segment": "all",
                "quantity": 10.0,
                "shortage_cost": [{"share": 1.0, "cost": 100.0}],
            }
        ],
        "market": [
            {"commodity": "m", "country": "AAA", "quantity": 5.0},
            {"commodity": "m", "country": "BBB", "quantity": 5.0},
        ],
        "hazards": list(hazards),
    }
    return Instance.parse(raw | tables)
