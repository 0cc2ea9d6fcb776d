"""Pyomo to arrays: every row and column arrives, scaling is exact, names are readable and different."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from optimizer.compile import Arrays, compile_arrays, names
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.formulation.base import Formulation
from optimizer.scaling import equilibrate
from tests.optimizer import support
from tests.optimizer.byhand import HAND

CASES = ["rule-envelope", "rule-plant-first", "risk/tail", "supply/upside"]


def small() -> Formulation:
    """Two variables, one of each kind of row."""
    m = Formulation(Data(support.case("risk/weights")))
    m.x = pyo.Var(["a", "b"], bounds=(0, 7))
    m.yes = pyo.Var(domain=pyo.Binary)
    m.least = pyo.Constraint(expr=m.x["a"] + 2 * m.x["b"] >= 3)
    m.most = pyo.Constraint([0, 1], rule=lambda _, i: m.x["a"] - 5 * m.yes <= i)
    m.same = pyo.Constraint(expr=m.x["a"] + m.x["b"] == 4 + m.yes)
    m.objective = pyo.Objective(expr=m.x["a"] + 3 * m.x["b"] + 10)
    m.expected_cost = pyo.Objective(expr=m.x["b"])
    return m


def test_rows_columns_and_costs_arrive() -> None:
    arrays = compile_arrays(small())
    column = {key: j for j, key in enumerate(arrays.columns)}
    row = {key: i for i, key in enumerate(arrays.rows)}
    a, b, yes = column["x", ("a",)], column["x", ("b",)], column["yes", ()]
    matrix = arrays.matrix.toarray()

    assert arrays.shape == (4, 3)
    assert matrix[row["least", ()], [a, b, yes]].tolist() == [1, 2, 0]
    assert (arrays.row_lower[row["least", ()]], arrays.row_upper[row["least", ()]]) == (3, np.inf)
    for i in (0, 1):
        assert matrix[row["most", (i,)], [a, b, yes]].tolist() == [1, 0, -5]
        assert (arrays.row_lower[row["most", (i,)]], arrays.row_upper[row["most", (i,)]]) == (-np.inf, i)
    assert matrix[row["same", ()], [a, b, yes]].tolist() == [1, 1, -1]
    assert arrays.row_lower[row["same", ()]] == arrays.row_upper[row["same", ()]] == 4

    assert arrays.cost[[a, b, yes]].tolist() == [1, 3, 0]
    assert arrays.expected_cost[[a, b, yes]].tolist() == [0, 1, 0]
    assert arrays.offset == 10
    assert arrays.upper[[a, b, yes]].tolist() == [7, 7, 1]
    assert (arrays.lower == 0).all()
    assert arrays.integer[[a, b, yes]].tolist() == [False, False, True]


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_left_out(name: str) -> None:
    """Every constraint of the formulation is one row; every variable that stands in one is one column."""
    m = build(Data(support.case(name)))
    arrays = compile_arrays(m)
    assert sorted(arrays.rows, key=str) == sorted(
        ((c.local_name, _tuple(i)) for c in m.component_objects(pyo.Constraint) for i in c), key=str
    )
    declared = {(v.local_name, _tuple(i)) for v in m.component_objects(pyo.Var) for i in v}
    assert set(arrays.columns) <= declared
    assert len(set(arrays.columns)) == len(arrays.columns)
    # What is not a column stands in no row and no cost: the filler, and sources no budget limits.
    assert {v for v, _ in declared - set(arrays.columns)} <= {"nothing"}


def _tuple(index: object) -> tuple[object, ...]:
    return () if index is None else index if isinstance(index, tuple) else (index,)


# ---- equilibration


def spread(arrays: Arrays) -> float:
    """Largest over smallest entry."""
    size = np.abs(arrays.matrix.data)
    return float(size.max() / size.min())


@pytest.mark.parametrize("name", CASES)
def test_equilibration_is_exact(name: str) -> None:
    arrays, _ = support.arrays_of(support.case(name))
    scaled, scales = equilibrate(arrays)
    for scale in (scales.rows, scales.columns):
        assert (np.frexp(scale)[0] == 0.5).all(), "powers of two"
    assert (scales.columns[arrays.integer] == 1).all(), "integers stay integers"
    # Back again, bit by bit.
    back = sp.diags_array(1 / scales.rows) @ scaled.matrix @ sp.diags_array(1 / scales.columns)
    assert (sp.csc_array(back) != arrays.matrix).nnz == 0
    assert np.array_equal(scaled.cost / scales.columns, arrays.cost)
    assert np.array_equal(scaled.lower * scales.columns, arrays.lower)
    assert np.array_equal(scaled.upper * scales.columns, arrays.upper)
    assert np.array_equal(scaled.row_lower / scales.rows, arrays.row_lower)
    assert np.array_equal(scaled.row_upper / scales.rows, arrays.row_upper)
    assert scaled.rows == arrays.rows
    assert scaled.columns == arrays.columns


def test_equilibration_narrows_what_is_wide() -> None:
    arrays, _ = support.arrays_of(support.case("rule-envelope"))
    rng = np.random.default_rng(7)
    rows = 10.0 ** rng.integers(-6, 7, arrays.shape[0])
    columns = np.where(arrays.integer, 1.0, 10.0 ** rng.integers(-6, 7, arrays.shape[1]))
    wide = replace(
        arrays,
        matrix=sp.csc_array(sp.diags_array(rows) @ arrays.matrix @ sp.diags_array(columns)),
        row_lower=arrays.row_lower * rows,
        row_upper=arrays.row_upper * rows,
    )
    assert spread(wide) > 1e12
    assert spread(equilibrate(wide)[0]) < 1e6


def test_rows_and_columns_without_entries_stay() -> None:
    arrays, _ = support.arrays_of(support.case("rule-envelope"))
    empty = replace(arrays, matrix=sp.csc_array(arrays.shape))
    scaled, scales = equilibrate(empty)
    assert (scales.rows == 1).all()
    assert (scales.columns == 1).all()
    assert scaled.matrix.nnz == 0


# ---- names


def test_names_read_like_model_md() -> None:
    keys = [("deliver", ("ga-aus", 3)), ("cash", (0,)), ("eta", ()), ("spot", ("ga", 1, 2))]
    assert names(keys) == ["deliver(ga_aus,3)", "cash(0)", "eta", "spot(ga,1,2)"]


def test_names_that_would_be_alike_are_told_apart() -> None:
    assert names([("short", ("a b", 0)), ("short", ("a-b", 0)), ("short", ("a_b", 0))]) == [
        "short(a_b,0)",
        "short(a_b,0).2",
        "short(a_b,0).3",
    ]


keys = st.lists(
    st.tuples(st.sampled_from(["x", "y", "x(a)"]), st.lists(st.text(max_size=4), max_size=2).map(tuple)),
    unique=True,
)


@given(keys)
def test_names_are_different_and_plain_whatever_the_ids(found: list[tuple[str, tuple[str, ...]]]) -> None:
    made = names(found)
    assert len(set(made)) == len(found)
    for name in made:
        assert name.isascii()
        assert not set(name) & set(" \t\n:<>=+-*^\"'\\")


@pytest.mark.parametrize("name", ["rule-envelope", *sorted(HAND)[:10]])
def test_names_of_real_models_are_different(name: str) -> None:
    arrays, _ = support.arrays_of(support.case(name))
    assert len(set(names(arrays.columns))) == len(arrays.columns)
    assert len(set(names(arrays.rows))) == len(arrays.rows)
