"""One compiled programme stands for all alternatives of a kind, entry by entry as if each were compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings

from models.alternatives import Alternative, Fixed
from models.instance import Instance
from optimizer.compare.base import Base
from optimizer.compare.limits import allows, kind, limits, stricter
from optimizer.compare.order import Order, bisected
from optimizer.compile import Arrays, Vector, compile_arrays
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.solve import solve
from tests.optimizer.compare.lumps import instance as lumps
from tests.optimizer.support import case, expected, optimum, same, solved
from tests.strategies import instances


def changed(instance: Instance) -> Instance:
    """Every number that may differ within a kind, changed."""
    budget, risk, goal = instance.budget, instance.risk, instance.objective
    money: dict[str, Any] = {}
    if budget is not None:
        if budget.envelope is not None:
            money["envelope"] = 0.7 * budget.envelope
        if budget.sources:
            money["sources"] = tuple(
                s.model_copy(update={"amount": 0.5 * (s.amount or 8.0), "available": 3.0})
                for s in budget.sources
            )
        budget = budget.model_copy(update=money)

    def less(row: Any, *fields: str) -> Any:
        there = {field: 0.9 * getattr(row, field) for field in fields if getattr(row, field) is not None}
        return row.model_copy(update=there)

    rules = {
        "cover": tuple(less(c, "days") for c in risk.cover),
        "service": tuple(less(s, "min_fraction") for s in risk.service),
    }
    return instance.model_copy(
        update={
            "budget": budget,
            "allocations": tuple(less(rule, "min", "max") for rule in instance.allocations),
            "risk": less(risk, "cvar_limit", "expected_loss_limit", "emissions_limit").model_copy(
                update=rules
            ),
            "objective": less(goal, "cost_weight", "loss_weight", "cvar_weight"),
        }
    )


def dense(arrays: Arrays) -> dict[Any, tuple[float, ...]]:
    """Columns by key: bounds and costs."""
    parts = (arrays.lower, arrays.upper, arrays.cost, arrays.expected_cost, arrays.integer)
    return dict(zip(arrays.columns, zip(*(part.tolist() for part in parts), strict=True), strict=True))


def entries(arrays: Arrays) -> dict[Any, float]:
    """Coefficients by row and column."""
    coo = sp.coo_array(arrays.matrix)
    at = zip(coo.row.tolist(), coo.col.tolist(), coo.data.tolist(), strict=True)
    return {(arrays.rows[i], arrays.columns[j]): value for i, j, value in at}


def sides(arrays: Arrays) -> dict[Any, tuple[float, float]]:
    """Right-hand sides by row."""
    both: list[tuple[float, float]] = list(
        zip(arrays.row_lower.tolist(), arrays.row_upper.tolist(), strict=True)
    )
    return dict(zip(arrays.rows, both, strict=True))


def close(one: dict[Any, Any], other: dict[Any, Any]) -> None:
    assert one.keys() == other.keys()
    first: Vector = np.array([one[key] for key in one], dtype=float)
    second: Vector = np.array([other[key] for key in one], dtype=float)
    np.testing.assert_allclose(first, second, rtol=1e-13, atol=0)


def check(instance: Instance) -> None:
    """Both the instance and what it is changed to, out of one programme."""
    two = (Alternative("as it is", instance), Alternative("changed", changed(instance)))
    assert kind(two[0].rules) == kind(two[1].rules)
    base = Base.of(two)
    for alternative in two:
        data = Data(alternative.instance)
        data.units = base.units
        compiled, patched = compile_arrays(build(data)), base.arrays(alternative)
        close(dense(patched), dense(compiled))
        close(sides(patched), sides(compiled))
        assert entries(patched) == entries(compiled)
        assert patched.offset == compiled.offset


@pytest.mark.parametrize("name", sorted(expected()))
def test_numbers_are_put_in_as_compiled(name: str) -> None:
    check(case(name))


@settings(max_examples=15)
@given(instances(max_scenarios=2))
def test_numbers_are_put_in_as_compiled_in_drawn_instances(instance: Instance) -> None:
    check(instance)


def test_what_changes_the_programme_is_of_another_kind() -> None:
    one = lumps()
    assert kind(one) == kind(lumps(budget={"envelope": 7.0}))
    assert kind(one) != kind(lumps(budget={}))
    assert kind(one) != kind(lumps(agreements=[]))
    assert kind(one) != kind(one.model_copy(update={"discount_rate": 0.01}))
    tail = one.objective.model_copy(update={"cvar_weight": 0.1})
    assert kind(one) != kind(one.model_copy(update={"objective": tail})), "CVaR needs rows"


def test_forced_forbidden_and_fixed_are_the_same_as_bounds_and_as_rules() -> None:
    # Bounds of columns here; choices and ranges in the instance that is audited: the same optimum.
    free = lumps()
    plan = solve(lumps(budget={"envelope": 500.0}))
    assert plan.commitments is not None
    rows = [
        Alternative("force", free, force=("small",)),
        Alternative("forbid", free, forbid=("big",)),
        Alternative("fix", free, fix=Fixed.of(plan.commitments)),
        Alternative("fix a part", free, fix=Fixed(depots=())),
    ]
    base = Base.of(rows)
    for alternative in rows:
        found = solved(base.arrays(alternative), base.units.money)
        assert same(found, optimum(alternative.instance)), alternative.name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["case-21"])
def test_forced_and_forbidden_in_the_reference_cases(name: str) -> None:
    instance = case(name)
    ids = [a.id for a in instance.agreements][:2] + [k.id for k in instance.projects if k.capacity][:1]
    for member in ids:
        for alternative in (
            Alternative("force", instance, force=(member,)),
            Alternative("forbid", instance, forbid=(member,)),
        ):
            base = Base.of([alternative])
            found = solved(base.arrays(alternative), base.units.money)
            assert same(found, optimum(alternative.instance), 1e-5)


def test_which_alternative_allows_more() -> None:
    small, large = (Alternative(str(e), lumps(budget={"envelope": e})) for e in (500.0, 900.0))
    assert allows(large, small)
    assert not allows(small, large)
    assert stricter(small, large) == ["envelope"]
    assert not allows(large, Alternative("other goal", lumps(
        budget={"envelope": 500.0}, objective={"loss_weight": 2.0})))  # fmt: skip
    assert allows(large, Alternative("forced", large.rules, force=("big",)))
    assert not allows(Alternative("forced", large.rules, force=("big",)), large)
    assert next(iter(limits(small.rules))) == ("envelope", 500.0, 1)


@pytest.mark.parametrize("count", range(1, 20))
def test_every_alternative_has_one_round(count: int) -> None:
    rounds = bisected(count)
    assert sorted(p for members in rounds for p in members) == list(range(count))
    assert rounds[0] == [0]
    assert count == 1 or rounds[1] == [count - 1]


def test_the_largest_envelope_comes_first() -> None:
    rows = [Alternative(str(e), lumps(budget={"envelope": e})) for e in (3.0, 9.0, 1.0, 5.0, 7.0)]
    rows.append(Alternative("else", lumps(agreements=[])))
    order = Order(rows)
    assert order.families == [[1, 4, 3, 0, 2], [5]]
    assert order.rounds == [[1, 5], [2], [3], [0, 4]]
    assert order.neighbours(3, {1, 2}) == [1, 2]
