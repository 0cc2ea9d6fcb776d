"""Commitments, contracts, spot, projects (model.md §4.1 to §4.4)."""

from __future__ import annotations

from tests.optimizer.byhand.base import by_hand, commerce, contract, cut, good, hit, need, offer, plant, vault

SUPPLY = {
    # ---- 4.1 commit
    # Each is chosen once: 50 t a year of the contract, 20 of the plant, from the first year; 60 t short in
    # two years. 140·10 + 60·100 = 7400.
    "once": by_hand(
        7400.0,
        agreements=[contract(most=50.0, starts=[0, 1])],
        projects=[plant(capacity={"max": 20.0}, starts=[0, 1], opex=10.0)],
    ),
    # 20 t are needed, 50 t must be contracted and paid: 2·500.
    "least-volume": by_hand(
        1000.0, demand=[need(quantity=20.0)], agreements=[contract(least=50.0, take_or_pay=1.0)]
    ),
    # 20 t are needed, 50 t/year must be built for 10 USD each: 500 + 2·20·10.
    "least-capacity": by_hand(
        900.0,
        demand=[need(quantity=20.0)],
        projects=[plant(capacity={"min": 50.0, "max": 100.0}, capex_per_unit=10.0, opex=10.0)],
    ),
    # The plant stands already and can be extended for 500; the contract requires the extension: 500 +
    # 2·1000.
    "expansion-required": by_hand(
        2500.0,
        agreements=[contract(requires=["plant"])],
        projects=[plant(existing_capacity=10.0, capacity={"max": 10.0}, capex_fixed=500.0, opex=900.0)],
    ),
    # The refinery takes two years, the mine it requires one, so both start now: two years short, then 100 t
    # for 10, and 500 for the mine. 20000 + 1000 + 500.
    "project-requires": by_hand(
        21500.0,
        periods=3,
        projects=[
            plant("mine", capacity={"max": 100.0}, capex_fixed=500.0, opex=900.0, lead_years=1.0),
            plant("refinery", capacity={"max": 100.0}, opex=10.0, lead_years=2.0, requires=["mine"]),
        ],
    ),
    # Contract and plant give 50 t a year each, but only one is allowed: the cheaper plant, 2·(500 +
    # 50·100).
    "choice-of-project": by_hand(
        11000.0,
        agreements=[contract(most=50.0, price=20.0)],
        projects=[plant(capacity={"max": 50.0}, opex=10.0)],
        choices=[{"id": "one", "members": ["contract", "plant"], "max": 1}],
    ),
    # Only the first year sells: 200 t for 2000. Half is kept in the vault, opened for 100; the annex must
    # be opened as well, for 50.
    "choice-of-depot": by_hand(
        2150.0,
        spot=[offer(quantity=[200.0, 0.0])],
        depots=[
            vault(capacity=1000.0, optional=True, opening_cost=100.0),
            vault("annex", capacity=10.0, optional=True, opening_cost=50.0),
        ],
        choices=[{"id": "both", "members": ["vault", "annex"], "min": 2}],
    ),
    # The same with one depot that nothing asks for but the second year: 2000 + 100.
    "optional-depot": by_hand(
        2100.0,
        spot=[offer(quantity=[200.0, 0.0])],
        depots=[vault(capacity=1000.0, optional=True, opening_cost=100.0)],
    ),
    # ---- 4.8 what commitments cost
    # 25 % a year: δ = 1, 0.8, 0.64. A lead of two years, capex 1000 evenly over them: 500 + 400. Short for
    # two years: 10000 + 8000. Then 100 t for 10: 640.
    "capex-spread": by_hand(
        19540.0,
        periods=3,
        rate=0.25,
        projects=[plant(capacity={"max": 100.0}, capex_fixed=1000.0, lead_years=2.0, opex=10.0)],
    ),
    # Begun in the last year; three quarters of the capex would fall beyond the horizon and are paid in it.
    # First year short: 10000; then 1000 of capex and 100 t for 10.
    "capex-beyond": by_hand(
        12000.0,
        projects=[
            plant(
                capacity={"max": 100.0}, starts=[1], capex_fixed=1000.0, spend_profile=[0.25, 0.75], opex=10.0
            )
        ],
    ),
    # Signing 200, 5 for each of 100 t/year, two years of 100 t at 10.
    "signing": by_hand(2700.0, agreements=[contract(signing_cost=200.0, prepayment=5.0)]),
    # ---- 4.2 contracts
    # One year of deliveries, one year short: 1000 + 10000.
    "term": by_hand(11000.0, agreements=[contract(term_years=1.0)]),
    # A quarter of a year would round to none; a term is at least one period: 1000 + 10000.
    "short-term": by_hand(11000.0, agreements=[contract(term_years=0.25)]),
    # What cannot be delivered is not owed: 1000, then 1000 or 100 t short: 1000 + 0.5·1000 + 0.5·10000.
    "take-or-pay": by_hand(
        6500.0, agreements=[contract(take_or_pay=1.0)], scenarios=[hit(cut(members=["contract"]))]
    ),
    # 1500 USD must be spent on a contract of 2·50 t at 10: there is no such plan.
    "paid-for-nothing": by_hand(
        None,
        agreements=[contract(most=50.0, take_or_pay=0.5)],
        allocations=[{"id": "floor", "where": {"members": ["contract"]}, "min": 1500.0}],
    ),
    # Half of commerce is cut: μ = ½, gap 50 t. All of the contract's 50 t come from commerce, which lacks
    # ½·50 of them: 50 - 25 + 50 served, 25 short. 0.5·(500 + 2500).
    "not-additional": by_hand(
        1500.0,
        market=[commerce()],
        agreements=[contract(most=50.0, additional=0.0)],
        scenarios=[hit(cut(0.5, countries=["CHN"]))],
    ),
    # The same bought spot.
    "spot-not-additional": by_hand(
        1500.0,
        market=[commerce()],
        spot=[offer(quantity=50.0, additional=0.0)],
        scenarios=[hit(cut(0.5, countries=["CHN"]))],
    ),
    # Without market rows there is nothing to take from: 2·1000.
    "no-market": by_hand(2000.0, spot=[offer(additional=0.0)]),
    # The reference price and a fifth: 2·100·12.
    "index": by_hand(2400.0, agreements=[contract() | {"price": {"kind": "index", "premium": 0.2}}]),
    # Reference 10, 10, in the boom 40: the corridor from 12 to 20 gives 12, 12 and 20. 100·(12 + 0.5·12 +
    # 0.5·20).
    "corridor": by_hand(
        2800.0,
        agreements=[contract() | {"price": {"kind": "index", "floor": 12.0, "ceiling": 20.0}}],
        scenarios=[hit({"kind": "price", "factor": 4.0})],
    ),
    # 60 % of 100 t must be paid, 40 t are needed: 20 t untaken. 2·60·10.
    "untaken": by_hand(
        1200.0, demand=[need(quantity=40.0)], agreements=[contract(least=100.0, take_or_pay=0.6)]
    ),
    # Half in the first year, all in the second, and so on: 50, 100, 100 t. 250·10 + 50·100.
    "ramp-lasts": by_hand(7500.0, periods=3, agreements=[contract(term_years=3.0, ramp=[0.5, 1.0])]),
    # ---- 4.3 spot
    # Tiers of 60 t at 10 and 60 t at 15, doubled in the boom: 600 + 600, then the same or 2400.
    "spot": by_hand(
        3000.0,
        spot=[offer() | {"tiers": [{"quantity": 60.0, "premium": 0.0}, {"quantity": 60.0, "premium": 0.5}]}],
        scenarios=[hit({"kind": "price", "factor": 2.0})],
    ),
    # ---- 4.4 projects
    # 200 t are needed in all. Spot emits 2 a tonne for 10 USD, the plant 1 for 20 USD; 250 are allowed: 50
    # t spot, 150 t from the plant. 500 + 3000.
    "emissions": by_hand(
        3500.0,
        spot=[offer(emissions=2.0)],
        projects=[plant(existing_capacity=100.0, opex=20.0, emissions=1.0)],
        risk={"emissions_limit": 250.0},
    ),
    # Half-years, 50 t each from the owner. Price 8, then 10, strike 6, half of it: 50·2/2 = 50 and 50·4/2 =
    # 100, of which the cap of 120 a year leaves 60.
    "upside": by_hand(
        -110.0,
        years=0.5,
        commodities=[good(price=[8.0, 10.0])],
        projects=[
            plant(
                existing_capacity=100.0,
                must_run=True,
                offtake_share=0.0,
                support={"commodity": "ga", "strike": 6.0, "upside_share": 0.5, "upside_cap": 120.0},
            ),
        ],
    ),
    # The owner sells 3/4 of 100 t; the agency tops 10 up to 14 on those: 300; in the boom (20) it does not.
    # It pays a quarter of the opex of 8: 200, and gets 25 t. 500, then 0.5·500 + 0.5·200.
    "support": by_hand(
        850.0,
        projects=[
            plant(
                existing_capacity=100.0,
                must_run=True,
                offtake_share=0.25,
                opex=8.0,
                support={"commodity": "ga", "strike": 14.0},
            ),
        ],
        scenarios=[hit({"kind": "price", "factor": 2.0})],
    ),
    # A refinery makes 1 t of 2 t ore for 10, half of it for the agency, which brings half of the ore (at 3)
    # and pays half of the opex: 50·10 + 100·3 = 800 a year for 100 t; capacity for 4 each, of which a
    # quarter public: 100.
    "joint-venture": by_hand(
        1700.0,
        commodities=[good(), good("ore", price=3.0)],
        spot=[offer("ore-offer", 200.0, commodity="ore")],
        projects=[
            plant(
                inputs={"ore": 2.0},
                capacity={"max": 100.0},
                capex_per_unit=4.0,
                public_share=0.25,
                offtake_share=0.5,
                opex=10.0,
            ),
        ],
    ),
}
