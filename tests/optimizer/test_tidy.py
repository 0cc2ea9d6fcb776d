"""Tidying: idle movements go, and no plan becomes infeasible or dearer."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from models.instance import Instance
from models.options import Options
from optimizer.compile import Arrays, Vector, compile_arrays
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.highs import Solver
from optimizer.solve import solve
from optimizer.tidy import tidy
from tests.optimizer.small import AGREEMENT, MUST_SIGN, small
from tests.optimizer.support import case

MONEY_CASES = ["rule-loan-only", "rule-envelope", "rule-cash-and-substitute", "case-21", "case-25", "case-29"]
TOLERANCE = 1e-6


@cache
def busy_case(name: str) -> tuple[Data, Arrays, Vector]:
    """A reference case and its busiest plan."""
    data, arrays = compiled(case(name))
    return data, arrays, untidy(arrays)


def compiled(instance: Instance) -> tuple[Data, Arrays]:
    """An instance as scaled numbers and as arrays."""
    data = Data(instance)
    return data, compile_arrays(build(data))


def violation(arrays: Arrays, x: Vector) -> float:
    """The largest violation of any row or bound, relative to the size of its terms."""
    activity = arrays.matrix @ x
    size = np.maximum(1.0, abs(arrays.matrix) @ np.abs(x))
    rows = np.maximum(arrays.row_lower - activity, activity - arrays.row_upper) / size
    bounds = np.maximum(arrays.lower - x, x - arrays.upper) / np.maximum(1.0, np.abs(x))
    return float(max(rows.max(), bounds.max()))


def untidy(arrays: Arrays) -> Vector:
    """A plan that moves as much as it can: draws, repays, puts in and takes out."""
    busy = np.array([name in ("draw", "repay", "inject", "cash") for name, _ in arrays.columns])
    solver = Solver(arrays, threads=1)
    found = solver.run(relative_gap=1e-3)
    assert found.x is not None
    integers = np.flatnonzero(arrays.integer)
    limited = np.flatnonzero(busy & ~np.isfinite(arrays.upper))
    lp = Solver(arrays, threads=1)
    lp.fix(integers, np.round(found.x[integers]))
    # Without a limit of their own movements could be endless.
    most = 10 * np.maximum(1.0, found.x.max())
    lp.bound(limited, arrays.lower[limited], np.full(len(limited), most))
    lp.set_cost(-1.0 * busy)
    moved = lp.run()
    assert moved.x is not None
    return moved.x


def movements(arrays: Arrays, x: Vector, first: str, second: str) -> float:
    """How much is moved there and back at once."""
    column = {key: j for j, key in enumerate(arrays.columns)}
    pairs = [
        (j, column[second, key])
        for (name, key), j in column.items()
        if name == first and (second, key) in column
    ]
    return max((min(x[i], x[j]) for i, j in pairs), default=0.0)


@pytest.mark.parametrize("name", MONEY_CASES)
def test_the_busiest_plan_becomes_quiet_and_stays_one(name: str) -> None:
    data, arrays, x = busy_case(name)
    assert violation(arrays, x) < TOLERANCE
    quiet = tidy(data, arrays, x)
    assert violation(arrays, quiet) < TOLERANCE
    assert arrays.cost @ quiet <= arrays.cost @ x + TOLERANCE
    assert movements(arrays, x, "inject", "withdraw") > 0, "or nothing is tested"
    assert movements(arrays, quiet, "inject", "withdraw") <= TOLERANCE
    assert movements(arrays, quiet, "draw", "repay") <= TOLERANCE
    moves = ("inject", "withdraw", "draw", "repay", "drawn", "owed", "cash")
    same = [j for j, (column, _) in enumerate(arrays.columns) if column not in moves]
    np.testing.assert_array_equal(quiet[same], x[same])


@pytest.mark.parametrize("name", MONEY_CASES)
def test_idle_money_is_drawn_no_earlier_than_it_must_be(name: str) -> None:
    data, arrays, busy = busy_case(name)
    column = {key: j for j, key in enumerate(arrays.columns)}
    x = tidy(data, arrays, busy)
    budget = data.instance.budget
    assert budget is not None
    for source in budget.sources or ():
        for n in data.nodes:
            children = data.tree.children.get(n, [])
            room = min(
                (arrays.upper[j] - x[j] for j in (column["draw", (source.id, c)] for c in children)),
                default=1,
            )
            owed = x[column["owed", (source.id, n)]] if source.kind == "loan" else 1
            idle = min(x[column["draw", (source.id, n)]], x[column["cash", (n,)]])
            assert min(idle, room, owed) <= TOLERANCE, (source.id, n)


@pytest.mark.parametrize("name", MONEY_CASES)
def test_tidying_twice_changes_nothing(name: str) -> None:
    data, arrays, busy = busy_case(name)
    once = tidy(data, arrays, busy)
    np.testing.assert_allclose(tidy(data, arrays, once), once, atol=1e-9)


Columns = dict[tuple[str, tuple[Any, ...]], int]


def by_hand(budget: dict[str, Any], **changes: Any) -> tuple[Data, Arrays, Vector, Columns]:
    """An agreement of 10 t a year at 1,000 USD/t in three years, one course: 10,000 USD a year."""
    agreement = {**AGREEMENT, "country": "AUS", "volume": {"min": 10.0, "max": 10.0}}
    instance = small(
        agreements=[agreement], choices=[MUST_SIGN], spot=[], scenarios=[], budget=budget, **changes
    )
    data, arrays = compiled(instance)
    outcome = Solver(arrays, threads=1).run()
    assert outcome.x is not None
    return data, arrays, outcome.x, {key: j for j, key in enumerate(arrays.columns)}


def usd(data: Data, x: Vector, column: Columns, name: str, *index: Any) -> float:
    """A value in USD."""
    return float(x[column[name, index]] * data.units.money)


def test_loan_drawn_when_needed_pays_interest_from_then_on() -> None:
    # 5 % a year. Drawn at once: 30,000 and interest 1,500 + 1,500, which must be drawn as well.
    # Drawn as needed: 10,000; 10,000 + 500; 10,000 + 0.05 · 20,500 = 11,025.
    loan = {"id": "loan", "kind": "loan", "rate": 0.05}
    data, arrays, x, column = by_hand({"sources": [loan]}, discount_rate=0.1)
    lp = Solver(arrays, threads=1)
    lp.fix(np.flatnonzero(arrays.integer), np.round(x[arrays.integer]))
    first = column["draw", ("loan", 0)]
    later = [column["draw", ("loan", n)] for n in (1, 2)]
    lp.fix(later, np.zeros(2))
    early = lp.run().x
    assert early is not None
    early_usd = early[first] * data.units.money
    # d = 30,000 + 0.05 · 2 · d.
    assert early_usd == pytest.approx(30_000 / 0.9)
    late = tidy(data, arrays, early)
    drawn = [usd(data, late, column, "draw", "loan", n) for n in range(3)]
    assert drawn == pytest.approx([10_000, 10_500, 11_025])
    assert [usd(data, late, column, "cash", n) for n in range(3)] == pytest.approx([0, 0, 0], abs=1e-6)
    assert violation(arrays, late) < TOLERANCE


def test_fee_of_a_loan_repaid_at_once_stays_in_cash() -> None:
    # 2,000 USD borrowed and repaid in 2027 at a fee of 1 %: without that, 20 USD more are left.
    loan = {"id": "loan", "kind": "loan", "amount": 50_000.0, "fee": 0.01}
    data, arrays, x, column = by_hand({"opening_cash": 40_000.0, "sources": [loan]})
    money = data.units.money
    for name, change in {"draw": 2000.0, "repay": 2000.0}.items():
        x[column[name, ("loan", 0)]] += change / money
    for n in range(3):
        x[column["drawn", ("loan", n)]] += 2000.0 / money
        x[column["cash", (n,)]] -= 20.0 / money
    assert violation(arrays, x) < TOLERANCE
    before = usd(data, x, column, "cash", 2)
    quiet = tidy(data, arrays, x)
    assert usd(data, quiet, column, "draw", "loan", 0) == pytest.approx(0)
    assert usd(data, quiet, column, "drawn", "loan", 2) == pytest.approx(0)
    assert usd(data, quiet, column, "cash", 2) == pytest.approx(before + 20)
    assert violation(arrays, quiet) < TOLERANCE


def test_handling_that_is_saved_stays_in_cash() -> None:
    # 5 t in and out of a depot in 2028 at 30 USD/t each way: 300 USD.
    depot = {"id": "vault", "country": "USA", "handling_cost": 30.0}
    data, arrays, x, column = by_hand({"opening_cash": 100_000.0}, depots=[depot])
    unit, money = data.units.tonnes["ga"], data.units.money
    for name in ("inject", "withdraw"):
        x[column[name, ("ga", "vault", 1)]] += 5.0 / unit
    for n in (1, 2):
        x[column["cash", (n,)]] -= 300.0 / money
    assert violation(arrays, x) < TOLERANCE
    before = [usd(data, x, column, "cash", n) for n in range(3)]
    quiet = tidy(data, arrays, x)
    after = [usd(data, quiet, column, "cash", n) for n in range(3)]
    assert after == pytest.approx([before[0], before[1] + 300, before[2] + 300])
    assert violation(arrays, quiet) < TOLERANCE


def test_availability_keeps_a_draw_early() -> None:
    # All 30,000 USD are there in 2027 only: nothing can be drawn later.
    source = {"id": "now", "kind": "appropriation", "amount": 30_000.0, "available": [30_000.0, 0.0, 0.0]}
    data, arrays, x, column = by_hand({"sources": [source]})
    quiet = tidy(data, arrays, x)
    assert usd(data, quiet, column, "draw", "now", 0) == pytest.approx(30_000)
    assert [usd(data, quiet, column, "cash", n) for n in range(3)] == pytest.approx(
        [20_000, 10_000, 0], abs=1e-6
    )


def test_all_children_must_have_room() -> None:
    # 2028 knows whether there is a ban: what is drawn in 2027 moves to both nodes of 2028, or stays.
    source = {
        "id": "some",
        "kind": "appropriation",
        "amount": 60_000.0,
        "available": [40_000.0, 15_000.0, 60_000.0],
    }
    plan = solve(
        small(
            agreements=[{**AGREEMENT, "country": "AUS", "volume": {"min": 10.0, "max": 10.0}}],
            choices=[MUST_SIGN],
            spot=[],
            budget={"sources": [source]},
        ),
        Options(threads=1),
    )
    rows = plan.operations["draw"]
    drawn = dict(zip(rows["node"], rows["value"], strict=True))
    # 10,000 a year at every node, whatever the course; no year needs more than it may draw.
    assert drawn == pytest.approx({0: 10_000, 1: 10_000, 2: 10_000, 3: 10_000, 4: 10_000})


@pytest.mark.parametrize("name", ["rule-loan-only", "rule-envelope", "rule-cash-and-substitute"])
def test_solved_plans_are_tidy(name: str) -> None:
    plan = solve(case(name), Options(threads=1))
    moved = {
        variable: {tuple(row[:-1]) for row in zip(*table.values(), strict=True)}
        for variable, table in plan.operations.items()
    }
    assert not moved.get("inject", set()) & moved.get("withdraw", set())
    assert not moved.get("draw", set()) & moved.get("repay", set())
    assert plan.certificate is not None
    assert plan.certificate.passed
