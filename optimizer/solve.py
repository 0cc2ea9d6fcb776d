"""From an instance to an audited plan."""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

import numpy as np

from models.faults import AuditFailed, SolverFailed
from models.instance import Instance
from models.options import Options
from models.plan import Effort, Plan, Relaxation, Status
from optimizer.audit import audit
from optimizer.checkpoint import Checkpoint, Refused, key
from optimizer.compile import Arrays, Vector, no_collection
from optimizer.cones import run
from optimizer.data import Data
from optimizer.decompose.pools import check
from optimizer.explain import relaxations, runaway
from optimizer.extract import commitments, operations, risk, tree_rows, values
from optimizer.highs import Outcome, Report, Solver
from optimizer.marginals import loosened, marginal_values
from optimizer.methods import Way, find
from optimizer.progress import Clock, Progress
from optimizer.tidy import tidy

__all__ = ["Checkpoint", "Progress", "no_collection", "solve"]

_log = logging.getLogger(__name__)

ROUNDING = 1e-9
"""Relative difference below which two objectives are the same number."""
COMMITMENTS = ("sign", "build", "open")
"""Yes/no decisions that are made now."""


def solve(
    instance: Instance,
    options: Options = Options(),
    *,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    warm: Plan | None = None,
    checkpoint: Callable[[Checkpoint], None] | None = None,
    resume: Checkpoint | None = None,
    pool: str = "auto",
) -> Plan:
    """The best plan that can be found, audited; or the reason why there is none.

    Parameters
    ----------
    instance: what to plan for.
    options: gap, limits, seed.
    progress: called from the solving thread at the start of each phase and at every node of the search.
    stop: set it to end the search; the incumbent is kept.
    warm: an earlier plan, of this instance or one with the same ids; its commitments are the first incumbent.
    checkpoint: called from the solving thread every few seconds of the search, with where it stands.
    resume: where an earlier solve stood; this one goes on there, never with less. One that is for something
        else is not used, and a line of the log says why.
    pool: where a decomposition solves its subproblems: threads, processes, ray, ray:HOST:PORT or
        ray://HOST:PORT; auto chooses threads or processes by their number.

    Returns
    -------
    A plan with its certificate (status optimal, feasible, time_limit or interrupted), or one without
    commitments (infeasible or unbounded with ``relaxations``; stopped before anything was found).

    Raises
    ------
    SolverFailed: HiGHS ended in a state that cannot be trusted.
    AuditFailed: the plan does not satisfy the instance.
    UnknownPool, PoolFailed: there is no such pool; it cannot be reached or loses too many workers.
    """
    check(pool)
    clock = Clock(options.time_limit, progress)
    keep, resume = _checkpoints(instance, options, checkpoint, resume)
    with clock.phase("tree"):
        data = Data(instance)
    way = find(
        data,
        options,
        clock,
        stop=stop,
        report=_reporter(progress, clock, data.units.money),
        start=lambda arrays: None if warm is None else warm_values(arrays, warm),
        checkpoint=keep,
        resume=resume,
        pool=pool,
    )
    arrays, found = way.arrays, way.found
    if found.x is None:
        return _no_plan(data, way, options, clock, stop)
    polished, seconds = None, 0.0
    with clock.phase("polish"):
        x = found.x
        if not way.in_pieces:
            x, polished, seconds = polish(found.arrays or arrays, x, options)
            arrays = polished.arrays
        x = tidy(data, arrays, x)
    plan = make_plan(data, arrays, x, found, options)
    with clock.phase("marginals"):
        if options.marginals and polished is not None:
            loose = loosened(arrays, polished)
            seconds += loose.seconds
            told = marginal_values(data, arrays, loose)
            plan = plan.model_copy(update={"marginal_values": told})
    with clock.phase("audit"):
        certificate = audit(instance, plan)
    if not certificate.passed:
        raise AuditFailed("; ".join(certificate.findings))
    entries = way.entries if way.in_pieces else int(arrays.matrix.nnz)
    spent = effort(arrays, found, clock, found.seconds + seconds, way.word, entries)
    return plan.model_copy(update={"certificate": certificate, "effort": spent})


def _checkpoints(
    instance: Instance,
    options: Options,
    checkpoint: Callable[[Checkpoint], None] | None,
    resume: Checkpoint | None,
) -> tuple[Callable[[Checkpoint], None] | None, Checkpoint | None]:
    """Checkpoints marked with what they are for, and the one to go on from if it is for this."""
    if checkpoint is None and resume is None:
        return None, None
    mark = key(instance, options)
    if resume is not None:
        try:
            resume.check(mark)
        except Refused as reason:
            _log.warning("The checkpoint is not used: %s", reason)
            resume = None
    if checkpoint is None:
        return None, resume
    return lambda now: checkpoint(replace(now, key=mark)), resume


