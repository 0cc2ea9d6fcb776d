"""The scenario tree of model.md §2, on trees small enough to draw."""

from __future__ import annotations

from typing import Any

import pytest

from models.instance import Instance
from optimizer.tree import UNDISTURBED, Tree, grow
from tests.optimizer.byhand.base import BAN, by_hand, commerce, cut, hit

CLOSED = cut(countries=["AUS"])


def tree(*scenarios: dict[str, Any], periods: int = 3) -> Tree:
    return grow(by_hand(None, periods=periods, market=[commerce()], scenarios=list(scenarios)).instance)


def drawn(tree: Tree) -> list[tuple[int, int | None, float]]:
    """Period, parent and probability of each node, rounded."""
    return [(n.period, n.parent, round(tree.probability[n.id], 12)) for n in tree.nodes]


def scenario(name: str, probability: float, *events: tuple[dict[str, Any], int, int]) -> dict[str, Any]:
    """A scenario of events (effect, start, duration)."""
    return {
        "id": name,
        "probability": probability,
        "events": [
            {"id": f"{name}{i}", "start": start, "duration": duration, "effects": [effect]}
            for i, (effect, start, duration) in enumerate(events)
        ],
    }


def test_without_scenarios_there_is_the_trunk() -> None:
    grown = tree()
    assert drawn(grown) == [(0, None, 1.0), (1, 0, 1.0), (2, 1, 1.0)]
    assert grown.leaf == {UNDISTURBED: 2}


def test_one_ban_leaves_the_trunk_and_never_comes_back() -> None:
    # 0 - 1 - 2 the trunk; 3 the ban; 4 after it: nothing is in force, but it is known to have been.
    grown = tree(hit(BAN, name="ban", probability=0.3))
    assert drawn(grown) == [(0, None, 1.0), (1, 0, 0.7), (2, 1, 0.7), (1, 0, 0.3), (2, 3, 0.3)]
    assert grown.leaf == {UNDISTURBED: 2, "ban": 4}
    assert grown.nodes[4].in_force == ()


def test_scenarios_share_nodes_until_they_differ() -> None:
    # Both bans begin in 1 (node 3); the short one ends (node 4), the long one lasts (node 5).
    grown = tree(hit(BAN, name="short", probability=0.2), hit(BAN, name="long", probability=0.1, duration=2))
    assert drawn(grown)[3:] == [(1, 0, 0.3), (2, 3, 0.2), (2, 3, 0.1)]
    assert grown.scenarios()[3] == ["short", "long"]
    assert list(grown.path(5)) == [5, 3, 0]


def test_what_is_in_force_now_is_not_enough_to_share() -> None:
    # In 2 the ban is in force in both, but one has had it since 1.
    grown = tree(
        hit(BAN, name="late", probability=0.2, start=2), hit(BAN, name="early", probability=0.1, duration=2)
    )
    assert [(n.period, n.parent) for n in grown.nodes[3:]] == [(2, 1), (1, 0), (2, 4)]


def test_ids_of_events_and_of_scenarios_are_not_seen() -> None:
    grown = tree(scenario("a", 0.2, (BAN, 1, 1)), scenario("b", 0.1, (BAN, 1, 1)))
    assert len(grown) == 5
    assert grown.leaf["a"] == grown.leaf["b"]
    assert grown.leaves() == pytest.approx({2: 0.7, 4: 0.3})


def test_one_event_of_two_effects_is_two_events_of_one() -> None:
    together = hit(BAN, CLOSED, name="together", probability=0.2)
    grown = tree(together, scenario("apart", 0.1, (CLOSED, 1, 1), (BAN, 1, 1)))
    assert len(grown) == 5


