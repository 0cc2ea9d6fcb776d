"""Writing an instance in other units changes the numbers, not the plan (model.md §7)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from models.instance import Instance
from models.options import Options
from optimizer.compile import Arrays, compile_arrays
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.solve import solve
from optimizer.units import choose_units
from tests.optimizer import support
from tests.optimizer.byhand import HAND
from tests.optimizer.units import UNITS, in_kg, in_kusd, in_units, numbers

RULES = sorted(name for name in support.expected() if name.startswith("rule-"))
MANY_RULES = ("case-21", "case-33")
POUNDS, EUROS = 2204.62262, 0.92


def test_every_number_has_a_unit() -> None:
    assert set(numbers(Instance)) == UNITS.keys()


@pytest.mark.parametrize("name", [*RULES, *MANY_RULES])
def test_kilograms_and_thousand_dollars_change_nothing(name: str) -> None:
    instance = support.case(name)
    value, in_mass, in_money = (
        solve(one, Options(relative_gap=1e-7, marginals=False)).objective
        for one in (instance, in_kg(instance), in_kusd(instance))
    )
    assert value is not None
    assert in_mass == pytest.approx(value, rel=1e-6)
    assert in_money == pytest.approx(value / 1000, rel=1e-6)


@pytest.mark.parametrize("name", [*RULES, *HAND])
def test_pounds_and_euros_change_nothing(name: str) -> None:
    optimum = support.known_optimum(name)
    elsewhere = support.optimum(in_units(support.case(name), POUNDS, EUROS), gap=1e-8)
    assert support.same(elsewhere, None if optimum is None else optimum * EUROS)


@pytest.mark.parametrize("name", ["rule-envelope", "rule-supported-plant", "reserve/stock-loss"])
def test_the_plan_comes_out_in_the_units_that_went_in(name: str) -> None:
    options = Options(relative_gap=1e-8, marginals=False)
    plan, other = (solve(i, options) for i in (support.case(name), in_kusd(in_kg(support.case(name)))))
    assert plan.objective is not None
    assert plan.risk is not None
    assert other.objective == pytest.approx(plan.objective / 1000, rel=1e-6)
    assert other.risk is not None
    assert other.risk.expected_loss == pytest.approx(plan.risk.expected_loss / 1000, rel=1e-6)
    assert other.operations["short"]["node"] == plan.operations["short"]["node"]
    short = np.array(plan.operations["short"]["value"], dtype=float)
    assert np.array(other.operations["short"]["value"], dtype=float) == pytest.approx(1000 * short, rel=1e-6)


@pytest.mark.parametrize("name", [*RULES, *MANY_RULES])
def test_the_solver_meets_the_same_numbers(name: str) -> None:
    """A thousand is a power of ten: the chosen units take it up whole, nothing is left to the solver."""
    instance = support.case(name)
    here = compile_arrays(build(Data(instance)))
    there = compile_arrays(build(Data(in_kusd(in_kg(instance)))))
    assert here.columns == there.columns
    assert here.rows == there.rows
    for field in ("cost", "lower", "upper", "row_lower", "row_upper"):
        np.testing.assert_allclose(getattr(there, field), getattr(here, field), rtol=1e-9, atol=1e-12)
    difference = abs(size_free(there) - size_free(here))
    assert difference.max() < 1e-9


def size_free(arrays: Arrays) -> sp.csr_array:
    """The matrix; a row that says only that a sum is <= 0 (a closed depot) has no size of its own."""
    largest = abs(arrays.matrix).max(axis=1).toarray().ravel()
    free = (arrays.row_upper == 0) & np.isinf(arrays.row_lower)
    return sp.csr_array(sp.diags_array(np.where(free, 1 / largest, 1.0)) @ arrays.matrix)


def test_units_follow_the_instance() -> None:
    instance = support.case("rule-envelope")
    units, other = choose_units(instance), choose_units(in_kusd(in_kg(instance)))
    assert other.money == pytest.approx(units.money / 1000)
    assert other.tonnes == pytest.approx({m: 1000 * one for m, one in units.tonnes.items()})
    assert replace(units, money=0.0, tonnes={}) == replace(other, money=0.0, tonnes={})
