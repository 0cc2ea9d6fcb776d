"""Pool, stock, consumers (model.md §4.5 to §4.7)."""

from __future__ import annotations

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

GE_FOR_GA = {"id": "ge-for-ga", "demand": "use", "commodity": "ge"}


def eased(stock: float, optimum: float) -> ByHand:
    """Up to 40 % of the gallium can be replaced, half a tonne of germanium for a tonne, at 3 USD a tonne."""
    return by_hand(
        optimum,
        commodities=[good(), good("ge")],
        substitutions=[{**GE_FOR_GA, "ratio": 0.5, "max_share": 0.4, "cost": 3.0}],
        depots=[vault()],
        opening_stock=[held(stock, "ge")],
    )


RESERVE = {
    # ---- 4.5 reserve pool
    # Commerce leaves a gap of 20 t a year; a release earns half of 10 USD/t. 2·20·5. The rest stays.
    "gap": by_hand(
        -200.0,
        commodities=[good(release_factor=0.5)],
        market=[commerce(80.0)],
        depots=[vault()],
        opening_stock=[held(100.0)],
    ),
    # The owner makes what is missing, but the gap is measured against market rows: the reserve still
    # releases 20 t a year for 5 USD/t. 2·20·5.
    "gap-and-owner": by_hand(
        -200.0,
        commodities=[good(release_factor=0.5)],
        market=[commerce(80.0)],
        projects=[plant(existing_capacity=20.0, must_run=True, offtake_share=0.0)],
        depots=[vault()],
        opening_stock=[held(100.0)],
    ),
    # Sold at 4/5 of the price of 10, all at once, for nobody knows whether it will be calm when prices
    # triple: kept, 0.5·8. At most 60 t a year can be sold: 60·8 + 0.5·40·8.
    "sale": by_hand(
        -640.0,
        commodities=[good(sale_limit=60.0, sale_factor=0.8)],
        market=[commerce()],
        depots=[vault()],
        opening_stock=[held(100.0)],
        scenarios=[hit({"kind": "price", "factor": 3.0})],
    ),
    # 500 USD must be spent on the plant, 50 t at 10, though nobody needs them. They cannot be thrown away:
    # made in the last year, stored for 5.
    "scrap": by_hand(
        750.0,
        commodities=[good(storage_cost=5.0)],
        market=[commerce()],
        projects=[plant(existing_capacity=100.0, opex=10.0)],
        depots=[vault()],
        allocations=[{"id": "floor", "where": {"members": ["plant"]}, "min": 500.0}],
    ),
    # A plant that must run makes 50 t a year nobody needs, for 10; they are thrown away for nothing.
    "scrap-forced": by_hand(
        1000.0,
        commodities=[good(storage_cost=5.0)],
        market=[commerce()],
        projects=[plant(existing_capacity=50.0, opex=10.0, must_run=True)],
        depots=[vault()],
    ),
    # A plant that must run makes 10 t a year, thrown away. 1000 USD must go to the contract, 100 t in the
    # last year, and those cannot be thrown away as well: 1000 + 100·5.
    "scrap-no-more": by_hand(
        1500.0,
        commodities=[good(storage_cost=5.0)],
        market=[commerce()],
        agreements=[contract()],
        projects=[plant(existing_capacity=10.0, must_run=True)],
        depots=[vault()],
        allocations=[{"id": "floor", "where": {"members": ["contract"]}, "min": 1000.0}],
    ),
    # Two of slag with each of gallium, 7 to make both, 1 to throw slag away: 2·100·(7 + 2).
    "scrap-joint": by_hand(
        1800.0,
        commodities=[good(), good("slag", disposal_cost=1.0)],
        projects=[plant(outputs={"ga": 1.0, "slag": 2.0}, existing_capacity=100.0, opex=7.0)],
    ),
    # Nobody needs the opening stock: thrown away at once for 1, before storage of 4 a year.
    "scrap-at-once": by_hand(
        100.0,
        commodities=[good(storage_cost=4.0, disposal_cost=1.0)],
        market=[commerce()],
        depots=[vault()],
        opening_stock=[held(100.0)],
    ),
    # Kept for a ban in the second year (400), released in it, and stored to the end where it does not come:
    # opening stock can be thrown away in the first year only. 400 + 0.5·(400 + 400).
    "scrap-too-late": by_hand(
        800.0,
        periods=3,
        commodities=[good(storage_cost=4.0)],
        market=[commerce()],
        depots=[vault()],
        opening_stock=[held(100.0)],
        scenarios=[hit(BAN)],
    ),
    # ---- 4.6 stock
    # Half-years, 19 % lost a year, so 10 % a period: 100 t become 90, then 81 when 100 t are needed.
    # 19·100.
    "stock-loss": by_hand(
        1900.0,
        years=0.5,
        commodities=[good(loss_rate=0.19)],
        demand=[need(quantity=[0.0, 200.0])],
        depots=[vault()],
        opening_stock=[held(100.0)],
    ),
    # Room for 100 m³, 2 m³ a tonne: 50 t bought ahead for 10, 50 t short.
    "stowage": by_hand(
        5500.0,
        commodities=[good(stowage=2.0)],
        demand=[need(quantity=[0.0, 100.0])],
        spot=[offer(quantity=[100.0, 0.0])],
        depots=[vault(capacity=100.0)],
    ),
    # Half-years; 100 t a year can come out, half of that in the crisis: 50 or 25 t of the 100 needed.
    # 0.5·50·100 + 0.5·75·100.
    "outturn": by_hand(
        6250.0,
        years=0.5,
        demand=[need(quantity=[0.0, 200.0])],
        depots=[vault(outturn=100.0)],
        opening_stock=[held(200.0)],
        scenarios=[hit(cut(0.5, channels=["depot"]))],
    ),
    # Closed in the crisis, though it has no outturn limit: 0.5·100·100. Halved, it would give all.
    "depot-closed": by_hand(
        5000.0,
        demand=[need(quantity=[0.0, 100.0])],
        depots=[vault()],
        opening_stock=[held(100.0)],
        scenarios=[hit(cut(channels=["depot"]))],
    ),
    # An effect on gallium without channels leaves depots open: commerce is cut, the vault is not. Storage
    # of 3 until then.
    "depot-open": by_hand(
        300.0,
        commodities=[good(storage_cost=3.0)],
        market=[commerce()],
        demand=[need(quantity=[0.0, 100.0])],
        depots=[vault()],
        opening_stock=[held(100.0)],
        scenarios=[hit(cut(commodities=["ga"]), probability=1.0)],
    ),
    # Bought ahead at 10, 1 to bring in, 1 to take out, half-years of storage at 6 a year: 100·(10 + 1 + 1 +
    # 3).
    "handling": by_hand(
        1500.0,
        years=0.5,
        commodities=[good(storage_cost=6.0)],
        demand=[need(quantity=[0.0, 200.0])],
        spot=[offer(quantity=[200.0, 0.0])],
        depots=[vault(handling_cost=1.0)],
    ),
    # ---- 4.7 consumers
    # 40 t a year eased with 20 t of germanium: 2·(40·3 + 60·100).
    "substitute": eased(100.0, 12240.0),
    # 30 t of germanium ease 60 t in all: 60·3 + 140·100.
    "substitute-scarce": eased(30.0, 14180.0),
    # Each demand is eased or missed once: "use" is replaced whole for nothing, "vital" of the same
    # commodity is short 2·100·100. Otherwise "use" could be missed (1 USD/t) besides, in the place of
    # "vital".
    "eased-once": by_hand(
        20000.0,
        commodities=[good(), good("ge")],
        demand=[need(cost=1.0), need("vital")],
        substitutions=[{**GE_FOR_GA, "max_share": 1.0}],
        depots=[vault()],
        opening_stock=[held(1000.0, "ge")],
    ),
    # Half of the demand at 50 and half at 100 USD/t; consumers hold 30 t themselves, used once: in two
    # years 100 t cheap and 70 t dear are short.
    "tiers": by_hand(
        12000.0,
        demand=[need() | {"shortage_cost": [{"share": 0.5, "cost": 50.0}, {"share": 0.5, "cost": 100.0}]}],
        private_stock=[{"commodity": "ga", "quantity": 30.0}],
    ),
    # Of 1000 USD a year 40 % are lost at 0.1 and 60 % at 0.5 per USD: 2·(40 + 300).
    "industry": by_hand(
        680.0,
        demand=[],
        industries=[
            {
                "id": "chips",
                "segment": "chips",
                "output": 1000.0,
                "needs": {"ga": 100.0},
                "loss": [{"share": 0.4, "factor": 0.1}, {"share": 0.6, "factor": 0.5}],
            },
        ],
    ),
    # The industry's need is part of the gap: 100 t a year at 10 are cheaper than a loss of 20 a tonne.
    "industry-gap": by_hand(
        2000.0,
        demand=[],
        industries=[
            {
                "id": "chips",
                "segment": "chips",
                "output": 1000.0,
                "needs": {"ga": 100.0},
                "loss": [{"share": 1.0, "factor": 2.0}],
            },
        ],
        spot=[offer()],
    ),
}
