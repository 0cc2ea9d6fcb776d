"""Knowledge, effects, calm, years and periods (model.md §1 and §2)."""

from __future__ import annotations

from typing import Any

from tests.optimizer.byhand.base import (
    BAN,
    ByHand,
    by_hand,
    commerce,
    contract,
    cut,
    good,
    held,
    hit,
    need,
    offer,
    plant,
    vault,
)


def sellable(effect: dict[str, Any]) -> ByHand:
    """Something is hit in the second year with probability ½ that ends calm, and nothing is missing.

    The price rises from 10 to 30. 100 t in stock: sold at once they bring 1000; kept, they bring 3000 where
    it is still calm and nothing where it is not, 1500 in expectation.
    """
    return by_hand(
        -1500.0,
        commodities=[good(price=[10.0, 30.0], sale_limit=100.0, sale_factor=1.0)],
        market=[commerce(300.0)],
        spot=[offer(premium=9.0)],
        agreements=[contract(price=900.0)],
        projects=[plant(existing_capacity=10.0, opex=900.0)],
        industries=[
            {
                "id": "chips",
                "segment": "chips",
                "output": 1.0,
                "needs": {"ga": 10.0},
                "loss": [{"share": 1.0, "factor": 1.0}],
            },
        ],
        depots=[vault()],
        opening_stock=[held(100.0)],
        scenarios=[hit(effect)],
    )


WORLD = {
    # Two bans begin alike in the second year; one ends with it, one lasts. A stranger's offer of 60 USD/t
    # stands in the second year only. 100 t for that year: 0.5·6000 = 3000. 100 t more for the third would
    # help with probability ½ only: 60 > 0.5·100, so nobody buys them: 0.25·100·100 = 2500.
    "order-of-names": by_hand(
        5500.0,
        periods=3,
        market=[commerce()],
        spot=[offer(quantity=[0.0, 200.0, 0.0], premium=5.0)],
        depots=[vault()],
        scenarios=[
            hit(cut(countries=["CHN", "AUS"]), name="short", probability=0.25),
            hit(cut(countries=["AUS", "CHN"]), name="long", probability=0.25, duration=2),
        ],
    ),
    # The ban names AUS and the group of CHN, gallium and the material of germanium: all 100 t of one and
    # all 50 t of the other are cut, 0.5·150·100 = 7500.
    "unions": by_hand(
        7500.0,
        commodities=[good(), good("ge")],
        demand=[need(), need("ge-use", "ge", 50.0)],
        market=[commerce(60.0), commerce(40.0, country="AUS"), commerce(50.0, "ge")],
        scenarios=[
            hit(cut(countries=["AUS"], groups=["adversary"], commodities=["ga"], materials=["ge-ium"]))
        ],
    ),
    # A plant makes slag and gallium for 10 USD. Gallium is cut everywhere, so the plant is too, although
    # slag is its first product: 0.5·100·100 = 5000 in the second year; in the first and in calm commerce
    # has enough.
    "any-output": by_hand(
        5000.0,
        commodities=[good(), good("slag")],
        market=[commerce()],
        projects=[plant(outputs={"slag": 1.0, "ga": 1.0}, existing_capacity=100.0, opex=10.0)],
        scenarios=[hit(cut(commodities=["ga"]))],
    ),
    # An effect on member "offer" leaves the other offer alone: 50 t of it at 10, 50 t short. First year and
    # calm: 100 t at 10. 1000 + 0.5·1000 + 0.5·(500 + 5000) = 4250.
    "members": by_hand(
        4250.0,
        spot=[offer(quantity=50.0), offer("other", quantity=50.0)],
        scenarios=[hit(cut(members=["offer"]))],
    ),
    **{
        f"calm-{channel}": sellable(cut(0.5, channels=[channel]))
        for channel in ("market", "spot", "agreement", "project")
    },
    "calm-price": sellable({"kind": "price", "factor": 2.0}),
    "calm-demand": sellable({"kind": "demand", "factor": 2.0, "segments": ["general"]}),
    "calm-industry": sellable({"kind": "demand", "factor": 2.0, "segments": ["chips"]}),
    # A lead of half a year is ⌊0.5 + ½⌋ = 1 year: all short in the first, 100 t for 10 in the second.
    "half-a-period": by_hand(11000.0, projects=[plant(capacity={"max": 100.0}, lead_years=0.5, opex=10.0)]),
    # Half-years; ramp 0.5, then 1. Needed 50 t a period; delivered 25, 25, 50, 50, 50, 50 t. 250·10 +
    # 50·100 = 7500.
    "half-years": by_hand(
        7500.0, periods=6, years=0.5, agreements=[contract(term_years=3.0, ramp=[0.5, 1.0])]
    ),
    # A demand effect of 1.5 on gallium: 50 t beyond what commerce has, 0.5·50·100 = 2500; one on the
    # segment of an industry (10 t, 1000 USD, loss 0.2 per USD) doubles needs and output: nothing is left
    # for it, so it is cut whole: 1000·0.2 in calm years, 2000·0.2 in the crisis: 200 + 0.5·200 + 0.5·400 =
    # 500.
    "surge": by_hand(
        3000.0,
        market=[commerce()],
        industries=[
            {
                "id": "chips",
                "segment": "chips",
                "output": 1000.0,
                "needs": {"ga": 10.0},
                "loss": [{"share": 1.0, "factor": 0.2}],
            },
        ],
        scenarios=[
            hit(
                {"kind": "demand", "factor": 1.5, "commodities": ["ga"]},
                {"kind": "demand", "factor": 2.0, "segments": ["chips"]},
            ),
        ],
    ),
    # Two effects of ½ together leave a quarter: 75 t short, 0.5·75·100 = 3750.
    "effects-multiply": by_hand(
        3750.0,
        market=[commerce()],
        scenarios=[hit(cut(0.5, countries=["CHN"]), cut(0.5, groups=["adversary"]))],
    ),
    # The same ban from the first period on: two nodes there. 0.5·2·100·100 = 10000.
    "from-the-start": by_hand(10000.0, market=[commerce()], scenarios=[hit(BAN, start=0, duration=2)]),
}
