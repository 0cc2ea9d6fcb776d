"""What is allowed but worth a look."""

from __future__ import annotations

from typing import Any

import pytest

from models.instance import Instance
from tests.models.small import SMALL, small


def advice(changes: dict[str, Any]) -> list[tuple[str, str, str, Any]]:
    """Table, row, field and value of every warning."""
    return [(w.table, w.row, w.field, w.value) for w in Instance.parse(small(changes)).warnings()]


def supply(**selector: Any) -> dict[str, Any]:
    return {"kind": "supply", "factor": 0.5, **selector}


def scenario(
    name: str, probability: float, *effects: dict[str, Any], start: int = 1, last: int = 1
) -> dict[str, Any]:
    event = {"id": "e", "start": start, "duration": last, "effects": list(effects)}
    return {"id": name, "probability": probability, "events": [event]}


def test_trunk_below_a_fifth() -> None:
    # 0.1 is left over, 0.5 begins in period 1, 0.4 in period 2: the trunk has 1, 0.5, 0.1, 0.1.
    twins = [supply(countries=["CHN"])]
    rows = [scenario(f"a{i}", 0.25, *twins, last=i) for i in (1, 2)]
    rows += [scenario(f"b{i}", 0.2, *twins, start=2, last=i) for i in (1, 2)]
    ((table, _, field, value),) = advice({"scenarios": rows})
    assert (table, field, value) == ("scenarios", "probability", pytest.approx(0.1))
    assert "period 2" in Instance.parse(small({"scenarios": rows})).warnings()[0].allowed


def test_trunk_counts_events_without_effects_as_undisturbed() -> None:
    nothing = {"id": "e", "start": 1, "duration": 2}
    assert advice({"scenarios": [{"id": "calm", "probability": 1.0, "events": [nothing]}]}) == [
        ("scenarios", "calm", "events", "['e']")
    ]


def test_a_scenario_without_events_is_meant_to_be_undisturbed() -> None:
    assert advice({"scenarios": [{"id": "calm", "probability": 1.0}]}) == []


def test_hazards_that_cannot_start_or_do_nothing() -> None:
    levels = [{"id": "only", "effects": [supply(countries=["CHN"])]}]
    idle = [{"id": "only", "effects": [supply(countries=["USA"], channels=["market"])]}]
    rows = [
        {"id": "never", "country": "CHN", "ending_rate": 1.0, "levels": levels},
        {
            "id": "first",
            "country": "CHN",
            "rate": 0.1,
            "ending_rate": 1.0,
            "becomes": "second",
            "levels": levels,
        },
        {"id": "second", "country": "CHN", "ending_rate": 1.0, "levels": idle},
    ]
    assert advice({"hazards": rows, "hazard_rates": []}) == [
        ("hazards", "never", "rate", 0.0),
        ("hazards", "second", "levels[only].effects[1]", "supply"),
    ]


def test_scenarios_known_from_their_first_event() -> None:
    one, other = supply(countries=["CHN"]), supply(countries=["AUS"])
    # Two begin alike, so what follows is open; three of five begin like no other.
    rows = [scenario("a", 0.1, one), scenario("b", 0.1, one, last=2), scenario("c", 0.1, other)]
    rows += [scenario("d", 0.1, one, other), scenario("e", 0.1, one, start=2)]
    assert advice({"scenarios": rows}) == [("scenarios", "", "events", 3)]
    assert advice({"scenarios": rows[:3]}) == []  # one of three


def test_the_order_of_effects_and_of_names_says_nothing() -> None:
    one, other = supply(countries=["CHN", "AUS"]), supply(members=["plant"])
    rows = [
        scenario("a", 0.1, one, other),
        scenario("b", 0.1, other, supply(countries=["AUS", "CHN"]), last=3),
    ]
    assert advice({"scenarios": rows}) == []


def test_demand_without_supply() -> None:
    rows = [
        *SMALL["commodities"],
        {"id": "tin", "name": "tin", "material": "tin", "stage": "metal", "price": 1.0},
    ]
    demand = {
        "id": "q",
        "commodity": "tin",
        "segment": "x",
        "quantity": 1.0,
        "shortage_cost": [{"share": 1.0, "cost": 1.0}],
    }
    assert advice({"commodities": rows}) == []
    changes = {"commodities": rows, "demand": [*SMALL["demand"], demand]}
    assert advice(changes) == [("commodities", "tin", "id", "tin")]
    market = [*SMALL["market"], {"commodity": "tin", "country": "AUS", "quantity": 0.0}]
    assert advice({**changes, "market": market}) == []


