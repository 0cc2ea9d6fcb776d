"""An alternative's programme with commitments fixed: what they are worth there, one after the other."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np

from models.alternatives import Alternative
from models.faults import SolverFailed
from models.options import Options
from models.plan import Commitments
from optimizer.compare.base import Base
from optimizer.compare.change import SIZES, scaled_size
from optimizer.compile import Arrays
from optimizer.cones import run
from optimizer.data import Data
from optimizer.explain import relaxations
from optimizer.highs import Outcome, Solver

EXPLAINING = 20.0
"""Seconds that looking for a reason may take."""
WARM_ITERATIONS = 1_500
"""Simplex iterations after which a warm start is given up: as long, on the real case, as a run from scratch
takes, whose 25,000 iterations presolve makes cheaper."""
NO_LIMIT = 2**31 - 1
NEAR = 1e-6
"""Relative distance by which a size may miss its range through rounding."""


@dataclass
class Bench:
    """One programme held by HiGHS; each run starts from where the last one ended."""

    base: Base
    alternative: Alternative
    options: Options
    stop: threading.Event | None = None

    def __post_init__(self) -> None:
        self.data: Data = self.base.data(self.alternative)
        self.arrays: Arrays = self.base.arrays(self.alternative)
        self.solver = Solver(self.arrays, threads=self.options.threads, seed=self.options.seed)
        self.open = bool(np.setdiff1d(np.flatnonzero(self.arrays.integer), self.base.decisions).size)
        """Whether there are yes/no columns that are not commitments."""
        self.seconds = 0.0
        self.warm = False

    def become(self, alternative: Alternative) -> None:
        """The programme of another alternative of the kind; whatever was fixed is free again."""
        before, a, solver = self.arrays, self.base.arrays(alternative), self.solver
        self.alternative, self.data, self.arrays = alternative, self.base.data(alternative), a
        # What stays is not touched: the next run starts from the last basis.
        j = np.flatnonzero((before.lower != a.lower) | (before.upper != a.upper))
        i = np.flatnonzero((before.row_lower != a.row_lower) | (before.row_upper != a.row_upper))
        if len(j):
            solver.bound(j, a.lower[j], a.upper[j])
        if len(i):
            solver.bound_rows(i, a.row_lower[i], a.row_upper[i])
        if (before.cost != a.cost).any():
            solver.set_cost(a.cost)

    def held(self) -> Arrays:
        """The programme with the tangents of cones that were met on the way: they hold whatever is fixed."""
        known, count = self.solver.arrays, len(self.arrays.rows)
        if len(known.rows) == count:
            return self.arrays
        return replace(
            self.arrays,
            matrix=known.matrix,
            rows=known.rows,
            row_lower=np.concatenate([self.arrays.row_lower, known.row_lower[count:]]),
            row_upper=np.concatenate([self.arrays.row_upper, known.row_upper[count:]]),
        )

    def worth(self, made: Commitments, *, sizes: bool) -> Outcome | None:
        """The best operations under these commitments; None if there are none that meet the rules.

        ``sizes``: tonnes a year are fixed as well, not only yes and no.
        """
        taken = self.base.taken(made)
        count = len(made.agreements) + len(made.projects) + len(made.depots)
        if len(taken) < count:
            return None
        column, a = self.base.column, self.arrays
        yes = np.array([float(a.columns[j] in taken) for j in self.base.decisions])
        j = self.base.decisions
        if ((yes < a.lower[j]) | (yes > a.upper[j])).any():
            return None
        self.solver.fix(j, yes)
        if sizes:
            at, values = [], []
            for name, index in [key for key in taken if key[0] in SIZES]:
                k = column[SIZES[name], index]
                size = scaled_size(self.data, name, index[0], taken[name, index])
                nearest = self._in_range(name, index[0], k, size)
                if nearest is None:
                    return None
                at.append(k)
                values.append(nearest)
            if at:
                self.solver.bound(np.array(at), np.array(values), np.array(values))
        outcome = self._run()
        if sizes and taken:
            every = np.array([column[SIZES[n], i] for n, i in taken if n in SIZES], dtype=int)
            if len(every):
                self.solver.bound(every, a.lower[every], a.upper[every])
        return outcome

    def reason(self, made: Commitments) -> str:
        """Which rules these commitments break, in words; empty if there was no time to find out, or if they
        cannot be made at all."""
        taken = self.base.taken(made)
        count = len(made.agreements) + len(made.projects) + len(made.depots)
        lower, upper = self.arrays.lower.copy(), self.arrays.upper.copy()
        for key in (self.arrays.columns[j] for j in self.base.decisions):
            j = self.base.column[key]
            yes = float(key in taken)
            if not self.arrays.lower[j] <= yes <= self.arrays.upper[j]:
                return ""
            lower[j] = upper[j] = yes
            if key in taken and key[0] in SIZES:
                k = self.base.column[SIZES[key[0]], key[1]]
                size = scaled_size(self.data, key[0], key[1][0], taken[key])
                nearest = self._in_range(key[0], key[1][0], k, size)
                if nearest is None:
                    return ""
                lower[k] = upper[k] = nearest
        if len(taken) < count:
            return ""
        fixed = replace(self.arrays, lower=lower, upper=upper)
        try:
            told = relaxations(self.data, fixed, self.options, seconds=EXPLAINING, stop=self.stop)
        except SolverFailed:
            return ""  # no rule alone stands against them: starts, ranges or capacities do
        return told[0].words if told else ""

    def _in_range(self, name: str, member: str, k: int, size: float) -> float | None:
        """The size within its range, or None if it is further off than rounding."""
        rows = self.data.agreements if name == "sign" else self.data.projects
        range_ = getattr(rows[member], SIZES[name])
        low = scaled_size(self.data, name, member, range_.min)
        high = scaled_size(self.data, name, member, range_.max)
        low, high = max(low, self.arrays.lower[k]), min(high, self.arrays.upper[k])
        if not low - NEAR * abs(low) <= size <= high + NEAR * abs(high):
            return None
        return float(min(max(size, low), high))

    def _run(self) -> Outcome | None:
        gap = self.options.relative_gap / 100 if self.open else 0.0
        limit = WARM_ITERATIONS if self.warm else NO_LIMIT
        try:
            outcome = run(self.solver, relative_gap=gap, stop=self.stop, simplex_iteration_limit=limit)
        except SolverFailed:
            # Warm starts can lose their way, most of all where nothing is feasible: presolve sees that.
            self.solver.forget()
            outcome = run(self.solver, relative_gap=gap, stop=self.stop, simplex_iteration_limit=NO_LIMIT)
        self.warm = True
        self.seconds += outcome.seconds
        if outcome.end == "interrupted":
            raise Stopped
        if outcome.end == "infeasible":
            return None
        if outcome.end != "optimal" or outcome.x is None:
            raise SolverFailed(f"with commitments fixed the programme became {outcome.end}.")
        return outcome


class Stopped(Exception):
    """Somebody asked for an end."""
