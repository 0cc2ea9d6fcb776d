"""Thousands of small LPs that differ from one run to the next in right-hand sides and a few costs.

Each keeps its basis: run again a little further on, it costs a few iterations instead of some hundreds. What
one answers depends on what it was asked before and on nothing else, so runs on several threads agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from models.faults import SolverFailed
from optimizer.compile import Vector
from optimizer.highs.solver import machine_threads, use_pool

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Blocks:
    """LPs one after the other; LP i has rows ``row_start[i]:row_start[i+1]``, and columns likewise."""

    matrix: sp.csc_array
    """Entries within LPs only."""
    lower: Vector
    upper: Vector
    row_start: Integers
    column_start: Integers

    @property
    def count(self) -> int:
        """How many LPs there are."""
        return len(self.row_start) - 1


@dataclass
class Answers:
    """What LPs ended with; vectors over all rows and columns, those of LPs not asked are 0."""

    row_duals: Vector
    x: Vector
    feasible: NDArray[np.bool_]
    """By LP. Where not, ``row_duals`` and objective are those of the least sum of violations."""
    objective: Vector
    iterations: int = 0


class Pieces:
    """The LPs, each held by HiGHS with its last basis."""

    def __init__(self, blocks: Blocks, *, threads: int = 0, seed: int = 0) -> None:
        self.blocks = blocks
        self.seed = seed
        self.threads = threads or machine_threads()
        self._held: list[highspy.Highs | None] = [None] * blocks.count
        self._costed = [0] * blocks.count
        self._pool = ThreadPoolExecutor(self.threads)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown()

    def solve(
        self,
        which: Integers,
        cost: Vector,
        row_lower: Vector,
        row_upper: Vector,
        *,
        costs_are: int = 0,
        halted: Callable[[], bool] = lambda: False,
    ) -> Answers:
        """Solve some LPs with these costs and sides (over all columns and rows).

        ``costs_are`` numbers the costs: the same number, the same costs. Once ``halted`` the rest is left.
        """
        b = self.blocks
        answers = Answers(
            np.zeros(len(row_lower)),
            np.zeros(len(cost)),
            np.ones(b.count, dtype=bool),
            np.zeros(b.count),
        )

        def chunk(mine: Iterable[int]) -> int:
            spent = 0
            for i in mine:
                if halted():
                    break
                spent += self._one(i, cost, row_lower, row_upper, answers, costs_are)
            return spent

        if self.threads == 1:
            answers.iterations = chunk(which.tolist())
            return answers
        parts = [which[k :: self.threads].tolist() for k in range(self.threads)]
        answers.iterations = sum(self._pool.map(chunk, parts))
        return answers

    def _one(
        self, i: int, cost: Vector, row_lower: Vector, row_upper: Vector, answers: Answers, costs_are: int
    ) -> int:
        b = self.blocks
        rows, columns = slice(*b.row_start[i : i + 2]), slice(*b.column_start[i : i + 2])
        lower, upper, costs = row_lower[rows], row_upper[rows], cost[columns]
        held = self._held[i]
        if held is None:
            held = self._held[i] = self._pass(i, costs, lower, upper)
        else:
            index = np.arange(len(lower), dtype=np.int32)
            held.changeRowsBounds(len(index), index, lower, upper)
            if self._costed[i] != costs_are:
                index = np.arange(len(costs), dtype=np.int32)
                held.changeColsCost(len(index), index, costs)
        self._costed[i] = costs_are
        use_pool(held, 1)
        status = _run(held)
        if status not in ("kOptimal", "kInfeasible"):
            held.clearSolver()
            status = _run(held)
        spent: int = max(0, held.getInfo().simplex_iteration_count)
        if status == "kOptimal":
            found = held.getSolution()
            answers.row_duals[rows] = found.row_dual
            answers.x[columns] = found.col_value
            answers.objective[i] = held.getInfo().objective_function_value
            return spent
        if status != "kInfeasible":
            raise SolverFailed(f"a subproblem ended with: {status}.")
        answers.feasible[i] = False
        duals, objective, more = self._elastic(i, lower, upper)
        answers.row_duals[rows] = duals
        answers.objective[i] = objective
        return spent + more

    def _model(self, i: int, cost: Vector, lower: Vector, upper: Vector) -> highspy.HighsLp:
        b = self.blocks
        first, last = b.column_start[i : i + 2]
        above, height = b.row_start[i], len(lower)
        start, end = b.matrix.indptr[first], b.matrix.indptr[last]
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = height, int(last - first)
        lp.col_cost_, lp.row_lower_, lp.row_upper_ = cost, lower, upper
        lp.col_lower_, lp.col_upper_ = b.lower[first:last], b.upper[first:last]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = height, int(last - first)
        lp.a_matrix_.start_ = b.matrix.indptr[first : last + 1] - start
        lp.a_matrix_.index_ = b.matrix.indices[start:end] - above
        lp.a_matrix_.value_ = b.matrix.data[start:end]
        return lp

    def _pass(self, i: int, cost: Vector, lower: Vector, upper: Vector) -> highspy.Highs:
        return self._new(self._model(i, cost, lower, upper))

    def _new(self, lp: highspy.HighsLp) -> highspy.Highs:
        highs = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("presolve", "off"),
            ("solver", "simplex"),
            ("random_seed", self.seed),
        ):
            highs.setOptionValue(option, value)
        if highs.passModel(lp) == highspy.HighsStatus.kError:
            raise SolverFailed("HiGHS could not take a subproblem.")
        return highs

    def _elastic(self, i: int, lower: Vector, upper: Vector) -> tuple[Any, float, int]:
        """Duals and value of the least sum of violations of rows."""
        columns = slice(*self.blocks.column_start[i : i + 2])
        width = columns.stop - columns.start
        highs = self._new(self._model(i, np.zeros(width), lower, upper))
        above, below = np.isfinite(lower), np.isfinite(upper)
        rows = np.concatenate([np.flatnonzero(above), np.flatnonzero(below)]).astype(np.int32)
        signs = np.concatenate([np.ones(above.sum()), -np.ones(below.sum())])
        count = len(rows)
        highs.addCols(
            count,
            np.ones(count),
            np.zeros(count),
            np.full(count, np.inf),
            count,
            np.arange(count, dtype=np.int32),
            rows,
            signs,
        )
        highs.setOptionValue("presolve", "on")
        use_pool(highs, 1)
        status = _run(highs)
        if status != "kOptimal":
            raise SolverFailed(f"HiGHS could not tell how far a subproblem is from feasible: {status}.")
        info = highs.getInfo()
        spent = max(0, info.simplex_iteration_count)
        return highs.getSolution().row_dual, info.objective_function_value, spent


def _run(highs: highspy.Highs) -> str:
    if highs.run() == highspy.HighsStatus.kError:
        return "error"
    name: str = highs.getModelStatus().name
    return name