@pytest.mark.parametrize(
    "effect",
    [
        {"kind": "supply", "factor": 1.0},
        {"kind": "price", "factor": 1.0},
        supply(countries=["USA"], channels=["market"]),  # nothing is traded from there
        supply(commodities=["ga"], channels=["depot"], members=["plant"]),
        supply(
            commodities=["ga"], members=["yard"]
        ),  # depots are hit by commodity only if channels name them
        supply(materials=["germanium"], channels=["spot"]),
        {"kind": "demand", "factor": 2.0, "segments": ["electronics"], "commodities": ["ga"]},
        {"kind": "demand", "factor": 2.0, "commodities": ["ore"]},
    ],
    ids=str,
)
def test_events_that_change_nothing(effect: dict[str, Any]) -> None:
    rows = [scenario("idle", 0.1, effect), scenario("idle too", 0.1, effect, last=2)]
    assert advice({"scenarios": rows}) == [
        ("scenarios", name, "events", "['e']") for name in ("idle", "idle too")
    ]


@pytest.mark.parametrize(
    "effect",
    [
        {"kind": "supply", "factor": 0.0},
        {"kind": "price", "factor": 2.0},
        {"kind": "demand", "factor": 2.0},
        supply(countries=["CHN"], channels=["market"]),
        supply(countries=["CHN"], commodities=["ge"]),  # by way of via
        supply(commodities=["ga"], channels=["depot"]),
        supply(groups=["domestic"]),
        supply(commodities=["ore"]),  # a joint product of the smelter
        {"kind": "demand", "factor": 2.0, "segments": ["electronics"]},
    ],
    ids=str,
)
def test_events_that_change_something(effect: dict[str, Any]) -> None:
    rows = [scenario("a", 0.1, effect), scenario("b", 0.1, effect, last=2)]
    assert advice({"scenarios": rows}) == []


def test_factors_above_one() -> None:
    changes = {
        "commodities.1.sale_factor": 1.1,
        "commodities.2.release_factor": 2.0,
        "commodities.0.sale_factor": 1.0,
    }
    assert advice(changes) == [
        ("commodities", "ga", "sale_factor", 1.1),
        ("commodities", "ge", "release_factor", 2.0),
    ]


def test_rules_that_say_nothing_or_too_much() -> None:
    changes: dict[str, Any] = {
        "choices": [{"id": "one", "members": ["ga-off"]}],
        "allocations": [{"id": "home", "where": {}}],
        "risk.shares": [{"max_share": 0.5}, {"max_share": 1.0}],
        "risk.chance": [
            {"segment": "defense", "probability": 0.0},
            {"segment": "defense", "probability": 0.5, "min_fraction": 0.0},
        ],
    }
    assert [w[:2] for w in advice(changes)] == [
        ("choices", "one"),
        ("allocations", "home"),
        ("risk.shares", "1"),
        ("risk.chance", "1"),
        ("risk.chance", "2"),
    ]


def test_an_index_that_too_few_countries_supply_for() -> None:
    # Gallium from AUS and USA (the plant), germanium and ore from USA alone.
    rules = [{"hhi": 0.4, "commodities": ["ga"]}, {"hhi": 0.5}, {"hhi": 0.5, "commodities": ["ga", "ga"]}]
    assert advice({"risk.concentration": rules}) == [
        ("risk.concentration", "1", "hhi", 0.4),
        ("risk.concentration", "2", "hhi", 0.5),
        ("risk.concentration", "2", "hhi", 0.5),
    ]
    told = [w.allowed for w in Instance.parse(small({"risk.concentration": rules})).warnings()]
    assert told[0] == "below 1/2, and 2 countries can supply ga: nothing of ga can be acquired"
    assert all("1 country can supply" in words for words in told[1:])


def test_an_index_of_a_third_that_three_countries_can_reach() -> None:
    # 0.333333 is a third as people write it.
    spot = [
        {"id": f"ga-{c}", "commodity": "ga", "country": c, "tiers": [{"quantity": 1.0, "premium": 0.0}]}
        for c in ("USA", "AUS", "CHN")
    ]
    rules = [{"hhi": 0.3333333, "commodities": ["ga"]}]
    changes = {"risk.concentration": rules, "spot": spot, "agreements": [], "choices": [], "scenarios": []}
    assert advice(changes) == []
