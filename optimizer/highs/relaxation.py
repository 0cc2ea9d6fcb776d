"""The LP relaxation of a mixed-integer programme, presolved once and solved again and again with warm bases.

Branch and bound (:mod:`optimizer.branch`) moves the bounds of a few dozen yes/no columns; everything else
stays. A basis kept from the parent makes a node cost a few hundred simplex iterations.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
from numpy.typing import NDArray

from models.faults import SolverFailed
from optimizer.compile import Arrays, Vector
from optimizer.highs.solver import lp_model, use_pool
from optimizer.scaling import equilibrate

_NOTHING = np.empty(0)

LpEnd = Literal["optimal", "cut off", "infeasible", "stopped"]

_STATUS: dict[str, LpEnd] = {
    "kOptimal": "optimal",
    "kObjectiveBound": "cut off",
    "kInfeasible": "infeasible",
    "kUnboundedOrInfeasible": "infeasible",
    "kIterationLimit": "stopped",
    "kTimeLimit": "stopped",
    "kInterrupt": "stopped",
    "kHighsInterrupt": "stopped",
}


class LostError(Exception):
    """HiGHS ended a relaxation in a state that says nothing; another way through the tree has to be taken."""


@dataclass(frozen=True)
class Solved:
    """One LP."""

    end: LpEnd
    """cut off: the objective is above the cutoff. stopped: by a limit, so ``objective`` is only a hint."""
    objective: float
    x: Vector
    """Values of the integer columns; empty where nothing was asked or found."""
    basis: Any
    iterations: int


@dataclass(frozen=True)
class _Origin:
    """Where a relaxation comes from."""

    lp: highspy.HighsLp
    integers: NDArray[np.int32]
    column_scale: Vector
    highs: highspy.Highs
    """Holds the programme before presolve, and how to undo it."""
    seed: int
    seconds: float
    """Spent in presolve."""
    stop: threading.Event | None


class Relaxation:
    """One LP held by HiGHS. Not to be used by two threads at once; make one for each."""

    def __init__(self, origin: _Origin) -> None:
        self._origin = origin
        self._integers = origin.integers
        self._heed_stop = True
        lp, seed, stop = origin.lp, origin.seed, origin.stop
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("presolve", "off")
        self._highs.setOptionValue("solver", "simplex")
        self._highs.setOptionValue("random_seed", seed)
        use_pool(self._highs)
        if self._highs.passModel(lp) == highspy.HighsStatus.kError:
            raise SolverFailed("HiGHS could not take the relaxation.")
        if stop is not None:
            self._highs.cbSimplexInterrupt.subscribe(self._interrupt)

    def _interrupt(self, event: Any) -> None:
        stop = self._origin.stop
        # Said either way: the flag outlives the run that it ended.
        event.interrupt(self._heed_stop and stop is not None and stop.is_set())

    def another(self) -> Relaxation:
        """The same LP once more, for another thread."""
        return Relaxation(self._origin)

    @property
    def presolve_seconds(self) -> float:
        """What presolve took."""
        return self._origin.seconds

    @property
    def bounds(self) -> tuple[Vector, Vector]:
        """Lower and upper bounds of the integer columns: not always 0 and 1, for presolve makes one column of
        two decisions that do the same."""
        lp, index = self._origin.lp, self._integers
        return np.array(lp.col_lower_)[index], np.array(lp.col_upper_)[index]

    @property
    def digest(self) -> str:
        """SHA-256 of the programme: the same digest, the same programme to the last bit."""
        lp, found = self._origin.lp, hashlib.sha256()
        a = lp.a_matrix_
        parts: tuple[Any, ...] = (
            (lp.num_row_, lp.num_col_, lp.offset_),
            lp.col_cost_, lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_,
            a.start_, a.index_, a.value_, self._integers,
        )  # fmt: skip
        for part in parts:
            found.update(np.asarray(part, dtype=float).tobytes())
        return found.hexdigest()

    def restore(self, integers: Vector) -> Vector:
        """The whole solution before presolve, in the units of the arrays, for these integer values.

        Meant for the end: from here on a stop is no longer heeded.
        """
        self._heed_stop = False
        solved = self.solve(integers, integers)
        if solved.end != "optimal":
            raise SolverFailed(f"the incumbent could not be solved again: {solved.end}.")
        origin = self._origin
        if origin.highs.postsolve(self._highs.getSolution()) == highspy.HighsStatus.kError:
            raise SolverFailed("HiGHS could not undo its presolve.")
        return np.array(origin.highs.getSolution().col_value) * origin.column_scale

    def solve(
        self,
        lower: Vector,
        upper: Vector,
        basis: Any = None,
        *,
        cutoff: float = np.inf,
        seconds: float | None = None,
        iterations: int | None = None,
    ) -> Solved:
        """Solve with these bounds on the integer columns, from a basis (of any node) if there is one."""
        h, index = self._highs, self._integers
        h.changeColsBounds(len(index), index, lower, upper)
        if basis is not None:
            h.setBasis(basis)
        h.setOptionValue("objective_bound", cutoff)
        h.setOptionValue("simplex_iteration_limit", highspy.kHighsIInf if iterations is None else iterations)
        h.setOptionValue("time_limit", highspy.kHighsInf if seconds is None else h.getRunTime() + seconds)
        end = self._run()
        if end is None:
            end = self._run_from_scratch()
        if end is None:
            raise LostError(h.modelStatusToString(h.getModelStatus()))
        info = h.getInfo()
        if end in ("infeasible", "cut off"):
            return Solved(end, np.inf, _NOTHING, None, info.simplex_iteration_count)
        # A trial is asked for its objective only: handing over a hundred thousand values costs as much as it.
        x = np.array(h.getSolution().col_value)[index] if iterations is None else _NOTHING
        return Solved(end, info.objective_function_value, x, h.getBasis(), info.simplex_iteration_count)

    def reduced_costs(self) -> Vector:
        """Of the integer columns, in the solution found last."""
        solution = self._highs.getSolution()
        return (
            np.array(solution.col_dual)[self._integers]
            if solution.dual_valid
            else np.zeros(len(self._integers))
        )

    def values(self) -> Vector:
        """All columns of the solution found last, in the units of the arrays; of an unreduced relaxation."""
        return np.array(self._highs.getSolution().col_value) * self._origin.column_scale

    def _run_from_scratch(self) -> LpEnd | None:
        """Where the simplex method loses its way (seen on infeasible nodes, with huge numbers on the way):
        once more without the basis that led there, then by interior points."""
        h = self._highs
        h.setOptionValue("objective_bound", highspy.kHighsInf)
        for solver in ("simplex", "ipx"):
            h.clearSolver()
            h.setOptionValue("solver", solver)
            end = self._run()
            if end is not None:
                break
        h.setOptionValue("solver", "simplex")
        return end

    def _run(self) -> LpEnd | None:
        if self._highs.run() == highspy.HighsStatus.kError:
            return None
        return _STATUS.get(self._highs.getModelStatus().name)


def relax(
    arrays: Arrays, seed: int, stop: threading.Event | None = None
) -> tuple[Relaxation, NDArray[np.int64]] | None:
    """The presolved relaxation, and which columns of ``arrays`` its integer columns are.

    Presolve knows which columns are integer, so what it does is right for the programme, not only for the LP.
    None if presolve settles the programme by itself (solved or infeasible): nothing is left to branch on.
    """
    scaled, scales = equilibrate(arrays)
    model = lp_model(scaled)
    # Names survive presolve; positions do not.
    model.col_names_ = [str(i) for i in range(arrays.shape[1])]
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("random_seed", seed)
    use_pool(highs)
    begun = time.perf_counter()
    if highs.passModel(model) == highspy.HighsStatus.kError or highs.presolve() == highspy.HighsStatus.kError:
        raise SolverFailed("HiGHS could not presolve.")
    spent = time.perf_counter() - begun
    if highs.getModelPresolveStatus() not in (
        highspy.HighsPresolveStatus.kReduced,
        highspy.HighsPresolveStatus.kNotReduced,
    ):
        return None
    lp = highs.getPresolvedLp()
    kinds, names = lp.integrality_, lp.col_names_
    # Presolve also marks amounts that happen to be whole in some optimum: those are not ours to branch on.
    integers = np.array(
        [
            i
            for i, kind in enumerate(kinds)
            if kind == highspy.HighsVarType.kInteger
            or (kind.name == "kImplicitInteger" and arrays.integer[int(names[i])])
        ],
        dtype=np.int32,
    )
    columns = np.array([int(names[i]) for i in integers], dtype=np.int64)
    lp.integrality_ = []
    return Relaxation(_Origin(lp, integers, scales.columns, highs, seed, spent, stop)), columns


def unreduced(
    arrays: Arrays, seed: int, stop: threading.Event | None = None
) -> tuple[Relaxation, Any, NDArray[np.int64]]:
    """The relaxation without presolve, a basis to start from, and which columns its integer columns are.

    Presolve keeps one best plan and may drop others, so that its relaxation says nothing of a decision that
    is forced: this one bounds every choice of decisions. The basis is that of the optimum, None without one.
    """
    scaled, scales = equilibrate(arrays)
    model = lp_model(scaled)
    model.integrality_ = []
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("random_seed", seed)
    use_pool(highs)
    if highs.passModel(model) == highspy.HighsStatus.kError:
        raise SolverFailed("HiGHS could not take the relaxation.")
    begun = time.perf_counter()
    highs.run()
    solved = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    columns = np.flatnonzero(arrays.integer)
    origin = _Origin(
        model,
        columns.astype(np.int32),
        scales.columns,
        highs,
        seed,
        time.perf_counter() - begun,
        stop,
    )
    return Relaxation(origin), highs.getBasis() if solved else None, columns
