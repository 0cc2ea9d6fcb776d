"""What a sample is made of: probabilities, names, repetition."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.scenarios import sample, simulate, with_scenarios
from optimizer.scenarios.weights import GRID, probabilities
from optimizer.tree import UNDISTURBED, grow
from tests.optimizer.scenarios.support import cut, hazard, world

BUSY = world(
    hazard("ban", rate=0.3, ending_rate=0.6),
    hazard("quota", "BBB", rate=0.2, ending_rate=0.3),
    regimes=[{"country": "AAA", "tense_rate": 0.2, "calm_rate": 0.5, "tense_factor": 3.0}],
)


def test_thirds_by_hand() -> None:
    """2**50 = 3 · 375299968947541 + 1: the unit left over goes to the first."""
    assert probabilities([1, 1, 1]) == [375299968947542 / 2**50, *[375299968947541 / 2**50] * 2]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=200), st.randoms(use_true_random=False))
def test_probabilities_add_up_to_one_in_any_order(counts: list[int], shuffle: random.Random) -> None:
    found = probabilities(counts)
    for share, count in zip(found, counts, strict=True):
        assert (share * GRID).is_integer()
        assert abs(share - count / sum(counts)) <= 1 / GRID
    shuffle.shuffle(found)
    total = 0.0
    for share in found:
        total += share
    assert total == 1.0


@pytest.mark.parametrize("n", [1, 7, 300, 997])
def test_nothing_is_left_over(n: int) -> None:
    found = sample(BUSY, n, 3)
    assert sum(scenario.probability for scenario in found) == 1.0
    tree = grow(with_scenarios(BUSY, found))
    assert UNDISTURBED not in tree.weight
    assert sum(tree.leaves().values()) == 1.0


def test_alike_paths_are_one_scenario_with_their_weights() -> None:
    case = world(
        hazard("h", rate=0.2), periods=2
    )  # 4 kinds: nothing, 2027, 2028; both is impossible: one ends
    simulation = simulate(case, 400, 1)
    seen = simulation.levels[:, :, 0] > 0
    by_kind = {
        tuple(kind): int(count)
        for kind, count in zip(*np.unique(seen, axis=0, return_counts=True), strict=True)
    }
    found = {
        tuple(any(e.start == t for e in s.events) for t in range(2)): s.probability
        for s in simulation.scenarios
    }
    assert found == {kind: pytest.approx(count / 400, abs=2**-50) for kind, count in by_kind.items()}
    assert len(found) == len(simulation.scenarios)


def test_paths_without_events_are_one_scenario_without_events() -> None:
    quiet = [s for s in sample(world(hazard("h", rate=0.05)), 300, 2) if not s.events]
    assert len(quiet) == 1
    assert 0.5 < quiet[0].probability < 0.9  # exp(-0.05 · 6) = 0.74


def test_levels_without_effects_are_not_events() -> None:
    """A stir that only makes a ban likelier is nothing that anybody has to answer."""
    stir = hazard("stir", rate=2.0, ending_rate=0.1, levels=[{"id": "only"}])
    case = world(stir, hazard("ban", after=["stir"], after_rate=0.2))
    found = sample(case, 200, 3)
    assert {e.id.partition("@")[0] for s in found for e in s.events} == {"ban"}


def test_one_seed_repeats_bit_for_bit_and_two_differ() -> None:
    assert sample(BUSY, 200, 7) == sample(BUSY, 200, 7)
    assert sample(BUSY, 200, 7, branching=(3, 2)) == sample(BUSY, 200, 7, branching=(3, 2))
    assert sample(BUSY, 200, 7) != sample(BUSY, 200, 8)
    assert (simulate(BUSY, 200, 7).levels != simulate(BUSY, 200, 8).levels).any()


def test_a_known_sample_stays_what_it_is() -> None:
    """A change of the draws would change every study made before: this one is of version 0.1."""
    found = simulate(BUSY, 4, 2026).levels  # one level each: 0 and 1
    assert ["".join(map(str, row)) for row in found.reshape(4, -1)] == KNOWN


KNOWN = ["010000000101", "000011011110", "000000001000", "100000011110"]
"""Ban and quota by turns, year by year."""


@pytest.mark.parametrize("branching", [None, (3, 2)])
def test_a_path_does_not_depend_on_how_many_there_are(branching: tuple[int, ...] | None) -> None:
    """Nor on the chunks in which they are simulated (4096)."""
    few, many = (simulate(BUSY, n, 5, branching=branching) for n in (40, 5000))
    assert (few.levels == many.levels[:40]).all()
    assert (few.tense == many.tense[:40]).all()


def test_scenarios_are_named_after_their_first_path_and_events_after_hazard_and_year() -> None:
    levels = [
        {"id": "low", "probability": 0.5, "effects": [cut("AAA", 0.8)]},
        {"id": "high", "probability": 0.5, "effects": [cut("AAA", 0.1)]},
    ]
    horizon = {"start_year": 2027, "periods": 4, "period_years": 0.5}
    found = sample(world(hazard("ban", rate=1.0, levels=levels), horizon=horizon), 50, 1)
    assert found[0].id == "path_00001"
    names = {event.id for scenario in found for event in scenario.events}
    assert names <= {
        f"ban/{level}@{year}" for level in ("low", "high") for year in ("2027", "2027.5", "2028", "2028.5")
    }
    assert len(names) == 8


def test_names_of_the_instance_are_left_alone() -> None:
    case = world(hazard("path_00001", rate=0.3))
    assert sample(case, 3, 1)[0].id == "path__00001"
    with_scenarios(case, sample(case, 3, 1))


def test_equal_names_are_told_apart() -> None:
    """Hazard ``x`` at level ``y`` of two, and a hazard called ``x/y``, in one year."""
    levels = [
        {"id": "y", "probability": 1.0, "effects": [cut("AAA", 0.8)]},
        {"id": "z", "probability": 0.0, "effects": [cut("AAA", 0.1)]},
    ]
    both = {"dated": {"period": 1}}
    case = world(hazard("x", levels=levels, **both), hazard("x/y", **both))
    (only,) = sample(case, 5, 1)
    assert sorted(event.id for event in only.events) == ["x/y#1@2028", "x/y#2@2028"]
    with_scenarios(case, [only])
