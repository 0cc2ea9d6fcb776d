"""Reading a plan off a solution: risk figures by hand, CVaR by brute force, units, noise."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.instance import Instance
from models.options import Options
from models.plan import Plan
from optimizer.compile import compile_arrays
from optimizer.data import Data
from optimizer.extract import (
    INDEX,
    Values,
    commitments,
    cvar,
    days_of_cover,
    losses,
    natural_unit,
    operations,
    risk,
    tree_rows,
    values,
)
from optimizer.formulation import build
from optimizer.solve import solve
from tests.optimizer import handmade
from tests.optimizer.small import AGREEMENT, BAN, BASE, DEMAND, MUST_SIGN, SPOT, raw, small
from tests.optimizer.support import arrays_of, case


def found(**tables: dict[tuple[Any, ...], float]) -> Values:
    """Operations in natural units."""
    result: Values = defaultdict(dict)
    result.update(tables)
    return result


def brute_cvar(weighted: list[tuple[float, float]], alpha: float) -> float:
    """The definition of model.md §4.13; the minimum over η is at one of the losses or at 0."""
    return min(
        eta + sum(p * max(0.0, loss - eta) for loss, p in weighted) / (1 - alpha)
        for eta in [0.0, *(loss for loss, _ in weighted)]
    )


LOSSES = st.lists(st.tuples(st.floats(0, 1e9), st.integers(1, 50)), min_size=1, max_size=12)


@given(LOSSES, st.sampled_from([0.0, 0.5, 0.9, 0.95, 0.99]))
def test_cvar_is_its_definition(rows: list[tuple[float, int]], alpha: float) -> None:
    total = sum(weight for _, weight in rows)
    weighted = [(loss, weight / total) for loss, weight in rows]
    assert cvar(weighted, alpha) == pytest.approx(brute_cvar(weighted, alpha), rel=1e-9, abs=1e-6)


@given(LOSSES)
def test_expected_loss_is_at_most_cvar(rows: list[tuple[float, int]]) -> None:
    total = sum(weight for _, weight in rows)
    weighted = [(loss, weight / total) for loss, weight in rows]
    expected = sum(loss * p for loss, p in weighted)
    assert cvar(weighted, 0.0) == pytest.approx(expected, rel=1e-9, abs=1e-6)
    tails = [cvar(weighted, alpha) for alpha in (0.0, 0.3, 0.6, 0.9, 0.99)]
    assert all(low <= high * (1 + 1e-9) + 1e-6 for low, high in pairwise(tails))


def test_cvar_by_hand() -> None:
    # The worst 10 %: 4 % lose 1,000 and 6 of the 16 % that lose 500: (40 + 30) / 0.1.
    assert cvar([(0.0, 0.8), (500.0, 0.16), (1000.0, 0.04)], 0.9) == pytest.approx(700)
    # Less than 10 % lose anything: 5 % lose 1,000.
    assert cvar([(0.0, 0.95), (1000.0, 0.05)], 0.9) == pytest.approx(500)


def test_risk_by_hand() -> None:
    # Under the ban (20 %) 300 t are short in 2028 and 100 t in 2029, at 5,000 USD/t: 1.5 m and 0.5 m.
    # Discounted at 25 %: 1.5 / 1.25 + 0.5 / 1.5625 = 1.2 + 0.32 = 1.52 m. A fifth of that is 304,000.
    data = Data(small(discount_rate=0.25))
    figures = risk(data, found(short={("ga:all", 0, 3): 300.0, ("ga:all", 0, 4): 100.0}), 7.0)
    assert figures.expected_loss == pytest.approx(304_000)
    assert figures.cvar_alpha == 0.95
    assert figures.cvar == pytest.approx(1_520_000)
    assert figures.expected_cost == 7.0
    (segment,) = figures.segments
    assert (segment.segment, segment.probability_of_shortage) == ("defense", pytest.approx(0.2))
    assert segment.expected_shortage == pytest.approx(304_000)
    assert [(s.id, s.probability, s.loss) for s in figures.scenarios] == [
        ("ban", 0.2, pytest.approx(1_520_000)),
        ("", pytest.approx(0.8), 0.0),
    ]


def test_probability_of_any_shortage_counts_scenarios_once() -> None:
    # Two bans that begin alike, one a year longer: 10 % and 15 %; a third (5 %) only lifts the price.
    short = {**BAN, "id": "short", "probability": 0.1}
    short["events"] = [{**BAN["events"][0], "duration": 1}]  # type: ignore[index]
    long = {**BAN, "id": "long", "probability": 0.15}
    event = {"id": "dear", "start": 1, "duration": 1, "effects": [{"kind": "price", "factor": 2.0}]}
    dear = {"id": "dear", "probability": 0.05, "events": [event]}
    chips = {
        "id": "chips",
        "segment": "industry",
        "output": 1e6,
        "needs": {"ga": 10.0},
        "loss": [{"share": 0.5, "factor": 0.1}, {"share": 0.5, "factor": 2.0}],
    }
    data = Data(small(scenarios=[short, long, dear], industries=[chips]))
    through = data.tree.scenarios()
    both = next(n for n in data.nodes if sorted(through[n]) == ["long", "short"])
    last = next(n for n in data.nodes if through[n] == ["long"] and data.period(n) == 2)
    shortages = {("ga:all", 0, both): 5.0, ("ga:all", 0, last): 5.0}
    # A fifth of the output in the first tier: 0.2 · 1 m · 0.1 = 20,000, a tenth in the second: 200,000.
    cut = {("chips", 0, last): 0.2, ("chips", 1, last): 0.1}
    figures = risk(data, found(short=shortages, cut=cut), 0.0)
    by_segment = {s.segment: s for s in figures.segments}
    assert by_segment["defense"].probability_of_shortage == pytest.approx(0.25)
    assert by_segment["defense"].expected_shortage == pytest.approx(0.25 * 25_000 + 0.15 * 25_000)
    assert by_segment["industry"].probability_of_shortage == pytest.approx(0.15)
    assert by_segment["industry"].expected_shortage == pytest.approx(0.15 * 220_000)
    assert {s.id: s.loss for s in figures.scenarios} == pytest.approx(
        {"short": 25_000, "long": 50_000 + 220_000, "dear": 0, "": 0}
    )


def test_a_shortage_is_a_millionth_of_the_demand_at_least() -> None:
    tiers = [{"share": 0.5, "cost": 1.0}, {"share": 0.5, "cost": 2.0}]
    data = Data(small(demand=[{**DEMAND, "quantity": 1e6, "shortage_cost": tiers}]))
    noise = losses(data, found(short={("ga:all", 0, 3): 0.9}))
    assert noise.missing == {"defense": set()}
    # Tiers count together.
    real = losses(data, found(short={("ga:all", 0, 3): 0.6, ("ga:all", 1, 3): 0.6}))
    assert real.missing == {"defense": {3}}
    assert real.by_node == {3: pytest.approx(0.6 + 1.2)}


def test_substitution_costs_but_is_no_shortage() -> None:
    silicon = {"id": "si", "name": "silicon", "material": "silicon", "stage": "metal", "price": 10.0}
    easing = {"id": "si-for-ga", "demand": "ga:all", "commodity": "si", "max_share": 0.5, "cost": 70.0}
    data = Data(small(commodities=[*BASE["commodities"], silicon], substitutions=[easing]))
    lost = losses(data, found(substitute={("si-for-ga", 3): 10.0}))
    assert lost.by_node == {3: 700.0}
    assert lost.missing == {"defense": set()}


def test_days_of_cover_by_hand() -> None:
    # 365 t a year; the ban begins in 2028: the stock at the end of 2027, 73 t in two depots, lasts 73 days.
    depots = [{"id": "east", "country": "USA"}, {"id": "west", "country": "USA"}]
    data = Data(small(depots=depots))
    stock = {
        ("ga", "east", 0): 50.0,
        ("ga", "west", 0): 23.0,
        ("ga", "east", 1): 999.0,
        ("ga", "east", 3): 1.0,
    }
    assert days_of_cover(data, found(stock=stock)) == {"ban": {"ga": pytest.approx(73)}}


def test_days_of_cover_count_needs_of_industries_and_follow_demand() -> None:
    # 2028: 365 t of demand and 365 t of needs a year: 73 t last 36.5 days. Effects on demand are not counted.
    chips = {"id": "chips", "segment": "x", "output": 1.0, "needs": {"ga": [0.0, 365.0, 0.0]}}
    industry = {**chips, "loss": [{"share": 1.0, "factor": 1.0}]}
    surge = {"kind": "demand", "factor": 3.0}
    event = BAN["events"][0]  # type: ignore[index]
    ban = {**BAN, "events": [{**event, "effects": [*event["effects"], surge]}]}
    data = Data(small(industries=[industry], scenarios=[ban]))
    cover = days_of_cover(data, found(stock={("ga", "vault", 0): 73.0}))
    assert cover == {"ban": {"ga": pytest.approx(36.5)}}


def test_a_ban_in_the_first_period_finds_the_opening_stock() -> None:
    ban = {**BAN, "events": [{**BAN["events"][0], "start": 0}]}  # type: ignore[index]
    opening = [{"commodity": "ga", "depot": "vault", "quantity": 20.0}]
    data = Data(small(scenarios=[ban], opening_stock=opening))
    assert days_of_cover(data, found()) == {"ban": {"ga": pytest.approx(20)}}


def test_what_is_not_traded_is_hit_with_its_suppliers() -> None:
    # No market rows: the ban on CHN hits the agreement. Without that agreement nothing is hit.
    data = Data(small(market=[]))
    assert days_of_cover(data, found(stock={("ga", "vault", 0): 10.0})) == {"ban": {"ga": pytest.approx(10)}}
    safe = Data(small(market=[], agreements=[{**AGREEMENT, "country": "AUS"}]))
    assert days_of_cover(safe, found(stock={("ga", "vault", 0): 10.0})) == {}


def test_nothing_is_said_of_what_nobody_uses() -> None:
    assert days_of_cover(Data(small(demand=[])), found(stock={("ga", "vault", 0): 10.0})) == {}


def test_figures_of_the_handmade_plan() -> None:
    instance = handmade.instance()
    plan = handmade.plan(instance)
    data = Data(instance)
    rows: Values = defaultdict(dict)
    for name, table in plan.operations.items():
        *index, amounts = table.values()
        keys = zip(*index, strict=True)
        rows[name] = {key: float(value) for key, value in zip(keys, amounts, strict=True)}
    assert plan.risk is not None
    figures = risk(data, rows, plan.risk.expected_cost)
    assert figures.expected_loss == pytest.approx(plan.risk.expected_loss)
    assert figures.cvar == pytest.approx(plan.risk.cvar)
    assert {s.segment: s.probability_of_shortage for s in figures.segments} == pytest.approx(
        {s.segment: s.probability_of_shortage for s in plan.risk.segments}
    )
    reported = {s.id: s.loss for s in plan.risk.scenarios}
    assert {s.id: s.loss for s in figures.scenarios} == pytest.approx(reported)
    # 5 t in stock, 10 t of demand and 5 t of needs a year.
    assert {s.id: s.days_of_cover for s in figures.scenarios} == {
        "": {},
        "ban": pytest.approx({"ga": 365 / 3}),
    }


def test_values_are_natural_and_without_noise() -> None:
    instance = small(commodities=[{**BASE["commodities"][0], "price": 1e6}], budget={"opening_cash": 1e9})
    data = Data(instance)
    arrays = compile_arrays(build(data))
    x = np.zeros(arrays.shape[1])
    column = {key: j for j, key in enumerate(arrays.columns)}
    x[column["spot", ("ga-spot", 0, 0)]] = 3.0 / data.units.tonnes["ga"]
    x[column["cash", (1,)]] = 5e6 / data.units.money
    x[column["sign", ("ga-chn", 0)]] = 1.0
    x[column["volume", ("ga-chn", 0)]] = 40.0 / data.units.tonnes["ga"]
    x[column["release", ("ga", 1)]] = 1e-12
    x[column["stock", ("ga", "vault", 0)]] = -1e-9
    read = values(data, arrays, x)
    assert read == {
        "spot": {("ga-spot", 0, 0): pytest.approx(3)},
        "cash": {(1,): pytest.approx(5e6)},
        "sign": {("ga-chn", 0): 1.0},
        "volume": {("ga-chn", 0): pytest.approx(40)},
    }
    signed = commitments(data, read)
    assert [(a.id, a.start, a.year, a.volume) for a in signed.agreements] == [
        ("ga-chn", 0, 2027, pytest.approx(40))
    ]
    assert (signed.projects, signed.depots) == ((), ())
    assert operations(read) == {
        "spot": {"offer": ["ga-spot"], "tier": [0], "node": [0], "value": [pytest.approx(3)]},
        "cash": {"node": [1], "value": [pytest.approx(5e6)]},
    }


def test_a_project_operates_after_its_lead() -> None:
    mine = {"id": "mine", "kind": "mine", "country": "USA", "outputs": {"ga": 1.0}, "starts": [0, 1]}
    mine |= {"capacity": {"min": 5.0, "max": 5.0}, "lead_years": 1.0}
    data = Data(
        small(horizon={"start_year": 2030, "periods": 5, "period_years": 0.5}, projects=[mine], scenarios=[])
    )
    (built,) = commitments(data, found(build={("mine", 1): 1.0}, capacity={("mine", 1): 5.0})).projects
    assert (built.start, built.year, built.operates, built.capacity) == (1, 2030.5, 2031.5, 5.0)


@pytest.mark.parametrize("name", ["rule-supported-plant", "rule-cash-and-substitute", "case-21"])
def test_every_operation_has_a_unit_and_every_unit_a_name(name: str) -> None:
    arrays, _ = arrays_of(case(name))
    data = Data(case(name))
    known = {*INDEX, "sign", "volume", "build", "capacity", "open"}
    for variable, index in arrays.columns:
        assert (natural_unit(data, variable, index) is not None) == (variable in known), variable
        assert variable not in INDEX or len(INDEX[variable]) == len(index)


def test_tree_rows_name_scenarios_and_years() -> None:
    rows = tree_rows(Data(small()))
    assert [(n.id, n.year, n.parent, n.probability, n.scenarios) for n in rows] == [
        (0, 2027, None, pytest.approx(1.0), ("", "ban")),
        (1, 2028, 0, pytest.approx(0.8), ("",)),
        (2, 2029, 1, pytest.approx(0.8), ("",)),
        (3, 2028, 0, 0.2, ("ban",)),
        (4, 2029, 3, 0.2, ("ban",)),
    ]


def test_figures_of_a_solved_plan_by_hand() -> None:
    # The ban takes 365 t in 2028 and in 2029. A tonne bought in 2027 for 1,100 saves 5,000 with 20 %: no.
    # So 40 t in 2028 and in 2029 under the ban only, and 650 t short: 3.25 m USD.
    offer = [{**SPOT, "tiers": [{"quantity": 40.0, "premium": 0.1}]}]
    plan = solve(small(spot=offer, agreements=[]), Options(threads=1))
    assert plan.risk is not None
    (ban, undisturbed) = plan.risk.scenarios
    assert ban.loss == pytest.approx(650 * 5000)
    assert ban.days_of_cover == {"ga": 0.0}
    assert undisturbed.loss == 0
    assert plan.risk.expected_cost == pytest.approx(0.2 * 80 * 1100)
    assert plan.objective == pytest.approx(0.2 * (80 * 1100 + 650 * 5000))


def test_plan_survives_json() -> None:
    plan = solve(small(choices=[MUST_SIGN]), Options(threads=1))
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    assert plan.fingerprint == Instance.parse(raw(choices=[MUST_SIGN])).fingerprint()
