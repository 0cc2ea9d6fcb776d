"""One programme solved by HiGHS: as LP, or as MIP by its own branch and bound."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import highspy
import numpy as np
import scipy.sparse as sp

from models.faults import SolverFailed
from optimizer.compile import Arrays, Vector
from optimizer.scaling import Scales, equilibrate, row_scales

End = Literal["optimal", "infeasible", "unbounded", "time_limit", "interrupted"]

_ENDS: dict[str, End] = {
    "kOptimal": "optimal",
    "kInfeasible": "infeasible",
    "kUnbounded": "unbounded",
    "kTimeLimit": "time_limit",
    "kInterrupt": "interrupted",
    "kHighsInterrupt": "interrupted",
}
_pool = threading.local()


@dataclass(frozen=True)
class Outcome:
    """What a run of HiGHS ended with, in the units of the arrays before equilibration."""

    end: End
    x: Vector | None
    """Values, if a feasible point is known."""
    objective: float
    """inf without one."""
    bound: float
    """No feasible point is below; -inf if nothing is known."""
    row_duals: Vector | None
    column_duals: Vector | None
    branch_nodes: int
    iterations: int
    seconds: float = 0.0
    """Spent in HiGHS."""
    arrays: Arrays | None = None
    """Those that it ended with, if rows were added on the way."""
    note: str = ""
    """Where it was solved, unless that is plain."""


@dataclass(frozen=True)
class Report:
    """Where a MIP run stands, in the units of the arrays."""

    incumbent: float
    bound: float
    nodes: int


CORES = "STOCKPILE_CORES"
"""In the environment: cores that this process and those it starts may use, where not all are its own."""


def machine_threads() -> int:
    """Cores this process may use."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told = os.environ.get(CORES, "")
    return min(there, max(1, int(told))) if told.isdecimal() else there


def use_pool(highs: highspy.Highs, threads: int | None = None) -> None:
    """Run on a pool of this many threads (0: as many as the machine has; None: the pool there is).

    HiGHS keeps one pool per calling thread, made by its first run; a run that asks for another size fails
    until the pool is made anew. So every instance of HiGHS has to name the size.
    """
    there = getattr(_pool, "threads", None)
    wanted = there if threads is None and there else threads or machine_threads()
    if there != wanted:
        highspy.Highs.resetGlobalScheduler(True)
        _pool.threads = wanted
    if highs.setOptionValue("threads", wanted) == highspy.HighsStatus.kError:
        raise SolverFailed(f"HiGHS could not set threads = {wanted}.")


