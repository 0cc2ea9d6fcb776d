"""The instance with a slack on every rule, as arrays, and the questions asked of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from models.faults import SolverFailed
from models.options import Options
from optimizer.compile import Arrays, Vector
from optimizer.explain.rules import Rule
from optimizer.highs import Outcome, Solver

Rules = frozenset[int]
"""Positions in the list of rules."""
NOTHING = 1e-9
"""Relaxations below this share of a rule's size are the solver's noise."""


class OutOfTime(Exception):
    """The time for explaining is used up, or somebody stopped it."""


@dataclass(frozen=True)
class Relaxed:
    """A point of the elastic programme and the rules it relaxes."""

    x: Vector
    used: Rules
    weight: float
    proven: bool
    """Nothing weighs less."""


def with_slacks(arrays: Arrays, rules: list[Rule]) -> tuple[Arrays, list[list[int | None]]]:
    """One column per rule, at its weight; a relaxed upper bound becomes a row. No other cost is left.

    Also the row of each place of each rule, None where there is no limit.
    """
    rows, count = list(arrays.rows), arrays.shape[1]
    entries: list[tuple[int, int, float]] = []
    upper = arrays.upper.copy()
    limits: list[float] = []
    rows_of: list[list[int | None]] = [[] for _ in rules]
    for g, rule in enumerate(rules):
        for place in rule.places:
            if not place.bound:
                entries.append((place.index, count + g, place.step))
                rows_of[g].append(place.index)
            elif np.isfinite(arrays.upper[place.index]):
                entries += [(len(rows), place.index, 1.0), (len(rows), count + g, -place.step)]
                rows.append(("relaxed", arrays.columns[place.index]))
                limits.append(arrays.upper[place.index])
                rows_of[g].append(len(rows) - 1)
                upper[place.index] = np.inf
            else:
                rows_of[g].append(None)
    none = np.zeros(len(rules))
    old = arrays.matrix.tocoo()
    added = np.array(entries).reshape(-1, 3).T
    at_row = np.concatenate([old.row, added[0].astype(int)])
    at_column = np.concatenate([old.col, added[1].astype(int)])
    values = np.concatenate([old.data, added[2]])
    matrix = sp.coo_array((values, (at_row, at_column)), shape=(len(rows), count + len(rules)))
    elastic = replace(
        arrays,
        matrix=sp.csc_array(matrix),
        cost=np.concatenate([np.zeros(count), [rule.weight for rule in rules]]),
        expected_cost=np.concatenate([np.zeros(count), none]),
        offset=0.0,
        lower=np.concatenate([arrays.lower, none]),
        upper=np.concatenate([upper, np.full(len(rules), np.inf)]),
        integer=np.concatenate([arrays.integer, np.zeros(len(rules), dtype=bool)]),
        row_lower=np.concatenate([arrays.row_lower, np.full(len(limits), -np.inf)]),
        row_upper=np.concatenate([arrays.row_upper, limits]),
        columns=[*arrays.columns, *(("relax", (g,)) for g in range(len(rules)))],
        rows=rows,
    )
    return elastic, rows_of


class Elastic:
    """Which rules have to give way, asked of one programme held by the solver."""

    def __init__(
        self,
        arrays: Arrays,
        rules: list[Rule],
        options: Options,
        seconds: float,
        stop: threading.Event | None = None,
    ) -> None:
        self.rules, self.options, self.stop = rules, options, stop
        self.first = arrays.shape[1]
        self.arrays, self.rows_of = with_slacks(arrays, rules)
        self.every = frozenset(range(len(rules)))
        self.deadline = time.monotonic() + seconds
        self._solver = Solver(self.arrays, threads=options.threads, seed=options.seed)
        self._weights = self.arrays.cost
        self._known: dict[Rules, bool] = {}

    def cheapest(self, allowed: Rules) -> Relaxed | None:
        """The relaxations of least weight among the allowed rules; None if they do not suffice.

        Raises :class:`OutOfTime` if time ran out before anything was found.
        """
        outcome = self._ask(allowed, self._weights)
        if outcome.x is None:
            self._known[allowed] = False
            return None
        x = self._exact(outcome.x, allowed)
        used = frozenset(g for g in self.every if x[self.first + g] > NOTHING)
        self._known[used] = True
        return Relaxed(x, used, float(self._weights @ x), outcome.end == "optimal")

    def suffices(self, allowed: Rules) -> bool:
        """Whether relaxing these rules is enough, by whatever amounts."""
        for known, answer in self._known.items():
            if (answer and known <= allowed) or (not answer and known >= allowed):
                return answer
        self._known[allowed] = self._ask(allowed, np.zeros_like(self._weights)).x is not None
        return self._known[allowed]

    def least(self, g: int, relaxed: Relaxed) -> Outcome | None:
        """The LP in which one rule gives way as little as it can, all else as in a point: its duals say why.

        None if the point does not survive the rounding of its yes/no decisions.
        """
        solver = Solver(self.arrays, threads=self.options.threads, seed=self.options.seed)
        solver.fix(np.flatnonzero(self.arrays.integer), np.round(relaxed.x[self.arrays.integer]))
        others = self.first + np.array(sorted(self.every - {g}), dtype=int)
        solver.bound(others, np.zeros(len(others)), relaxed.x[others] * (1 + NOTHING))
        cost = np.zeros_like(self._weights)
        cost[self.first + g] = self._weights[self.first + g]
        solver.set_cost(cost)
        outcome = solver.run(time_limit=self._left(), stop=self.stop)
        return outcome if outcome.end == "optimal" else None

    def _exact(self, x: Vector, allowed: Rules) -> Vector:
        """The same relaxations with yes/no decisions rounded and amounts to the last digit."""
        integers = np.flatnonzero(self.arrays.integer)
        solver = Solver(self.arrays, threads=self.options.threads, seed=self.options.seed)
        solver.fix(integers, np.round(x[integers]))
        closed = self.first + np.array(sorted(self.every - allowed), dtype=int)
        solver.fix(closed, np.zeros(len(closed)))
        outcome = solver.run(time_limit=max(1.0, self.deadline - time.monotonic()))
        exact = outcome.x if outcome.end == "optimal" and outcome.x is not None else x
        return np.maximum(exact, self.arrays.lower)

    def _ask(self, allowed: Rules, cost: Vector) -> Outcome:
        index = np.arange(self.first, self.first + len(self.rules))
        open_ = np.array([np.inf if g in allowed else 0.0 for g in range(len(self.rules))])
        self._solver.bound(index, np.zeros(len(index)), open_)
        self._solver.set_cost(cost)
        outcome = self._solver.run(relative_gap=1e-6, time_limit=self._left(), stop=self.stop)
        if outcome.end == "unbounded":
            raise SolverFailed("relaxations of weight below 0 were found.")
        if outcome.x is None and outcome.end != "infeasible":
            raise OutOfTime
        return outcome

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0 or (self.stop is not None and self.stop.is_set()):
            raise OutOfTime
        return left
