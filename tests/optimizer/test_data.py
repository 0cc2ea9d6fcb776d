"""Scaled numbers: units that follow the instance, periods, prices, quantities (model.md §4 and §7)."""

from __future__ import annotations

import math
from typing import Any

import pytest

from models.instance import Instance
from optimizer.data import Data
from optimizer.units import DISTANCE, choose_units, mean, power_of_ten
from tests.optimizer import support
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
    plant,
    vault,
)


def data(**tables: Any) -> Data:
    return Data(by_hand(None, **tables).instance)


def natural(data: Data, commodity: str, scaled: float) -> float:
    """Tonnes of a scaled quantity."""
    return scaled * data.units.tonnes[commodity]


def usd_per_tonne(data: Data, commodity: str, scaled: float) -> float:
    """USD/t of a scaled price."""
    return scaled * data.units.money / data.units.tonnes[commodity]


# ---- units


@pytest.mark.parametrize(
    ("value", "power"),
    [
        (1.0, 1.0),
        (3.16, 1.0),
        (3.17, 10.0),
        (0.4, 1.0),
        (0.3, 0.1),
        (5e11, 1e12),
        (0.0, 1.0),
        (-5.0, 1.0),
        (math.inf, 1.0),
    ],
)
def test_power_of_ten(value: float, power: float) -> None:
    assert power_of_ten(value) == pytest.approx(power)


def test_units_of_a_known_instance() -> None:
    # 100 t at 10 USD and an industry of 1e8 USD: about 1e8 a year, ten thousandths of it are 1e4 USD. Gallium
    # at 10 USD/t is counted in 1e3 t, germanium at 1e6 USD/t in 0.01 t.
    units = choose_units(
        by_hand(
            None,
            commodities=[good(), good("ge", price=1e6)],
            industries=[
                {
                    "id": "chips",
                    "segment": "chips",
                    "output": 1e8,
                    "needs": {"ge": 1.0},
                    "loss": [{"share": 1.0, "factor": 1.0}],
                }
            ],
            # Most of its worth is germanium, half a tonne a tonne: 0.02 t of activity a unit, about 0.01.
            projects=[plant(outputs={"ga": 1.0, "ge": 0.5}, existing_capacity=1.0)],
            risk={"emissions_limit": 3e7},
        ).instance
    )
    assert units.money == pytest.approx(1e8 / DISTANCE)
    assert units.tonnes == pytest.approx({"ga": 1e3, "ge": 0.01})
    assert units.activity == pytest.approx({"plant": 0.01})
    assert units.emissions == pytest.approx(1e3)


def test_units_without_demand_follow_commerce_and_without_that_stay() -> None:
    assert choose_units(by_hand(None, demand=[], market=[commerce(1e6)]).instance).money == pytest.approx(1e3)
    assert choose_units(by_hand(None, demand=[]).instance).money == pytest.approx(1e6)


def test_a_commodity_without_a_price_takes_the_middle_one() -> None:
    goods = [good(), good("ge", price=1000.0), good("nd", price=1000.0), good("waste", price=0.0)]
    tonnes = choose_units(by_hand(None, commodities=goods).instance).tonnes
    assert tonnes["waste"] == tonnes["ge"]


@pytest.mark.parametrize("name", sorted(support.expected()))
def test_scaled_numbers_lie_near_one(name: str) -> None:
    """What the solver meets of demand, prices and money lies within 1e-6 to 1e6 on every reference case."""
    scaled = Data(support.case(name))
    for q in scaled.instance.demand:
        assert 1e-6 < scaled.demand(q, 0) < 1e6
    for m in scaled.commodities:
        # A tonne's unit is chosen so that it is worth about one unit of money: never off by more than √10.
        assert 0.3 < scaled.reference(m, 0) < 3.3 or scaled.commodities[m].price == 0


def test_mean() -> None:
    assert mean(3.0) == 3.0
    assert mean((1.0, 2.0, 6.0)) == 3.0


# ---- time


@pytest.mark.parametrize(
    ("years", "period_years", "periods"),
    [
        (0.0, 1.0, 0),
        (0.4, 1.0, 0),
        (0.5, 1.0, 1),
        (1.5, 1.0, 2),
        (2.5, 1.0, 3),
        (1.0, 0.5, 2),
        (0.24, 0.5, 0),
        (3.0, 2.0, 2),
    ],
)
def test_years_become_periods(years: float, period_years: float, periods: int) -> None:
    assert data(years=period_years).in_periods(years) == periods


