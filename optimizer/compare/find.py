"""One alternative solved: first by what its neighbours have found, by a search only if that is not enough."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.alternatives import Alternative
from models.faults import AuditFailed, SolverFailed
from models.options import Options
from models.plan import Commitments, Plan, Status
from optimizer.audit import audit
from optimizer.compare.base import Base
from optimizer.compare.bench import NO_LIMIT, Bench, Stopped
from optimizer.compile import Vector
from optimizer.cones import run
from optimizer.extract import tree_rows
from optimizer.highs import Outcome, Report
from optimizer.marginals import loosened, marginal_values
from optimizer.progress import Clock, Progress
from optimizer.search import search
from optimizer.solve import effort, make_plan, solve
from optimizer.tidy import tidy

Tell = Callable[[Progress], None]

KEPT_BACK = 0.05
"""Share of the gap that is left for rounding, as in optimizer.search."""


@dataclass(frozen=True)
class Search:
    """What is known of an alternative before it is solved."""

    alternative: Alternative
    kind: str
    """Which programme it has."""
    options: Options
    asked: Options
    """Before the cores were shared out."""
    starts: tuple[Commitments, ...] = ()
    """Plans of neighbours."""
    bound: float = -np.inf
    """No plan costs less, USD: what an alternative that allows more has proven."""

    @property
    def name(self) -> str:
        """Of the alternative."""
        return self.alternative.name

    def run(self, base: Base, stop: threading.Event, tell: Tell | None) -> Plan:
        """The plan, audited; or the reason why there is none."""
        return _Finder(self, base, stop, tell).run()


class _Finder:
    def __init__(self, task: Search, base: Base, stop: threading.Event, tell: Tell | None) -> None:
        self.task, self.base, self.stop, self.tell = task, base, stop, tell
        self.clock = Clock(task.options.time_limit, tell)
        with self.clock.phase("arrays"):
            self.bench = Bench(base, task.alternative, task.options, stop)
        self.money = base.units.money
        self.gap = task.options.relative_gap

    def run(self) -> Plan:
        task, bench = self.task, self.bench
        options = task.options
        with self.clock.phase("neighbours"):
            best, best_x = self.neighbours()
        # Nothing is left to round in what neighbours give, so no part of the gap is kept back.
        known = task.bound / self.money
        if (
            best is not None
            and best_x is not None
            and best.objective - known <= self.gap * abs(best.objective)
        ):
            found = Outcome("optimal", best_x, best.objective, task.bound / self.money, None, None, 0, 0)
        else:
            with self.clock.phase("search"):
                found = self.search(None if best_x is None else np.asarray(best_x))
        if found.x is None:
            return self.without_plan(found)
        with self.clock.phase("polish"):
            x = self.polish(found.x)
            arrays = bench.held()
            clean = tidy(bench.data, arrays, x)
        bound = max(found.bound, task.bound / self.money)
        found = Outcome(
            found.end, found.x, found.objective, bound, None, None, found.branch_nodes, found.iterations,
            found.seconds,
        )  # fmt: skip
        plan = make_plan(bench.data, arrays, clean, found, task.asked)
        if options.marginals:
            with self.clock.phase("marginals"):
                loose = loosened(arrays, bench.solver)
                told = marginal_values(bench.data, arrays, loose)
                plan = plan.model_copy(update={"marginal_values": told})
        with self.clock.phase("audit"):
            certificate = audit(task.alternative.instance, plan)
        if not certificate.passed:
            raise AuditFailed(f"{task.name}: " + "; ".join(certificate.findings))
        spent = effort(bench.arrays, found, self.clock, found.seconds + bench.seconds)
        return plan.model_copy(update={"certificate": certificate, "effort": spent})

    def near(self, objective: float, bound: float) -> bool:
        """Whether an objective is as near to a bound as was asked for."""
        return bool(objective - bound <= self.gap * (1 - KEPT_BACK) * abs(objective))

    def neighbours(self) -> tuple[Outcome | None, Vector | None]:
        """The best of what the commitments of neighbours come to here, and its yes/no decisions."""
        best: Outcome | None = None
        for made in self.task.starts:
            try:
                outcome = self.bench.worth(made, sizes=False)
            except Stopped:
                break
            if outcome is not None and (best is None or outcome.objective < best.objective):
                best = outcome
        return best, None if best is None else best.x

    def search(self, start: Vector | None) -> Outcome:
        """Branch and bound from the best known plan, ended as soon as the known bound proves it."""
        enough, bound = _Either(self.stop), self.task.bound / self.money

        def report(now: Report) -> None:
            known = max(now.bound, bound)
            if np.isfinite(now.incumbent) and self.near(now.incumbent, known):
                enough.set()
            if self.tell is not None:
                gap = (
                    (now.incumbent - known) / abs(now.incumbent)
                    if np.isfinite(now.incumbent) and now.incumbent
                    else None
                )
                self.tell(
                    Progress(
                        "search",
                        self.clock.elapsed(),
                        now.incumbent * self.money if np.isfinite(now.incumbent) else None,
                        known * self.money if np.isfinite(known) else None,
                        gap,
                        now.nodes,
                    )
                )

        found = search(
            self.bench.arrays,
            self.task.options,
            seconds=self.clock.left(),
            stop=enough,
            report=report,
            start=start,
        )
        if found.end == "interrupted" and not self.stop.is_set():
            return Outcome(
                "optimal", found.x, found.objective, max(found.bound, bound), None, None, found.branch_nodes,
                found.iterations, found.seconds,
            )  # fmt: skip
        return found

    def polish(self, x: Vector) -> Vector:
        """Round the yes/no decisions and solve the LP that remains, from where the last one ended."""
        solver, integers = self.bench.solver, np.flatnonzero(self.bench.arrays.integer)
        whole = np.round(x[integers])
        if len(integers):
            solver.fix(integers, whole)
        try:
            outcome = run(solver, simplex_iteration_limit=NO_LIMIT)
        except SolverFailed:
            outcome = None
        if outcome is None or outcome.end != "optimal":
            # A warm start that lost its way.
            solver.forget()
            outcome = run(solver, simplex_iteration_limit=NO_LIMIT)
        self.bench.seconds += outcome.seconds
        if outcome.end != "optimal" or outcome.x is None:
            raise SolverFailed(f"with yes/no decisions rounded the plan became {outcome.end}.")
        clean = outcome.x.copy()
        clean[integers] = whole
        return clean

    def without_plan(self, found: Outcome) -> Plan:
        """Infeasible: solved once more as it stands, for the reasons in words. Stopped: nothing was found."""
        task = self.task
        if found.end in ("infeasible", "unbounded"):
            left = self.clock.left()
            options = task.options.model_copy(update={"time_limit": None if left is None else max(1.0, left)})
            plan = solve(task.alternative.instance, options, progress=self.tell, stop=self.stop)
            if plan.commitments is not None:
                raise SolverFailed(f"{task.name} was found {found.end}, and then a plan for it.")
            return plan.model_copy(update={"options": task.asked})
        ends: dict[str, Status] = {"time_limit": "time_limit", "interrupted": "interrupted"}
        bound = max(found.bound * self.money, task.bound)
        return Plan(
            instance=task.alternative.instance.name,
            fingerprint=task.alternative.instance.fingerprint(),
            status=ends[found.end],
            bound=bound if np.isfinite(bound) else None,
            nodes=len(self.bench.data.tree),
            tree=tree_rows(self.bench.data),
            options=task.asked,
            effort=effort(self.bench.arrays, found, self.clock, found.seconds),
        )


class _Either(threading.Event):
    """Set by itself, or when another one is."""

    def __init__(self, other: threading.Event) -> None:
        super().__init__()
        self.other = other

    def is_set(self) -> bool:
        """Whether either is."""
        return super().is_set() or self.other.is_set()
