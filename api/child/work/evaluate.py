"""An evaluation, as ``stockpile evaluate --out result`` does it."""

from __future__ import annotations

import threading
import time
from typing import Any

from api.child.order import Order
from api.child.tell import Teller
from api.child.work.folder import PLAN, SCENARIOS, capped, instance_in, plan_in, result_in
from models.faults import NoSuchPlan, UnreadableFile
from models.jobs import EvaluateWork, SolverStatus
from optimizer.evaluate import Draw, EvaluationProgress, Replications, evaluate, write_evaluation


def evaluate_work(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> dict[str, Any]:
    """Evaluate, write."""
    work = EvaluateWork.model_validate(order.work)
    instance, plan = instance_in(order.folder), plan_in(order.folder, PLAN)
    if plan is None:
        raise NoSuchPlan("The evaluation was given none.")
    if plan.fingerprint != instance.fingerprint():
        raise UnreadableFile("The plan is for another instance than the one given.")
    given = order.folder / SCENARIOS
    scenarios = (
        instance_in(order.folder, SCENARIOS).scenarios
        if given.exists()
        else Draw(work.n, work.seed, work.rate)
    )

    def report(now: EvaluationProgress) -> None:
        tell.progress(now.way, done=now.done, total=now.total)

    evaluation = evaluate(
        instance,
        plan,
        scenarios,
        ways=work.ways,
        rolling_n=work.rolling_n,
        branches=work.branches,
        information=work.information,
        bounds=Replications(work.replications, work.replication_n) if work.bounds else None,
        options=capped(work.options, order.threads),
        progress=report,
        stop=stop,
    )
    tell.progress("write")
    with result_in(order.folder) as folder:
        write_evaluation(evaluation, folder)
    status: SolverStatus | None = None
    if evaluation.interrupted:
        status = "time_limit" if time.monotonic() >= deadline else "interrupted"
    return {"solver_status": status}