def _reporter(
    progress: Callable[[Progress], None] | None, clock: Clock, money: float
) -> Callable[[Report], None] | None:
    if progress is None:
        return None

    def report(now: Report) -> None:
        incumbent = now.incumbent * money if abs(now.incumbent) < np.inf else None
        bound = now.bound * money if abs(now.bound) < np.inf else None
        gap = None
        if incumbent is not None and bound is not None and incumbent != 0:
            gap = (incumbent - bound) / abs(incumbent)
        progress(Progress("search", clock.elapsed(), incumbent, bound, gap, now.nodes))

    return report


def warm_values(arrays: Arrays, plan: Plan) -> Vector:
    """The yes/no decisions of an earlier plan on the columns of these arrays; unknown ids are left out.

    nan where it is not a commitment that is decided: in which scenarios a rule is kept follows from those.
    """
    chosen: set[tuple[str, tuple[object, ...]]] = set()
    if plan.commitments is not None:
        chosen |= {("sign", (a.id, a.start)) for a in plan.commitments.agreements}
        chosen |= {("build", (k.id, k.start)) for k in plan.commitments.projects}
        chosen |= {("open", (d.id,)) for d in plan.commitments.depots}
    x = np.zeros(len(arrays.columns))
    for j in np.flatnonzero(arrays.integer).tolist():
        key = arrays.columns[j]
        x[j] = float(key in chosen) if key[0] in COMMITMENTS else np.nan
    return x


def polish(arrays: Arrays, x: Vector, options: Options) -> tuple[Vector, Solver, float]:
    """Round the yes/no decisions and solve the LP that remains, until its solution lies in every cone.

    Returns clean values, the solver that holds the LP (for marginal values), and the seconds it took.
    """
    integers = np.flatnonzero(arrays.integer)
    solver = Solver(arrays, threads=options.threads, seed=options.seed)
    if len(integers):
        solver.fix(integers, np.round(x[integers]))
    outcome = run(solver)
    if outcome.end != "optimal" or outcome.x is None:
        raise SolverFailed(f"with yes/no decisions rounded the plan became {outcome.end}.")
    clean = outcome.x.copy()
    clean[integers] = np.round(clean[integers])
    return clean, solver, outcome.seconds


def make_plan(data: Data, arrays: Arrays, x: Vector, found: Outcome, options: Options) -> Plan:
    """A plan from a solution, not yet audited."""
    money = data.units.money
    objective = float(arrays.cost @ x + arrays.offset) * money
    bound = min(found.bound * money, objective)
    natural = values(data, arrays, x)
    gap = objective - bound
    within = gap <= options.relative_gap * abs(objective) + ROUNDING * abs(objective)
    status: Status = "optimal" if within else "feasible"
    if found.end in ("time_limit", "interrupted"):
        status = found.end
    return Plan(
        instance=data.instance.name,
        fingerprint=data.instance.fingerprint(),
        status=status,
        objective=objective,
        bound=bound if np.isfinite(bound) else None,
        relative_gap=relative(gap, objective) if np.isfinite(bound) else None,
        gap=gap if np.isfinite(bound) else None,
        nodes=len(data.tree),
        commitments=commitments(data, natural),
        risk=risk(data, natural, float(arrays.expected_cost @ x) * money),
        tree=tree_rows(data),
        operations=operations(natural),
        options=options,
    )


def relative(gap: float, objective: float) -> float | None:
    """gap / |objective|; None where that says nothing."""
    if gap <= 0:
        return 0.0
    return gap / abs(objective) if objective else None


def _no_plan(
    data: Data,
    way: Way,
    options: Options,
    clock: Clock,
    stop: threading.Event | None,
) -> Plan:
    arrays, found = way.arrays, way.found
    if found.end == "optimal":
        raise SolverFailed("HiGHS reported an optimum without values.")
    relaxed: tuple[Relaxation, ...] = ()
    if found.end in ("infeasible", "unbounded"):
        with clock.phase("explain"):
            if found.end == "infeasible":
                relaxed = relaxations(data, arrays, options, seconds=clock.left(), stop=stop)
            else:
                relaxed = runaway(arrays, options)
    bound = found.bound * data.units.money
    return Plan(
        instance=data.instance.name,
        fingerprint=data.instance.fingerprint(),
        status=found.end,
        bound=bound if np.isfinite(bound) and found.end in ("time_limit", "interrupted") else None,
        nodes=len(data.tree),
        relaxations=relaxed,
        tree=tree_rows(data),
        options=options,
        effort=effort(arrays, found, clock, found.seconds, way.word, way.entries),
    )


def effort(
    arrays: Arrays,
    found: Outcome,
    clock: Clock,
    highs_seconds: float,
    word: str = "",
    entries: int | None = None,
) -> Effort:
    """How the plan was found; ``entries`` of the matrix where the arrays hold it no longer."""
    packages = ("pyomo", "highspy", "numpy", "scipy")
    return Effort(
        method=word,
        seconds=clock.seconds,
        highs_seconds=highs_seconds,
        rows=arrays.shape[0],
        columns=arrays.shape[1],
        nonzeros=int(arrays.matrix.nnz) if entries is None else entries,
        integers=int(arrays.integer.sum()),
        branch_nodes=found.branch_nodes,
        simplex_iterations=found.iterations,
        versions={"python": platform.python_version(), **{name: version(name) for name in packages}},
    )