class Solver:
    """One programme held by HiGHS. Bounds and costs may change between runs."""

    def __init__(self, arrays: Arrays, *, threads: int = 0, seed: int = 0) -> None:
        if not all(np.isfinite(part).all() for part in (arrays.matrix.data, arrays.cost, arrays.offset)):
            # HiGHS calls a programme with a cost of NaN optimal.
            raise SolverFailed("the programme has coefficients that are not finite numbers.")
        self.arrays = arrays
        scaled, self.scales = equilibrate(arrays)
        self._highs = highspy.Highs()
        self._set("output_flag", False)
        self._threads = threads
        self._set("random_seed", seed)
        self._checked(self._highs.passModel(lp_model(scaled)), "take the model")

    def _set(self, option: str, value: Any) -> None:
        self._checked(self._highs.setOptionValue(option, value), f"set {option} = {value}")

    @staticmethod
    def _checked(status: highspy.HighsStatus, doing: str) -> None:
        if status == highspy.HighsStatus.kError:
            raise SolverFailed(f"HiGHS could not {doing}.")

    def fix(self, columns: Any, values: Vector) -> None:
        """Fix columns at values and make them continuous."""
        index = np.asarray(columns, dtype=np.int32)
        values = np.asarray(values, dtype=float) / self.scales.columns[index]
        self._checked(self._highs.changeColsBounds(len(index), index, values, values), "fix columns")
        kinds = np.full(len(index), 0, dtype=np.uint8)
        self._checked(self._highs.changeColsIntegrality(len(index), index, kinds), "relax columns")

    def bound(self, columns: Any, lower: Vector, upper: Vector) -> None:
        """Other bounds for some columns."""
        index = np.asarray(columns, dtype=np.int32)
        scale = self.scales.columns[index]
        status = self._highs.changeColsBounds(
            len(index), index, np.asarray(lower) / scale, np.asarray(upper) / scale
        )
        self._checked(status, "bound columns")

    def bound_rows(self, rows: Any, lower: Vector, upper: Vector) -> None:
        """Other right-hand sides for some rows."""
        index = np.asarray(rows, dtype=np.int32)
        scale = self.scales.rows[index]
        status = self._highs.changeRowsBounds(
            len(index), index, np.asarray(lower) * scale, np.asarray(upper) * scale
        )
        self._checked(status, "bound rows")

    def add_rows(self, arrays: Arrays) -> None:
        """Go on with these arrays, which are those held and more rows; the basis is kept."""
        first = len(self.arrays.rows)
        columns = sp.diags_array(self.scales.columns)
        added = sp.csr_array(sp.csr_array(arrays.matrix)[first:] @ columns)
        scale = row_scales(added)
        added = sp.csr_array(sp.diags_array(scale) @ added)
        status = self._highs.addRows(
            len(scale),
            arrays.row_lower[first:] * scale,
            arrays.row_upper[first:] * scale,
            added.nnz,
            added.indptr[:-1].astype(np.int32),
            added.indices.astype(np.int32),
            added.data,
        )
        self._checked(status, "add rows")
        self.arrays = arrays
        self.scales = replace(self.scales, rows=np.concatenate([self.scales.rows, scale]))

    def set_cost(self, cost: Vector) -> None:
        """Another objective, same rows."""
        index = np.arange(len(cost), dtype=np.int32)
        self._checked(
            self._highs.changeColsCost(len(index), index, cost * self.scales.columns), "change the objective"
        )

    def forget(self) -> None:
        """Start the next run from scratch, presolve included: warm starts can lose their way."""
        self._checked(self._highs.clearSolver(), "forget its last run")

    def start_from(self, columns: Any, values: Vector) -> None:
        """Offer values of some columns (integers suffice) as a first incumbent."""
        index = np.asarray(columns, dtype=np.int32)
        scaled = np.asarray(values, dtype=float) / self.scales.columns[index]
        self._checked(self._highs.setSolution(len(index), index, scaled), "take the starting plan")

    def run(
        self,
        *,
        relative_gap: float = 0.0,
        time_limit: float | None = None,
        stop: threading.Event | None = None,
        report: Callable[[Report], None] | None = None,
        improved: Callable[[Vector], None] | None = None,
        **options: Any,
    ) -> Outcome:
        """Solve. ``time_limit`` in seconds from now; ``stop`` ends the run and keeps the incumbent.

        ``improved`` is handed every better incumbent of a MIP, values of all columns.
        """
        for option, value in {"mip_rel_gap": relative_gap, "mip_abs_gap": 0.0, **options}.items():
            self._set(option, value)
        # HiGHS counts from the first run of the instance.
        self._set(
            "time_limit",
            self._highs.getRunTime() + time_limit if time_limit is not None else highspy.kHighsInf,
        )
        use_pool(self._highs, self._threads)
        begun = time.perf_counter()

        def better(x: Vector) -> None:
            if improved is not None:
                improved(x * self.scales.columns)

        with _Watch(self._highs, stop, report, better if improved is not None else None) as watch:
            status = self._highs.run()
        watch.reraise()
        self._checked(status, "solve")
        return replace(self._outcome(), seconds=time.perf_counter() - begun)

    def _outcome(self) -> Outcome:
        status = self._highs.getModelStatus()
        end = _ENDS.get(status.name)
        if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
            return self._which()
        if end is None:
            raise SolverFailed(f"HiGHS ended with: {self._highs.modelStatusToString(status)}.")
        info, solution = self._highs.getInfo(), self._highs.getSolution()
        feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        if end == "optimal" and not feasible:
            raise SolverFailed("HiGHS called a point optimal that it does not call feasible.")
        feasible = feasible and end not in ("infeasible", "unbounded")
        mip = bool(self._highs.getLp().integrality_) and info.mip_node_count >= 0
        objective = info.objective_function_value if feasible else np.inf
        bound = info.mip_dual_bound if mip else objective if end == "optimal" else -np.inf
        duals = feasible and solution.dual_valid
        return Outcome(
            end=end,
            x=np.array(solution.col_value) * self.scales.columns if feasible else None,
            objective=objective,
            bound=bound,
            row_duals=np.array(solution.row_dual) * self.scales.rows if duals else None,
            column_duals=np.array(solution.col_dual) / self.scales.columns if duals else None,
            branch_nodes=max(0, info.mip_node_count),
            iterations=max(0, info.simplex_iteration_count),
        )

    def _which(self) -> Outcome:
        """Infeasible or unbounded: without an objective the difference shows."""
        cost = np.array(self._highs.getLp().col_cost_) / self.scales.columns
        self.set_cost(np.zeros(len(cost)))
        self._checked(self._highs.run(), "solve without objective")
        status = self._highs.getModelStatus()
        self.set_cost(cost)
        end = _ENDS.get(status.name)
        if end is None or end == "unbounded":
            raise SolverFailed(
                f"HiGHS ended without objective with: {self._highs.modelStatusToString(status)}."
            )
        return Outcome("unbounded" if end == "optimal" else end, None, np.inf, -np.inf, None, None, 0, 0)


