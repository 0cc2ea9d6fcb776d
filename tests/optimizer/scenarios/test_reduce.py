"""Reduction by hand, and its bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.faults import TooLarge
from models.instance import Event, Instance, Scenario
from optimizer.scenarios import reduce, sample, with_scenarios
from optimizer.scenarios import reduce as package
from optimizer.scenarios.figures import announcements, undisturbed, years_hit
from optimizer.scenarios.model import HazardModel
from optimizer.scenarios.proxy import proxy_losses
from optimizer.scenarios.reduce import cvar, select
from tests.optimizer.scenarios.support import Raw, at, cut, hazard, world


def scenario(name: str, probability: float, *events: tuple[int, int, Raw]) -> Scenario:
    rows = [
        {"id": f"e{i}", "start": start, "duration": duration, "effects": [effect]}
        for i, (start, duration, effect) in enumerate(events)
    ]
    return Scenario.model_validate({"id": name, "probability": probability, "events": rows})


def loss(instance: Instance, *events: tuple[int, int, Raw]) -> list[float]:
    """Proxy loss of the one commodity by period."""
    found: list[float] = proxy_losses(instance, [scenario("s", 1.0, *events)])[0, :, 0].tolist()
    return found


def test_what_is_short_fills_the_tiers() -> None:
    """10 t/yr, half of it at 100 and half at 300 USD/t; AAA and BBB bring 5 each. Without AAA 5 t are short:
    500 USD. With a fifth of AAA 4 t: 400. Without both, all: 500 + 1,500. Twice at once: 0.2 · 0.5 · 5 =
    0.5 t from AAA: 4.5 t short: 450. Demand 1.4 times: 14 - 10 = 4 t of tiers of 7: 400.
    """
    tiers = [{"share": 0.5, "cost": 300.0}, {"share": 0.5, "cost": 300.0}]
    tiers[0]["cost"] = 100.0
    row = {"id": "q", "commodity": "m", "segment": "all", "quantity": 10.0, "shortage_cost": tiers}
    case = world(demand=[row], periods=3)
    assert loss(case, (1, 1, cut("AAA", 0.0))) == [0.0, 500.0, 0.0]
    assert loss(case, (1, 2, cut("AAA", 0.2))) == pytest.approx([0.0, 400.0, 400.0])
    both = {"kind": "supply", "factor": 0.0}
    assert loss(case, (0, 1, both)) == [2000.0, 0.0, 0.0]
    assert loss(case, (0, 2, cut("AAA", 0.2)), (1, 1, cut("AAA", 0.5))) == pytest.approx([400.0, 450.0, 0.0])
    surge = {"kind": "demand", "factor": 1.4}
    assert loss(case, (2, 1, surge)) == pytest.approx([0.0, 0.0, 400.0])


def test_years_are_discounted_and_as_long_as_they_are() -> None:
    """Periods of two years at 10 %: 2 · 500 · 1.1^-2 = 826.4 in period 1."""
    horizon = {"start_year": 2027, "periods": 2, "period_years": 2.0}
    case = world(horizon=horizon, discount_rate=0.1)
    assert loss(case, (1, 1, cut("AAA", 0.0))) == pytest.approx([0.0, 1000 / 1.21])


def test_industries_and_plants_count() -> None:
    """An industry of 1,000 USD/yr needs 2 t/yr and loses half a dollar per dollar: 250 USD/t, the cheaper
    part. A plant that exists gives its owner's half of 4 t/yr. Need 12, supply 10 + 2; without AAA 5 short:
    5 at 100 USD/t, the demand; with demand at 300 USD/t: 2 at 250, 3 at 300.
    """
    industry = {
        "id": "j",
        "segment": "x",
        "output": 1000.0,
        "needs": {"m": 2.0},
        "loss": [{"share": 1.0, "factor": 0.5}],
    }
    plant = {
        "id": "k",
        "kind": "mine",
        "country": "BBB",
        "outputs": {"m": 1.0},
        "existing_capacity": 4.0,
        "offtake_share": 0.5,
    }
    case = world(industries=[industry], projects=[plant], periods=1)
    assert loss(case, (0, 1, cut("AAA", 0.0))) == [500.0]
    dear = {"share": 1.0, "cost": 300.0}
    row = {"id": "q", "commodity": "m", "segment": "all", "quantity": 10.0, "shortage_cost": [dear]}
    dearer = world(industries=[industry], projects=[plant], demand=[row], periods=1)
    assert loss(dearer, (0, 1, cut("AAA", 0.0))) == [2 * 250 + 3 * 300.0]
    both = {"kind": "supply", "factor": 0.0, "countries": ["BBB"]}  # without channels: the plant too
    assert loss(dearer, (0, 1, both)) == [2 * 250 + 5 * 300.0]


def test_forward_selection_by_hand() -> None:
    """Points 0, 500, 600, 1000 with p = 0.25, 0.35, 0.25, 0.15. One: 500 leaves 125 + 25 + 75 = 225 (600:
    150 + 35 + 60 = 245). Two: with 0 left 25 + 75 = 100, with 1000 left 125 + 25 = 150, with 600 left 125 +
    60 = 185. Three: with 1000 left 25, with 600 left 60.
    """
    points, p = np.array([[0.0], [500.0], [600.0], [1000.0]]), np.array([0.25, 0.35, 0.25, 0.15])
    for n, taken, nearest, left in (
        (1, [1], [1, 1, 1, 1], 225.0),
        (2, [0, 1], [0, 1, 1, 1], 100.0),
        (3, [0, 1, 3], [0, 1, 1, 3], 25.0),
        (4, [0, 1, 2, 3], [0, 1, 2, 3], 0.0),
        (9, [0, 1, 2, 3], [0, 1, 2, 3], 0.0),
    ):
        found = select(points, p, n)
        assert (found[0].tolist(), found[1].tolist()) == (taken, nearest)
        assert found[2] == pytest.approx(left)


def test_points_that_coincide_stand_for_themselves_once_taken() -> None:
    taken, nearest, left = select(np.zeros((3, 2)), np.array([0.2, 0.3, 0.5]), 2)
    assert (taken.tolist(), nearest.tolist(), left) == ([0, 1], [0, 1, 0], 0.0)


def test_reduction_by_hand() -> None:
    """Losses 0, 250, 300, 500 (a half, two fifths, nothing of AAA left for a year) with the probabilities of
    the points above. All in one commodity and one period: c = (1 + 0.3 + 0.1) · the difference. Two are
    taken: undisturbed and 250. D = 1.4 · (0.25 · 50 + 0.15 · 250) = 1.4 · 50 = 70; Wasserstein 50; mean
    0.35 · 250 + 0.25 · 300 + 0.15 · 500 = 237.5 before, 0.75 · 250 = 187.5 after; the worst tenth 500, 250.
    """
    case = world(periods=2, objective={"cvar_alpha": 0.9})
    rows = [
        scenario("a", 0.35, (1, 1, cut("AAA", 0.5))),
        scenario("b", 0.25, (1, 1, cut("AAA", 0.4))),
        scenario("c", 0.15, (1, 1, cut("AAA", 0.0))),
    ]
    found = reduce(case, rows, 2)  # what is left over, 0.25, is undisturbed
    assert [(s.id, s.probability) for s in found.scenarios] == [
        ("a", pytest.approx(0.75)),
        ("undisturbed", pytest.approx(0.25)),
    ]
    assert found.stands_for == (("a", "b", "c"), ("undisturbed",))
    figures = (
        found.distance,
        found.wasserstein,
        found.mean_before,
        found.mean_after,
        found.cvar_before,
        found.cvar_after,
        found.mean_by_commodity,
    )
    assert figures == pytest.approx((70.0, 50.0, 237.5, 187.5, 500.0, 250.0, 50.0))


def test_cvar_by_hand() -> None:
    """The worst half of 0 (0.5), 10 (0.3), 100 (0.2): (0.2 · 100 + 0.3 · 10) / 0.5 = 46; the worst 0.4:
    (20 + 2) / 0.4 = 55; at α = 0 the mean, 23."""
    losses, p = np.array([0.0, 10.0, 100.0]), np.array([0.5, 0.3, 0.2])
    assert [cvar(losses, p, a) for a in (0.5, 0.6, 0.0)] == pytest.approx([46.0, 55.0, 23.0])


def test_a_reduced_sample_still_sums_to_one_and_errors_are_within_the_distance() -> None:
    case = world(
        hazard("ban", rate=0.3, ending_rate=0.5),
        hazard("quota", "BBB", rate=0.3, ending_rate=0.5),
        objective={"cvar_alpha": 0.9},
    )
    rows = sample(case, 500, 1)
    for n in (1, 5, 20):
        found = reduce(case, rows, n)
        assert len(found.scenarios) == n
        assert sum(s.probability for s in found.scenarios) == 1.0
        assert found.wasserstein <= found.distance + 1e-9
        assert abs(found.mean_before - found.mean_after) <= found.wasserstein + 1e-9
        with_scenarios(case, found.scenarios)
    whole = reduce(case, rows, len(rows))
    assert (whole.scenarios, whole.distance) == (rows, 0.0)


def test_faulty_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    case = world(hazard("ban", rate=0.3))
    with pytest.raises(ValueError, match="at least one"):
        reduce(case, sample(case, 5, 1), 0)
    assert package is reduce
    many = [scenario(f"s{i}", 0.0) for i in range(5_001)]
    with pytest.raises(TooLarge, match=r"5,002 scenarios to be reduced; at most 5,000"):
        reduce(case, many, 3)


def test_figures_by_hand() -> None:
    """A ban of 2028 for two periods of half a year in 3 of 4: 0.75 years hit."""
    horizon = {"start_year": 2027, "periods": 4, "period_years": 0.5}
    case = world(horizon=horizon)
    rows = [scenario("a", 0.75, (1, 2, cut("AAA", 0.5))), scenario("b", 0.25)]
    assert years_hit(case, rows).to_dict("records") == [{"material": "metal", "years": 0.75}]
    assert undisturbed(rows) == 0.25
    empty = Scenario(id="c", probability=1.0, events=(Event(id="e", start=0, duration=1),))
    assert undisturbed([empty]) == 1.0


def test_starts_per_path() -> None:
    """One on a date in every path, one in half of them."""
    case = world(hazard("a", **at(0)), hazard("b", ending_rate=0.0, **at(4, 0.5)))
    found = announcements(HazardModel(case).simulate(4000, 1)).set_index("hazard")
    assert found.loc["a"].tolist() == [1.0, 1.0]
    half = 4 * math.sqrt(0.25 / 4000)
    assert found.loc["b"].tolist() == pytest.approx([0.5, 1.0], abs=2 * half)
