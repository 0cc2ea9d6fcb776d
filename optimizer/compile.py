"""Pyomo to sparse arrays, once per solve; no solver interface of Pyomo's is used (see docs/decisions)."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from numpy.typing import NDArray
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from optimizer.formulation import Formulation
from optimizer.keys import Key, Keys

Vector = NDArray[np.float64]

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
    columns: Keys
    rows: Keys

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
