"""Frequencies in a sample are what the law says, within four standard errors of fixed seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.faults import NoHazards, UnknownRate
from optimizer.scenarios import HazardModel, sample, simulate
from optimizer.scenarios.paths import Simulation
from tests.optimizer.scenarios.support import at, cut, hazard, world

N = 20_000
Flags = NDArray[np.bool_]


def close(hits: NDArray[Any], probability: float) -> None:
    """The share of hits among independent trials is the probability, within four standard errors."""
    error = math.sqrt(probability * (1 - probability) / len(hits))
    assert abs(hits.mean() - probability) <= 4 * error, (hits.mean(), probability)


def in_force(simulation: Simulation, name: str) -> Flags:
    """[path, period]."""
    return simulation.levels[:, :, simulation.hazards.index(name)] > 0


@pytest.mark.parametrize("years", [1.0, 0.5])
def test_a_rate_is_a_poisson_process_seen_once_a_period(years: float) -> None:
    """P(start) = 1 - exp(-0.3 Δ) wherever it was not in force the period before: Δ = 1: 0.259."""
    horizon = {"start_year": 2027, "periods": 6, "period_years": years}
    seen = in_force(simulate(world(hazard("h", rate=0.3), horizon=horizon), N, 1), "h")
    free = np.concatenate([np.ones((N, 1), dtype=bool), ~seen[:, :-1]], axis=1)
    close(seen[free], 1 - math.exp(-0.3 * years))


def test_durations_are_geometric_and_at_least_one_period() -> None:
    """Ends with q = 1 - exp(-0.5) = 0.393 each later period: P(D = 1, 2, 3) = 0.393, 0.239, 0.145."""
    seen = in_force(simulate(world(hazard("h", ending_rate=0.5, **at(0)), periods=12), N, 2), "h")
    assert seen[:, 0].all()
    stay = math.exp(-0.5)
    duration = np.where(seen.all(axis=1), 12, np.argmin(seen, axis=1))
    for d in range(1, 6):
        close(duration == d, stay ** (d - 1) * (1 - stay))
    close(duration == 12, stay**11)


def test_what_never_ends_lasts() -> None:
    seen = in_force(simulate(world(hazard("h", rate=0.5, ending_rate=0.0)), 500, 3), "h")
    assert (seen[:, 1:] >= seen[:, :-1]).all()


def test_no_rate_no_event() -> None:
    (only,) = sample(world(hazard("h")), 50, 1)
    assert (only.probability, only.events) == (1.0, ())


def test_hazards_of_one_country_come_together_those_of_two_do_not() -> None:
    """AAA is tense from the start with 1/2, for ever; its hazards start only then. With p = 1 - exp(-0.7) =
    0.503, both start in the first period with p²/2 = 0.127, not p²/4 = 0.063. BBB has a coin of its own:
    with one of each country p²/4.
    """
    never = {"tense_rate": 0.0, "calm_rate": 0.0, "calm_factor": 0.0, "tense_factor": 1.0}
    tense = [{"country": c, "tense_at_start": 0.5, **never} for c in ("AAA", "BBB")]
    hazards = [hazard("a", rate=0.7), hazard("b", rate=0.7), hazard("c", "BBB", rate=0.7)]
    found = simulate(world(*hazards, regimes=tense, periods=2), N, 4)
    p = 1 - math.exp(-0.7)
    a, b, c = (in_force(found, name)[:, 0] for name in "abc")
    close(a & b, p * p / 2)
    close(a & c, p * p / 4)
    close(a, p / 2)
    # Correlation given by the shared coin: (p²/2 - p²/4) / (p/2 (1 - p/2)) = 0.336; none across countries.
    assert np.corrcoef(a, b)[0, 1] == pytest.approx((p / 4) / (0.5 * (1 - p / 2)), abs=4 / math.sqrt(N))
    assert abs(np.corrcoef(a, c)[0, 1]) <= 4 / math.sqrt(N)


def test_regimes_follow_the_chain_of_two_states() -> None:
    """From calm with a = 0.2 into tense and b = 0.6 out: P(tense at t) = 0.25 (1 - exp(-0.8 t))."""
    row = {"country": "AAA", "tense_rate": 0.2, "calm_rate": 0.6, "tense_factor": 3.0}
    found = simulate(world(hazard("h"), regimes=[row]), N, 5)
    assert not found.tense[:, 0].any()
    for t in range(1, 6):
        close(found.tense[:, t, 0], 0.25 * (1 - math.exp(-0.8 * t)))


def test_tension_multiplies_the_rate() -> None:
    row = {"country": "AAA", "tense_rate": 0.4, "calm_rate": 0.4, "tense_at_start": 0.5}
    factors = {"calm_factor": 0.5, "tense_factor": 3.0}
    found = simulate(world(hazard("h", rate=0.2), regimes=[row | factors], periods=2), N, 6)
    first, tense = in_force(found, "h")[:, 0], found.tense[:, 0, 0]
    close(first[tense], 1 - math.exp(-0.6))
    close(first[~tense], 1 - math.exp(-0.1))


def test_escalation_only_while_another_is_in_force() -> None:
    """``war`` has no rate of its own; 0.9 a year in the period after one in which ``ban`` was in force."""
    war = hazard("war", after=["ban"], after_rate=0.9)
    found = simulate(world(hazard("ban", rate=0.4, ending_rate=0.5), war), N, 7)
    ban, at_war = in_force(found, "ban"), in_force(found, "war")
    assert not at_war[:, 0].any()
    before, now, could = ban[:, :-1], at_war[:, 1:], ~at_war[:, :-1]
    assert not now[could & ~before].any()
    close(now[could & before], 1 - math.exp(-0.9))


def test_escalation_more_often_while_another_is_in_force() -> None:
    war = hazard("war", rate=0.1, after=["ban"], after_rate=0.9)
    found = simulate(world(hazard("ban", rate=0.4, ending_rate=0.5), war), N, 8)
    ban, at_war = in_force(found, "ban"), in_force(found, "war")
    could = ~at_war[:, :-1]
    close(at_war[:, 1:][could & ban[:, :-1]], 1 - math.exp(-0.9))
    close(at_war[:, 1:][could & ~ban[:, :-1]], 1 - math.exp(-0.1))


def test_on_ending_it_may_become_another() -> None:
    """The ban of 2027 ends with 1 - exp(-1) a year; in 4 of 10 cases a licence takes over in that period."""
    ban = hazard("ban", ending_rate=1.0, becomes="licence", becomes_probability=0.4, **at(0))
    found = simulate(world(ban, hazard("licence", ending_rate=0.0)), N, 9)
    ban_seen, licence = in_force(found, "ban"), in_force(found, "licence")
    ended = ban_seen[:, :-1] & ~ban_seen[:, 1:]
    close(licence[:, 1:][ended], 0.4)
    begun = licence[:, 1:] & ~licence[:, :-1]
    assert (begun <= ended).all()
    assert not licence[:, 0].any()


def test_a_date_with_its_probability_and_level() -> None:
    levels = [
        {"id": "low", "probability": 0.7, "effects": [cut("AAA", 0.8)]},
        {"id": "high", "probability": 0.3, "effects": [cut("AAA", 0.1)]},
    ]
    drawn, named = hazard("drawn", levels=levels, **at(2, 0.25)), hazard("named", levels=levels)
    named |= at(1, 0.5, level="high")
    found = simulate(world(drawn, named), N, 10)
    assert not in_force(found, "drawn")[:, [0, 1, 3, 4, 5]].any()
    close(found.levels[:, 2, 0] > 0, 0.25)
    close(found.levels[:, 2, 0][found.levels[:, 2, 0] > 0] == 2, 0.3)
    close(found.levels[:, 1, 1] > 0, 0.5)
    assert set(np.unique(found.levels[:, 1, 1])) == {0, 2}


def test_a_level_is_kept_to_the_end() -> None:
    levels = [{"id": f"l{i}", "probability": 0.25, "effects": [cut("AAA", i / 8)]} for i in range(4)]
    levels_seen = simulate(world(hazard("h", rate=0.3, ending_rate=0.3, levels=levels)), 2000, 11).levels
    both = (levels_seen[:, 1:] > 0) & (levels_seen[:, :-1] > 0)
    assert (levels_seen[:, 1:][both] == levels_seen[:, :-1][both]).all()
    assert len(np.unique(levels_seen)) == 5


def test_what_is_replaced_has_no_effect_and_comes_back() -> None:
    """A licence from 2027 for ever; a ban of 2029 takes its place and ends after one period."""
    ban = hazard("ban", replaces=["licence"], **at(2))
    (only,) = sample(world(hazard("licence", ending_rate=0.0, **at(0)), ban), 10, 12)
    assert [(e.id, e.start, e.duration) for e in only.events] == [
        ("licence@2027", 0, 2),
        ("ban@2029", 2, 1),
        ("licence@2030", 3, 3),
    ]


def test_rates_by_name_by_factor_and_as_text() -> None:
    rows = [{"id": "often", "factor": 2.0, "hazards": ["h"]}, {"id": "all", "factor": 3.0}]
    case = world(hazard("h", rate=0.2), hazard("g", "BBB", rate=0.2), hazard_rates=rows)
    for rate, of_h, of_g in (
        (None, 0.2, 0.2),
        ("often", 0.4, 0.2),
        ("all", 0.6, 0.6),
        (1.5, 0.3, 0.3),
        ("0", 0, 0),
    ):
        found = simulate(case, N, 13, rate=rate)
        close(in_force(found, "h")[:, 0], 1 - math.exp(-of_h))
        close(in_force(found, "g")[:, 0], 1 - math.exp(-of_g))


@pytest.mark.parametrize("rate", ["oftn", "-1", "nan", -0.5, math.inf])
def test_a_rate_that_does_not_exist(rate: str | float) -> None:
    case = world(hazard("h"), hazard_rates=[{"id": "often", "factor": 2.0}])
    with pytest.raises(UnknownRate, match="did you mean 'often'" if rate == "oftn" else "at least 0"):
        sample(case, 1, 1, rate=rate)


def test_without_hazards_the_error_names_what_to_add() -> None:
    with pytest.raises(NoHazards, match=r"Add the table 'hazards'.*rate.*ending_rate.*levels"):
        sample(world(), 10, 1)


@pytest.mark.parametrize(
    ("n", "seed", "branching", "words"),
    [
        (0, 1, None, "at least one path"),
        (1, -1, None, "at least 0"),
        (1, 1, (2, 0), "whole numbers of at least 1"),
    ],
)
def test_faulty_arguments(n: int, seed: int, branching: tuple[int, ...] | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        HazardModel(world(hazard("h"))).simulate(n, seed, branching)
