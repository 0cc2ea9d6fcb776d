"""A solve, as ``stockpile solve --out result`` does it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from api.child.order import Order
from api.child.tell import Teller
from api.child.work.folder import CHECKPOINT, WARM, capped, ended_by, instance_in, plan_in, result_in
from models.faults import UnwritableFile
from models.files.atomic import write_file
from models.jobs import SolveWork
from models.plan import Plan
from optimizer.checkpoint import Checkpoint, Refused
from optimizer.progress import Progress
from optimizer.results import write_results
from optimizer.solve import solve

SEARCH = "search"
"""Name of the checkpoint."""


def solve_work(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> dict[str, Any]:
    """Solve, audit, write."""
    work = SolveWork.model_validate(order.work)
    instance = instance_in(order.folder)

    def report(now: Progress) -> None:
        tell.progress(now.phase, incumbent=now.incumbent, bound=now.bound, gap=now.gap, nodes=now.nodes)

    kept = order.folder / CHECKPOINT / SEARCH

    def keep(now: Checkpoint) -> None:
        try:
            write_file(kept, now.to_bytes())
        except UnwritableFile as reason:  # the one before stays, and the search goes on
            tell.log(f"The checkpoint is not kept: {reason}")
        else:
            tell.checkpoint(SEARCH)

    plan = solve(
        instance,
        capped(work.options, order.threads),
        progress=report,
        stop=stop,
        warm=plan_in(order.folder, WARM),
        checkpoint=keep,
        resume=earlier(kept, tell),
    )
    plan = plan.model_copy(update={"status": ended_by(plan.status, deadline)})
    tell.progress("write")
    with result_in(order.folder) as folder:
        write_results(instance, plan, folder)
    return figures(plan)


def earlier(path: Path, tell: Teller) -> Checkpoint | None:
    """What an earlier run of the job has left, if it can be used."""
    try:
        found = Checkpoint.from_bytes(path.read_bytes())
    except FileNotFoundError:
        return None
    except Refused as reason:
        tell.log(f"The checkpoint is not used: {reason}")
        return None
    tell.log(f"going on from a checkpoint, {found.nodes:,} nodes searched")
    return found


def figures(plan: Plan) -> dict[str, Any]:
    """What an Outcome tells of a plan."""
    return {
        "solver_status": plan.status,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "relative_gap": plan.relative_gap,
    }
