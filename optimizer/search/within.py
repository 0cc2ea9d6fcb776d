"""Searches with ever more tangents of cones, until the best decisions within them are good enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizer.checkpoint import Checkpoint, named
from optimizer.compile import Arrays, Vector
from optimizer.cones import relaxed, run
from optimizer.highs import Outcome, Report, Solver
from optimizer.highs.solver import End
from optimizer.search.ask import Ask


class Within:
    """One search made of many: each knows only some tangents, so that its bound holds for all of them; what
    it finds is then brought into the cones."""

    def __init__(self, arrays: Arrays, ask: Ask, search: Callable[[Arrays, Ask], Outcome]) -> None:
        self.ask, self.search = ask, search
        self.deadline = None if ask.seconds is None else time.monotonic() + ask.seconds
        self.integers = np.flatnonzero(arrays.integer)
        options = ask.options
        self.arrays = relaxed(
            arrays, threads=options.threads, seed=options.seed, time_limit=ask.seconds, stop=ask.stop
        )
        self.best: Outcome | None = None
        self.bound, self.nodes, self.iterations, self.spent = -np.inf, 0, 0, 0.0
        self.start = ask.start
        if ask.resume is not None:
            self.bound, self.nodes = ask.resume.bound, ask.resume.nodes
            if ask.start is not None and np.isfinite(ask.start[self.integers]).all():
                self.inside(ask.start)

    def run(self) -> Outcome:
        """To the gap, or to whatever else ends it."""
        end: End = "optimal"
        while not self.enough():
            left = None if self.deadline is None else max(0.01, self.deadline - time.monotonic())
            ask = replace(
                self.ask,
                seconds=left,
                report=self.report if self.ask.report is not None else None,
                start=self.start,
                checkpoint=self.keep if self.ask.checkpoint is not None else None,
                resume=None,
            )
            found = self.search(self.arrays, ask)
            self.bound = max(self.bound, found.bound)
            self.nodes, self.iterations = self.nodes + found.branch_nodes, self.iterations + found.iterations
            self.spent += found.seconds
            end = found.end
            if found.x is None or not self.inside(found.x) or end not in ("optimal", "infeasible"):
                break
        if self.best is not None and end == "infeasible":
            # Nothing found by one search after another has: their tangents differ by rounding.
            end = "optimal"
        x = None if self.best is None else self.best.x
        bound = min(self.bound, self.objective)
        return Outcome(
            end, x, self.objective, bound, None, None, self.nodes, self.iterations, self.spent, self.arrays
        )

    @property
    def objective(self) -> float:
        """Of the best within the cones."""
        return np.inf if self.best is None else self.best.objective

    def enough(self) -> bool:
        """Whether the gap is reached."""
        gap = self.ask.options.relative_gap
        return self.best is not None and self.objective - self.bound <= gap * abs(self.objective)

    def inside(self, x: Vector) -> bool:
        """Bring decisions into the cones and keep the best; whether that took new tangents."""
        solver = Solver(self.arrays, threads=self.ask.options.threads, seed=self.ask.options.seed)
        solver.fix(self.integers, np.round(x[self.integers]))
        outcome = run(solver)
        known, self.arrays = len(self.arrays.rows), solver.arrays
        self.spent += outcome.seconds
        if outcome.x is not None and outcome.objective < self.objective:
            self.best, self.start = outcome, outcome.x
        return len(self.arrays.rows) > known

    def report(self, now: Report) -> None:
        """What a search without cones says, in terms of the whole."""
        if self.ask.report is not None:
            self.ask.report(replace(now, bound=max(now.bound, self.bound), nodes=now.nodes + self.nodes))

    def keep(self, now: Checkpoint) -> None:
        """Its incumbent may lie outside of a cone, and its open nodes know of tangents that another process
        has to find first: its bound holds."""
        if self.ask.checkpoint is None:
            return
        made = None if self.best is None or self.best.x is None else np.round(self.best.x[self.integers])
        names = named([self.arrays.columns[j] for j in self.integers])
        proven = min(max(now.bound, self.bound), self.objective)
        self.ask.checkpoint(Checkpoint(names, made, self.objective, proven, self.nodes + now.nodes))
