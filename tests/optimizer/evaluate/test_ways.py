"""What the ways of evaluating have to do with each other, and with the formulation written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import given as drawn

from models.instance import Instance
from models.plan import Plan
from optimizer.evaluate import evaluate
from optimizer.evaluate.fixed import commitments_of, plan_quantile
from optimizer.evaluate.foresight import Foresight, start
from optimizer.evaluate.sets import given
from optimizer.evaluate.setting import Setting
from optimizer.evaluate.statistics import values
from optimizer.evaluate.whole import on_tree
from optimizer.solve import solve
from tests.optimizer.evaluate.support import EXACT, solved, whole_path
from tests.optimizer.support import CASES, known_optimum, same
from tests.strategies import instances

PLANNED = [
    name
    for name in sorted(path.stem for path in CASES.glob("*.json") if path.stem != "expected")
    if known_optimum(name) is not None
]
few = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def scenario_values(instance: Instance, plan: Plan) -> dict[str, float]:
    """By scenario, USD, with foresight; the undisturbed one by an empty id."""
    setting = Setting(instance, plan)
    scenarios = given(instance.scenarios)
    paths = [setting.moments(s) for s in scenarios]
    setting.learn(paths)
    foresight = Foresight(setting, scenarios)
    eta, goal = plan_quantile(plan), instance.objective
    found = {}
    for scenario, path in zip(scenarios, paths, strict=True):
        o = foresight.outcome(scenario, path)
        assert not o.broken
        found[scenario.id] = float(values(np.array([o.loss]), np.array([o.cost]), goal, eta)[0])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANNED)
def test_a_plan_on_its_own_scenarios_is_worth_what_it_says(name: str) -> None:
    instance, plan = solved(name)
    whole = on_tree(instance, commitments_of(plan), EXACT)
    assert whole.broken == ()
    assert same(whole.objective, plan.objective)
    assert plan.risk is not None
    assert sum(o.probability * o.loss for o in whole.outcomes) == pytest.approx(
        plan.risk.expected_loss, abs=1.0
    )
    assert sum(o.probability * o.cost for o in whole.outcomes) == pytest.approx(
        plan.risk.expected_cost, abs=1.0
    )


def check_paths(instance: Instance, plan: Plan) -> None:
    """Every scenario put together from pieces is the same as its path written out."""
    setting = Setting(instance, plan)
    by_id = {s.id: s for s in instance.scenarios}
    for name, value in scenario_values(instance, plan).items():
        scenario = by_id.get(name)
        first = start(setting.moments(scenario)) if scenario else setting.periods
        assert same(value, whole_path(instance, plan, scenario, first)), name


@pytest.mark.parametrize("name", PLANNED)
def test_a_path_put_together_is_the_path_written_out(name: str) -> None:
    check_paths(*solved(name))


@few
@drawn(instances())
def test_a_path_put_together_is_the_path_written_out_whatever_the_instance(instance: Instance) -> None:
    plan = solve(instance, EXACT)
    assume(plan.commitments is not None)
    assume(all(n.probability > 0 for n in plan.tree[: instance.horizon.periods]))
    check_paths(instance, plan)


@pytest.mark.parametrize("name", PLANNED)
def test_knowing_the_future_is_never_dearer_than_the_plan(name: str) -> None:
    """With the tail measured from one quantile in both."""
    instance, plan = solved(name)
    known = scenario_values(instance, plan)
    weights = {s.id: s.probability for s in given(instance.scenarios)}
    assert plan.objective is not None
    expected = sum(weights[s] * value for s, value in known.items())
    assert expected <= plan.objective + 1e-6 * abs(plan.objective)


def test_where_the_first_event_tells_all_foresight_is_the_plan() -> None:
    """In this case no two scenarios share an event."""
    instance, plan = solved("rule-calm")
    weights = {s.id: s.probability for s in given(instance.scenarios)}
    expected = sum(weights[s] * value for s, value in scenario_values(instance, plan).items())
    assert same(expected, plan.objective)


@pytest.mark.parametrize("name", ["rule-unknown-length", "case-26", "case-30"])
def test_rolling_is_never_cheaper_than_foresight(name: str) -> None:
    instance, plan = solved(name)
    found = evaluate(instance, plan, instance.scenarios, ways=("foresight", "rolling"), processes=1)
    table = found.tables["scenarios"].pivot_table(index="scenario", columns="way", values="value")
    assert (table["rolling"] >= table["foresight"] - 1e-6 * table["foresight"].abs().max()).all()
    assert found.figure("rolling", "price_of_foresight") >= -1e-6 * abs(found.figure("rolling", "objective"))


def test_segments_and_losses_are_those_of_the_tree_where_both_know_the_same() -> None:
    instance, plan = solved("rule-calm")
    found = evaluate(instance, plan, instance.scenarios, ways=("tree", "foresight"), processes=1)
    segments = found.tables["segments"]
    for segment in segments["segment"].unique():
        tree, foresight = (
            segments[(segments["way"] == way) & (segments["segment"] == segment)].iloc[0]
            for way in ("tree", "foresight")
        )
        assert foresight["probability_of_shortage"] == pytest.approx(tree["probability_of_shortage"])
        assert foresight["expected_loss"] == pytest.approx(tree["expected_loss"], abs=1.0)
