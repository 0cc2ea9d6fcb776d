"""From a request as it was sent to one that holds ids only, every one of a document that is there.

Each document is marked as used, so that it outlasts the moment until the job that refers to it is written.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pydantic import ValidationError

from api.store.database import reading, writing
from api.store.errors import attempt
from api.store.schema import instances, jobs, plans
from models.faults import (
    BadRequest,
    Expired,
    Fault,
    FaultyInstance,
    NoResult,
    NoSuchInstance,
    NoSuchJob,
    NoSuchPlan,
    NotFinished,
    NothingToEvaluate,
)
from models.instance import Instance
from models.jobs import FINAL, BatchRequest, EvaluateRequest, InstanceRef, Request, SolveRequest
from models.plan import Plan

if TYPE_CHECKING:
    from api.store.documents import Documents

HOLD = 3600.0
"""Seconds for which what was put, resolved or touched is not pruned, referred to or not."""
_STALE = 600.0
"""Seconds after which a use is noted again: not each time, as every write flushes the disk."""
_MANY = 500
_FAULTS = 1000


def resolve(documents: Documents, tenant: str, request: Request) -> Request:
    """Store the documents in a request and put their ids in their place.

    Raises FaultyInstance (with the faults of all instances of a batch), NoSuchInstance, NoSuchPlan; for the
    evaluation of a job's plan NoSuchJob, NotFinished, Expired, NoResult, NothingToEvaluate; BadRequest,
    StorageFull.
    """
    if request.parent is not None:
        _hold_job(documents.engine, tenant, request.parent)
    if isinstance(request, BatchRequest):
        return _batch(documents, tenant, request)
    changes: dict[str, Any] = {}
    if isinstance(request, EvaluateRequest):
        changes = _plan(documents, tenant, request)
    elif isinstance(request, SolveRequest) and request.warm is not None:
        changes = {"warm": _plan_id(documents, tenant, request.warm)}
    fields = ("instance", "scenarios") if isinstance(request, EvaluateRequest) else ("instance",)
    found: dict[str, InstanceRef | None] = {f: changes.get(f, getattr(request, f)) for f in fields}
    _mark(documents.engine, tenant, {ref for ref in found.values() if isinstance(ref, str)})
    parsed = _parse({field: ref for field, ref in found.items() if isinstance(ref, dict)})
    for field, instance in parsed.items():
        changes[field] = documents.put_instance(tenant, instance)[0].id
    return request.model_copy(update=changes)


def _batch(documents: Documents, tenant: str, request: BatchRequest) -> Request:
    names = [member.name for member in request.instances]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise BadRequest(f"Names of a batch are unique; twice: {', '.join(map(repr, twice[:10]))}.")
    refs = {member.name: member.instance for member in request.instances}
    _mark(documents.engine, tenant, {ref for ref in refs.values() if isinstance(ref, str)})
    parsed = _parse({name: ref for name, ref in refs.items() if isinstance(ref, dict)})
    ids = {name: documents.put_instance(tenant, instance)[0].id for name, instance in parsed.items()}
    members = (m.model_copy(update={"instance": ids.get(m.name, m.instance)}) for m in request.instances)
    return request.model_copy(update={"instances": tuple(members)})


def _parse(raw: dict[str, Any]) -> dict[str, Instance]:
    """The instances of several fields or members; one answer holds the faults of all."""
    parsed, faults = {}, []
    for name, document in raw.items():
        try:
            parsed[name] = Instance.parse(document)
        except FaultyInstance as error:
            faults += [_within(fault, name) for fault in error.faults] if len(raw) > 1 else error.faults
    if faults:
        raise FaultyInstance(faults[:_FAULTS])
    return parsed


def _within(fault: Fault, name: str) -> Fault:
    return Fault(fault.table, fault.row, fault.field, fault.value, fault.allowed, fault.place or name)


def _mark(engine: sa.Engine, tenant: str, ids: Collection[str]) -> None:
    """Note that instances are used. Raises NoSuchInstance with all that are not there."""
    missing = _use(engine, instances, tenant, ids)
    if missing:
        rest = f" and {len(missing) - 10:,} more" if len(missing) > 10 else ""
        raise NoSuchInstance(f"{', '.join(missing[:10])}{rest}.")


def _use(engine: sa.Engine, table: sa.Table, tenant: str, ids: Collection[str]) -> list[str]:
    """Note that documents are used, and return the ids of those that are not there."""
    wanted, now = sorted(ids), time.time()

    def once() -> list[str]:
        used: dict[str, float] = {}
        for at in range(0, len(wanted), _MANY):
            here = (table.c.tenant == tenant) & table.c.id.in_(wanted[at : at + _MANY])
            with reading(engine) as connection:
                part = {
                    r.id: r.used for r in connection.execute(sa.select(table.c.id, table.c.used).where(here))
                }
            if any(when < now - _STALE for when in part.values()):
                # Asked again: between reading and writing a document may have been pruned.
                with writing(engine) as connection:
                    note = sa.update(table).where(here).values(used=now).returning(table.c.id)
                    part = {row.id: now for row in connection.execute(note)}
            used |= part
        return [id for id in wanted if id not in used]

    return attempt(once)


def _plan(documents: Documents, tenant: str, request: EvaluateRequest) -> dict[str, Any]:
    """What the plan of an evaluation changes in its request."""
    plan = request.plan
    if isinstance(plan, dict) or len(plan) == 64:
        if request.instance is None:
            raise BadRequest(_NO_INSTANCE)
        return {"plan": _plan_id(documents, tenant, plan)}
    instance = _plan_of_job(documents.engine, tenant, plan)
    return {} if request.instance is not None else {"instance": instance}


def _plan_id(documents: Documents, tenant: str, plan: str | dict[str, Any]) -> str:
    """The id of a stored plan, which is marked as used; a plan that was sent is stored."""
    if isinstance(plan, dict):
        return documents.put_plan(tenant, _read_plan(plan))
    if _use(documents.engine, plans, tenant, [plan]):
        raise NoSuchPlan(f"{plan}.")
    return plan


_NO_INSTANCE = "instance: needed, as the plan is not that of a job."


def _read_plan(raw: dict[str, Any]) -> Plan:
    try:
        plan = Plan.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        found = (f"plan.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:20])
        raise BadRequest("; ".join(found) + ".") from error
    if plan.commitments is None:
        raise NothingToEvaluate()
    return plan


def _plan_of_job(engine: sa.Engine, tenant: str, job: str) -> str:
    """The instance of a job that has a plan, which is kept a while longer."""
    _hold_job(engine, tenant, job)
    query = sa.select(jobs).where(jobs.c.tenant == tenant, jobs.c.id == job)
    with reading(engine) as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NoSuchJob(f"{job}.")
    if row.state == "expired":
        raise Expired(f"Job {job}.")
    if row.state not in FINAL:
        raise NotFinished(f"Job {job} is {row.state}.")
    if row.kind != "solve" or row.result is None:
        raise NoResult(f"Job {job} has no plan.")
    if row.objective is None:
        raise NothingToEvaluate(f"Job {job} ended {row.solver_status or row.state}.")
    return str(row.instance)


def _hold_job(engine: sa.Engine, tenant: str, job: str) -> None:
    """Keep the results of a finished job for a while, however old they are."""
    until = time.time() + HOLD
    here = [jobs.c.id == job, jobs.c.tenant == tenant, jobs.c.finished.is_not(None), jobs.c.expires < until]

    def once() -> None:
        with reading(engine) as connection:
            if connection.scalar(sa.select(jobs.c.id).where(*here)) is None:
                return
        with writing(engine) as connection:
            longer = sa.update(jobs).where(*here).values(expires=until, version=jobs.c.version + 1)
            connection.execute(longer)

    attempt(once)
