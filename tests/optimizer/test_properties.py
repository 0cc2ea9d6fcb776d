"""What holds for every instance, on instances drawn at random (tests/strategies.py)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from models.instance import Instance
from models.options import Options
from optimizer.data import Data
from optimizer.solve import solve
from tests.optimizer import support
from tests.optimizer.units import in_units
from tests.strategies import instances

few = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
GAP = 1e-9

TABLES = (
    "countries", "commodities", "private_stock", "demand", "industries", "market", "spot", "agreements",
    "projects", "choices", "depots", "opening_stock", "substitutions", "allocations", "scenarios",
)  # fmt: skip
"""In any order. Lists within rows (tiers, ramps) are left as they are: their order says something."""


def value(instance: Instance) -> float:
    found = support.optimum(instance, gap=GAP)
    assert found is not None, "instances drawn have a plan"
    return found


def changed(instance: Instance, **tables: Any) -> Instance:
    return Instance.parse({**instance.as_dict(), **tables})


def no_higher(one: float, other: float) -> bool:
    """``one`` is not above ``other``, up to rounding."""
    return one <= other + 1e-7 * max(1.0, abs(one), abs(other))


@few
@given(instances(), st.randoms(use_true_random=False))
def test_the_order_of_rows_says_nothing(instance: Instance, random: Any) -> None:
    raw = instance.as_dict()
    for name in TABLES:
        if name in raw:
            random.shuffle(raw[name])
    for scenario in raw.get("scenarios", ()):
        random.shuffle(scenario.get("events", []))
    for rule in ("shares", "cover", "service"):
        random.shuffle(raw.get("risk", {}).get(rule, []))
    assert support.same(value(Instance.parse(raw)), value(instance), 1e-7)


@few
@given(instances(), st.data())
def test_another_option_never_hurts(instance: Instance, data: st.DataObject) -> None:
    """An agreement, offer or project that nobody must take, in a country that no effect names."""
    commodity = data.draw(st.sampled_from([m.id for m in instance.commodities]))
    price = data.draw(st.sampled_from([0.5, 1.0, 3.0])) * price_of(instance, commodity)
    row = {"id": "extra", "country": "ISL", "via": []}
    countries = [*instance.as_dict()["countries"], {"id": "ISL", "name": "Iceland", "group": "elsewhere"}]
    extra = data.draw(
        st.sampled_from(
            [
                ("spot", {**row, "commodity": commodity, "tiers": [{"quantity": 5.0, "premium": 0.2}]}),
                (
                    "agreements",
                    {
                        **row,
                        "supplier": "Extra",
                        "commodity": commodity,
                        "term_years": 2.0,
                        "volume": {"min": 1.0, "max": 6.0},
                        "take_or_pay": 0.5,
                        "price": {"kind": "fixed", "value": price},
                    },
                ),
                (
                    "projects",
                    {
                        **row,
                        "kind": "mine",
                        "outputs": {commodity: 1.0},
                        "capacity": {"min": 1.0, "max": 6.0},
                        "opex": price,
                        "capex_per_unit": 0.1 * price,
                    },
                ),
            ]
        )
    )
    table, option = extra
    richer = changed(instance, countries=countries, **{table: [*instance.as_dict().get(table, []), option]})
    # What is hit with everything else ends calm where it was calm before: then it may hurt.
    assume(calm(richer) == calm(instance))
    assert no_higher(value(richer), value(instance))


def price_of(instance: Instance, commodity: str) -> float:
    price = next(m.price for m in instance.commodities if m.id == commodity)
    return price[0] if isinstance(price, tuple) else price


def calm(instance: Instance) -> list[list[bool]]:
    data = Data(instance)
    return [[data.calm(m, n) for m in data.commodities] for n in data.nodes]


@few
@given(instances(), st.sampled_from([0.0, 0.2, 0.8]))
def test_more_money_never_hurts(instance: Instance, share: float) -> None:
    """Envelopes as shares of what a plan draws that has all it wants; the largest changes nothing."""
    rich = solve(changed(instance, budget={"envelope": 1e10}), Options(relative_gap=GAP, marginals=False))
    drawn = max([0.0, *(float(v) for v in rich.operations.get("drawn", {"value": []})["value"])])
    assume(drawn > 0)
    found = [
        support.optimum(changed(instance, budget={"envelope": part * drawn}), GAP)
        for part in (share, share + 0.1, 1.0 + 1e-9)
    ]
    optima = [float("inf") if one is None else one for one in found]
    assert all(no_higher(more, less) for less, more in pairwise(optima))
    assert support.same(found[-1], rich.objective)


@few
@given(instances(), st.sampled_from([0.0, 0.3, 0.9]))
def test_every_plan_is_audited_and_its_tail_is_no_lighter_than_its_mean(
    instance: Instance, alpha: float
) -> None:
    weighed = changed(instance, objective={**instance.as_dict().get("objective", {}), "cvar_alpha": alpha})
    plan = solve(weighed, Options(relative_gap=1e-6, marginals=False))
    assert plan.status == "optimal"
    assert plan.certificate is not None
    assert plan.certificate.passed, plan.certificate.findings
    assert plan.risk is not None
    assert no_higher(plan.risk.expected_loss, plan.risk.cvar)
    if alpha == 0.0:
        assert plan.risk.cvar == pytest.approx(plan.risk.expected_loss, rel=1e-6, abs=1e-3)


@few
@given(instances(), st.sampled_from([1000.0, 2204.62262, 1e-3]), st.sampled_from([0.001, 0.92, 1e-6]))
def test_other_units_change_nothing(instance: Instance, mass: float, money: float) -> None:
    assert support.same(value(in_units(instance, mass, money)), value(instance) * money, 1e-6)


@few
@given(instances())
def test_a_scenario_told_twice_is_one(instance: Instance) -> None:
    """Splitting a scenario into two that unfold alike changes neither the tree nor the optimum."""
    raw = instance.as_dict()
    assume(raw.get("scenarios"))
    first = raw["scenarios"][0]
    halves = [
        {**first, "probability": first["probability"] / 2, "id": name} for name in ("one half", "other half")
    ]
    split = changed(instance, scenarios=[*halves, *raw["scenarios"][1:]])
    assert len(Data(split).tree) == len(Data(instance).tree)
    assert support.same(value(split), value(instance), 1e-7)


@few
@given(instances())
def test_knowing_more_never_hurts(instance: Instance) -> None:
    """With every scenario known from the first period the optimum is no higher."""
    raw = instance.as_dict()
    scenarios = raw.get("scenarios", [])
    told = [
        {
            **scenario,
            "events": [
                *scenario.get("events", ()),
                # In force from the start, without effect, and different in each scenario.
                {
                    "id": "told",
                    "start": 0,
                    "duration": instance.horizon.periods,
                    "effects": [{"kind": "price", "factor": 1.0}] * (i + 1),
                },
            ],
        }
        for i, scenario in enumerate(scenarios)
    ]
    assert no_higher(value(changed(instance, scenarios=told)), value(instance))
