"""What is done to jobs: submit, stop, cancel, remove."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.http.parts import Needs, Parts
from api.http.problems import Listed
from api.http.routes.jobs import JobPath, accept, delete, known
from api.jobs.port import Query
from api.web import shell
from api.web.jobs import asking, listing, phrases
from api.web.jobs.asking import Asking
from api.web.session import Acting, Visit, Visitor
from models.faults import BadRequest, NotAllowed
from models.jobs import FINAL, Job, Kind

_CHOICE = 200
"""Instances, and plans, offered for choice."""

router = APIRouter()


@router.get("/jobs/new")
def new(
    request: Request, visitor: Visitor, parts: Needs, kind: str = "", instance: str = "", clone: str = "",
    plan: str = "", parent: str = "",
) -> Response:  # fmt: skip
    """The form of a new job; with ``clone`` that of the same work as another job's."""
    if not visitor.may("submit"):
        raise NotAllowed(f"It has the role {visitor.role}; this needs submit.")
    if kind == "compare":
        return RedirectResponse(f"/compare/new?instance={instance}", 303)
    if clone:
        job = parts.jobs.get(visitor.tenant, known(clone))
        if job.kind == "compare":
            return RedirectResponse(f"/compare/new?clone={job.id}", 303)
        if job.kind == "batch":
            raise BadRequest("A batch is made from the command line, or over the interface for programs.")
        return _form(request, visitor, parts, asking.like(job), job)
    chosen: Kind = next((k for k in asking.KINDS if k == kind), "evaluate" if plan else "solve")
    if plan and not instance:
        instance = parts.jobs.get(visitor.tenant, known(plan)).instance or ""
    return _form(request, visitor, parts, asking.empty(chosen, instance, plan, parent), None)


@router.post("/jobs/new")
def submit(request: Request, visitor: Acting, parts: Needs) -> Response:
    """Submit a job; the same form sent twice is one."""
    sent = {name: [v for v in visitor.form.getlist(name) if isinstance(v, str)] for name in visitor.form}
    original = None
    clone = (sent.get("clone") or [""])[-1]
    if clone:
        original = parts.jobs.get(visitor.tenant, known(clone))
    asked = asking.again(sent, original)
    wrong = _missing(asked)
    try:
        if wrong:
            raise Listed(BadRequest, wrong)
        job = send(parts, visitor, asking.request(asked), asked.once)
    except Listed as error:
        return _form(request, visitor, parts, asking.faulty(asked, error), original, status=422)
    return RedirectResponse(f"/jobs/{job.id}", 303)


def send(parts: Parts, visitor: Visit, data: bytes, once: str) -> Job:
    """Submit a request. A form that was sent before, unchanged, is the job that it has become."""
    key = f"page-{once}-{hashlib.sha256(data).hexdigest()[:16]}"
    return accept(parts, visitor.caller, data, key)[0]


def _missing(asked: Asking) -> list[dict[str, str]]:
    """What must be chosen and was not."""
    if asked.kind == "evaluate" and not asked.plan:
        return [{"field": "plan", "allowed": "choose the job whose plan is evaluated"}]
    if asked.kind != "evaluate" and not asked.instance:
        return [{"field": "instance", "allowed": "choose an instance"}]
    return []


def _form(
    request: Request, visitor: Visit, parts: Parts, asked: Asking, original: Job | None, status: int = 200
) -> Response:
    instances, more = parts.documents.list_instances(visitor.tenant, limit=_CHOICE)
    choices = {record.id: record.name for record in instances}
    if asked.instance and asked.instance not in choices:
        choices |= listing.instance_names(parts, visitor.tenant, [asked.instance])
    plans = []
    if asked.kind == "evaluate":
        solved = Query(kinds=("solve",), states=("succeeded",), limit=_CHOICE)
        plans = [job for job in parts.jobs.list(visitor.tenant, solved).jobs if job.objective is not None]
    return shell.page(
        request, "jobs/new.html", visitor, status=status,
        title=f"{'Change and run again' if original else 'New job'}",
        asked=asked, original=original, choices=choices, more=more is not None, plans=plans,
        names={job.id: listing.line(job, choices.get(job.instance or "", "")).title for job in plans},
        warm=_warm(asked, original), kind_tabs=_tabs(asked),
    )  # fmt: skip


def _tabs(asked: Asking) -> list[tuple[str, str]]:
    instance = f"&instance={asked.instance}" if asked.instance else ""
    tabs = [(f"/jobs/new?kind={kind}{instance}", phrases.KINDS[kind]) for kind in asking.KINDS]
    return [*tabs[:1], (f"/compare/new?{instance[1:]}", "Compare budgets"), *tabs[1:]]


def _warm(asked: Asking, original: Job | None) -> Job | None:
    """The job whose plan could be the start of this one's search."""
    usable = original is not None and original.kind == asked.kind == "solve" and original.state == "succeeded"
    return original if usable and original is not None and original.objective is not None else None


@router.get("/jobs/{id}/stop")
@router.get("/jobs/{id}/cancel")
@router.get("/jobs/{id}/remove")
def confirm(request: Request, visitor: Visitor, parts: Needs, id: JobPath) -> Response:
    """Ask whether it is meant."""
    act = request.url.path.rpartition("/")[2]
    job = parts.jobs.get(visitor.tenant, known(id))
    names = listing.instance_names(parts, visitor.tenant, [job.instance])
    line = listing.line(job, names.get(job.instance or "", ""))
    title = f"{act.capitalize()} {line.title}?"
    return shell.page(request, "jobs/confirm.html", visitor, title=title, line=line, act=act)


@router.post("/jobs/{id}/stop")
def stop(visitor: Acting, parts: Needs, id: JobPath) -> Response:
    """End it with the best it has found."""
    parts.jobs.stop(visitor.tenant, known(id))
    return RedirectResponse(f"/jobs/{id}", 303)


@router.post("/jobs/{id}/cancel")
def cancel(visitor: Acting, parts: Needs, id: JobPath) -> Response:
    """End it and discard what it has found."""
    parts.jobs.cancel(visitor.tenant, known(id))
    return RedirectResponse(f"/jobs/{id}", 303)


@router.post("/jobs/{id}/remove")
def remove(visitor: Acting, parts: Needs, id: JobPath) -> Response:
    """Give up the results of a job that has ended."""
    if parts.jobs.get(visitor.tenant, known(id)).state in FINAL:
        delete(visitor.caller, parts, id)
    return RedirectResponse(f"/jobs/{id}", 303)
