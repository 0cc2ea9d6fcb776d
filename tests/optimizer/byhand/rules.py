"""Concentration and chance (model.md §4.14 and §4.15)."""

from __future__ import annotations

from typing import Any

from tests.optimizer.byhand.base import BAN, by_hand, commerce, good, hit, need, offer, plant

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


AUS = offer("far", premium=1.0, country="AUS")
"""20 USD/t from another country."""
NOW, THEN = offer(quantity=[100.0, 0.0]), offer("far", quantity=[0.0, 100.0], country="AUS")
"""One country sells in the first year, the other in the second, both for 10 USD/t."""


def spread(hhi: float, **more: Any) -> dict[str, Any]:
    """One rule on concentration."""
    return {"concentration": [{"hhi": hhi, **more}]}


RULES = {
    # ---- 4.14 concentration
    # 5/8 are 0.75² + 0.25²: a quarter of 200 t for 20, the rest for 10.
    "concentration": by_hand(2500.0, spot=[offer(), AUS], risk=spread(0.625)),
    # The same of each of two metals, and of the second only if it alone is named: 10 t a year of it.
    "concentration-each": by_hand(
        2750.0,
        commodities=[good(), good("ge")],
        demand=[need(), need("ge-use", "ge", 10.0)],
        spot=[
            offer(),
            AUS,
            offer("ge-offer", commodity="ge"),
            offer("ge-far", commodity="ge", premium=1.0, country="AUS"),
        ],
        risk=spread(0.625),
    ),
    "concentration-named": by_hand(
        2250.0,
        commodities=[good(), good("ge")],
        demand=[need(), need("ge-use", "ge", 10.0)],
        spot=[
            offer(),
            AUS,
            offer("ge-offer", commodity="ge"),
            offer("ge-far", commodity="ge", premium=1.0, country="AUS"),
        ],
        risk=spread(0.625, commodities=["ge"]),
    ),
    # Half from each over both years, though all from one in each.
    "concentration-along": by_hand(2000.0, spot=[NOW, THEN], risk=spread(0.5)),
    # The crisis doubles the price of the second year, which is then not calm: what is bought in it for 20
    # does not count, and the first year has one country only, so nothing may be bought. Undisturbed nothing
    # may be bought in the second either. 10000 + 0.5·10000 + 0.5·2000.
    "concentration-on-each-path": by_hand(
        16000.0,
        spot=[NOW, THEN],
        risk=spread(0.5),
        scenarios=[hit({"kind": "price", "factor": 2.0})],
    ),
    # Two countries cannot come below a half.
    "concentration-too-few": by_hand(20000.0, spot=[offer(), AUS], risk=spread(0.4)),
    # A third from each of three. One has 20 t a year only, so 60 t come at 10, 20 and 30 USD/t; 40 t are
    # short.
    "concentration-of-three": by_hand(
        2 * (20.0 * 10.0 + 20.0 * 20.0 + 20.0 * 30.0 + 40.0 * 100.0),
        spot=[
            offer(),
            AUS,
            offer("third", quantity=20.0, premium=2.0, country="CHN"),
        ],
        risk=spread(1 / 3),
    ),
    # Half of what the plant makes is the agency's, at 30 USD/t; the rest goes to consumers without it. Three
    # quarters from the offer: 60 t for 10 and 20 t of 40, so 100 with the owner's 20. 2·(600 + 600).
    "concentration-project": by_hand(
        2400.0,
        spot=[offer()],
        projects=[plant(country="AUS", existing_capacity=100.0, offtake_share=0.5, opex=30.0)],
        risk=spread(0.625),
    ),
    # ---- 4.15 chance
    # Served undisturbed: 0.5. With the early ban as well it is 0.7, with the other 0.8, both enough. Early:
    # 0.2·100·200 + 0.3·100·100.
    "chance": by_hand(7000.0, market=[commerce()], spot=[DEAR], risk={"chance": [owed(0.6)]}, scenarios=BANS),
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