def test_effects_are_a_multiset() -> None:
    # The same effect twice is not the same as once.
    grown = tree(scenario("once", 0.2, (BAN, 1, 1)), scenario("twice", 0.1, (BAN, 1, 1), (BAN, 1, 1)))
    assert len(grown) == 7
    assert [len(n.in_force) for n in grown.nodes] == [0, 0, 0, 1, 0, 2, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (cut(countries=["CHN", "AUS"]), cut(countries=["AUS", "CHN"])),
        (cut(countries=["CHN"]), cut(countries=["CHN", "CHN"])),
        (cut(channels=["spot", "market"]), cut(channels=["market", "spot"])),
        (cut(countries=["CHN"]), cut(countries=["CHN"], groups=[], commodities=[])),
    ],
)
def test_lists_are_sets_and_defaults_are_filled(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert len(tree(scenario("a", 0.2, (one, 1, 1)), scenario("b", 0.1, (other, 1, 1)))) == 5


@pytest.mark.parametrize(
    "other",
    [cut(0.5, countries=["CHN"]), cut(groups=["adversary"]), {"kind": "price", "factor": 0.0}, CLOSED],
)
def test_other_effects_are_other_nodes(other: dict[str, Any]) -> None:
    assert len(tree(scenario("a", 0.2, (BAN, 1, 1)), scenario("b", 0.1, (other, 1, 1)))) == 7


def test_an_event_without_effects_is_not_seen() -> None:
    grown = tree({"id": "rumour", "probability": 0.4, "events": [{"id": "r", "start": 1, "duration": 1}]})
    assert drawn(grown) == [(0, None, 1.0), (1, 0, 1.0), (2, 1, 1.0)]
    assert grown.leaf == {UNDISTURBED: 2, "rumour": 2}
    assert grown.leaves() == pytest.approx({2: 1.0})


def test_effects_from_the_first_period_make_several_roots() -> None:
    grown = tree(hit(BAN, name="now", probability=0.25, start=0), periods=2)
    assert drawn(grown) == [(0, None, 0.75), (1, 0, 0.75), (0, None, 0.25), (1, 2, 0.25)]


def test_the_trunk_stands_even_where_its_probability_is_nothing() -> None:
    grown = tree(hit(BAN, name="ban", probability=0.4), hit(CLOSED, name="closed", probability=0.6))
    assert drawn(grown)[:3] == [(0, None, 1.0), (1, 0, 0.0), (2, 1, 0.0)]
    assert UNDISTURBED not in grown.leaf
    assert grown.leaves() == pytest.approx({2: 0.0, 4: 0.4, 6: 0.6})


def test_probabilities_that_fill_one_leave_no_rounding_behind() -> None:
    grown = tree(*(hit(BAN, name=f"s{i}", probability=0.1) for i in range(10)))
    assert UNDISTURBED not in grown.leaf
    assert grown.probability[1] == 0.0


def test_an_event_ends_with_the_horizon() -> None:
    grown = tree(hit(BAN, name="ban", probability=0.5, duration=99))
    assert [len(n.in_force) for n in grown.nodes] == [0, 0, 0, 1, 1]


def test_a_scenario_of_probability_0_has_its_nodes() -> None:
    grown = tree(hit(BAN, name="never", probability=0.0))
    assert drawn(grown)[3:] == [(1, 0, 0.0), (2, 3, 0.0)]


def test_probabilities_add_up_in_every_period() -> None:
    grown = tree(
        hit(BAN, name="a", probability=0.2, start=0), hit(CLOSED, name="b", probability=0.3), periods=4
    )
    for t in range(4):
        assert sum(grown.probability[n.id] for n in grown.nodes if n.period == t) == pytest.approx(1.0)
    assert sum(grown.leaves().values()) == pytest.approx(1.0)


def test_parents_come_before_children() -> None:
    grown = tree(
        hit(BAN, name="a", start=2, probability=0.3), hit(CLOSED, name="b", probability=0.3), periods=5
    )
    for node in grown.nodes:
        if node.parent is not None:
            assert node.parent < node.id
            assert grown.nodes[node.parent].period == node.period - 1


def test_ten_thousand_scenarios_grow_in_step() -> None:
    """Nodes and edges grow with scenarios × periods: none is made twice, none is looked at again."""
    periods = 6

    def many(count: int) -> Tree:
        effects = [cut(i / count, countries=["CHN"]) for i in range(count)]
        rows = [hit(e, name=f"s{i}", probability=0.9 / count, start=i % 5) for i, e in enumerate(effects)]
        raw = by_hand(None, periods=periods, market=[commerce()], scenarios=rows).raw
        return grow(Instance.parse(raw))

    grown = many(10_000)
    # One that begins in period s has nodes of its own in s ... 5: 6, 5, 4, 3 or 2 of them, 2000 times each.
    assert len(grown) == periods + 2000 * (6 + 5 + 4 + 3 + 2)
    assert sum(len(children) for children in grown.children.values()) == len(grown) - 1 - 2000
    assert len(grown.effects) == 10_000
    assert grown.probability[periods - 1] == pytest.approx(0.1)
    assert len(many(1_000)) == periods + 200 * (6 + 5 + 4 + 3 + 2)
