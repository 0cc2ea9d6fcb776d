"""A sweep gives what separate solves give, whatever the number of processes; what must hold between plans."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.alternatives import Alternative, budgets
from models.instance import Instance
from models.options import Options
from optimizer.audit import audit
from optimizer.compare import Comparison, Progress, compare
from optimizer.solve import solve
from tests.optimizer.compare.lumps import instance as lumps
from tests.optimizer.compare.test_programme import changed
from tests.optimizer.support import case
from tests.strategies import instances

GAP = 1e-4


def envelopes(instance: Instance, shares: Sequence[float]) -> tuple[Alternative, ...]:
    whole = instance.budget.envelope if instance.budget else None
    assert whole is not None, "a case with an envelope"
    return budgets(instance, [whole * share for share in shares])


def check(comparison: Comparison, rows: Sequence[Alternative]) -> None:
    """What holds of any comparison."""
    instances_ = {a.name: a.instance for a in rows}
    for name, plan in comparison.plans.items():
        if plan.commitments is None:
            assert plan.relaxations
            continue
        assert audit(instances_[name], plan).passed
        assert plan.bound is not None
        assert plan.objective is not None
        assert plan.bound <= plan.objective
        assert plan.gap == plan.objective - plan.bound
    regret = comparison.tables["regret"]
    met = regret[regret["feasible"]]
    assert (met["regret"] >= 0).all()
    assert (met.loc[met["plan_of"] == met["judged_by"], "regret"] == 0).all()
    assert (regret.loc[~regret["feasible"], "why"] != "").all()
    planned = [name for name, plan in comparison.plans.items() if plan.commitments is not None]
    assert set(zip(regret["plan_of"], regret["judged_by"], strict=True)) == {
        (p, q) for p in planned for q in comparison.plans
    }


def monotone(comparison: Comparison) -> None:
    """Neither objective nor bound rises with the envelope; a larger one has a plan where a smaller has."""
    table = comparison.tables["alternatives"].sort_values("envelope")
    objective = table["objective"].fillna(float("inf")).to_numpy()
    assert (objective[1:] <= objective[:-1]).all()
    bound = table["bound"].dropna().to_numpy()
    assert (bound[1:] <= bound[:-1]).all()


@pytest.mark.parametrize("name", ["case-21", "rule-envelope", "rule-loan-only"])
def test_budgets_are_what_separate_solves_find(name: str) -> None:
    rows = envelopes(case(name), (0.15, 0.3, 0.7, 1.5))
    comparison = compare(case(name), rows, Options(relative_gap=GAP), processes=1)
    check(comparison, rows)
    monotone(comparison)
    for row in rows:
        alone, together = solve(row.instance, Options(relative_gap=GAP)), comparison.plans[row.name]
        assert together.status == alone.status
        if alone.objective is not None and together.objective is not None:
            assert together.objective == pytest.approx(alone.objective, rel=2 * GAP)
            assert together.fingerprint == alone.fingerprint


@pytest.mark.slow
@pytest.mark.parametrize("name", ["case-21"])
def test_other_alternatives_are_what_separate_solves_find(name: str) -> None:
    whole = case(name)
    goal = whole.objective.model_copy(update={"loss_weight": 3 * whole.objective.loss_weight + 1})
    members = [a.id for a in whole.agreements]
    rows = (
        Alternative("as it is", whole),
        Alternative("changed", changed(whole)),
        Alternative("loss", whole.model_copy(update={"objective": goal})),
        Alternative("forbid", whole, forbid=(members[0],)),
        Alternative("calm", whole.model_copy(update={"scenarios": whole.scenarios[:1]})),
    )
    comparison = compare(whole, rows, Options(relative_gap=GAP), processes=1)
    check(comparison, rows)
    for row in rows:
        alone, together = solve(row.instance, Options(relative_gap=GAP)), comparison.plans[row.name]
        assert together.status == alone.status
        if alone.objective is not None and together.objective is not None:
            assert together.objective == pytest.approx(alone.objective, rel=2 * GAP)


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing() -> None:
    rows = envelopes(case("case-21"), (0.15, 0.2, 0.3, 1.0))
    one, two = (
        compare(case("case-21"), rows, Options(relative_gap=GAP), processes=number) for number in (1, 2)
    )
    for name in one.tables:
        first, second = (c.tables[name].drop(columns="seconds", errors="ignore") for c in (one, two))
        pd.testing.assert_frame_equal(first, second)
    for name, plan in one.plans.items():
        assert plan.commitments == two.plans[name].commitments
        assert plan.operations == two.plans[name].operations


@pytest.mark.slow
@settings(max_examples=10)
@given(instances(max_scenarios=2), st.data())
def test_whatever_the_instance(instance: Instance, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 40), min_size=2, max_size=4, unique=True))
    rows = budgets(instance, [5e4 * value for value in values])
    comparison = compare(instance, rows, Options(relative_gap=1e-3), processes=1)
    check(comparison, rows)
    monotone(comparison)


def test_a_larger_plan_that_fits_needs_no_search() -> None:
    rows = budgets(lumps(), [3000.0, 2500.0, 2100.0, 2000.0])
    comparison = compare(lumps(), rows, Options(relative_gap=0.0))
    reused = comparison.tables["alternatives"].set_index("alternative")["reused"].to_dict()
    # 2000 is just enough: then the envelope is used up, and marginal values have to be looked at again.
    assert reused == {"3000": "", "2500": "3000", "2100": "3000", "2000": ""}
    assert {plan.objective for plan in comparison.plans.values()} == {2000.0}
    assert set(comparison.tables["alternatives"]["marginal_dollar"]) == {0.0}


def test_where_a_large_envelope_has_no_plan_a_small_one_has_none() -> None:
    must = [{"id": "both", "members": ["big", "small"], "min": 2}]
    rows = budgets(lumps(choices=must), [100.0, 900.0, 1400.0])
    comparison = compare(lumps(), rows)
    table = comparison.tables["alternatives"].set_index("alternative")
    assert set(table["status"]) == {"infeasible"}
    assert table["reused"].to_dict() == {"100": "1400", "900": "1400", "1400": ""}
    words = comparison.plans["100"].relaxations[0].words
    assert words.startswith("Already under 1400, which allows more, this has to give way:")
    assert comparison.tables["regret"].empty
    assert comparison.tables["alternatives"]["objective"].isna().all()


def test_progress_names_what_runs() -> None:
    seen: list[Progress] = []
    rows = budgets(lumps(), [500.0, 1300.0])
    compare(lumps(), rows, progress=seen.append, processes=1)
    assert {name for now in seen for name, _, _ in now.running} == {"500", "1300"}
    assert seen[-1].done
    assert seen[-1].judging
    assert all(now.total == 2 for now in seen)


def test_a_stop_keeps_what_is_done() -> None:
    stop = threading.Event()

    def after_the_first(now: Progress) -> None:
        if now.done:
            stop.set()

    rows = budgets(lumps(), [500.0, 900.0, 1300.0])
    comparison = compare(lumps(), rows, progress=after_the_first, stop=stop, processes=1)
    assert "1300" in comparison.plans
    assert set(comparison.missing) | set(comparison.plans) == {"500", "900", "1300"}
    assert comparison.missing
    assert not comparison.regret
    assert comparison.tables["regret"].empty
