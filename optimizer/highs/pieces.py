"""Thousands of small LPs that differ from one run to the next in right-hand sides and a few costs.

Each keeps its basis: run again a little further on, it costs a few iterations instead of some hundreds. What
one answers depends on what it was asked before and on nothing else, so runs on several threads agree.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from models.faults import SolverFailed
from optimizer.compile import Vector
from optimizer.highs.solver import machine_threads, use_pool
from optimizer.highs.tangents import ROUNDS, Cones, Tangents

Integers = NDArray[np.int64]

LOST = ("error", "kUnknown", "kSolveError", "kUnboundedOrInfeasible", "kIterationLimit")
"""How runs end that have not found out."""
OTHER_WAYS = (("presolve", "off", "off"), ("presolve", "on", "off"), ("simplex_strategy", 4, 1))
"""From nothing, with presolve, by the primal simplex method: option, value, and its usual value."""
FIXED = 20
"""What a run costs even where nothing changes, in iterations."""
FEASIBLE = 1e-7
"""By how much a row may be broken by going astray and not count: the simplex method's own tolerance."""


@dataclass(frozen=True)
class Blocks:
    """LPs one after the other; LP i has rows ``row_start[i]:row_start[i+1]``, and columns likewise."""

    matrix: sp.csc_array
    """Entries within LPs only."""
    lower: Vector
    upper: Vector
    row_start: Integers
    column_start: Integers

    links: sp.csr_array | None = None
    """Rows × parameters, what sides are moved by: an LP that has no plan may go astray from their values."""
    cones: Cones | None = None
    """In which solutions have to lie as well."""

    @property
    def count(self) -> int:
        """How many LPs there are."""
        return len(self.row_start) - 1


@dataclass(frozen=True)
class Costs:
    """What LPs are charged."""

    number: int
    """The same number, the same costs."""
    columns: Vector
    astray: Vector
    """By parameter, for a unit that an LP is away from its value."""
    factor: Vector
    """By LP, on ``astray``."""


@dataclass(frozen=True)
class Astray:
    """How far an LP went from the values of parameters."""

    parameters: NDArray[np.int32]
    distance: Vector
    charged: float
    """What that cost."""


@dataclass
class Answers:
    """What LPs ended with; vectors over all rows and columns, those of LPs not asked are 0."""

    row_duals: Vector
    x: Vector
    feasible: NDArray[np.bool_]
    """By LP. Where not, ``row_duals`` and objective are those of the least way, in fines, to where it has a
    plan; of the least sum of violations where it has none at all."""
    objective: Vector
    astray: dict[int, Astray] = field(default_factory=dict)
    """By LP that went astray."""
    iterations: int = 0
    tilt: Vector = field(default_factory=lambda: np.empty(0))
    """By column: what multipliers of tangents take off its cost. Their sides are 0: that is all they do."""


@dataclass
class _Loose:
    """What an LP may go astray from: two more columns for each, up and down."""

    parameters: NDArray[np.int32]
    entries: sp.csc_array
    """Rows × parameters."""
    held: bool = False
    """Not now."""


