"""One LP, solved, and what it costs to force a little of something from there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer.compile import Arrays, Vector
from optimizer.highs.solver import Outcome, Solver


@dataclass(frozen=True)
class Forced:
    """An LP solved with an amount forced."""

    outcome: Outcome
    price: float
    """Dual of the amount: what one more unit of it would add to the objective."""


class Probe(Solver):
    """An LP with its optimum at hand. Every question starts from that optimum and leaves no trace."""

    def __init__(self, arrays: Arrays, *, threads: int = 0, seed: int = 0) -> None:
        super().__init__(arrays, threads=threads, seed=seed)
        self.base: Outcome | None = None
        self._basis: Any = None

    def settle(self) -> Outcome:
        """Solve the LP as it is; questions are asked of this optimum, if there is one."""
        outcome = self.run()
        if outcome.end == "optimal":
            self.base, self._basis = outcome, self._highs.getBasis()
        return outcome

    def force(self, columns: NDArray[np.int64], weights: Vector, amount: float) -> Forced | None:
        """The optimum with Σ weights·x = amount on these columns; None if that cannot be."""
        size = float(np.abs(weights * self.scales.columns[columns]).max())
        scaled = weights * self.scales.columns[columns] / size
        level, row = amount / size, self._highs.getNumRow()
        order = np.argsort(columns)
        index = np.asarray(columns, dtype=np.int32)[order]
        self._resume()
        self._checked(self._highs.addRow(level, level, len(index), index, scaled[order]), "add a row")
        try:
            outcome = self._settled()
            if outcome is None:
                return None
            price = self._highs.getSolution().row_dual[row] / size
            return Forced(outcome, float(price))
        finally:
            self._checked(self._highs.deleteRows(1, np.array([row], dtype=np.int32)), "delete a row")

    def _settled(self) -> Outcome | None:
        self._set("time_limit", np.inf)
        self._checked(self._highs.run(), "solve")
        name = self._highs.getModelStatus().name
        if name != "kOptimal":
            return None
        info, solution = self._highs.getInfo(), self._highs.getSolution()
        rows = np.array(solution.row_dual)[: len(self.scales.rows)]
        return Outcome(
            "optimal",
            np.array(solution.col_value) * self.scales.columns,
            info.objective_function_value,
            info.objective_function_value,
            rows * self.scales.rows,
            np.array(solution.col_dual) / self.scales.columns,
            0,
            max(0, info.simplex_iteration_count),
        )

    def _resume(self) -> None:
        if self._basis is not None:
            self._checked(self._highs.setBasis(self._basis), "take a basis")

    @contextmanager
    def opened(self, columns: Any, lower: Vector, upper: Vector) -> Iterator[None]:
        """Other bounds for some columns, for a while; those they had are ``before``."""
        index = np.asarray(columns, dtype=np.int32)
        lp = self._highs.getLp()
        low = np.array(lp.col_lower_)[index] * self.scales.columns[index]
        high = np.array(lp.col_upper_)[index] * self.scales.columns[index]
        self.bound(index, lower, upper)
        try:
            yield
        finally:
            self.bound(index, low, high)

    def add_to(self, entries: Iterable[tuple[int, int, float]]) -> None:
        """Add to coefficients: row (-1: the cost), column, and what is added in the units of the arrays."""
        lp = self._highs.getLp()
        start, at, value = lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_
        cost = lp.col_cost_
        changes: list[tuple[int, int, float]] = []
        for i, j, added in entries:
            scale = float(self.scales.columns[j])
            if i < 0:
                changes.append((i, j, float(cost[j]) + added * scale))
                continue
            place = next((k for k in range(start[j], start[j + 1]) if at[k] == i), None)
            before = 0.0 if place is None else float(value[place])
            changes.append((i, j, before + added * scale * float(self.scales.rows[i])))
        for i, j, after in changes:
            status = self._highs.changeColCost(j, after) if i < 0 else self._highs.changeCoeff(i, j, after)
            self._checked(status, "change a coefficient")
