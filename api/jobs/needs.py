"""What a request needs: stored instances and plans, earlier jobs; all of the same tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.jobs import query
from api.store.schema import instances, plans
from models.faults import NoResult, NoSuchInstance, NoSuchJob, NoSuchPlan
from models.jobs import EvaluateRequest, Request, SolveRequest

_CHUNK = 500
# Until the job is written nobody deletes them; noting that one is used does not wait.
_INSTANCES = (
    sa.select(instances.c.id)
    .where(
        instances.c.tenant == sa.bindparam("tenant"),
        instances.c.id.in_(sa.bindparam("ids", expanding=True)),
    )
    .with_for_update(read=True, key_share=True)
)


def check(connection: sa.Connection, tenant: str, request: Request, instance_ids: set[str]) -> None:
    """Whether all that a request names is the tenant's own.

    Raises NoSuchInstance, NoSuchPlan, NoSuchJob, NoResult (a job without a plan to go on from).
    """
    missing = set(instance_ids)
    wanted = sorted(missing)
    for start in range(0, len(wanted), _CHUNK):
        chunk = {"tenant": tenant, "ids": wanted[start : start + _CHUNK]}
        missing.difference_update(connection.execute(_INSTANCES, chunk).scalars())
    if missing:
        raise NoSuchInstance(", ".join(sorted(missing)[:10]))
    if request.parent is not None:
        _earlier(connection, tenant, request.parent, with_plan=isinstance(request, SolveRequest))
    plan = plan_of(request)
    if plan is not None:
        if len(plan) == 32:
            _earlier(connection, tenant, plan, with_plan=True)
            return
        mine = sa.select(plans.c.id).where(plans.c.tenant == tenant, plans.c.id == plan)
        if connection.execute(mine).first() is None:
            raise NoSuchPlan(plan)


def plan_of(request: Request) -> str | None:
    """The stored plan, or the job with a plan, that a request names beside its parent."""
    if isinstance(request, EvaluateRequest):
        plan = request.plan
    elif isinstance(request, SolveRequest) and request.warm is not None:
        plan = request.warm
    else:
        return None
    if not isinstance(plan, str):
        raise TypeError("documents of a request are stored before it is submitted")
    return plan


def _earlier(connection: sa.Connection, tenant: str, job: str, *, with_plan: bool) -> None:
    row = query.row(connection, tenant, job)
    if row is None:
        raise NoSuchJob(job)
    if with_plan and not has_plan(row):
        raise NoResult(f"Job {job} has no plan to go on from; it is {row['state']}.")


def has_plan(row: Mapping[str, Any]) -> bool:
    """Whether a job has found a plan."""
    none = ("infeasible", "unbounded", "error")
    found = row["state"] == "succeeded" and row["result"] is not None
    return row["kind"] == "solve" and found and row["solver_status"] not in none
