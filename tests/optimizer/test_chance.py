"""Chances of service: against every choice of scenarios, as special cases, through search and explanation."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from models.instance import ChanceRule, Instance
from models.options import Options
from models.plan import ChanceRisk
from optimizer.compile import Arrays, compile_arrays
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.results import read_results, write_results
from optimizer.search import search
from optimizer.solve import solve, warm_values
from optimizer.summary import summary
from optimizer.tables import plan_tables
from tests.optimizer import support
from tests.optimizer.byhand.base import BAN, by_hand, commerce, cut, good, hit, need, offer
from tests.optimizer.byhand.rules import BANS, DEAR, owed
from tests.strategies import instances

few = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
RULES = st.fixed_dictionaries(
    {
        "segment": st.integers(0, 5),
        "min_fraction": st.sampled_from([0.5, 1.0]),
        "probability": st.sampled_from([0.3, 0.7, 0.95]),
    }
)


def of(instance: Instance, rule: dict[str, Any]) -> dict[str, Any]:
    """A rule about one of the segments that the instance has."""
    segments = sorted({row.segment for row in (*instance.demand, *instance.industries)})
    return {**rule, "segment": segments[rule["segment"] % len(segments)]}


def with_rules(instance: Instance, **rules: Any) -> Instance:
    raw = instance.as_dict()
    return Instance.parse({**raw, "risk": {**raw.get("risk", {}), **rules}})


def served(data: Data, arrays: Arrays, rule: ChanceRule, nodes: set[int]) -> Arrays:
    """The arrays with what the rule owes at some nodes as further rows."""
    column = {key: j for j, key in enumerate(arrays.columns)}
    added, upper = [], []
    for n in nodes:
        for q in data.instance.demand:
            if q.segment == rule.segment:
                added.append([column["short", (q.id, i, n)] for i in range(len(q.shortage_cost))])
                upper.append((1 - rule.min_fraction) * data.demand(q, n))
        for j in data.instance.industries:
            if j.segment == rule.segment:
                added.append([column["cut", (j.id, i, n)] for i in range(len(j.loss))])
                upper.append(1 - rule.min_fraction)
    matrix = sp.lil_array((len(added), len(column)))
    for i, columns in enumerate(added):
        matrix[i, columns] = 1.0
    return replace(
        arrays,
        matrix=sp.csc_array(sp.vstack([arrays.matrix, sp.csr_array(matrix)])),
        row_lower=np.concatenate([arrays.row_lower, np.full(len(added), -np.inf)]),
        row_upper=np.concatenate([arrays.row_upper, upper]),
        rows=[*arrays.rows, *(("owed", (i,)) for i in range(len(added)))],
    )


def best_of_all_choices(instance: Instance, rule: ChanceRule) -> float | None:
    """The least of the optima over all sets of scenarios that are probable enough; None if none has any."""
    data = Data(instance)
    arrays = compile_arrays(build(data))
    ends = {leaf: p for leaf, p in data.tree.leaves().items() if p > 0}
    found: list[float] = []
    for chosen in chain.from_iterable(combinations(ends, k) for k in range(len(ends) + 1)):
        if sum(ends[leaf] for leaf in chosen) >= rule.probability - 1e-9:
            nodes = {n for leaf in chosen for n in data.tree.path(leaf)}
            optimum = support.solved(served(data, arrays, rule, nodes), data.units.money)
            found += [] if optimum is None else [optimum]
    return min(found, default=None)


@few
@given(instances(), RULES)
def test_no_choice_of_scenarios_is_better(instance: Instance, rule: dict[str, Any]) -> None:
    assume(len(Data(instance).tree.leaves()) > 1)
    rule = of(instance, rule)
    expected = best_of_all_choices(instance, ChanceRule(**rule))
    assert support.same(support.optimum(with_rules(instance, chance=[rule])), expected, 1e-5)


@few
@given(instances(), RULES)
def test_certainty_is_a_service_rule(instance: Instance, rule: dict[str, Any]) -> None:
    assume(min(Data(instance).tree.probability) > 0)
    rule = of(instance, rule)
    certain = with_rules(instance, chance=[{**rule, "probability": 1.0}])
    plain = {key: rule[key] for key in ("segment", "min_fraction")}
    assert support.same(support.optimum(certain), support.optimum(with_rules(instance, service=[plain])))


@few
@given(instances(), RULES)
def test_a_chance_of_nothing_changes_nothing(instance: Instance, rule: dict[str, Any]) -> None:
    idle = with_rules(instance, chance=[{**of(instance, rule), "probability": 0.0}])
    assert support.same(support.optimum(idle), support.optimum(instance))


@few
@given(instances(), st.lists(RULES, min_size=1, max_size=3))
def test_several_rules_are_audited_or_explained(instance: Instance, rules: list[dict[str, Any]]) -> None:
    asked = with_rules(instance, chance=[of(instance, rule) for rule in rules])
    plan = solve(asked, Options(relative_gap=1e-6, marginals=False))
    assert plan.status in ("optimal", "infeasible")
    if plan.risk is None:
        assert plan.relaxations
    else:
        assert all(c.achieved >= c.asked - 1e-9 for c in plan.risk.chance)
        assert [c.rule for c in plan.risk.chance] == list(range(len(rules)))


TWO = by_hand(
    None,
    market=[commerce()],
    spot=[DEAR],
    # 0.7 for all of it and 0.8 for half of it: early (0.2) in full, 0.2·20000, and half of the later ban
    # (0.3), 0.3·(50·200 + 50·100), or the later one in full, 0.3·20000 + 0.2·10000: 8000 and enough for both.
    risk={"chance": [owed(0.7), owed(0.8, min_fraction=0.5)]},
    scenarios=BANS,
).instance


def test_two_rules_may_be_kept_by_different_scenarios() -> None:
    # Early in full serves the first rule; of the second 0.7 is too little, so half of the later one too:
    # 8500.
    plan = solve(TWO)
    assert plan.objective == pytest.approx(8000.0)
    assert plan.risk is not None
    assert [c.achieved for c in plan.risk.chance] == pytest.approx([0.8, 0.8])


@pytest.mark.parametrize("method", ["extensive", "highs"])
def test_a_plan_is_a_warm_start_though_it_does_not_tell_where_rules_are_kept(method: Any) -> None:
    options = Options(method=method)
    first = solve(TWO, options)
    arrays = compile_arrays(build(Data(TWO)))
    start = warm_values(arrays, first)
    kept = np.array([name == "kept" for name, _ in arrays.columns])
    assert np.isnan(start[kept & arrays.integer]).all()
    assert solve(TWO, options, warm=first).objective == pytest.approx(8000.0)
    # Nothing else is open, so diving completes it to a plan before the search begins.
    assert search(arrays, options, start=start).x is not None


def test_only_leaves_are_decisions() -> None:
    arrays = compile_arrays(build(Data(TWO)))
    decided = {key for (name, key), yes in zip(arrays.columns, arrays.integer, strict=True) if yes}
    assert decided == {(r, n) for r in (0, 1) for n in Data(TWO).tree.leaves()}


def test_probabilities_that_do_not_add_up_in_binary_are_reached() -> None:
    # 0.1 + 0.2 + 0.4 is 0.7000000000000001 and 0.3 + 0.4 + … may fall short of it: both are 0.7.
    scenarios = [hit(BAN, name=f"s{i}", probability=0.1, start=0, duration=1 + i) for i in range(3)]
    for asked in (0.7, 0.1 + 0.6, 0.7000000004):
        case = by_hand(
            None, periods=3, market=[commerce()], risk={"chance": [owed(asked)]}, scenarios=scenarios
        )
        assert solve(case.instance).status == "optimal"
    case = by_hand(None, periods=3, market=[commerce()], risk={"chance": [owed(0.71)]}, scenarios=scenarios)
    assert solve(case.instance).status == "infeasible"


def test_why_a_chance_cannot_be_had() -> None:
    # Without any offer only the undisturbed half and the later ban's first year are served; half of the
    # early ban could be bought, which is not all.
    case = by_hand(
        None,
        market=[commerce()],
        spot=[offer(quantity=50.0)],
        risk={"chance": [owed(0.9)]},
        scenarios=BANS,
    )
    (told,) = solve(case.instance).relaxations
    assert (told.family, told.unit) == ("chance", "of probability")
    assert told.amount == pytest.approx(0.4)
    assert told.words == (
        "Chance of service of general (all with a probability of 90 %): a probability of 50 % can be reached,"
        " 40 points less. It is not kept in crisis and early."
    )


def test_money_stands_against_a_chance() -> None:
    # 100 t at 200 USD for either ban; there are 15000 USD.
    case = by_hand(
        None,
        market=[commerce()],
        spot=[DEAR],
        risk={"chance": [owed(0.8)]},
        scenarios=BANS,
        budget={"opening_cash": 15000.0},
    )
    (told,) = solve(case.instance).relaxations
    assert told.amount in (pytest.approx(0.3), pytest.approx(5000.0))
    assert "general" in told.words


def test_what_a_tonne_of_a_chance_costs() -> None:
    # rules/chance: in the early ban a tonne is bought for 200 instead of being short at 100, with 0.2.
    plan = solve(support.case("rules/chance"))
    (value,) = [v for v in plan.marginal_values if v.kind == "chance"]
    assert (value.item, value.year, value.unit) == ("use", 2027.0, "t")
    assert value.value == pytest.approx(20.0, rel=1e-6)
    assert value.words == "Chance of service of use: one tonne less owed in 2027 saves 20 USD."


def test_what_a_plan_tells(tmp_path: Any) -> None:
    instance = support.case("rules/chance-commodity")
    plan = solve(instance)
    assert plan.risk is not None
    assert plan.risk.chance == (
        ChanceRisk(rule=0, segment="defense", commodities=("ga",), min_fraction=1.0, asked=0.9, achieved=1.0),
    )
    (row,) = plan_tables(instance, plan)["chance"].to_dict("records")
    assert row == {
        "rule": 1, "segment": "defense", "commodities": "ga", "min_fraction": 1.0,
        "asked_probability": 0.9, "probability": 1.0,
    }  # fmt: skip
    assert (
        "All of defense in ga is served throughout with a probability of 100 %; 90 % is asked for."
        in " ".join(summary(instance, plan).split())
    )
    write_results(instance, plan, tmp_path)
    assert read_results(tmp_path) == (instance, plan)


def test_an_effect_on_demand_moves_what_is_owed() -> None:
    # Demand of defense doubles with 0.4, and nothing else is on offer: all of it is owed with 0.6 only.
    surge = {"kind": "demand", "factor": 2.0, "segments": ["defense"]}
    scenarios = [hit(surge, probability=0.4), hit(cut(countries=["AUS"]), name="other", probability=0.1)]
    for asked, status in ((0.6, "optimal"), (0.61, "infeasible")):
        case = by_hand(
            None,
            commodities=[good(), good("ge")],
            demand=[need(segment="defense")],
            market=[commerce()],
            risk={"chance": [owed(asked, "defense")]},
            scenarios=scenarios,
        )
        assert solve(case.instance).status == status
