"""Concentration and chance (model.md §4.14 and §4.15)."""

from __future__ import annotations

from typing import Any

from tests.optimizer.byhand.base import BAN, by_hand, commerce, good, hit, need, offer

DEAR = offer(premium=19.0)
"""200 USD/t: dearer than a shortage, so nobody buys it unless a rule asks for it."""
BANS = [hit(BAN, probability=0.3), hit(BAN, name="early", start=0, probability=0.2)]
ARMS = {
    "id": "arms",
    "segment": "defense",
    "output": 1000.0,
    "needs": {"ge": 10.0},
    "loss": [{"share": 1.0, "factor": 0.5}],
}


def owed(probability: float, segment: str = "general", **more: Any) -> dict[str, Any]:
    """One rule on the chance of service."""
    return {"segment": segment, "probability": probability, **more}


def both_hit(**rule: Any) -> dict[str, Any]:
    """Gallium for defense and an industry that needs germanium; 30 % that both stop, at a shortage of 100
    USD/t and a loss of 0.5·1000. On offer at 200 USD/t."""
    return {
        "commodities": [good(), good("ge")],
        "demand": [need(segment="defense")],
        "industries": [ARMS],
        "market": [commerce(), commerce(10.0, "ge")],
        "spot": [DEAR, offer("ge-offer", commodity="ge", premium=19.0)],
        "risk": {"chance": [owed(0.9, "defense", **rule)]},
        "scenarios": [hit(BAN, probability=0.3)],
    }


RULES = {
    # ---- 4.15 chance
    # Served undisturbed: 0.5. With the early ban as well it is 0.7, with the other 0.8, both enough. Early:
    # 0.2·100·200 + 0.3·100·100.
    "chance": by_hand(
        7000.0, market=[commerce()], spot=[DEAR], risk={"chance": [owed(0.6)]}, scenarios=BANS
    ),
    # Four fifths of it: 0.2·(80·200 + 20·100) + 0.3·100·100.
    "chance-part": by_hand(
        6600.0,
        market=[commerce()],
        spot=[DEAR],
        risk={"chance": [owed(0.6, min_fraction=0.8)]},
        scenarios=BANS,
    ),
    # Half is asked for, and given without a ban: 0.5·100·100.
    "chance-anyway": by_hand(
        5000.0, market=[commerce()], spot=[DEAR], risk={"chance": [owed(0.5)]}, scenarios=BANS
    ),
    # The ban of probability 0 could not be served, and need not be.
    "chance-of-nothing": by_hand(
        0.0, market=[commerce()], risk={"chance": [owed(1.0)]}, scenarios=[hit(BAN, probability=0.0)]
    ),
    # It could not be served either, and would have to be.
    "chance-none": by_hand(
        None, market=[commerce()], risk={"chance": [owed(0.9)]}, scenarios=[hit(BAN, probability=0.2)]
    ),
    # Defense is owed half of both with 0.9, so in the ban as well: 0.3·(50·200 + 50·100 + 5·200 + 0.25·1000).
    "chance-industry": by_hand(4875.0, **both_hit(min_fraction=0.5)),
    # Of gallium only, so the industry is cut: 0.3·(100·200 + 0.5·1000).
    "chance-commodity": by_hand(6150.0, **both_hit(commodities=["ga"])),
}
