"""Pyomo to sparse arrays, once per solve; no solver interface of Pyomo's is used (see docs/decisions)."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from numpy.typing import NDArray
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from optimizer.formulation import Formulation

Vector = NDArray[np.float64]
Key = tuple[str, tuple[Any, ...]]
"""(name of the variable or constraint, its index)."""

LARGEST = 1e5
"""Right-hand sides are not scaled beyond this: a limit that is far from binding (a depot a million times too
large) would otherwise be blown up until the simplex method stumbles over it."""
ROUNDS = 4
"""Rounds of equilibration; the spread hardly shrinks after three."""

MANY = 200_000
"""Objects made without a search for unreachable cycles from which on one is worth its time."""


@dataclass(frozen=True)
class Arrays:
    """A mixed-integer programme: minimise cost·x + offset, lower ≤ x ≤ upper, row_lower ≤ A·x ≤ row_upper."""

    matrix: sp.csc_array
    cost: Vector
    expected_cost: Vector
    """What is behind w_c in model.md §5, to be read off a solution; never solved for."""
    offset: float
    lower: Vector
    upper: Vector
    integer: NDArray[np.bool_]
    row_lower: Vector
    row_upper: Vector
    columns: list[Key]
    rows: list[Key]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.columns)


@contextmanager
def no_collection() -> Iterator[None]:
    """Python's search for unreachable cycles held back: among a million expressions it costs a third of the
    time of building them and finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # Once now is cheaper than once for each generation a little later.
            if gc.get_count()[0] > MANY:
                gc.collect()
            gc.enable()


def compile_arrays(m: Formulation) -> Arrays:
    """The formulation as arrays, in the units of its data."""
    form = LinearStandardFormCompiler().write(m, mixed_form=True)
    right = np.asarray(form.rhs, dtype=float)
    costs = np.asarray(form.c.todense(), dtype=float)
    sense = np.array([row.bound_type for row in form.rows], dtype=int)
    return Arrays(
        matrix=sp.csc_array(form.A),
        cost=costs[0],
        expected_cost=costs[1],
        offset=float(form.c_offset[0]),
        lower=np.array([_or(v.lb, -np.inf) for v in form.columns]),
        upper=np.array([_or(v.ub, np.inf) for v in form.columns]),
        integer=np.array([v.is_integer() for v in form.columns], dtype=bool),
        row_lower=np.where(sense <= 0, right, -np.inf),
        row_upper=np.where(sense >= 0, right, np.inf),
        columns=[_key(v) for v in form.columns],
        rows=[_key(row.constraint) for row in form.rows],
    )


def constraint_names(m: Formulation) -> list[str]:
    """Names of constraints in the order of declaration, those without rows included."""
    return [c.local_name for c in m.component_objects(pyo.Constraint)]


def _or(bound: float | None, absent: float) -> float:
    return absent if bound is None else float(bound)


def _key(item: Any) -> Key:
    index = item.index()
    if index is None:
        return item.parent_component().local_name, ()
    return item.parent_component().local_name, index if isinstance(index, tuple) else (index,)


def names(keys: Iterable[Key]) -> list[str]:
    """Names any LP or MPS reader takes: ``deliver(ga_aus,3)``, odd characters replaced, all different."""
    used: dict[str, int] = {}
    result = []
    for name, index in keys:
        text = f"{name}({','.join(map(str, index))})" if index else name
        text = "".join(ch if ch.isascii() and (ch.isalnum() or ch in "_(),.") else "_" for ch in text)
        count = used[text] = used.get(text, 0) + 1
        result.append(text if count == 1 else f"{text}.{count}")
    return result


@dataclass(frozen=True)
class Scales:
    """x = columns · x', and row i of A' is rows[i] times row i of A · columns; powers of two, so exact."""

    rows: Vector
    columns: Vector


def equilibrate(arrays: Arrays) -> tuple[Arrays, Scales]:
    """Rows and columns scaled towards entries of size one, integers left alone.

    Without it HiGHS, whose tolerances are absolute, has called a plan optimal that was 26 % off.
    """
    size = sp.csc_array(arrays.matrix, copy=True)
    size.data = np.abs(size.data)
    row_scale, column_scale = np.ones(size.shape[0]), np.ones(size.shape[1])
    for _ in range(ROUNDS):
        scaled = sp.csr_array(sp.diags_array(row_scale) @ size @ sp.diags_array(column_scale))
        row_scale *= _inverse_middle(scaled)
        scaled = sp.csr_array((sp.diags_array(row_scale) @ size @ sp.diags_array(column_scale)).T)
        column_scale *= np.where(arrays.integer, 1.0, _inverse_middle(scaled))
    right = np.where(np.isfinite(arrays.row_upper), np.abs(arrays.row_upper), np.abs(arrays.row_lower))
    row_scale = np.minimum(row_scale, LARGEST / np.maximum(right, 1e-300))
    row_scale, column_scale = _power_of_two(row_scale), _power_of_two(column_scale)
    matrix = sp.csc_array(sp.diags_array(row_scale) @ arrays.matrix @ sp.diags_array(column_scale))
    scaled_arrays = replace(
        arrays,
        matrix=matrix,
        cost=arrays.cost * column_scale,
        lower=arrays.lower / column_scale,
        upper=arrays.upper / column_scale,
        row_lower=arrays.row_lower * row_scale,
        row_upper=arrays.row_upper * row_scale,
    )
    return scaled_arrays, Scales(row_scale, column_scale)


def _inverse_middle(rows: sp.csr_array) -> Vector:
    """1 / √(smallest · largest entry) by row, 1 for empty rows."""
    result = np.ones(rows.shape[0])
    filled = np.diff(rows.indptr) > 0
    starts = rows.indptr[:-1][filled]
    if len(starts):
        low, high = np.minimum.reduceat(rows.data, starts), np.maximum.reduceat(rows.data, starts)
        result[filled] = 1.0 / np.sqrt(low * high)
    return result


def row_scales(rows: sp.csr_array) -> Vector:
    """Powers of two by which rows are multiplied towards entries of size one."""
    return _power_of_two(_inverse_middle(abs(rows)))


def _power_of_two(scale: Vector) -> Vector:
    return np.exp2(np.round(np.log2(scale)))
