"""Shares, cover, service, loss and objective (model.md §4.10 to §5)."""

from __future__ import annotations

from tests.optimizer.byhand.base import (
    BAN,
    by_hand,
    commerce,
    contract,
    cut,
    good,
    held,
    hit,
    need,
    offer,
    vault,
)

THROUGH = contract("through", country="AUS", via=["CHN"])
LATER = contract("later", price=20.0, starts=[1])
QUARTER = {"shares": [{"countries": ["CHN"], "max_share": 0.25}]}

RISK = {
    # ---- 4.10 shares
    # A quarter at most may come through CHN, over both years together. 100 t of the other contract, in the
    # second year only, allow 33⅓ t in the first: 66⅔ t short. 333.33 + 2000 + 6666.67.
    "share": by_hand(9000.0, agreements=[THROUGH, LATER], risk=QUARTER),
    # In the ban the second year is not calm and makes up for nothing: the first must stand for itself, so
    # all of it is short. Then 25 and 75 t, or 100 t of the other (the ban closes the first). 10000 +
    # 0.5·1750 + 0.5·2000.
    "share-on-each-path": by_hand(11875.0, agreements=[THROUGH, LATER], risk=QUARTER, scenarios=[hit(BAN)]),
    # ---- 4.11 cover
    # 73 days of 100 t/year are 20 t, from the first year (what was before counts as calm): 200, stored
    # twice for 1.
    "cover": by_hand(
        240.0,
        commodities=[good(storage_cost=1.0)],
        market=[commerce()],
        spot=[offer()],
        depots=[vault()],
        risk={"cover": [{"commodity": "ga", "days": 73.0}]},
    ),
    # Half-years, 73 days of the 100 t/year of one segment, from the second period: 20 t for 10, stored at 2
    # a year until the end: periods 1, 2, 3: 200 + 3·20.
    "cover-later": by_hand(
        260.0,
        periods=4,
        years=0.5,
        commodities=[good(storage_cost=2.0)],
        demand=[need(), need("defense", segment="defense")],
        market=[commerce(200.0)],
        spot=[offer()],
        depots=[vault()],
        risk={"cover": [{"commodity": "ga", "segments": ["general"], "days": 73.0, "from_period": 1}]},
    ),
    # Three years; 20 t of cover, bought at 10 in the first. The strike of the second year (no offer, no
    # calm) frees them, so they are released in the place of 20 t missing (20·100 saved); one calm year is
    # left to rebuild, so the third year needs none. Storage 1: 20 in the first, 20 + 20 without the strike.
    # 200 + 20 + 0.5·40.
    "cover-rebuilt": by_hand(
        240.0,
        periods=3,
        commodities=[good(storage_cost=1.0)],
        market=[commerce()],
        spot=[offer()],
        depots=[vault()],
        risk={"cover": [{"commodity": "ga", "days": 73.0}]},
        scenarios=[hit(cut(0.8, countries=["CHN"]), cut(members=["offer"]))],
    ),
    # ---- 4.12 service
    # Gallium for defense: 80 % served. 30 t replaced for nothing, 20 t missing at 1 USD/t, 50 t bought at
    # 10: 520 a year. The rule names gallium: copper for defense may be missing (10 t, 10 USD), and
    # industries of the segment may be cut (0.1·100 USD). 2·540.
    "service": by_hand(
        1080.0,
        commodities=[good(), good("ge"), good("cu")],
        demand=[need(cost=1.0, segment="defense"), need("cu-use", "cu", 10.0, 1.0, segment="defense")],
        industries=[
            {
                "id": "arms",
                "segment": "defense",
                "output": 100.0,
                "needs": {"cu": 10.0},
                "loss": [{"share": 1.0, "factor": 0.1}],
            },
        ],
        spot=[offer(), offer("cu-offer", commodity="cu")],
        substitutions=[{"id": "ge-for-ga", "demand": "use", "commodity": "ge", "max_share": 0.3}],
        depots=[vault()],
        opening_stock=[held(100.0, "ge")],
        risk={"service": [{"segment": "defense", "commodities": ["ga"], "min_fraction": 0.8}]},
    ),
    # 60 % of the industry runs, for 10 USD a tonne, though its loss is 0.1·100: 2·(60 + 4).
    "service-industry": by_hand(
        128.0,
        demand=[],
        industries=[
            {
                "id": "arms",
                "segment": "defense",
                "output": 100.0,
                "needs": {"ga": 10.0},
                "loss": [{"share": 1.0, "factor": 0.1}],
            },
        ],
        spot=[offer()],
        risk={"service": [{"segment": "defense", "min_fraction": 0.6}]},
    ),
    # ---- 4.13 loss
    # 25 % a year; nothing can be done. Undisturbed 20 t a year are short: 2000·(1 + 0.8) = 3600; with the
    # ban 2000 + 0.8·10000 = 10000. E = 6800. The worst 80 %: (0.5·10000 + 0.3·3600)/0.8 = 7600. Half of
    # each.
    "tail": by_hand(
        7200.0,
        rate=0.25,
        market=[commerce(80.0)],
        objective={"cvar_weight": 0.5, "cvar_alpha": 0.2},
        scenarios=[hit(BAN)],
    ),
    # 1000 USD of loss are allowed: 10 t; 190 t at 200 USD, dearer than the shortage.
    "loss-limit": by_hand(39000.0, spot=[offer(premium=19.0)], risk={"expected_loss_limit": 1000.0}),
    # The worse half is the ban: 2000 USD there, 20 t; 80 t at 200. 0.5·16000 + 0.5·2000.
    "cvar-limit": by_hand(
        9000.0,
        market=[commerce()],
        spot=[offer(premium=19.0)],
        risk={"cvar_limit": 2000.0},
        objective={"cvar_alpha": 0.5},
        scenarios=[hit(BAN)],
    ),
    # 100 tCO2e expected: 200 in the ban, 40 t of the first offer (5 a tonne); the rest at 20. 0.5·(400 +
    # 1200).
    "emissions-expected": by_hand(
        800.0,
        market=[commerce()],
        spot=[offer(premium=1.0)],
        agreements=[contract(emissions=5.0)],
        risk={"emissions_limit": 100.0},
        scenarios=[hit(BAN)],
    ),
    # ---- 5 objective
    # 100 t are left, half of the reference price each, whatever the boom does to prices: 500·0.8².
    "terminal": by_hand(
        -320.0,
        rate=0.25,
        commodities=[good(terminal_factor=0.5)],
        market=[commerce()],
        depots=[vault()],
        opening_stock=[held(100.0)],
        scenarios=[hit({"kind": "price", "factor": 3.0})],
    ),
    # 60 t at 10 and 40 t short a year: 0.5·1200 + 2·8000.
    "weights": by_hand(
        16600.0, spot=[offer(quantity=60.0)], objective={"cost_weight": 0.5, "loss_weight": 2.0}
    ),
    # 25 % a year, everything in the second: 0.8·(60·10 + 40·100).
    "discounted": by_hand(
        3680.0, rate=0.25, demand=[need(quantity=[0.0, 100.0])], spot=[offer(quantity=60.0)]
    ),
}
