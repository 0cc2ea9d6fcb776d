"""The search by HiGHS's own branch and bound, watched: what it finds is handed out."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np

from optimizer import branch
from optimizer.checkpoint import Checkpoint, named
from optimizer.compile import Arrays, Vector
from optimizer.highs import Outcome, Report, Solver
from optimizer.search.ask import Ask


def by_highs(arrays: Arrays, ask: Ask) -> Outcome:
    """What HiGHS finds."""
    solver = Solver(arrays, threads=ask.options.threads, seed=ask.options.seed)
    integers = np.flatnonzero(arrays.integer)
    if ask.start is not None:
        told = integers[np.isfinite(ask.start[integers])]
        solver.start_from(told, ask.start[told])
    watch = _Watch(arrays, ask) if ask.checkpoint is not None or ask.resume is not None else None
    # A yes/no decision may be off by a hundredth of the gap at most, so that rounding it keeps the gap.
    found = solver.run(
        relative_gap=ask.gap,
        time_limit=ask.seconds,
        stop=ask.stop if watch is None else watch.enough,
        report=ask.report if watch is None else watch.report,
        improved=None if watch is None else watch.improved,
        mip_feasibility_tolerance=float(np.clip(ask.options.relative_gap / 100, 1e-9, 1e-6)),
    )
    return found if watch is None else watch.settled(found)


class _Either(threading.Event):
    """Set by itself, or when another one is."""

    def __init__(self, other: threading.Event | None) -> None:
        super().__init__()
        self.other = other

    def is_set(self) -> bool:
        """Whether either is."""
        return super().is_set() or (self.other is not None and self.other.is_set())


class _Watch:
    """One run of HiGHS. Its open nodes are not to be had: incumbent and bound are. It is ended once the bound
    that an earlier run has proven is enough."""

    def __init__(self, arrays: Arrays, ask: Ask) -> None:
        self.arrays, self.ask, self.enough = arrays, ask, _Either(ask.stop)
        self.integers = np.flatnonzero(arrays.integer)
        self.names = named([arrays.columns[j] for j in self.integers])
        self.known = -np.inf if ask.resume is None else ask.resume.bound
        self.before = 0 if ask.resume is None else ask.resume.nodes
        self.incumbent: Vector | None = None
        self.objective = np.inf
        """Of that incumbent: HiGHS may report a value before, or after, it hands out the solution."""
        self.bound, self.nodes = self.known, self.before
        self.kept = time.monotonic()

    def improved(self, x: Vector) -> None:
        """A better incumbent."""
        self.incumbent = np.round(x[self.integers])
        self.objective = float(self.arrays.cost @ x) + self.arrays.offset
        self._keep()

    def report(self, now: Report) -> None:
        """Where it stands."""
        now = replace(now, bound=max(now.bound, self.known), nodes=now.nodes + self.before)
        if np.isfinite(now.incumbent) and now.incumbent - now.bound <= self.ask.gap * abs(now.incumbent):
            self.enough.set()
        if self.ask.report is not None:
            self.ask.report(now)
        self.bound, self.nodes = now.bound, now.nodes
        self._keep()

    def _keep(self) -> None:
        if self.ask.checkpoint is not None and time.monotonic() - self.kept >= branch.EVERY:
            self.kept = time.monotonic()
            bound = min(self.bound, self.objective)
            self.ask.checkpoint(Checkpoint(self.names, self.incumbent, self.objective, bound, self.nodes))

    def settled(self, found: Outcome) -> Outcome:
        """What it ended with, what was known before counted in."""
        stopped = self.ask.stop is not None and self.ask.stop.is_set()
        end = "optimal" if found.end == "interrupted" and found.x is not None and not stopped else found.end
        bound = min(max(found.bound, self.known), found.objective)
        return replace(found, end=end, bound=bound, branch_nodes=found.branch_nodes + self.before)
