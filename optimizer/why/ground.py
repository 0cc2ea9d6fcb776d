"""What every question about a plan needs: the arrays once, the plan on them, its LP and the relaxation."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from models.faults import SolverFailed
from models.instance import Agreement, Depot, Instance, Project
from models.options import Options
from models.plan import Plan
from optimizer.compile import Arrays, Vector
from optimizer.cones import cones
from optimizer.data import Data
from optimizer.highs import Outcome, Probe, Relaxation, Solved, unreduced
from optimizer.keys import Key
from optimizer.marginals import loosened
from optimizer.search import search
from optimizer.solve import polish, warm_values
from optimizer.template import arrays_of

LAST_SECONDS = 5.0
"""What an LP may take that costs decisions found at the last moment."""
DECIDED = ("sign", "build", "open")
"""Variables that are commitments; other yes/no columns follow from them."""


@dataclass(frozen=True)
class Option:
    """Something with a yes/no decision: an agreement, a project to build, an optional depot."""

    kind: str
    """agreement, project or depot"""
    id: str
    columns: tuple[int, ...]
    """Its yes/no columns, one per start."""
    row: Agreement | Project | Depot


class Ground:
    """An instance and its plan, ready to be asked. ``stop`` ends whatever runs."""

    def __init__(
        self,
        instance: Instance,
        plan: Plan,
        options: Options = Options(),
        *,
        seconds: float = np.inf,
        stop: threading.Event | None = None,
    ) -> None:
        if plan.fingerprint != instance.fingerprint():
            raise ValueError("The plan is for another instance.")
        if plan.commitments is None or plan.objective is None:
            raise ValueError("There is no plan to explain.")
        self.instance, self.plan, self.options, self.stop = instance, plan, options, stop
        self.deadline = time.monotonic() + seconds
        self._values: Vector | None = None
        self.data = Data(instance)
        self.arrays = arrays_of(self.data)
        self.integers = np.flatnonzero(self.arrays.integer)
        self.curved = bool(cones(self.arrays))
        """Whether there are rules on concentration, which LPs know by tangents and bound from below only."""
        self.money = self.data.units.money
        self.column: dict[Key, int] = {key: j for j, key in enumerate(self.arrays.columns)}
        self.row: dict[Key, int] = {key: i for i, key in enumerate(self.arrays.rows)}
        self.decided = np.array([j for j in self.integers if self.arrays.columns[j][0] in DECIDED], dtype=int)

    # ---- the plan

    @cached_property
    def pattern(self) -> Vector:
        """Yes/no columns of the plan, in the order of ``integers``."""
        values = warm_values(self.arrays, self.plan)
        if len(self.decided) == len(self.integers):
            return values[self.integers]
        # Columns that are no commitments are whatever is best with these.
        found = search(self.pinned(values[self.decided]), self.options, stop=self.stop)
        if found.x is None:
            raise SolverFailed(f"with the plan's commitments the programme is {found.end}.")
        return np.round(found.x[self.integers])

    @cached_property
    def near_cones(self) -> Arrays:
        """The arrays with the tangents that hold the plan within its cones; its LP is then the plan's."""
        if not self.curved:
            return self.arrays
        whole = np.zeros(self.arrays.shape[1])
        whole[self.integers] = self.pattern
        _, solver, _ = polish(self.arrays, whole, self.options)
        return replace(solver.arrays, integer=self.arrays.integer)

    def pinned(self, values: Vector) -> Arrays:
        """The arrays with all commitments fixed."""
        lower, upper = self.arrays.lower.copy(), self.arrays.upper.copy()
        lower[self.decided] = upper[self.decided] = values
        return replace(self.arrays, lower=lower, upper=upper)

    @cached_property
    def place(self) -> dict[int, int]:
        """Position among ``integers`` by column."""
        return {int(j): at for at, j in enumerate(self.integers)}

    @cached_property
    def probe(self) -> Probe:
        """The LP with yes/no columns as in the plan, solved."""
        # By the continuous programme: a basis of a programme with integers is none of its LP.
        lower, upper = self.arrays.lower.copy(), self.arrays.upper.copy()
        lower[self.integers] = upper[self.integers] = self.pattern
        linear = replace(
            self.near_cones, lower=lower, upper=upper, integer=np.zeros_like(self.arrays.integer)
        )
        probe = Probe(linear, threads=self.options.threads, seed=self.options.seed)
        outcome = probe.settle()
        if outcome.end != "optimal":
            raise SolverFailed(f"with the plan's yes/no decisions the LP is {outcome.end}.")
        return probe

    @property
    def base(self) -> Outcome:
        """The plan as an LP solution: its values and duals, in the units of the arrays."""
        assert self.probe.base is not None, "settled"
        return self.probe.base

    @property
    def x(self) -> Vector:
        """Values of all columns in the plan."""
        assert self.base.x is not None, "optimal"
        return self.base.x

    @cached_property
    def best(self) -> float:
        """Objective of the plan, in the units of the arrays."""
        return self.base.objective

    @cached_property
    def loose(self) -> Outcome:
        """The same with every limit let go by a hair: its duals are those of a small step."""
        probe, arrays = self.probe, self.probe.arrays
        outcome = loosened(self.near_cones, probe)
        probe.bound_rows(np.arange(arrays.shape[0]), arrays.row_lower, arrays.row_upper)
        probe.bound(np.arange(arrays.shape[1]), arrays.lower, arrays.upper)
        return outcome

    def key(self, column: int) -> Key:
        """Name and index of a column."""
        return self.arrays.columns[column]

    @cached_property
    def by_row(self) -> sp.csr_array:
        """The matrix row by row."""
        return sp.csr_array(self.arrays.matrix)

    def coefficient(self, row: int, key: Key) -> float:
        """A coefficient of the arrays; 0 where there is none."""
        matrix, j = self.arrays.matrix, self.column[key]
        at = slice(matrix.indptr[j], matrix.indptr[j + 1])
        found = matrix.data[at][matrix.indices[at] == row]
        return float(found[0]) if len(found) else 0.0

    # ---- the relaxation

    @cached_property
    def _relaxed(self) -> tuple[Relaxation, Any]:
        relaxation, basis, _ = unreduced(self.near_cones, self.options.seed, self.stop)
        return relaxation, basis

    @property
    def relaxation(self) -> Relaxation:
        """The LP with yes/no columns between 0 and 1, without presolve."""
        return self._relaxed[0]

    @property
    def root(self) -> Any:
        """Basis of the relaxation's optimum."""
        return self._relaxed[1]

    @cached_property
    def _root(self) -> tuple[Solved, Vector]:
        free = np.zeros(len(self.integers)), np.ones(len(self.integers))
        solved = self.relaxation.solve(*free, self.root)
        if solved.end != "optimal":
            raise SolverFailed(f"the relaxation of a plan's instance is {solved.end}.")
        return solved, self.relaxation.reduced_costs()

    @property
    def root_solved(self) -> Solved:
        """The relaxation's optimum."""
        return self._root[0]

    @property
    def root_costs(self) -> Vector:
        """Reduced costs of the yes/no columns there."""
        return self._root[1]

    @cached_property
    def fixed_basis(self) -> Any:
        """Basis of the plan in the relaxation."""
        return self.relaxation.solve(self.pattern, self.pattern, self.root).basis

    def cost(self, pattern: Vector, *, cutoff: float = np.inf, basis: Any = None) -> Solved:
        """The best plan with these yes/no columns; ``end`` is cut off where it costs more than the cutoff.

        Its values are then those of :meth:`values`.
        """
        seconds = None if np.isinf(self.left()) else max(LAST_SECONDS, self.left())
        solved = self.relaxation.solve(
            pattern, pattern, self.fixed_basis if basis is None else basis, cutoff=cutoff, seconds=seconds
        )
        if solved.end != "optimal" or not self.curved:
            self._values = self.relaxation.values() if solved.end == "optimal" else None
            return solved
        whole = np.zeros(self.arrays.shape[1])
        whole[self.integers] = pattern
        try:
            clean, _, _ = polish(self.near_cones, whole, self.options)
        except SolverFailed:
            return replace(solved, end="infeasible", objective=np.inf)
        self._values = clean
        return replace(solved, objective=float(self.arrays.cost @ clean + self.arrays.offset))

    def values(self) -> Vector:
        """All columns of the plan costed last."""
        assert self._values is not None, "costed to the optimum"
        return self._values

    # ---- options

    @cached_property
    def options_on_offer(self) -> dict[str, Option]:
        """Everything with a yes/no decision, by id."""
        of: dict[str, list[int]] = {}
        for j in self.decided:
            of.setdefault(str(self.arrays.columns[j][1][0]), []).append(int(j))
        rows: list[tuple[str, Agreement | Project | Depot]] = [
            *(("agreement", a) for a in self.instance.agreements),
            *(("project", k) for k in self.instance.projects),
            *(("depot", d) for d in self.instance.depots),
        ]
        return {r.id: Option(kind, r.id, tuple(of[r.id]), r) for kind, r in rows if r.id in of}

    def chosen(self, option: Option) -> int | None:
        """The yes/no column by which an option is chosen; None if it is not."""
        return next((j for j in option.columns if self.pattern[self.place[j]] > 0.5), None)

    @cached_property
    def decisions(self) -> Arrays:
        """The yes/no columns and the rows that are about nothing else, without a cost."""
        whole = self.arrays
        others = np.ones(whole.shape[1])
        others[self.integers] = 0.0
        size = abs(whole.matrix)
        rows = np.flatnonzero((size @ (1.0 - others) > 0) & (size @ others == 0))
        count = len(self.integers)
        return Arrays(
            matrix=sp.csc_array(sp.csr_array(whole.matrix)[rows][:, self.integers]),
            cost=np.zeros(count),
            expected_cost=np.zeros(count),
            offset=0.0,
            lower=whole.lower[self.integers],
            upper=whole.upper[self.integers],
            integer=np.ones(count, dtype=bool),
            row_lower=whole.row_lower[rows],
            row_upper=whole.row_upper[rows],
            columns=[whole.columns[j] for j in self.integers],
            rows=[whole.rows[i] for i in rows],
        )

    # ---- time

    def left(self) -> float:
        """Seconds left; 0 once somebody asked to stop."""
        if self.stop is not None and self.stop.is_set():
            return 0.0
        return max(0.0, self.deadline - time.monotonic())

    def usd(self, amount: float) -> float:
        """Objective in USD."""
        return amount * self.money

    def period_year(self, t: int) -> float:
        """Calendar year of a period."""
        return self.instance.horizon.start_year + t * self.data.years_per_period
