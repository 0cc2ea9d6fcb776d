"""The tree grown again: which scenarios share which nodes (model.md §2), and what effects multiply (§1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.instance import Instance
from optimizer.audit.effects import calm, multipliers
from optimizer.audit.tree import Tree, grow
from tests.optimizer.audit.yard import INSTANCE

Raw = dict[str, Any]
BAN: Raw = {"kind": "supply", "factor": 0.2, "countries": ["CHN"]}
LIFT: Raw = {"kind": "price", "factor": 1.5}


def event(key: str, start: int, duration: int, *effects: Raw) -> Raw:
    return {"id": key, "start": start, "duration": duration, "effects": list(effects)}


def instance(*scenarios: tuple[float, list[Raw]], periods: int = 3, **changes: Any) -> Instance:
    """The yard without what hangs on its two years, under scenarios s0, s1 ..."""
    raw = {k: v for k, v in INSTANCE.items() if k not in ("budget", "allocations", "risk")}
    raw |= {"horizon": {"start_year": 2027, "periods": periods}}
    raw["scenarios"] = [{"id": f"s{i}", "probability": p, "events": e} for i, (p, e) in enumerate(scenarios)]
    return Instance.parse(raw | changes)


def nodes(tree: Tree) -> list[tuple[int, int, float, tuple[str, ...]]]:
    """(period, parent, probability, scenarios) of all nodes."""
    return [
        (int(t), int(above), round(float(p), 12), ids)
        for t, above, p, ids in zip(tree.period, tree.parent, tree.probability, tree.through, strict=True)
    ]


def test_scenarios_part_when_the_effects_in_force_differ() -> None:
    # s0: a ban of one year in 2028; s1: the same ban, a year longer. In 2028 nobody can tell them apart.
    tree = grow(instance((0.3, [event("a", 1, 1, BAN)]), (0.2, [event("b", 1, 2, BAN)])))
    assert nodes(tree) == [
        (0, -1, 1.0, ("s0", "s1")),
        (1, 0, 0.5, ()),
        (1, 0, 0.5, ("s0", "s1")),
        (2, 1, 0.5, ()),
        (2, 2, 0.3, ("s0",)),
        (2, 2, 0.2, ("s1",)),
    ]
    assert tree.leaf == {"s0": 4, "s1": 5, "": 3}


def test_the_trunk_exists_without_probability_and_the_first_period_may_branch() -> None:
    tree = grow(instance((1.0, [event("a", 0, 1, BAN)])))
    assert nodes(tree) == [
        (0, -1, 0.0, ()),
        (0, -1, 1.0, ("s0",)),
        (1, 0, 0.0, ()),
        (1, 1, 1.0, ("s0",)),
        (2, 2, 0.0, ()),
        (2, 3, 1.0, ("s0",)),
    ]


def test_a_scenario_without_effects_stays_on_the_trunk() -> None:
    tree = grow(instance((0.4, [event("a", 1, 1)]), (0.1, [])))
    assert nodes(tree) == [(t, t - 1, 1.0, ("s0", "s1")) for t in range(3)]


def test_effects_are_compared_as_multisets_with_defaults_filled_and_lists_as_sets() -> None:
    plain = {"kind": "supply", "factor": 0.5, "countries": ["CHN", "AUS"]}
    same = {**plain, "countries": ["AUS", "CHN", "AUS"], "groups": [], "channels": []}
    tree = grow(
        instance(
            (0.1, [event("a", 1, 1, plain, LIFT)]),
            (0.1, [event("b", 1, 1, LIFT), event("c", 1, 1, same)]),  # the same, split and in another order
            (0.1, [event("d", 1, 1, plain, same, LIFT)]),  # the ban twice: another multiset
            (0.1, [event("e", 1, 1, {**plain, "factor": 0.4}, LIFT)]),
            (
                0.1,
                [event("f", 1, 1, {**plain, "groups": ["ally"]}, LIFT)],
            ),  # the same countries, named otherwise
        )
    )
    assert [ids for t, _, _, ids in nodes(tree) if t == 1] == [(), ("s0", "s1"), ("s2",), ("s3",), ("s4",)]


def test_histories_that_differed_once_never_meet_again() -> None:
    tree = grow(instance((0.3, [event("a", 0, 1, BAN)]), (0.2, [event("b", 0, 1, LIFT)])))
    assert [ids for t, _, _, ids in nodes(tree) if t == 2] == [(), ("s0",), ("s1",)]


def hit(*effects: Raw, **changes: Any) -> dict[str, list[float]]:
    """Multipliers in period 1 under these effects, by table."""
    case = instance((1.0, [event("a", 1, 1, *effects)]), **changes)
    tree = grow(case)
    by = multipliers(case, tree)
    node = tree.levels[1][1]
    assert all(np.all(values[:, tree.levels[2]] == 1.0) for values in vars(by).values())  # over in period 2
    return {name: values[:, node].tolist() for name, values in vars(by).items()}


# Rows of the yard: market CHN ga, AUS ge · spot ga-spot AUS, ge-spot CHN · agreements ga-off AUS, ga-opt
# USA ·
# projects smelter, mill USA · depots vault, annex USA · demand ga:defense, ga:general · industry chips
# (general).
@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ({"countries": ["CHN"]}, {"market": [0.5, 1], "spot": [1, 0.5]}),
        ({"groups": ["ally"], "countries": ["CHN"]},
         {"market": [0.5, 0.5], "spot": [0.5, 0.5], "agreements": [0.5, 1]}),
        ({"channels": ["market"]}, {"market": [0.5, 0.5]}),
        ({"channels": ["spot"], "commodities": ["ga"]}, {"spot": [0.5, 1]}),
        ({"materials": ["germanium"]}, {"market": [1, 0.5], "spot": [1, 0.5]}),
        ({"materials": ["germanium"], "commodities": ["ga"], "channels": ["project"]}, {"projects": [0.5,
         0.5]}),
        ({"countries": ["USA"]}, {"agreements": [1, 0.5], "projects": [0.5, 0.5], "depots": [0.5, 0.5]}),
        ({"countries": ["USA"], "commodities": ["ga"]}, {"agreements": [1, 0.5], "projects": [0.5, 0.5]}),
        ({"countries": ["USA"], "commodities": ["ga"], "channels": ["depot"]}, {"depots": [0.5, 0.5]}),
        ({"members": ["ga-off", "vault"]}, {"agreements": [0.5, 1], "depots": [0.5, 1]}),
        ({"members": ["ga-off"], "countries": ["USA"]}, {}),
    ],
)  # fmt: skip
def test_supply_effects_reach_what_they_select(effect: Raw, expected: Raw) -> None:
    found = hit({"kind": "supply", "factor": 0.5, **effect})
    assert {name: values for name, values in found.items() if set(values) != {1.0}} == expected


def test_an_offer_is_hit_through_any_country_it_passes() -> None:
    agreements = [{**INSTANCE["agreements"][0], "via": ["CHN", "USA"]}, INSTANCE["agreements"][1]]
    assert hit(BAN, agreements=agreements)["agreements"] == [0.2, 1.0]


def test_price_and_demand_effects_reach_what_they_select() -> None:
    assert hit({"kind": "price", "factor": 1.5, "materials": ["gallium"]})["price"] == [1.5, 1.0]
    assert hit(LIFT)["price"] == [1.5, 1.5]
    demand = {"kind": "demand", "factor": 1.5}
    for selector, rows, chips in (
        ({}, [1.5, 1.5], 1.5),
        ({"segments": ["defense"]}, [1.5, 1.0], 1.0),
        ({"segments": ["general"]}, [1.0, 1.5], 1.5),
        ({"segments": ["general"], "commodities": ["ga"]}, [1.0, 1.5], 1.0),
        ({"commodities": ["ge"]}, [1.0, 1.0], 1.0),
    ):
        found = hit({**demand, **selector})
        assert (found["demand"], found["industries"]) == (rows, [chips])


def test_effects_in_force_together_multiply() -> None:
    assert hit(BAN, BAN, {**BAN, "factor": 0.5})["market"] == pytest.approx([0.02, 1.0])


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ([], [True, True]),
        ([BAN], [False, False]),  # the ga market and ge-spot are in CHN
        ([{"kind": "supply", "factor": 0.5, "members": ["smelter"]}], [False, True]),  # it makes ga
        ([{"kind": "supply", "factor": 0.5, "members": ["vault"]}], [True, True]),  # depots do not count
        ([{"kind": "supply", "factor": 0.5, "members": ["ga-opt"]}], [False, True]),
        ([{"kind": "demand", "factor": 0.5, "segments": ["general"]}], [False, False]),  # chips need ge
        ([{**LIFT, "commodities": ["ge"]}], [True, False]),
        ([{**LIFT, "factor": 2.0}, {**LIFT, "factor": 0.5}], [True, True]),  # exactly 1 together
    ],
)
def test_calm_is_every_multiplier_at_one(effects: list[Raw], expected: list[bool]) -> None:
    case = instance((1.0, [event("a", 1, 1, *effects)]))
    tree = grow(case)
    quiet = calm(case, multipliers(case, tree))
    assert quiet[:, tree.levels[1][-1]].tolist() == expected
    assert quiet[:, tree.levels[0]].all()