def test_a_term_is_at_least_one_period() -> None:
    scaled = data(
        agreements=[contract(term_years=0.1)], projects=[plant(capacity={"max": 1.0}, lead_years=0.1)]
    )
    assert scaled.term(scaled.agreements["contract"]) == 1
    assert scaled.lead(scaled.projects["plant"]) == 0


@pytest.mark.parametrize(
    ("period_years", "factors"),
    [
        (1.0, [0.2, 0.5, 1.0, 1.0, 1.0, 1.0]),
        (0.5, [0.2, 0.2, 0.5, 0.5, 1.0, 1.0]),
        (2.0, [0.2, 1.0, 1.0, 1.0, 1.0, 1.0]),
        # A third of a year, three times: the sum is below 1 in floating point, but the year is over.
        (1 / 3, [0.2, 0.2, 0.2, 0.5, 0.5, 0.5]),
    ],
)
def test_a_ramp_goes_by_year(period_years: float, factors: list[float]) -> None:
    scaled = data(periods=10, years=period_years)
    assert [scaled.by_year((0.2, 0.5, 1.0), t, first=3) for t in range(3, 9)] == factors


def test_discount() -> None:
    assert data(rate=0.21, years=0.5).discount(1) == pytest.approx(1 / 1.1)
    assert data(rate=0.21, years=2.0).discount(1) == pytest.approx(1 / 1.4641)
    assert data().discount(7) == 1.0


# ---- prices

BOOM = [hit({"kind": "price", "factor": 4.0})]
UNDISTURBED, CRISIS = 1, 2
"""Nodes of the second period."""


def test_prices_at_nodes() -> None:
    scaled = data(commodities=[good(price=[10.0, 20.0])], scenarios=BOOM)
    assert [usd_per_tonne(scaled, "ga", scaled.price("ga", n)) for n in scaled.nodes] == pytest.approx(
        [10, 20, 80]
    )
    assert usd_per_tonne(scaled, "ga", scaled.reference("ga", 1)) == pytest.approx(20)


@pytest.mark.parametrize(
    ("price", "usd"),
    [
        ({"kind": "fixed", "value": [7.0, 8.0]}, [7, 8, 8]),
        ({"kind": "index"}, [10, 20, 80]),
        ({"kind": "index", "premium": 0.5}, [15, 30, 120]),
        ({"kind": "index", "premium": -0.5, "floor": 7.0}, [7, 10, 40]),
        ({"kind": "index", "floor": [15.0, 5.0], "ceiling": [15.0, 25.0]}, [15, 20, 25]),
    ],
)
def test_unit_price(price: dict[str, Any], usd: list[float]) -> None:
    scaled = data(
        commodities=[good(price=[10.0, 20.0])], agreements=[contract() | {"price": price}], scenarios=BOOM
    )
    found = [scaled.unit_price(scaled.agreements["contract"], n) for n in scaled.nodes]
    assert [usd_per_tonne(scaled, "ga", one) for one in found] == pytest.approx(usd)


def test_spot() -> None:
    scaled = data(
        years=0.5,
        spot=[offer(quantity=[100.0, 60.0], premium=0.1)],
        scenarios=[hit({"kind": "price", "factor": 4.0}, cut(0.5))],
    )
    o = scaled.offers["offer"]
    assert [usd_per_tonne(scaled, "ga", scaled.spot_price(o, 0, n)) for n in scaled.nodes] == pytest.approx(
        [11, 11, 44]
    )
    assert [natural(scaled, "ga", scaled.spot_limit(o, 0, n)) for n in scaled.nodes] == pytest.approx(
        [50, 30, 15]
    )


# ---- quantities


def test_commerce_and_what_is_left_of_it() -> None:
    # Half-years: 30 + 10 t; the ban leaves 10 of 40.
    scaled = data(years=0.5, market=[commerce(60.0), commerce(20.0, country="AUS")], scenarios=[hit(BAN)])
    assert [natural(scaled, "ga", scaled.market("ga", n)) for n in scaled.nodes] == pytest.approx(
        [40, 40, 10]
    )
    assert natural(scaled, "ga", scaled.market("ga", CRISIS, hit=False)) == pytest.approx(40)
    assert scaled.market_availability("ga", CRISIS) == pytest.approx(0.25)


