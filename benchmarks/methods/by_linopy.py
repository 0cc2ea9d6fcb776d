"""linopy: the compiled rows as constraints of linopy, handed to HiGHS by its direct interface.

The formulation is not written a second time. Its arrays come from the project's template (which is part of
building here), columns become one variable of linopy and each family of rows one or a few constraints with
all their terms at once. That is what a vectorised model costs linopy to hold and to hand over, and less than
it would cost to write: the expressions themselves are not summed up by linopy. The arrays are handed over as
they are, not equilibrated; HiGHS scales as it does by default.
"""

from __future__ import annotations

from collections.abc import Iterator

import linopy
import numpy as np
import pandas as pd
import scipy.sparse as sp
import xarray as xr
from linopy.solvers import Highs
from numpy.typing import NDArray

from benchmarks.methods import Asked, Found, Steps, finite, linear
from models.files import read
from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.template import arrays_of


def run(asked: Asked, steps: Steps) -> Found:
    """Read, build, solve."""
    steps.begin("reading")
    instance = read(asked.path)
    linear(instance)
    steps.begin("building")
    data = Data(instance)
    arrays = arrays_of(data)
    model = written(arrays)
    options = {"output_flag": False, "mip_rel_gap": asked.gap, "mip_abs_gap": 0.0}
    solver = Highs.from_model(model, io_api="direct", options=options | {"threads": asked.threads})
    held = solver.solver_model
    held.setOptionValue("time_limit", asked.left())
    steps.begin("solving")
    result = solver.solve()
    steps.begin("end")
    rows, columns = held.getNumRow(), held.getNumCol()
    steps.size(len(data.tree), rows, columns, held.getNumNz())
    info, money = held.getInfo(), data.units.money
    feasible = info.primal_solution_status == FEASIBLE
    whole = info.mip_node_count < 0  # no yes/no decision: an LP, whose optimum is its bound
    objective = finite(info.objective_function_value) if feasible else None
    bound = objective if whole else finite(info.mip_dual_bound)
    return Found(
        end=str(result.status.termination_condition.value),
        objective=None if objective is None else (objective + arrays.offset) * money,
        bound=None if bound is None else (bound + arrays.offset) * money,
        branch_nodes=max(0, info.mip_node_count),
    )


FEASIBLE = 2
"""What HiGHS calls the status of a feasible point."""


def written(arrays: Arrays) -> linopy.Model:
    """The programme as a model of linopy, without the constant of its objective."""
    model = linopy.Model()
    columns = np.arange(len(arrays.columns))
    labels = np.empty(len(columns), dtype=np.int64)
    for name, whole in (("amount", False), ("decision", True)):
        chosen = columns[arrays.integer == whole]
        if len(chosen):
            lower, upper = (
                xr.DataArray(side[chosen], dims="column", coords={"column": chosen})
                for side in (arrays.lower, arrays.upper)
            )
            if whole:
                lower, upper = np.ceil(lower), np.floor(upper)
            variable = model.add_variables(lower=lower, upper=upper, integer=whole, name=name)
            labels[chosen] = variable.labels.to_numpy()
    matrix = sp.csr_array(arrays.matrix)
    for number, (sign, group) in enumerate(_groups(arrays, matrix)):
        right = arrays.row_upper[group] if sign == "<=" else arrays.row_lower[group]
        left = _expression(model, matrix[group], labels, group)
        model.add_constraints(
            left, sign, xr.DataArray(right, dims="row", coords={"row": group}), f"c{number}"
        )
    costly = np.flatnonzero(arrays.cost)
    goal = xr.Dataset(
        {"coeffs": ("_term", arrays.cost[costly]), "vars": ("_term", labels[costly]), "const": ((), 0.0)}
    )
    model.add_objective(linopy.LinearExpression(goal, model))
    return model


def _groups(arrays: Arrays, matrix: sp.csr_array) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Rows of one family, one kind of side and about one length, so that little is filled up with nothing.

    A row with two different sides stands in two groups.
    """
    family = pd.Categorical([name for name, _ in arrays.rows]).codes.astype(np.int64)
    length = np.ceil(np.log2(np.maximum(1, np.diff(matrix.indptr)))).astype(np.int64)
    number = family * 64 + length
    lower, upper = arrays.row_lower, arrays.row_upper
    same = lower == upper
    for sign, there in (
        ("=", same),
        (">=", np.isfinite(lower) & ~same),
        ("<=", np.isfinite(upper) & ~same),
    ):
        rows = np.flatnonzero(there)
        rows = rows[np.argsort(number[rows], kind="stable")]
        for group in np.split(rows, np.flatnonzero(np.diff(number[rows])) + 1):
            if len(group):
                yield sign, np.sort(group)


def _expression(
    model: linopy.Model, part: sp.csr_array, labels: NDArray[np.int64], rows: NDArray[np.int64]
) -> linopy.LinearExpression:
    """Rows × terms; -1 and nan where a row has fewer."""
    counts = np.diff(part.indptr)
    shape = len(counts), int(counts.max(initial=1))
    row = np.repeat(np.arange(shape[0]), counts)
    term = np.arange(part.nnz) - np.repeat(part.indptr[:-1], counts)
    values, variables = np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    values[row, term], variables[row, term] = part.data, labels[part.indices]
    data = xr.Dataset(
        {
            "coeffs": (("row", "_term"), values),
            "vars": (("row", "_term"), variables),
            "const": ("row", np.zeros(shape[0])),
        },
        coords={"row": rows},
    )
    return linopy.LinearExpression(data, model)
