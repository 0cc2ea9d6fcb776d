"""What may come from a regime."""

from __future__ import annotations

import math

import pytest

from models.instance import Effect
from optimizer.scenarios import (
    Continuation,
    HazardModel,
    Regime,
    conditional_sample,
    continuations,
    simulate,
    with_scenarios,
)
from tests.optimizer.scenarios.support import at, cut, hazard, world

BAN = Regime((("ban", "only"),), frozenset(), (("ban", 1),))
CALM = Regime((), frozenset())
ONLY = Effect.model_validate(cut("AAA", 0.5))


def share(found: tuple[Continuation, ...], k: int) -> float:
    """P(ban in force k periods after the present)."""
    return sum(c.probability for c in found if ONLY in c.in_force[k])


def test_the_regime_of_a_scenario() -> None:
    ban = hazard("ban", ending_rate=0.0, replaces=["licence"], **at(2))
    row = {"country": "BBB", "tense_rate": 0.0, "calm_rate": 0.0, "tense_factor": 1.0, "tense_at_start": 1.0}
    found = simulate(world(hazard("licence", ending_rate=0.0, **at(0)), ban, regimes=[row]), 5, 1)
    tense = frozenset({"BBB"})
    assert found.regime(0, 1) == Regime((("licence", "only"),), tense)
    later = found.regime(0, 4)
    assert later == Regime((("ban", "only"), ("licence", "only")), tense)
    assert later.since == (("ban", 2), ("licence", 0))
    assert hash(later) == hash(Regime(later.in_force, tense))


def test_the_present_is_kept_and_what_follows_obeys_the_law() -> None:
    """In force in period 1, ends with 1 - exp(-0.5) a year: in force k years on with exp(-0.5 k)."""
    case = world(hazard("ban", ending_rate=0.5))
    found = continuations(case, BAN, 1, 20_000, 3)
    assert sum(c.probability for c in found) == 1.0
    assert all(len(c.in_force) == 5 and c.in_force[0] == (ONLY,) for c in found)
    for k in range(1, 5):
        p = math.exp(-0.5 * k)
        assert share(found, k) == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 20_000))
    assert [c.probability for c in found] == sorted((c.probability for c in found), reverse=True)
    assert len(found) == 5  # it ends in one of four periods, or not


def test_tension_is_carried_on() -> None:
    row = {"country": "AAA", "tense_rate": 0.0, "calm_rate": 0.0, "calm_factor": 0.0, "tense_factor": 1.0}
    case = world(hazard("ban", rate=0.5), regimes=[row])
    assert share(continuations(case, CALM, 0, 500, 1), 1) == 0.0
    tense = share(continuations(case, Regime((), frozenset({"AAA"})), 0, 20_000, 1), 1)
    p = 1 - math.exp(-0.5)
    assert tense == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 20_000))


def test_escalation_depends_on_the_present() -> None:
    case = world(hazard("ban"), hazard("war", "BBB", after=["ban"], after_rate=50.0))
    war = Effect.model_validate(cut("BBB", 0.5))
    assert all(war in c.in_force[1] for c in continuations(case, BAN, 1, 50, 1))
    assert not any(war in c.in_force[1] for c in continuations(case, CALM, 1, 50, 1))


def test_in_the_last_period_nothing_is_to_come() -> None:
    assert continuations(world(hazard("ban")), BAN, 5, 30, 1) == (Continuation(1.0, ((ONLY,),)),)


def test_as_scenarios_of_the_horizon() -> None:
    case = world(hazard("ban", rate=0.2, ending_rate=0.5))
    found = conditional_sample(case, BAN, 2, 100, 4)
    assert all(s.events[0].start == 2 for s in found)
    assert sum(s.probability for s in found) == 1.0
    with_scenarios(case, found)


def test_with_branching_ways_part_after_the_present() -> None:
    """Ways 3: as many different futures as paths, not one."""
    levels = [{"id": f"l{i}", "probability": 1 / 40, "effects": [cut("AAA", i / 40)]} for i in range(40)]
    case = world(hazard("ban", levels=levels, **at(2)))
    model = HazardModel(case)
    assert len(model.continuations(CALM, 1, 6, 1, branching=(6,))) == 6
    assert len(model.continuations(CALM, 1, 6, 1, branching=(1, 6))) == 1  # they part when it has begun


def test_the_future_is_not_read_from_the_sample() -> None:
    """The same seed for sample and continuation gives other draws: the truth is not among them by force."""
    case = world(hazard("ban", rate=0.5, ending_rate=0.5), periods=30)
    truth = simulate(case, 1, 7)
    (one,) = HazardModel(case).continuations(truth.regime(0, 0), 0, 1, 7)
    assert [bool(c) for c in one.in_force] != [bool(x) for x in truth.levels[0, :, 0]]


@pytest.mark.parametrize(
    ("regime", "period", "words"),
    [
        (Regime((("bann", "only"),), frozenset()), 1, "no such hazard"),
        (Regime((("ban", "mild"),), frozenset()), 1, "no such hazard and level"),
        (Regime((), frozenset({"AAA"})), 1, "no row of regimes for AAA"),
        (CALM, 6, "0 to 5"),
        (CALM, -1, "0 to 5"),
    ],
)
def test_what_the_instance_does_not_have(regime: Regime, period: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        continuations(world(hazard("ban")), regime, period, 5, 1)