class Pieces:
    """The LPs, each held by HiGHS with its last basis."""

    def __init__(self, blocks: Blocks, *, threads: int = 0, seed: int = 0) -> None:
        self.blocks = blocks
        self.seed = seed
        self.threads = threads or machine_threads()
        self._held: list[highspy.Highs | None] = [None] * blocks.count
        self._costed = [0] * blocks.count
        self._loose: list[_Loose | None] = [None] * blocks.count
        """By LP that once had no plan."""
        c = blocks.cones
        curved = np.zeros(blocks.count, dtype=bool) if c is None else np.diff(c.start) > 0
        self._tangents = [
            Tangents(c, i) if c is not None and curved[i] else None for i in range(blocks.count)
        ]
        self._spent: Integers = np.zeros(blocks.count, dtype=np.int64)
        """By LP: iterations of its last run."""
        self._pool = ThreadPoolExecutor(self.threads)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown()

    def solve(
        self,
        which: Integers,
        costs: Costs,
        row_lower: Vector,
        row_upper: Vector,
        *,
        exact: bool = False,
        halted: Callable[[], bool] = lambda: False,
    ) -> Answers:
        """Solve some LPs with these costs and sides (over all columns and rows). If ``exact``, none goes
        astray. Once ``halted`` the rest is left."""
        b = self.blocks
        answers = Answers(
            np.zeros(len(row_lower)),
            np.zeros(len(costs.columns)),
            np.ones(b.count, dtype=bool),
            np.zeros(b.count),
            tilt=np.zeros(len(costs.columns)),
        )

        # The longest first, so that no thread is left alone with one at the end.
        long = (self._spent[which] + FIXED) * np.diff(b.row_start)[which]
        queue = iter(which[np.argsort(-long, kind="stable")].tolist())
        lock = threading.Lock()

        def some() -> None:
            while not halted():
                with lock:
                    i = next(queue, None)
                if i is None:
                    return
                self._spent[i] = self._one(i, costs, row_lower, row_upper, answers, exact)

        self._spent[which] = 0
        if self.threads == 1:
            some()
        else:
            for worker in [self._pool.submit(some) for _ in range(self.threads)]:
                worker.result()
        answers.iterations = int(self._spent[which].sum())
        return answers

    def _one(
        self, i: int, costs: Costs, row_lower: Vector, row_upper: Vector, answers: Answers, exact: bool
    ) -> int:
        b = self.blocks
        rows, columns = slice(*b.row_start[i : i + 2]), slice(*b.column_start[i : i + 2])
        lower, upper = row_lower[rows], row_upper[rows]
        held = self._held[i]
        if held is None:
            held = self._held[i] = self._pass(i, costs.columns[columns], lower, upper)
        else:
            index = np.arange(len(lower), dtype=np.int32)
            held.changeRowsBounds(len(index), index, lower, upper)
            if self._costed[i] != costs.number:
                self._charge(i, held, costs)
        self._costed[i] = costs.number
        use_pool(held, 1)
        self._hold(i, held, exact)
        status, spent = self._ran(i, held)
        if status == "kInfeasible" and b.links is not None and self._loose[i] is None and not exact:
            self._loosen(i, held, b.links, costs)
            status, more = self._ran(i, held)
            spent += more
        if status not in ("kOptimal", "kInfeasible") and self._loose[i] is not None:
            # Steeper than its fines, it would go astray for ever: then it has a plan there or none.
            self._hold(i, held, exact=True)
            status, more = self._ran(i, held)
            spent += more
        if status == "kOptimal":
            found = held.getSolution()
            x, width = np.array(found.col_value), columns.stop - columns.start
            answers.x[columns] = x[:width]
            self._tell(i, found.row_dual, answers)
            answers.objective[i] = held.getInfo().objective_function_value
            loose = self._loose[i]
            if loose is not None:
                up, down = x[width : width + len(loose.parameters)], x[width + len(loose.parameters) :]
                if np.abs(loose.entries @ (up - down)).max(initial=0.0) > FEASIBLE:
                    away = np.maximum(up + down, 0.0)
                    charged = float((away * costs.astray[loose.parameters]).sum()) * costs.factor[i]
                    answers.astray[i] = Astray(loose.parameters, away, charged)
            tangents = self._tangents[i]
            if tangents is not None:
                tangents.drop(held, np.array(found.row_dual)[len(lower) :], len(lower))
            return spent
        if status != "kInfeasible":
            raise SolverFailed(f"a subproblem ended with: {status}.")
        answers.feasible[i] = False
        far = None if b.links is None else self._distance(i, held, b.links, costs)
        duals, objective, more = self._elastic(i, lower, upper) if far is None else far
        self._tell(i, duals, answers)
        answers.objective[i] = objective
        return spent + more

    def _tell(self, i: int, duals: Any, answers: Answers) -> None:
        """Multipliers of an LP's rows, the tangents at their end."""
        b, tangents = self.blocks, self._tangents[i]
        rows, columns = slice(*b.row_start[i : i + 2]), slice(*b.column_start[i : i + 2])
        height = int(rows.stop - rows.start)
        duals = np.array(duals)
        answers.row_duals[rows] = duals[:height]
        if tangents is not None:
            answers.tilt[columns] = tangents.tilt(duals[height:], int(columns.stop - columns.start))

    def _hold(self, i: int, held: highspy.Highs, exact: bool) -> None:
        """Whether an LP may go astray, if it ever did."""
        loose = self._loose[i]
        if loose is None or loose.held == exact:
            return
        first = int(self.blocks.column_start[i + 1] - self.blocks.column_start[i])
        count = 2 * len(loose.parameters)
        index = np.arange(first, first + count, dtype=np.int32)
        held.changeColsBounds(count, index, np.zeros(count), np.full(count, 0.0 if exact else np.inf))
        loose.held = exact

    def _distance(
        self, i: int, held: highspy.Highs, links: sp.csr_array, costs: Costs
    ) -> tuple[Any, float, int] | None:
        """Duals and value of the least way, in fines, to where an LP has a plan; None if it has none at all.

        A cut made of them touches what has a plan where it is nearest, and starts from the last basis."""
        if self._loose[i] is None:
            self._loosen(i, held, links, costs)
        self._hold(i, held, exact=False)
        nothing, by_way = np.zeros(len(costs.columns)), np.where(costs.astray > 0, costs.astray, 1.0)
        self._charge(i, held, replace(costs, columns=nothing, astray=by_way))
        # These are not the costs of any other run.
        self._costed[i] = -1
        status, spent = self._ran(i, held)
        if status != "kOptimal":
            return None
        return held.getSolution().row_dual, held.getInfo().objective_function_value, spent

    def _ran(self, i: int, held: highspy.Highs) -> tuple[str, int]:
        """How an LP ended, and its iterations: within its cones, if it has a plan."""
        status, spent = self._once(held)
        tangents = self._tangents[i]
        if tangents is None:
            return status, spent
        for _ in range(ROUNDS):
            if status != "kOptimal" or not tangents.separate(held, np.array(held.getSolution().col_value)):
                break
            status, more = self._once(held)
            spent += more
        return status, spent

    def _once(self, held: highspy.Highs) -> tuple[str, int]:
        """How a run ended, and its iterations; from nothing and in other ways where it lost its own."""
        status = _run(held)
        spent = max(0, held.getInfo().simplex_iteration_count)
        for option, value, usual in OTHER_WAYS:
            if status not in LOST:
                break
            held.clearSolver()
            held.setOptionValue(option, value)
            status = _run(held)
            spent += max(0, held.getInfo().simplex_iteration_count)
            held.setOptionValue(option, usual)
        return status, spent

    def _charge(self, i: int, held: highspy.Highs, costs: Costs) -> None:
        """Other costs."""
        b = self.blocks
        own, loose = costs.columns[b.column_start[i] : b.column_start[i + 1]], self._loose[i]
        if loose is not None:
            away = costs.astray[loose.parameters] * costs.factor[i]
            own = np.concatenate([own, away, away])
        index = np.arange(len(own), dtype=np.int32)
        held.changeColsCost(len(index), index, own)

    def _loosen(self, i: int, held: highspy.Highs, links: sp.csr_array, costs: Costs) -> None:
        """Let an LP go astray, up and down, from every parameter in its rows."""
        b = self.blocks
        rows = links[b.row_start[i] : b.row_start[i + 1]]
        parameters = np.unique(rows.indices)
        entries = sp.csc_array(rows[:, parameters])
        self._loose[i] = _Loose(parameters, entries)
        count, nonzeros = 2 * len(parameters), 2 * entries.nnz
        away = costs.astray[parameters] * costs.factor[i]
        start = entries.indptr[:-1]
        held.addCols(
            count,
            np.concatenate([away, away]),
            np.zeros(count),
            np.full(count, np.inf),
            nonzeros,
            np.concatenate([start, start + entries.nnz]).astype(np.int32),
            np.concatenate([entries.indices, entries.indices]).astype(np.int32),
            np.concatenate([entries.data, -entries.data]),
        )

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
        tangents = self._tangents[i]
        if tangents is not None:
            tangents.give(highs)
            lower = np.concatenate([lower, np.full(len(tangents), -np.inf)])
            upper = np.concatenate([upper, np.zeros(len(tangents))])
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