def test_without_commerce_nothing_of_it_is_left() -> None:
    assert data().market_availability("ga", 0) == 0.0
    assert data(market=[commerce(0.0)]).market_availability("ga", 0) == 0.0


def test_consumption() -> None:
    scaled = data(
        years=0.5,
        demand=[need(quantity=[100.0, 120.0]), need("more", quantity=10.0, segment="defense")],
        industries=[
            {
                "id": "chips",
                "segment": "defense",
                "output": [1000.0, 2000.0],
                "needs": {"ga": [20.0, 40.0]},
                "loss": [{"share": 1.0, "factor": 1.0}],
            }
        ],
        scenarios=[hit({"kind": "demand", "factor": 2.0, "segments": ["defense"]})],
    )
    # 50 + 5 + 10; 60 + 5 + 20; 60 + 10 + 40.
    assert [natural(scaled, "ga", scaled.consumption("ga", n)) for n in scaled.nodes] == pytest.approx(
        [65, 85, 110]
    )
    assert [scaled.output("chips", n) * scaled.units.money for n in scaled.nodes] == pytest.approx(
        [500, 1000, 2000]
    )
    assert natural(scaled, "ga", scaled.needs("chips", "ga", CRISIS)) == pytest.approx(40)


def test_exchange_and_yields_and_uses() -> None:
    # Germanium is a hundred times dearer: 100 t of gallium are one unit, 1 t of germanium is.
    scaled = data(
        commodities=[good(), good("ge", price=1000.0)],
        substitutions=[
            {"id": "swap", "demand": "use", "commodity": "ge", "ratio": 0.5, "max_share": 1.0},
        ],
        projects=[plant(inputs={"ge": 0.25}, existing_capacity=1.0)],
    )
    scale = scaled.units.tonnes["ga"] / scaled.units.tonnes["ge"]
    assert scale == pytest.approx(100)
    assert scaled.exchange("swap") == pytest.approx(50)
    k = scaled.projects["plant"]
    assert scaled.yields(k, "ga") == pytest.approx(1.0)
    assert scaled.uses(k, "ge") == pytest.approx(25)
    assert scaled.activity("plant", 7.0) * scaled.units.activity["plant"] == pytest.approx(7)


def test_storage() -> None:
    scaled = data(
        years=0.5,
        commodities=[good(loss_rate=0.19)],
        depots=[vault()],
        opening_stock=[held(10.0), held(5.0)],
        private_stock=[{"commodity": "ga", "quantity": 3.0}, {"commodity": "ga", "quantity": 4.0}],
    )
    assert scaled.keep("ga") == pytest.approx(0.9)
    assert natural(scaled, "ga", scaled.opening["ga", "vault"]) == pytest.approx(15)
    assert natural(scaled, "ga", scaled.private_stock["ga"]) == pytest.approx(7)


def test_availability_by_id() -> None:
    scaled = data(
        spot=[offer("a"), offer("b")],
        agreements=[contract("c")],
        projects=[plant("d", existing_capacity=1.0)],
        depots=[vault("e")],
        scenarios=[hit(cut(0.5, members=["b", "c", "d", "e"]))],
    )
    assert [scaled.avail("spot", o, CRISIS) for o in ("a", "b")] == [1.0, 0.5]
    for table, row in (("agreements", "c"), ("projects", "d"), ("depots", "e")):
        assert scaled.avail(table, row, CRISIS) == 0.5
        assert scaled.avail(table, row, UNDISTURBED) == 1.0


def test_the_order_of_rows_does_not_choose_the_units() -> None:
    instance = support.case("case-21")
    turned = instance.model_copy(
        update={
            name: getattr(instance, name)[::-1] for name in ("commodities", "demand", "market", "projects")
        }
    )
    assert isinstance(turned, Instance)
    one, other = choose_units(instance), choose_units(turned)
    assert one.money == pytest.approx(other.money)
    assert one.tonnes == pytest.approx(other.tonnes)
