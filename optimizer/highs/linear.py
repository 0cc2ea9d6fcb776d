"""Linear programmes one after another, each from a basis that suits it; scaled already."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from models.faults import SolverFailed
from optimizer.highs.solver import use_pool

Vector = NDArray[np.float64]
Statuses = NDArray[np.int8]
AT_LOWER, BASIC, AT_UPPER, FREE = 0, 1, 2, 3
"""Where a column or row stands in a basis."""
_STATUS = (
    highspy.HighsBasisStatus.kLower,
    highspy.HighsBasisStatus.kBasic,
    highspy.HighsBasisStatus.kUpper,
    highspy.HighsBasisStatus.kZero,
)
_CODE = {status: code for code, status in enumerate(_STATUS)}
_CODE[highspy.HighsBasisStatus.kNonbasic] = AT_LOWER
_END: dict[str, Literal["optimal", "infeasible"]] = {
    "kOptimal": "optimal",
    "kInfeasible": "infeasible",
}


@dataclass(frozen=True)
class LinearProgramme:
    """Minimise cost·x with lower ≤ x ≤ upper and row_lower ≤ A·x ≤ row_upper, scaled already."""

    matrix: sp.csc_array
    cost: Vector
    lower: Vector
    upper: Vector
    row_lower: Vector
    row_upper: Vector


@dataclass(frozen=True)
class Basis:
    """Where columns and rows stand (AT_LOWER, BASIC, ...)."""

    columns: Statuses
    rows: Statuses


@dataclass(frozen=True)
class LinearSolution:
    """An optimum, or the news that there is none."""

    end: Literal["optimal", "infeasible"]
    x: Vector
    objective: float
    iterations: int


class LinearSequence:
    """HiGHS, ready for one programme after another, on one thread."""

    def __init__(self, seed: int = 0) -> None:
        self._highs = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("solver", "simplex"),
            ("simplex_scale_strategy", 0),
            ("random_seed", seed),
        ):
            self._highs.setOptionValue(option, value)
        use_pool(self._highs, 1)
        self._stop: threading.Event | None = None

    def solve(
        self, programme: LinearProgramme, start: Basis | None = None, *, presolve: bool = False
    ) -> LinearSolution:
        """Solve from a basis if there is one (one that does not fit is mended or left). Raises SolverFailed.

        The result depends on the programme and the basis alone, not on what was solved before.
        """
        h = self._highs
        h.setOptionValue("presolve", "on" if presolve else "off")
        h.setOptionValue("solver", "simplex")
        if _pass(h, programme) == highspy.HighsStatus.kError:
            raise SolverFailed("HiGHS could not take a programme.")
        if start is not None:
            basis = highspy.HighsBasis()
            basis.valid = True
            basis.col_status = [_STATUS[code] for code in start.columns.tolist()]
            basis.row_status = [_STATUS[code] for code in start.rows.tolist()]
            h.setBasis(basis)
        for step in ("simplex", "afresh", "ipx"):
            # What a basis leads astray, or the simplex method, is tried again without.
            if step != "simplex":
                h.clearSolver()
                h.setOptionValue("presolve", "on")
                h.setOptionValue("solver", "simplex" if step == "afresh" else "ipx")
            h.run()
            end = _END.get(h.getModelStatus().name)
            if end is not None:
                break
        else:
            raise SolverFailed(f"HiGHS ended with: {h.modelStatusToString(h.getModelStatus())}.")
        info = h.getInfo()
        x = np.array(h.getSolution().col_value) if end == "optimal" else np.empty(0)
        return LinearSolution(end, x, info.objective_function_value, info.simplex_iteration_count)

    def basis(self) -> Basis:
        """Where the last solution stands."""
        found = self._highs.getBasis()
        return Basis(_codes(found.col_status), _codes(found.row_status))


def _codes(statuses: Any) -> Statuses:
    return np.array([_CODE[status] for status in statuses], dtype=np.int8)


def _pass(highs: highspy.Highs, programme: LinearProgramme) -> highspy.HighsStatus:
    """As plain arrays: the fields of a HighsLp are copied number by number."""
    rows, columns = programme.matrix.shape
    matrix = programme.matrix
    status: highspy.HighsStatus = highs.passModel(
        columns,
        rows,
        int(matrix.nnz),
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        programme.cost,
        programme.lower,
        programme.upper,
        programme.row_lower,
        programme.row_upper,
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data,
        np.zeros(columns, dtype=np.int32),
    )
    return status
