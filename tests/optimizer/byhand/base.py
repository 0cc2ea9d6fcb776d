"""The smallest instance, and short forms of the rows that the others add to it.

Two years, no discounting. Consumers need 100 t of gallium a year; a missing tonne costs 100 USD. The
reference price is 10 USD/t. There is no other supply than what an instance adds, so that without any
2·100·100 = 20000 USD are lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.instance import Instance

Row = dict[str, Any]


@dataclass(frozen=True)
class ByHand:
    """An instance and its optimum, worked out by hand."""

    raw: Row
    optimum: float | None
    """USD; None if nothing satisfies every rule."""

    @property
    def instance(self) -> Instance:
        """The instance, checked."""
        return Instance.parse(self.raw)


def good(name: str = "ga", **more: Any) -> Row:
    """A commodity at 10 USD/t."""
    return {"id": name, "name": name, "material": f"{name}-ium", "stage": "metal", "price": 10.0, **more}


def need(
    name: str = "use", commodity: str = "ga", quantity: Any = 100.0, cost: Any = 100.0, **more: Any
) -> Row:
    """A demand with one tier of shortage cost."""
    tiers = [{"share": 1.0, "cost": cost}]
    row = {"id": name, "commodity": commodity, "segment": "general", "quantity": quantity}
    return {**row, "shortage_cost": tiers, **more}


def commerce(quantity: Any = 100.0, commodity: str = "ga", country: str = "CHN") -> Row:
    """A market row."""
    return {"commodity": commodity, "country": country, "quantity": quantity}


def offer(
    name: str = "offer", quantity: Any = 100.0, premium: float = 0.0, commodity: str = "ga", **more: Any
) -> Row:
    """A spot offer of one tier."""
    tiers = [{"quantity": quantity, "premium": premium}]
    return {"id": name, "commodity": commodity, "country": "USA", "tiers": tiers, **more}


def contract(
    name: str = "contract", most: float = 100.0, price: Any = 10.0, least: float = 0.0, **more: Any
) -> Row:
    """A purchase agreement over two years at a fixed price."""
    return {
        "id": name, "supplier": name, "country": "USA", "commodity": "ga", "term_years": 2.0,
        "volume": {"min": least, "max": most}, "price": {"kind": "fixed", "value": price}, **more,
    }  # fmt: skip


def plant(name: str = "plant", **more: Any) -> Row:
    """A project that makes gallium for the agency."""
    return {"id": name, "kind": "processing", "country": "USA", "outputs": {"ga": 1.0}, **more}


def vault(name: str = "vault", **more: Any) -> Row:
    """A depot without limits."""
    return {"id": name, "country": "USA", **more}


def held(quantity: float, commodity: str = "ga") -> Row:
    """Opening stock in the vault."""
    return {"commodity": commodity, "depot": "vault", "quantity": quantity}


def hit(
    *effects: Row, name: str = "crisis", probability: float = 0.5, start: int = 1, duration: int = 1
) -> Row:
    """A scenario of one event."""
    event = {"id": "event", "start": start, "duration": duration, "effects": list(effects)}
    return {"id": name, "probability": probability, "events": [event]}


def cut(factor: float = 0.0, **selector: Any) -> Row:
    """A supply effect."""
    return {"kind": "supply", "factor": factor, **selector}


BAN = cut(countries=["CHN"])


def by_hand(
    optimum: float | None, *, periods: int = 2, years: float = 1.0, rate: float = 0.0, **tables: Any
) -> ByHand:
    """The smallest instance with some tables added or replaced."""
    raw: Row = {
        "schema_version": "1",
        "name": "by hand",
        "discount_rate": rate,
        "horizon": {"start_year": 2027, "periods": periods, "period_years": years},
        "countries": [
            {"id": "USA", "name": "United States", "group": "domestic"},
            {"id": "AUS", "name": "Australia", "group": "ally", "risk": 0.1},
            {"id": "CHN", "name": "China", "group": "adversary", "risk": 0.8},
        ],
        "commodities": [good()],
        "demand": [need()],
    }
    return ByHand({**raw, **tables}, optimum)