def lp_model(arrays: Arrays) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = arrays.shape
    lp.col_cost_, lp.offset_ = arrays.cost, arrays.offset
    lp.col_lower_, lp.col_upper_ = arrays.lower, arrays.upper
    lp.row_lower_, lp.row_upper_ = arrays.row_lower, arrays.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = arrays.shape
    lp.a_matrix_.start_ = arrays.matrix.indptr
    lp.a_matrix_.index_ = arrays.matrix.indices
    lp.a_matrix_.value_ = arrays.matrix.data
    if arrays.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(flag)] for flag in arrays.integer]
    return lp


class _Watch:
    """Callbacks of one run: progress out, stop in. What ``report`` raises ends it and is raised again."""

    EVERY = 0.2
    """Seconds between reports at least."""

    def __init__(
        self,
        highs: highspy.Highs,
        stop: threading.Event | None,
        report: Callable[[Report], None] | None,
        improved: Callable[[Vector], None] | None = None,
    ) -> None:
        self.highs, self.stop, self.report, self.improved = highs, stop, report, improved
        self.failure: BaseException | None = None
        self.last = -np.inf

    def __enter__(self) -> _Watch:
        if self.stop is not None:
            for channel in (
                self.highs.cbMipInterrupt,
                self.highs.cbSimplexInterrupt,
                self.highs.cbIpmInterrupt,
            ):
                channel.subscribe(self._interrupt)
        if self.improved is not None:
            self.highs.cbMipImprovingSolution.subscribe(self._improved)
        if self.report is not None:
            for channel in (self.highs.cbMipInterrupt, self.highs.cbMipImprovingSolution):
                channel.subscribe(self._progress)
        return self

    def __exit__(self, *_: object) -> None:
        self.highs.clearCallbacks()

    def _interrupt(self, event: Any) -> None:
        if self.failure is not None or (self.stop is not None and self.stop.is_set()):
            event.interrupt()

    def _improved(self, event: Any) -> None:
        if self.improved is None or self.failure is not None:
            return
        try:
            self.improved(np.array(event.data_out.mip_solution))
        except BaseException as failure:  # as below
            self.failure = failure

    def _progress(self, event: Any) -> None:
        out, now = event.data_out, time.monotonic()
        if self.report is None or self.failure is not None or now - self.last < self.EVERY:
            return
        self.last = now
        try:
            self.report(Report(out.mip_primal_bound, out.mip_dual_bound, out.mip_node_count))
        except BaseException as failure:  # raised again after the run: HiGHS must not see it
            self.failure = failure
            event.interrupt()

    def reraise(self) -> None:
        """Raise what a report raised."""
        if self.failure is not None:
            raise self.failure


def write_model(arrays: Arrays, column_names: list[str], row_names: list[str], path: str) -> None:
    """Write arrays as they are as MPS or LP, by the suffix of the path."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    lp = lp_model(arrays)
    lp.col_names_, lp.row_names_ = column_names, row_names
    if (
        highs.passModel(lp) == highspy.HighsStatus.kError
        or highs.writeModel(path) == highspy.HighsStatus.kError
    ):
        raise SolverFailed(f"HiGHS could not write {path}.")


__all__ = ["Outcome", "Report", "Scales", "Solver", "machine_threads", "write_model"]
