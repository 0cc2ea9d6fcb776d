"""One evaluation from beginning to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models.faults import UnknownWay
from models.instance import Instance, Scenario
from models.options import Options
from models.plan import Plan
from optimizer.data import Data
from optimizer.evaluate.evaluation import Evaluation
from optimizer.evaluate.fixed import commitments_of, plan_quantile
from optimizer.evaluate.information import Interval, information
from optimizer.evaluate.outcomes import Outcomes
from optimizer.evaluate.outlooks import BRANCHES
from optimizer.evaluate.overall import limits_broken
from optimizer.evaluate.replications import Replications, intervals, sample_bounds
from optimizer.evaluate.sets import Draw, Given, Source, given
from optimizer.evaluate.statistics import Estimate, mean
from optimizer.evaluate.stream import run_slices
from optimizer.evaluate.tables import COLUMNS, Way, objective, tables
from optimizer.evaluate.whole import Stopped, on_tree
from optimizer.evaluate.worker import Done, Work
from optimizer.scenarios import with_scenarios

WAYS = ("tree", "foresight", "rolling")
TREE_DRAWS = 200
"""Draws that way tree puts into its one programme at most; given scenarios all are."""


@dataclass(frozen=True)
class EvaluationProgress:
    """Where an evaluation stands."""

    way: str
    done: int
    total: int
    """scenarios, draws if drawn"""
    seconds: float


Tell = Callable[[EvaluationProgress], None]


def evaluate(
    instance: Instance,
    plan: Plan,
    scenarios: Iterable[Scenario] | Draw,
    *,
    ways: Iterable[str] = ("foresight",),
    rolling_n: int = 200,
    branches: int = BRANCHES,
    information: bool = False,
    bounds: Replications | None = None,
    stories: int = 10,
    processes: int | None = None,
    options: Options = Options(),
    progress: Tell | None = None,
    stop: threading.Event | None = None,
) -> Evaluation:
    """Evaluate the commitments of a plan on scenarios, in one or several ways.

    Parameters
    ----------
    scenarios: given ones with their probabilities (what is left over is the undisturbed one), or a
        :class:`Draw` from the hazards of the instance.
    ways: of ``foresight``, ``rolling``, ``tree``.
    rolling_n: of the draws, how many are rolled; given scenarios all are.
    branches: continuations that a decision of way rolling looks at.
    information: also EVPI and VSS on the scenarios of the instance (table ``bounds``).
    bounds: also how far the plan is from the best one (table ``bounds``); draws from the hazards.
    stories: how many of the worst scenarios are told in words.
    processes: side by side; None: as many as there are cores and work for. Results do not depend on it.
    stop: set it to end early: what is done by then is kept (``Evaluation.interrupted``).

    Raises UnknownWay, NothingToEvaluate, NoSuchCommitment, NoHazards, UnknownRate, FaultyInstance,
    SolverFailed.
    """
    chosen = tuple(dict.fromkeys(ways))
    if unknown := [way for way in chosen if way not in WAYS]:
        raise UnknownWay(f"{', '.join(unknown)}; there are {', '.join(WAYS)}.")
    commitments_of(plan)
    run = _Run(instance, plan, branches, stories, processes, options, progress, stop)
    what: Given | Draw = scenarios if isinstance(scenarios, Draw) else given(scenarios)
    done: list[Way] = []
    for way in chosen:
        if run.stopped:
            break
        if way == "tree":
            # One programme holds them all: as many as a plan is made from.
            done += run.tree(replace(what, n=min(what.n, TREE_DRAWS)) if isinstance(what, Draw) else what)
        elif way == "rolling" and isinstance(what, Draw):
            done.append(run.paths(way, replace(what, n=min(what.n, rolling_n))))
        else:
            done.append(run.paths(way, what))
    drawn = what if isinstance(what, Draw) else None
    found = tables(instance, done)
    if information or bounds is not None:
        rolled = next((objective(instance, way) for way in done if way.name == "rolling"), None)
        rows = run.information() if information else ()
        rows += run.bounds(bounds, drawn or Draw(1), rolled) if bounds is not None else ()
        table = [(r.measure, "USD", r.value, r.low, r.high) for r in rows]
        found["bounds"] = pd.DataFrame(table, columns=list(COLUMNS["bounds"]))
    return Evaluation(
        instance=instance.name,
        fingerprint=instance.fingerprint(),
        ways=chosen,
        tables=found,
        drawn=drawn.n if drawn else None,
        seed=drawn.seed if drawn else None,
        rate=drawn.rate if drawn else None,
        interrupted=run.stopped,
        notes=tuple(run.notes),
    )


class _Run:
    """One call of :func:`evaluate`."""

    def __init__(
        self,
        instance: Instance,
        plan: Plan,
        branches: int,
        stories: int,
        processes: int | None,
        options: Options,
        progress: Tell | None,
        stop: threading.Event | None,
    ) -> None:
        self.instance, self.plan = instance, plan
        self.branches, self.stories, self.processes = branches, stories, processes
        self.options, self.progress, self.stop = options, progress, stop
        self.stopped = False
        self.notes: list[str] = []
        self.begun = time.perf_counter()

    def tell(self, way: str, done: int, total: int) -> None:
        """Tell how far a way has come."""
        if self.progress:
            self.progress(EvaluationProgress(way, done, total, time.perf_counter() - self.begun))

    def tree(self, what: Given | Draw) -> list[Way]:
        """Way tree; empty if stopped."""
        begun = time.perf_counter()
        source = Source(self.instance, what)
        self.tell("tree", 0, source.asked)
        # The undisturbed scenario has no id of its own in an instance: it is what is left over.
        named = [case.scenario for case in source if case.scenario.id]
        there = with_scenarios(self.instance, named)
        fixed = commitments_of(self.plan)
        try:
            whole = on_tree(there, fixed, self.options, stop=self.stop, stories=self.stories)
        except Stopped:
            self.stopped = True
            return []
        outcomes = Outcomes(self.instance.segments(), self.stories)
        outcomes.extend(whole.outcomes)
        overall = tuple(rule for rule in whole.broken if rule.node is None)
        seconds = time.perf_counter() - begun
        return [Way("tree", outcomes, source.drawn, whole.eta, source.asked, seconds, overall)]

    def paths(self, way: str, what: Given | Draw) -> Way:
        """Ways foresight and rolling."""
        begun = time.perf_counter()
        work = Work(self.instance, self.plan, what, way, self.stories, self.branches, self.options.seed)
        total = what.n if isinstance(what, Draw) else len(what)
        self.tell(way, 0, total)
        done, whole = run_slices(
            work, processes=self.processes, tell=lambda n: self.tell(way, n, total), stop=self.stop
        )
        self.stopped |= not whole
        outcomes = Outcomes(self.instance.segments(), self.stories)
        for part in done:
            outcomes.merge(part.outcomes)
        joint = next((part.joint for part in done if part.joint is not None), None)
        data = Data(self.instance.model_copy(update={"scenarios": ()}))
        drawn = what.n if isinstance(what, Draw) else None
        return Way(
            way,
            outcomes,
            drawn,
            plan_quantile(self.plan),
            total,
            time.perf_counter() - begun,
            tuple(limits_broken(self.instance, outcomes, joint, data)),
            _price_of_foresight(done, drawn) if way == "rolling" else (),
        )

    def information(self) -> tuple[Interval, ...]:
        """EVPI and VSS; empty if stopped."""
        try:
            return information(
                self.instance,
                self.plan,
                self.options,
                stop=self.stop,
                progress=lambda done, total: self.tell("information", done, total),
            )
        except Stopped:
            self.stopped = True
            return ()

    def bounds(self, asked: Replications, draw: Draw, rolled: Estimate | None) -> tuple[Interval, ...]:
        """Intervals of the distance to the best plan."""
        samples = sample_bounds(
            self.instance,
            self.plan,
            asked,
            seed=draw.seed,
            rate=draw.rate,
            options=self.options,
            progress=lambda done, total: self.tell("bounds", done, total),
            stop=self.stop,
        )
        self.stopped |= len(samples) < asked.samples
        self.notes.append(
            f"Bounds: {len(samples)} samples of {asked.n} draws, confidence {asked.level:.0%} each."
        )
        return intervals(samples, asked.level, rolled)


def _price_of_foresight(done: list[Done], drawn: int | None) -> tuple[tuple[str, Estimate], ...]:
    pairs = np.array([pair for part in done for pair in part.differences]).reshape(-1, 2)
    if not len(pairs):
        return ()
    there = None if drawn is None else max(1, round(drawn * float(pairs[:, 1].sum())))
    return (("price_of_foresight", mean(pairs[:, 0], pairs[:, 1], there)),)
