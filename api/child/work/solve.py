"""A solve, as ``stockpile solve --out result`` does it."""

from __future__ import annotations

import threading
from typing import Any

from api.child.order import Order
from api.child.tell import Teller
from api.child.work.folder import WARM, capped, ended_by, instance_in, plan_in, result_in
from models.jobs import SolveWork
from models.plan import Plan
from optimizer.progress import Progress
from optimizer.results import write_results
from optimizer.solve import solve


def solve_work(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> dict[str, Any]:
    """Solve, audit, write."""
    work = SolveWork.model_validate(order.work)
    instance = instance_in(order.folder)

    def report(now: Progress) -> None:
        tell.progress(now.phase, incumbent=now.incumbent, bound=now.bound, gap=now.gap, nodes=now.nodes)

    plan = solve(
        instance,
        capped(work.options, order.threads),
        progress=report,
        stop=stop,
        warm=plan_in(order.folder, WARM),
    )
    plan = plan.model_copy(update={"status": ended_by(plan.status, deadline)})
    tell.progress("write")
    with result_in(order.folder) as folder:
        write_results(instance, plan, folder)
    return figures(plan)


def figures(plan: Plan) -> dict[str, Any]:
    """What an Outcome tells of a plan."""
    return {
        "solver_status": plan.status,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "relative_gap": plan.relative_gap,
    }
