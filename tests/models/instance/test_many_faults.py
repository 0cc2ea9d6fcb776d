"""Everything wrong at once, in one answer; and nothing but an answer, whatever comes in."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models.faults import FaultyInstance
from models.instance import Instance
from models.instance.checks.findings import LIMIT
from tests.models.instance.test_faults import ACROSS, EFFECTS, SHAPE, UNKNOWN
from tests.models.small import SMALL, small


def faults(raw: Any) -> list[tuple[str, str, str]]:
    """Table, row and field of every fault."""
    with pytest.raises(FaultyInstance) as caught:
        Instance.parse(raw)
    return [(fault.table, fault.row, fault.field) for fault in caught.value.faults]


def test_structural_and_cross_table_faults_come_together() -> None:
    found = faults(
        small(
            {
                "name": "",
                "horizon.periods": 5,  # all four Series that are lists of four are now wrong
                "countries.0": {
                    "Id": "USA",
                    "name": "x",
                    "group": "domestic",
                },  # two faults; USA is not unknown
                "spot.0.country": "AUSS",
                "agreements.0.volume.min": 9.0,
                "projects.0.spend_profile": [0.5],
                "depots.1.capacity": -1,
                "scenarios.0.events.0.effects.1.countries": ["CHN"],
                "risk.cover.0.days": "sixty",
            }
        )
    )
    assert sorted(found) == sorted(
        [
            ("instance", "", "name"),
            ("commodities", "ga", "price"),
            ("demand", "ga:defense", "shortage_cost[2].cost"),
            ("industries", "chips", "needs[ge]"),
            ("agreements", "ga-off", "price.ceiling"),
            ("budget.sources", "loan", "available"),
            ("countries", "1", "id"),
            ("countries", "1", "Id"),
            ("agreements", "ga-off", "volume.min"),
            ("projects", "plant", "spend_profile"),
            ("depots", "vault", "capacity"),
            ("scenarios", "ban", "events[e].effects[2].countries"),
            ("risk.cover", "1", "days"),
            # 'AUSS' is not named: the country whose id was misspelt could be anything.
        ]
    )


def test_every_table_broken_at_once() -> None:
    # The first fault of each table that leaves its row well-formed.
    picked = list({case[1]: case for case in reversed((*ACROSS, *UNKNOWN, *EFFECTS))}.values())
    changes: dict[str, Any] = {}
    for case in picked:
        changes.update(case[0])
    assert len(picked) >= 16
    assert {case[1:4] for case in picked} <= set(faults(small(changes)))


@pytest.mark.parametrize("field", ["countries", "commodities", "demand", "projects", "depots", "spot"])
def test_names_in_malformed_rows_are_known(field: str) -> None:
    raw = small()
    for row in raw[field]:
        row["colour"] = "red"
    assert faults(raw) == [(field, row["id"], "colour") for row in raw[field]]


@pytest.mark.parametrize("field", ["countries", "commodities", "demand", "projects", "depots", "spot"])
def test_a_table_that_is_none_makes_no_name_unknown(field: str) -> None:
    assert faults(small({field: "none"})) == [(field, "", "")]


@pytest.mark.parametrize("raw", [None, [], "x", 3, 3.5, True, [SMALL], b"{}", {1, 2}, float("nan"), Instance])
def test_not_a_record_at_all(raw: Any) -> None:
    assert faults(raw) == [("instance", "", "")]


def test_nothing_in_it() -> None:
    missing = {("instance", "", "schema_version"), ("instance", "", "name"), ("horizon", "", "")}
    assert set(faults({})) == missing


def test_names_that_are_not_text() -> None:
    assert ("instance", "", "4") in faults({4: 1})
    assert ("countries", "USA", "None") in faults(small({"countries.0": {**SMALL["countries"][0], None: 3}}))  # type: ignore[dict-item]  # on purpose


def test_faults_beyond_the_limit_are_counted() -> None:
    raw = small(
        {"private_stock": [{"commodity": "tin", "quantity": -1.0, "colour": 1} for _ in range(2_000)]}
    )
    with pytest.raises(FaultyInstance) as caught:
        Instance.parse(raw)
    *listed, last = caught.value.faults
    assert len(listed) == LIMIT
    # A negative quantity and an unknown field in each row; malformed as it is, nothing more is said of it.
    assert last.value == 2 * 2_000 - LIMIT
    assert "more are not listed" in last.allowed


def test_many_unknown_names_among_many_known_ones() -> None:
    raw = small()
    raw["countries"] += [{"id": f"place {i}", "name": "x", "group": "ally"} for i in range(5_000)]
    raw["market"] = [{"commodity": "ga", "country": f"plaice {i}", "quantity": 1.0} for i in range(5_000)]
    found = faults(raw)
    assert len(found) == LIMIT + 1


def test_a_row_with_very_many_faults_is_one_fault() -> None:
    raw = small({"market.0.via": list(range(5_000))})
    with pytest.raises(FaultyInstance) as caught:
        Instance.parse(raw)
    (fault,) = caught.value.faults
    assert fault.table == "market"
    assert "5,000 faults of its own" in fault.allowed
    assert len(str(fault)) < 1_000


@pytest.mark.parametrize(
    "path", ["countries.0.name", "commodities.0.price", "horizon.periods", "risk.cover", "name"]
)
def test_values_without_end_are_shown_short(path: str) -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = 0
    for _ in range(100_000):
        deep = [deep]
    for value in (endless, deep, "x" * 10**6, 10**5000, -(10**5000), [10**5000] * 3, {"a": deep}):
        with pytest.raises(FaultyInstance) as caught:
            Instance.parse(small({path: value}))
        assert len(str(caught.value)) < 2_000
        json.dumps([fault.as_dict() for fault in caught.value.faults], allow_nan=False)
    while isinstance(deep, list):  # unwound by hand: the interpreter frees nested lists by recursion
        deep = deep.pop()


def test_the_error_travels_between_processes() -> None:
    with pytest.raises(FaultyInstance) as caught:
        Instance.parse(small({"name": "", "demand.0.commodity": "tin"}))
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.faults == caught.value.faults
    assert str(again) == str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path in plain data."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [above, *(path for key, entry in entries for path in paths(entry, (*above, key)))][not above :]


PATHS = paths(SMALL)
POOL = [case[0] for case in (*UNKNOWN, *EFFECTS, *ACROSS, *SHAPE)]


@given(st.lists(st.tuples(st.sampled_from(PATHS), json_values), min_size=1, max_size=3))
@example([(("risk",), {"shares": None})])
@example([(("scenarios", 0, "events"), [None])])
@settings(max_examples=80)
def test_any_change_ends_in_an_instance_or_in_faults(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    raw = copy.deepcopy(SMALL)
    for path, value in changes:
        target: Any = raw
        try:
            for part in path[:-1]:
                target = target[part]
            target[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took away what this one would change
    try:
        parsed = Instance.parse(raw)
    except FaultyInstance as error:
        found: Any = error.faults
        with pytest.raises(ValidationError):
            Instance.model_validate(raw)
    else:
        found = [parsed] if parsed == Instance.model_validate(raw) else []
    assert found


@given(st.dictionaries(st.sampled_from([*Instance.model_fields, "x"]), json_values, max_size=4))
@settings(max_examples=100)
def test_any_data_ends_in_faults(raw: dict[str, Any]) -> None:
    with pytest.raises(FaultyInstance):
        Instance.parse(raw)


@given(st.lists(st.sampled_from(POOL), min_size=2, max_size=6))
@settings(max_examples=80)
def test_a_further_fault_never_hides_all_others(several: list[dict[str, Any]]) -> None:
    changes: dict[str, Any] = {}
    for change in several:
        changes.update(change)
    try:
        raw = small(changes)
    except (KeyError, IndexError, TypeError, ValueError):
        return  # one change takes away what another would change
    assert len(faults(raw)) >= 1
