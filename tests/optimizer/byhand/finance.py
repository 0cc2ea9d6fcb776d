"""Money and allocations (model.md §4.8 and §4.9)."""

from __future__ import annotations

from tests.optimizer.byhand.base import BAN, by_hand, commerce, contract, good, held, hit, need, offer, vault

FINANCE = {
    # ---- 4.8 money
    # The loan of 1000 buys 100 t now. Released next year they earn 500, of which 100 go for interest. In
    # the third year 100 more for interest leave 300: 60 t, bought for 10 and released for 5 each; 40 t are
    # short. What was repaid could not be drawn again. 1000 + 100 + 100 - 500 + 600 - 300 + 40·100.
    "revolving": by_hand(
        5000.0,
        periods=3,
        commodities=[good(release_factor=0.5)],
        demand=[need(quantity=[0.0, 100.0, 100.0], cost=[100.0, 1000.0, 100.0])],
        spot=[offer(quantity=[100.0, 0.0, 100.0])],
        depots=[vault()],
        budget={"sources": [{"id": "loan", "kind": "loan", "amount": 1000.0, "rate": 0.1}]},
    ),
    # Half-years; 300 USD in each period buy 30 of the 50 t: 2·(300 + 20·100).
    "available": by_hand(
        4600.0,
        years=0.5,
        spot=[offer()],
        budget={"sources": [{"id": "grant", "kind": "appropriation", "available": 300.0}]},
    ),
    # 400 USD in all buy 40 of 200 t.
    "amount": by_hand(
        16400.0,
        spot=[offer()],
        budget={"sources": [{"id": "grant", "kind": "appropriation", "amount": 400.0}]},
    ),
    "envelope-alone": by_hand(16400.0, spot=[offer()], budget={"envelope": 400.0}),
    "opening-cash": by_hand(16400.0, spot=[offer()], budget={"opening_cash": 400.0}),
    # Two sources of 300 within an envelope of 400, also where the ban lets nobody else buy: 100 t are
    # missing there, 40 can be paid. 0.5·(400 + 60·100).
    "envelope": by_hand(
        3200.0,
        market=[commerce()],
        spot=[offer()],
        budget={
            "envelope": 400.0,
            "sources": [
                {"id": "grant", "kind": "appropriation", "amount": 300.0},
                {"id": "partner", "kind": "private", "amount": 300.0},
            ],
        },
        scenarios=[hit(BAN)],
    ),
    # Nothing but what releases earn, 5 a tonne. 50 t of stock earn 250 in the first year; in the second 250
    # and what 50 t earn buy those 50 t; 50 t are short: -250 + 500 - 250 + 5000.
    "proceeds": by_hand(
        5000.0,
        commodities=[good(release_factor=0.5)],
        demand=[need(quantity=[50.0, 100.0])],
        spot=[offer(quantity=[0.0, 100.0])],
        depots=[vault()],
        opening_stock=[held(50.0)],
        budget={},
    ),
    # An appropriation has a rate by mistake: it bears no interest. 2·1000.
    "rate-of-a-grant": by_hand(
        2000.0,
        spot=[offer()],
        budget={"sources": [{"id": "grant", "kind": "appropriation", "rate": 0.1}]},
    ),
    # 25 % a year; the lender keeps 20 % and asks 50 %. 1000 for 100 t need a draw of 1250: fee 250. Next
    # year's interest of 625 and another 1000 need 1625/0.8 = 2031.25: fee 406.25. The cost: 1250 now, and
    # 0.8·(1000 + 406.25 + 0.25·1250) = 1375 next year.
    "loan": by_hand(
        2625.0,
        rate=0.25,
        spot=[offer()],
        budget={"sources": [{"id": "loan", "kind": "loan", "rate": 0.5, "fee": 0.2}]},
    ),
    # The same without a fee, up to 2000, and the first year matters more: 1000 for it; next year 500 of
    # interest leave 500 for 50 t. 1000 + 0.8·(500 + 0.25·1000 + 50·100).
    "loan-limited": by_hand(
        5600.0,
        rate=0.25,
        demand=[need(cost=[1000.0, 100.0])],
        spot=[offer()],
        budget={"sources": [{"id": "loan", "kind": "loan", "rate": 0.5, "amount": 2000.0}]},
    ),
    # ---- 4.9 allocations
    # 200 for signing leave 400 of 600 USD: 40 of 200 t. 600 + 160·100.
    "spend-due": by_hand(
        16600.0,
        agreements=[contract(signing_cost=200.0)],
        allocations=[{"id": "cap", "where": {"members": ["contract"]}, "max": 600.0}],
    ),
    # 25 % a year, 300 USD expected and not discounted: 600 in the ban that comes with probability ½, 60 t.
    # 0.5·0.8·(600 + 40·100).
    "spend-expected": by_hand(
        1840.0,
        rate=0.25,
        market=[commerce()],
        agreements=[contract()],
        allocations=[{"id": "cap", "where": {}, "max": 300.0}],
        scenarios=[hit(BAN)],
    ),
    # 500 USD may be spent spot: 50 t at 10, the other 150 t by contract at 12.
    "categories": by_hand(
        2300.0,
        spot=[offer()],
        agreements=[contract(price=12.0)],
        allocations=[{"id": "cap", "where": {"categories": ["spot"]}, "max": 500.0}],
    ),
    # The same for one of two contracts, named; and for one of two, by country.
    "members": by_hand(
        2300.0,
        agreements=[contract(), contract("other", price=12.0)],
        allocations=[{"id": "cap", "where": {"members": ["contract"]}, "max": 500.0}],
    ),
    # The dearer contract passes through AUS, which is not its own country: the cap does not concern it.
    "own-country": by_hand(
        2300.0,
        agreements=[contract(country="AUS"), contract("other", price=12.0, via=["AUS"])],
        allocations=[{"id": "cap", "where": {"groups": ["ally"]}, "max": 500.0}],
    ),
    # Germanium (100 t a year at 10) is not gallium: only gallium's 500 USD are capped. 2000 + 500 +
    # 150·100.
    "commodities": by_hand(
        17500.0,
        commodities=[good(), good("ge")],
        demand=[need(), need("ge-use", "ge")],
        spot=[offer(), offer("ge-offer", commodity="ge")],
        allocations=[{"id": "cap", "where": {"commodities": ["ga"]}, "max": 500.0}],
    ),
    # At least half of the money on the dear contract: x USD on each, x/10 + x/30 = 200 t: x = 1500.
    "least-share": by_hand(
        3000.0,
        agreements=[contract(), contract("dear", price=30.0)],
        allocations=[{"id": "half", "where": {"members": ["dear"]}, "min_share": 0.5}],
    ),
    # At most a quarter of the money on the cheap one: x and 3x: x/10 + 3x/30 = 200 t: x = 1000.
    "largest-share": by_hand(
        4000.0,
        agreements=[contract(), contract("dear", price=30.0)],
        allocations=[{"id": "quarter", "where": {"members": ["contract"]}, "max_share": 0.25}],
    ),
    # At least 3000 USD on the dear one: 100 t; the other 100 t cheap.
    "floor": by_hand(
        4000.0,
        agreements=[contract(), contract("dear", price=30.0)],
        allocations=[{"id": "floor", "where": {"members": ["dear"]}, "min": 3000.0}],
    ),
    # Risk 0.8 and 0 (though it passes through CHN), 0.4 on average: as much money on each, x/10 + x/30 =
    # 200 t.
    "exposure": by_hand(
        3000.0,
        agreements=[contract(country="CHN"), contract("dear", price=30.0, via=["CHN"])],
        risk={"exposure_limit": 0.4},
    ),
}
