"""An LP that gains and loses rows and moves a few bounds: the master of a decomposition."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from models.faults import SolverFailed
from optimizer.compile import Vector
from optimizer.highs.solver import use_pool

GrowingEnd = Literal["optimal", "infeasible", "unbounded", "stopped"]

_ENDS: dict[str, GrowingEnd] = {
    "kOptimal": "optimal",
    "kInfeasible": "infeasible",
    "kUnboundedOrInfeasible": "infeasible",
    "kUnbounded": "unbounded",
    "kIterationLimit": "stopped",
    "kTimeLimit": "stopped",
    "kInterrupt": "stopped",
    "kHighsInterrupt": "stopped",
}
_BASIC = highspy.HighsBasisStatus.kBasic
STATUSES = {int(status): status for status in highspy.HighsBasisStatus.__members__.values()}
"""Of a column or row in a basis, by code."""
BASIC = np.int8(int(_BASIC))
"""Code of what is basic."""
NOTHING = np.empty(0)
LOST = 5_000
"""Iterations, or one for four rows and columns if these are more, after which a run counts as lost: to tight
tolerances one took 73 seconds, each of its pivots refined."""
TIGHT, USUAL = 1e-9, 1e-7
"""Tolerances of the simplex method: a safe bound multiplies what they leave open by the width of columns."""


@dataclass(frozen=True)
class Basis:
    """A basis that outlives rows: those added later are basic in it, those dropped since are left out."""

    columns: list[Any]
    rows: list[Any]
    marks: NDArray[np.int64]
    """Of the rows that were added."""

    def tight(self) -> NDArray[np.int64]:
        """Marks of the rows that hold it."""
        added = self.rows[len(self.rows) - len(self.marks) :]
        return self.marks[[status != _BASIC for status in added]]

    def codes(self) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """Statuses of columns and rows as numbers of HiGHS, which mean the same in another process."""
        return _codes(self.columns), _codes(self.rows)


@dataclass(frozen=True)
class Point:
    """What a run ended with; vectors are empty unless it is optimal."""

    end: GrowingEnd
    objective: float
    x: Vector
    row_duals: Vector
    """A ray of the dual where it is infeasible and HiGHS has one."""
    basis: Basis | None
    iterations: int


class Growing:
    """minimise cost·x, lower ≤ x ≤ upper, row_lower ≤ matrix·x ≤ row_upper, held by HiGHS."""

    def __init__(
        self,
        matrix: sp.csc_array,
        cost: Vector,
        lower: Vector,
        upper: Vector,
        row_lower: Vector,
        row_upper: Vector,
        *,
        seed: int = 0,
        stop: threading.Event | None = None,
        once: bool = False,
    ) -> None:
        """``once``: it will be solved once, from nothing, to the usual tolerances."""
        tolerance = USUAL if once else TIGHT
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = matrix.shape
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
        lp.row_lower_, lp.row_upper_ = row_lower, row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = matrix.shape
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data
        self._options = {
            "output_flag": False,
            "presolve": "on" if once else "off",
            "solver": "simplex",
            "simplex_dual_edge_weight_strategy": -1 if once else 1,
            "primal_feasibility_tolerance": tolerance,
            "dual_feasibility_tolerance": tolerance,
            "random_seed": seed,
        }
        self._own = matrix.shape[0]
        self._marks = np.empty(0, dtype=np.int64)
        self._last: Basis | None = None
        self._stop = stop
        self._highs = self._taken(lp)

    def _taken(self, lp: highspy.HighsLp) -> highspy.Highs:
        h = highspy.Highs()
        for option, value in self._options.items():
            h.setOptionValue(option, value)
        use_pool(h, 1)
        if h.passModel(lp) == highspy.HighsStatus.kError:
            raise SolverFailed("HiGHS could not take the master.")
        if self._stop is not None:
            h.cbSimplexInterrupt.subscribe(self._interrupt)
        return h

    def _interrupt(self, event: Any) -> None:
        event.interrupt(self._stop is not None and self._stop.is_set())

    def bound(self, columns: NDArray[Any], lower: Vector, upper: Vector) -> None:
        """Other bounds for some columns."""
        index = np.asarray(columns, dtype=np.int32)
        self._highs.changeColsBounds(len(index), index, lower, upper)

    def bound_rows(self, rows: NDArray[Any], lower: Vector, upper: Vector) -> None:
        """Other sides for some rows."""
        index = np.asarray(rows, dtype=np.int32)
        self._highs.changeRowsBounds(len(index), index, lower, upper)

    def add(self, rows: sp.csr_array, lower: Vector, marks: NDArray[np.int64]) -> None:
        """More rows, rows·x ≥ lower, at the end; by its mark a row is known again that was dropped."""
        count = rows.shape[0]
        start, index = rows.indptr[:-1].astype(np.int32), rows.indices.astype(np.int32)
        status = self._highs.addRows(count, lower, np.full(count, np.inf), rows.nnz, start, index, rows.data)
        if status == highspy.HighsStatus.kError:
            raise SolverFailed("HiGHS could not take a cut.")
        self._marks = np.concatenate([self._marks, marks])
        self._last = None

    def drop(self, added: NDArray[np.int64]) -> None:
        """Without some of the rows that were added, by position among them."""
        if not len(added):
            return
        self._highs.deleteRows(len(added), (added + self._own).astype(np.int32))
        self._marks = np.delete(self._marks, added)
        self._last = None

    def solve(
        self, *, basis: Basis | None = None, seconds: float | None = None, iterations: int | None = None
    ) -> Point:
        """Solve from the last basis, or from the one given."""
        h = self._highs
        # From where the last run ended there is nothing to restore, and what it factorised is still there.
        if basis is not None and basis is not self._last:
            self._restore(basis)
        self._last = None
        h.setOptionValue("simplex_iteration_limit", self._many() if iterations is None else iterations)
        h.setOptionValue("time_limit", highspy.kHighsInf if seconds is None else h.getRunTime() + seconds)
        use_pool(h, 1)
        end = self._run()
        if end is None or (iterations is None and self._status() == "kIterationLimit"):
            end = self._again(seconds)
            h = self._highs
        info = h.getInfo()
        spent = max(0, info.simplex_iteration_count)
        if end == "infeasible":
            found, there, ray = h.getDualRay()
            known = found != highspy.HighsStatus.kError and there
            return Point(end, np.inf, NOTHING, np.array(ray) if known else NOTHING, None, spent)
        if end != "optimal":
            return Point(end, info.objective_function_value, NOTHING, NOTHING, None, spent)
        solution = h.getSolution()
        if iterations is None:
            self._last = self._basis()
        x, duals = np.array(solution.col_value), np.array(solution.row_dual)
        return Point(end, info.objective_function_value, x, duals, self._last, spent)

    def _again(self, seconds: float | None) -> GrowingEnd:
        """Where the simplex method loses its way: on with its usual tolerances, then from scratch, then in a
        new HiGHS, for one that is lost may stay so whatever is cleared, and with presolve. Bounds come from
        multipliers alone, so they hold all the same."""
        many, endless = self._many(), highspy.kHighsIInf
        ways = (USUAL, many, ""), (TIGHT, endless, ""), (USUAL, endless, "off"), (USUAL, endless, "on")
        for tolerance, limit, presolve in ways:
            if presolve:
                self._highs = self._taken(self._highs.getLp())
                self._highs.setOptionValue("presolve", presolve)
                self._highs.setOptionValue("time_limit", highspy.kHighsInf if seconds is None else seconds)
            h = self._highs
            h.setOptionValue("primal_feasibility_tolerance", tolerance)
            h.setOptionValue("dual_feasibility_tolerance", tolerance)
            h.setOptionValue("simplex_iteration_limit", limit)
            end = self._run()
            if end is not None and self._status() != "kIterationLimit":
                break
            status = h.modelStatusToString(h.getModelStatus())
            h.clearSolver()
        for option in ("presolve", "primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            h.setOptionValue(option, self._options[option])
        if end is None:
            raise SolverFailed(f"the master ended with: {status}.")
        return end

    def begin(self, columns: NDArray[np.int8], rows: NDArray[np.int8]) -> None:
        """Start the next run from statuses (:meth:`Basis.codes`) of all columns and rows. They need not be a
        basis: HiGHS makes one of them."""
        full = highspy.HighsBasis()
        full.col_status = [STATUSES[code] for code in columns.tolist()]
        full.row_status = [STATUSES[code] for code in rows.tolist()]
        full.alien = full.valid = True
        self._highs.setBasis(full)
        self._last = None

    def _basis(self) -> Basis:
        basis = self._highs.getBasis()
        return Basis(list(basis.col_status), list(basis.row_status), self._marks)

    def _restore(self, basis: Basis) -> None:
        full = highspy.HighsBasis()
        full.col_status = basis.columns
        added = basis.rows[self._own :]
        if basis.marks is self._marks:
            rows = basis.rows
        elif len(basis.marks) <= len(self._marks) and np.array_equal(
            basis.marks, self._marks[: len(basis.marks)]
        ):
            rows = basis.rows + [_BASIC] * (len(self._marks) - len(added))
        else:
            known = dict(zip(basis.marks.tolist(), added, strict=True))
            rows = basis.rows[: self._own] + [known.get(mark, _BASIC) for mark in self._marks.tolist()]
            # Rows that held the point may be gone: HiGHS has to make a basis of what is left.
            full.alien = True
        full.row_status = rows
        full.valid = True
        self._highs.setBasis(full)

    def _run(self) -> GrowingEnd | None:
        if self._highs.run() == highspy.HighsStatus.kError:
            return None
        return _ENDS.get(self._status())

    def _status(self) -> str:
        name: str = self._highs.getModelStatus().name
        return name

    def _many(self) -> int:
        rows, columns = self._highs.getNumRow(), self._highs.getNumCol()
        return max(LOST, int(rows + columns) // 4)


def _codes(statuses: list[Any]) -> NDArray[np.int8]:
    return np.array([int(status) for status in statuses], dtype=np.int8)
