"""Bunches share their beginnings when a tree grows from them, and every path alone follows the law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.instance import Instance, Scenario
from optimizer.scenarios import known_for_certain, sample, simulate, with_scenarios
from optimizer.tree import Tree, grow
from tests.optimizer.scenarios.support import at, cut, hazard, world


def tree(case: Instance, scenarios: tuple[Scenario, ...]) -> Tree:
    return grow(with_scenarios(case, scenarios))


def test_nodes_by_hand() -> None:
    """A ban of 2028 (period 1) of unknown length, horizon of 4 periods, one bunch of three ways on.

    The seed is one whose three durations are 1, 2 and 3 periods. Nodes: trunk 4; ban in force in periods 1, 2
    and 3: 3; ended after one period: periods 2, 3; after two: period 3. In all 4 + 3 + 2 + 1 = 10.
    Known for certain, of the nodes before the last period, weighted: period 0 all three share (the trunk),
    period 1 all three share the ban, in period 2 one is out (alone, 1/3), two share: 1/3 of 3 periods = 1/9.
    """
    case = world(hazard("ban", ending_rate=0.7, **at(1)), periods=4)
    found = sample(case, 3, SEED, branching=(3,))
    assert sorted(s.events[0].duration for s in found) == [1, 2, 3]
    assert len(tree(case, found)) == 10
    assert known_for_certain(tree(case, found)) == pytest.approx(1 / 9)


SEED = 4


def test_independent_paths_that_differ_in_level_share_nothing_bunches_do() -> None:
    """40 levels: six paths drawn apart are known for certain from the first year of the ban on, six drawn
    together keep its length open: then some node after the trunk has several scenarios."""
    levels = [{"id": f"l{i}", "probability": 1 / 40, "effects": [cut("AAA", i / 40)]} for i in range(40)]
    case = world(hazard("ban", ending_rate=0.5, levels=levels, **at(1)), periods=6)
    apart, together = sample(case, 6, 0), sample(case, 6, 0, branching=(6,))
    assert len({s.events[0].effects for s in apart}) == len(apart) == 6
    assert len({s.events[0].effects for s in together}) == 1
    # Apart: of the 5 periods before the last only period 0 is open. 4/5 is known.
    assert known_for_certain(tree(case, apart)) == pytest.approx(4 / 5)
    assert known_for_certain(tree(case, together)) < 4 / 5


def test_parts_part_again_at_the_next_change() -> None:
    """Two dated hazards with 40 levels each, in force for one period. Ways 2 and 2: all four paths of a bunch
    have the first level in common, two and two the second, which is drawn after the first has begun."""
    levels = [{"id": f"l{i}", "probability": 1 / 40, "effects": [cut("AAA", i / 40)]} for i in range(40)]
    first = hazard("first", levels=levels, ending_rate=0.0, **at(1))
    second = hazard("second", levels=levels, **at(3))
    third = hazard("third", levels=levels, **at(5))
    seen = simulate(world(first, second, third), 8, 4, branching=(2, 2)).levels
    for bunch in (seen[:4], seen[4:]):
        assert len(np.unique(bunch[:, 1, 0])) == 1
        assert bunch[0, 3, 1] == bunch[1, 3, 1] != bunch[2, 3, 1] == bunch[3, 3, 1]
        assert len(np.unique(bunch[:, 5, 2])) == 4
    assert seen[0, 1, 0] != seen[4, 1, 0]


def test_a_bunch_that_n_cuts_short() -> None:
    """n = 5 with bunches of 4: the fifth path is a bunch of its own."""
    case = world(hazard("ban", rate=0.4, ending_rate=0.5))
    five, eight = (simulate(case, n, 9, branching=(2, 2)).levels for n in (5, 8))
    assert (five == eight[:5]).all()


def test_one_way_on_is_an_independent_path_in_law_and_branching_keeps_the_law() -> None:
    """P(in force in period t) by the chain of two states, from the mean of bunches, which are independent."""
    case = world(hazard("ban", rate=0.3, ending_rate=0.5))
    start, stay = 1 - math.exp(-0.3), math.exp(-0.5)
    for branching in ((1,), (4, 3, 2)):
        bunch = math.prod(branching)
        seen = simulate(case, 2000 * bunch, 3, branching=branching).levels[:, :, 0] > 0
        means = seen.reshape(2000, bunch, -1).mean(axis=1)
        expected = 0.0
        for t in range(6):
            expected = expected * stay + (1 - expected) * start
            error = means[:, t].std(ddof=1) / math.sqrt(2000)
            assert abs(means[:, t].mean() - expected) <= 4 * error


def test_branching_leaves_more_open() -> None:
    """Of the same number of paths, on hazards of several countries and levels."""
    levels = [{"id": f"l{i}", "probability": 0.2, "effects": [cut("AAA", i / 5)]} for i in range(5)]
    other = [{"id": f"l{i}", "probability": 0.2, "effects": [cut("BBB", i / 5)]} for i in range(5)]
    one = hazard("one", rate=0.2, ending_rate=0.4, levels=levels)
    case = world(one, hazard("two", "BBB", rate=0.2, ending_rate=0.4, levels=other), periods=8)
    apart, together = (tree(case, sample(case, 144, 1, branching=b)) for b in (None, (6, 3, 2)))
    assert known_for_certain(together) < known_for_certain(apart)


def scenarios(*rows: tuple[float, list[tuple[int, int]]]) -> list[dict[str, object]]:
    return [
        {
            "id": f"s{i}",
            "probability": p,
            "events": [
                {"id": f"e{start}", "start": start, "duration": duration, "effects": [cut("AAA", 0.5)]}
                for start, duration in events
            ],
        }
        for i, (p, events) in enumerate(rows)
    ]


def test_known_for_certain_by_hand() -> None:
    """T = 4; the last period does not count. Undisturbed 0.5; a ban in period 1 of one (0.25) or two periods
    (0.25). Period 0: nobody is alone. Period 1: the undisturbed, 0.5. Period 2: everybody, 1. 1.5 / 3 = 0.5.
    """
    case = world(scenarios=scenarios((0.25, [(1, 1)]), (0.25, [(1, 2)])), periods=4)
    assert known_for_certain(grow(case)) == pytest.approx(0.5)


def test_known_for_certain_at_its_ends() -> None:
    one = world(scenarios=scenarios((1.0, [(1, 1)])), periods=4)
    assert known_for_certain(grow(one)) == 1.0
    assert known_for_certain(grow(world(periods=4))) == 1.0
    last = world(scenarios=scenarios((0.5, [(3, 1)])), periods=4)
    assert known_for_certain(grow(last)) == 0.0
    assert known_for_certain(grow(world(scenarios=scenarios((0.5, [(0, 1)])), periods=1))) == 0.0


def test_a_scenario_without_probability_hides_nothing() -> None:
    case = world(scenarios=scenarios((1.0, [(1, 1)]), (0.0, [(1, 2)])), periods=4)
    assert known_for_certain(grow(case)) == 1.0
