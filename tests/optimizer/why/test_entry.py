"""Entry prices: by hand, and by solving again just below and just above."""

from __future__ import annotations

from typing import Any

import pytest

from optimizer.why.entry import Threshold, threshold
from optimizer.why.levers import agreement_levers, project_levers, spot_lever
from optimizer.why.tonnes import entry
from tests.optimizer.why.cases import agreement, bought, ground, refinery, solved, spot

BESIDE = 0.001
"""How far beside the threshold is solved again."""


def of_agreement(id_: str = "aus", **tables: Any) -> Threshold:
    on = ground(**tables)
    (lever,) = agreement_levers(on, on.data.agreements[id_])
    return threshold(on, lever)


def test_an_agreement_enters_below_what_it_saves() -> None:
    # A tonne under the ban saves 900 USD; paid for only when taken, so its price is compared with that.
    found = of_agreement(agreements=[agreement(price=1000.0, most=50.0)])
    assert found.exact
    assert found.enters_below == pytest.approx(900.0)
    assert found.cut == pytest.approx(100.0)
    _, below = solved(agreements=[agreement(price=900.0 - BESIDE, most=50.0)])
    _, above = solved(agreements=[agreement(price=900.0 + BESIDE, most=50.0)])
    assert (bought(below, "deliver"), bought(above, "deliver")) == (pytest.approx(50.0), 0.0)


def test_a_prepayment_is_paid_in_any_case() -> None:
    # A t/year costs 100 now and ½·p under the ban, and saves ½·900: p < 700.
    found = of_agreement(agreements=[agreement(price=1000.0, most=50.0, prepayment=100.0)])
    assert found.exact
    assert found.enters_below == pytest.approx(700.0)
    for price, tonnes in ((700.0 - BESIDE, 50.0), (700.0 + BESIDE, 0.0)):
        _, plan = solved(agreements=[agreement(price=price, most=50.0, prepayment=100.0)])
        assert bought(plan, "deliver") == pytest.approx(tonnes)


def test_at_a_corner_the_dual_says_too_much() -> None:
    # The cheap agreement meets the first 60 t to the last: a tonne more is worth 500, one less would cost
    # 900, and any dual in between proves the optimum. What counts for an entrant is 500.
    cheap = agreement("cheap", price=100.0, most=60.0)
    found = of_agreement("dear", agreements=[cheap, agreement("dear", price=1000.0, most=20.0)])
    assert found.exact
    assert found.enters_below == pytest.approx(500.0)
    for price, tonnes in ((500.0 - BESIDE, 80.0), (500.0 + BESIDE, 60.0)):
        _, plan = solved(agreements=[cheap, agreement("dear", price=price, most=20.0)])
        assert bought(plan, "deliver") == pytest.approx(tonnes)


def test_where_money_binds_a_cheaper_price_frees_money_too() -> None:
    # 12,000 USD buy 20 t of spot at 600. A tonne at p takes p/600 t of spot away, which saves 300 each:
    # 900 - p - p/2 > 0, so p < 600, as it must be between two sellers of the same. The objective alone says
    # that a tonne at 1,000 is 600 too dear, and would let it in at 400.
    tables: dict[str, Any] = {"spot": [spot(600 / 700 - 1)], "budget": {"envelope": 12000.0}}
    found = of_agreement(agreements=[agreement(price=1000.0, most=50.0)], **tables)
    assert found.enters_below == pytest.approx(600.0, rel=1e-6)
    for price, tonnes in ((600.0 - BESIDE, 12000 / 600), (600.0 + BESIDE, 0.0)):
        _, plan = solved(agreements=[agreement(price=price, most=50.0)], **tables)
        assert bought(plan, "deliver") == pytest.approx(tonnes, rel=1e-4)


def test_spot_enters_below_a_premium() -> None:
    # 700·(1 + premium) < 900.
    on = ground(spot=[spot(0.5)])
    lever = spot_lever(on, on.data.offers["spot"])
    assert lever is not None
    found = threshold(on, lever)
    assert found.exact
    assert found.enters_below == pytest.approx(2 / 7)
    for premium, tonnes in ((2 / 7 - 1e-5, 50.0), (2 / 7 + 1e-5, 0.0)):
        assert bought(solved(spot=[spot(premium)])[1], "spot") == pytest.approx(tonnes)


def test_a_tier_in_use_is_no_question() -> None:
    on = ground(spot=[spot(0.1)])
    assert spot_lever(on, on.data.offers["spot"]) is None


def test_capacity_enters_below_a_capex() -> None:
    # A t/year costs the agency ½·capex and saves ½·(900 - 100): capex < 800.
    on = ground(projects=[refinery(1000.0)])
    (lever,) = project_levers(on, on.data.projects["refinery"])
    found = threshold(on, lever)
    assert found.exact
    assert found.enters_below == pytest.approx(800.0)
    for capex, tonnes in ((800.0 - BESIDE, 50.0), (800.0 + BESIDE, 0.0)):
        assert bought(solved(projects=[refinery(capex)])[1], "run") == pytest.approx(tonnes)


def test_of_several_starts_the_best_counts() -> None:
    two = {"horizon": {"start_year": 2027, "periods": 2}}
    # The ban is in the first year only: a start in the second is of no use at any price above 0.
    found = of_agreement_table(agreements=[agreement(price=1000.0, most=50.0, starts=[0, 1])], **two)
    assert found["enters_below"] == [pytest.approx(900.0)]


def of_agreement_table(**tables: Any) -> dict[str, list[Any]]:
    return entry(ground(**tables), lambda *_: None).to_dict("list")


def test_a_least_volume_or_a_signing_cost_makes_it_a_yes_or_no() -> None:
    two = [
        agreement(price=1000.0, most=50.0, least=1.0),
        agreement("b", price=1000.0, most=5.0, signing_cost=1.0),
    ]
    on = ground(agreements=two)
    assert [agreement_levers(on, a) for a in on.instance.agreements] == [[], []]
    assert entry(on, lambda *_: None).empty


def test_what_has_no_use_enters_at_no_price() -> None:
    # Without the ban there is no gap, and nothing may be released, stored or sold.
    on = ground(agreements=[agreement(price=1000.0, most=50.0)], scenarios=[])
    (lever,) = agreement_levers(on, on.data.agreements["aus"])
    assert threshold(on, lever).cut == float("inf")
