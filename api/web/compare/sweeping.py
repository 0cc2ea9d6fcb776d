"""A budget sweep from a page: the form, and the job it becomes."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.http.parts import Needs, Parts
from api.http.problems import Listed
from api.http.routes.jobs import known
from api.web import shell
from api.web.compare import sweep as sweeps
from api.web.compare.sweep import Sweep
from api.web.jobs import listing
from api.web.jobs.acting import send
from api.web.session import Acting, Visit, Visitor
from models.faults import NotAllowed
from models.jobs import Job

_CHOICE = 200

router = APIRouter()


@router.get("/compare/new")
def new(
    request: Request, visitor: Visitor, parts: Needs, instance: str = "", job: str = "", clone: str = "",
    budgets: str = "",
) -> Response:  # fmt: skip
    """The form; for an instance, with the options of a ``job``, or of the same comparison as a ``clone``."""
    if not visitor.may("submit"):
        raise NotAllowed(f"It has the role {visitor.role}; this needs submit.")
    if clone:
        original = parts.jobs.get(visitor.tenant, known(clone))
        return _form(request, visitor, parts, sweeps.again(original), original)
    like = parts.jobs.get(visitor.tenant, known(job)) if job else None
    instance = instance or (like.instance or "" if like is not None else "")
    stored = parts.documents.instance(visitor.tenant, instance) if instance else None
    made = sweeps.empty(instance, stored, like)
    return _form(request, visitor, parts, replace(made, budgets=budgets[:2000]), None)


@router.post("/compare/new")
def submit(request: Request, visitor: Acting, parts: Needs) -> Response:
    """Submit the comparison; the same form sent twice is one."""
    form = {name: [v for v in visitor.form.getlist(name) if isinstance(v, str)] for name in visitor.form}
    clone = (form.get("clone") or [""])[-1]
    original = parts.jobs.get(visitor.tenant, known(clone)) if clone else None
    asked = sweeps.sent(form, original)
    values, wrong = sweeps.envelopes(asked)
    if not asked.asking.instance:
        wrong["instance"] = "Choose an instance."
    if wrong:
        return _form(request, visitor, parts, replace(asked, wrong=wrong), original, status=422)
    try:
        job = send(parts, visitor, sweeps.request(asked, values), asked.asking.once)
    except Listed as error:
        return _form(request, visitor, parts, sweeps.faulty(asked, error), original, status=422)
    return RedirectResponse(f"/jobs/{job.id}", 303)


def _form(
    request: Request, visitor: Visit, parts: Parts, asked: Sweep, original: Job | None, status: int = 200
) -> Response:
    instances, more = parts.documents.list_instances(visitor.tenant, limit=_CHOICE)
    choices = {record.id: record.name for record in instances}
    if asked.asking.instance and asked.asking.instance not in choices:
        choices |= listing.instance_names(parts, visitor.tenant, [asked.asking.instance])
    title = "Change and compare again" if original else "Compare budgets"
    return shell.page(
        request, "compare/new.html", visitor, status=status, title=title, sweep=asked, asked=asked.asking,
        original=original, choices=choices, more=more is not None,
    )  # fmt: skip
