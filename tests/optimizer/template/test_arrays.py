"""Arrays from the template are those of the plain compiler, whatever the instance and its tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings

from models.files import read
from models.instance import Instance
from optimizer.data import Data
from optimizer.solve import solve
from optimizer.template import Template, arrays_of
from optimizer.template.choose import FEW, WORTH
from optimizer.tree import grow
from tests.optimizer import handmade, support
from tests.optimizer.byhand import HAND
from tests.optimizer.golden import INSTANCE
from tests.optimizer.small import small
from tests.optimizer.template.alike import assert_alike, compare, plain
from tests.strategies import instances

INSTANCES = Path(__file__).resolve().parents[3] / "instances"
REAL = "us-vault-2026"
TEACHING = sorted(p.name for p in INSTANCES.iterdir() if (p / "instance.yaml").exists() and p.name != REAL)
CASES = sorted(p.stem for p in support.CASES.glob("*.json") if p.stem != "expected")
HIT = {"kind": "supply", "factor": 0.0, "countries": ["CHN"]}
SHUT = {"kind": "supply", "factor": 0.0, "members": ["vault"]}


def scenario(name: str, probability: float, *events: tuple[int, int, dict[str, object]]) -> dict[str, object]:
    """A scenario of events (start, duration, effect)."""
    return {
        "id": name,
        "probability": probability,
        "events": [
            {"id": f"{name}{i}", "start": start, "duration": duration, "effects": [effect]}
            for i, (start, duration, effect) in enumerate(events)
        ],
    }


@pytest.mark.parametrize("name", CASES)
def test_reference_cases(name: str) -> None:
    compare(support.case(name))


@pytest.mark.parametrize("name", sorted(HAND))
def test_cases_solved_by_hand(name: str) -> None:
    compare(support.case(name))


@pytest.mark.parametrize("name", TEACHING)
def test_teaching_cases(name: str) -> None:
    compare(read(INSTANCES / name))


def test_every_family_at_once() -> None:
    compare(INSTANCE)
    compare(handmade.instance())


@pytest.mark.slow
@given(instances())
@settings(max_examples=30)
def test_drawn_instances(instance: Instance) -> None:
    compare(instance)


@pytest.mark.slow
def test_the_real_case() -> None:
    template = compare(read(INSTANCES / REAL))
    # 171 nodes, of which no more than 45 had to be written.
    assert template.library_nodes <= 50


# ---- trees


def test_several_roots_and_a_trunk_nobody_expects() -> None:
    sure = [scenario("now", 0.25, (0, 2, HIT)), scenario("later", 0.75, (1, 1, HIT))]
    instance = small(scenarios=sure, risk={"cvar_limit": 1e9})
    tree = grow(instance)
    assert [n.parent for n in tree.nodes].count(None) == 2
    assert tree.probability[2] == 0
    compare(instance)


def test_scenarios_that_cannot_happen() -> None:
    """Their nodes keep their rows, but for those of CVaR."""
    compare(small(scenarios=[scenario("never", 0.0, (1, 2, HIT))], risk={"cvar_limit": 1e9}))


def test_a_depot_that_is_shut() -> None:
    compare(small(scenarios=[scenario("shut", 0.5, (1, 1, SHUT))]))


def test_one_period() -> None:
    compare(small(horizon={"start_year": 2027, "periods": 1}, scenarios=[scenario("ban", 0.5, (0, 1, HIT))]))


def test_cover_waits_for_calm() -> None:
    """Cover of two calm periods: after a crisis in period 1 it stands again in period 3."""
    instance = small(
        horizon={"start_year": 2027, "periods": 5},
        scenarios=[scenario("ban", 0.5, (1, 1, HIT)), scenario("first", 0.25, (0, 1, HIT))],
        risk={"cover": [{"commodity": "ga", "days": 30.0, "rebuild_periods": 1}]},
    )
    data = Data(instance)
    arrays = Template(instance).arrays(data.tree, data.states)
    ban = list(data.tree.path(data.tree.leaf["ban"]))[::-1]
    there = [("cover", (0, n)) in arrays.rows for n in ban]
    assert there == [True, False, False, True, True]
    compare(instance)


def test_a_tree_that_the_instance_does_not_know() -> None:
    known, other = small(scenarios=[]), small()
    data = Data(other)
    assert_alike(Template(known).arrays(data.tree, data.states), plain(data))


def test_learning_bit_by_bit() -> None:
    """Nothing changes but the order in which rows and columns are met."""
    instance = support.case("case-27")
    data = Data(instance)
    template = Template(instance)
    for node in reversed(data.tree.nodes):
        template.learn([(node.period, data.states[node.id])])
    assert_alike(template.arrays(data.tree, data.states), plain(data), ordered=False)


def test_what_is_known_is_not_compiled_again() -> None:
    data = Data(support.case("case-27"))
    template = Template(data.instance)
    keys = [(node.period, data.states[node.id]) for node in data.tree.nodes]
    ahead = template.ahead(keys)
    template.learn(keys)
    assert template.library_nodes == ahead
    assert template.ahead(keys) == 0
    template.learn(keys)
    template.arrays(data.tree, data.states)
    assert template.library_nodes == ahead


# ---- the way a solve takes


def repeating() -> Instance:
    """A ban of each length from each period on, and of no other: many nodes, few different states."""
    spans = [(start, length) for start in range(6) for length in range(1, 7 - start)]
    scenarios = [scenario(f"ban{s}{n}", 0.02, (s, n, HIT)) for s, n in spans]
    return small(horizon={"start_year": 2027, "periods": 6}, scenarios=scenarios, risk={"cvar_limit": 1e9})


def test_a_tree_that_repeats_itself_takes_the_short_way() -> None:
    data = Data(repeating())
    keys = [(node.period, data.states[node.id]) for node in data.tree.nodes]
    assert len(data.tree) >= FEW
    assert Template(data.instance).ahead(keys) <= WORTH * len(data.tree)
    entered: list[str] = []

    @contextmanager
    def phase(name: str) -> Iterator[None]:
        entered.append(name)
        yield

    assert_alike(arrays_of(data, phase), plain(data))
    assert entered == ["formulation", "arrays"]


def test_a_small_tree_is_written_node_by_node() -> None:
    data = Data(small())
    assert len(data.tree) < FEW
    found, expected = arrays_of(data), plain(data)
    assert_alike(found, expected)
    assert found.cost.tobytes() == expected.cost.tobytes()


def test_a_plan_found_the_short_way() -> None:
    instance = repeating()
    plan = solve(instance)
    assert plan.certificate is not None
    assert plan.certificate.passed
    data = Data(instance)
    assert plan.objective == pytest.approx(support.solved(plain(data), data.units.money))
