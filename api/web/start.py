"""The start page: what to do first, and what is under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from api.http.parts import Needs, Parts
from api.jobs.port import Query
from api.web import shell
from api.web.instances.listing import row as listed
from api.web.jobs import listing
from api.web.session import Visit, Visitor
from models.jobs import FINAL, InstanceRecord, Job

RECENT = 8
"""Jobs and instances on the start page."""
LIVE, IDLE = 2, 10
"""Seconds between two looks at the jobs, while one is under way and while none is."""


class ForPages(APIRoute):
    """A route that is there for whoever wants HTML: the same path answers programs in JSON."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this is the route for a request."""
        accept = next((value for name, value in scope.get("headers", ()) if name == b"accept"), b"")
        return super().matches(scope) if b"text/html" in accept else (Match.NONE, {})


router = APIRouter(include_in_schema=False)
index = APIRouter(include_in_schema=False, route_class=ForPages)


@dataclass(frozen=True)
class Step:
    """One on the way from a spreadsheet to a compared budget."""

    name: str
    about: str
    done: bool
    address: str
    action: str
    """What the button says; empty where there is none for this visitor."""


@index.get("/")
def start(request: Request, visitor: Visitor, parts: Needs) -> Response:
    """What there is, and what to do first."""
    instances, _ = parts.documents.list_instances(visitor.tenant, limit=RECENT)
    steps = _steps(visitor, parts, instances)
    return shell.page(
        request,
        "start.html",
        visitor,
        title="Workbench",
        instances=[listed(parts, visitor.tenant, record) for record in instances],
        steps=steps,
        next=next((step for step in steps if step.action and not step.done), None),
        **_now(visitor, parts),
    )


@router.get("/start/now")
def now(request: Request, visitor: Visitor, parts: Needs, seen: str = "") -> Response:
    """The jobs of the start page; 204 if nothing has changed since they were ``seen``."""
    context = _now(visitor, parts)
    if seen == context["seen"]:
        return Response(status_code=204)
    return shell.fragment(request, "parts/now.html", visitor, **context)


def _now(visitor: Visit, parts: Parts) -> dict[str, Any]:
    page = parts.jobs.list(visitor.tenant, Query(limit=RECENT))
    names = listing.instance_names(parts, visitor.tenant, (job.instance for job in page.jobs))
    live = any(job.state not in FINAL for job in page.jobs)
    lines = listing.lines(page.jobs, names)
    return {"lines": lines, "seen": listing.seen(page), "every": LIVE if live else IDLE}


def _steps(visitor: Visit, parts: Parts, instances: Sequence[InstanceRecord]) -> list[Step]:
    """The way, and how far along it the tenant is."""

    def last(**query: Any) -> Job | None:
        found = parts.jobs.list(visitor.tenant, Query(limit=1, **query)).jobs
        return found[0] if found else None

    planned = last(kinds=("solve",), states=("succeeded",))
    solved = planned or last(kinds=("solve",))
    compared = last(kinds=("compare",))
    instance = (planned and planned.instance) or (instances[0].id if instances else "")
    of_it = f"?{urlencode({'instance': instance})}" if instance else ""
    act = visitor.may("submit")
    return [
        Step(
            "Bring an instance",
            "The tables of what is needed, who supplies it, what may be bought or built, and what may go"
            " wrong: a workbook, a zip of CSV tables, or one of the examples.",
            bool(instances), "/instances", "Send a workbook or take an example" if act else "",
        ),
        Step(
            "Solve it",
            "The solver looks for the plan that leaves the least risk for the money, and proves how good it"
            " is. Watch it close the gap, stop it when it is good enough.",
            solved is not None, f"/jobs/new{of_it}", "Solve" if act and instances else "",
        ),
        Step(
            "Read the plan",
            "What to sign, build and hold; where it comes from; what is left of the risk; any crisis, year"
            " by year.",
            planned is not None, f"/jobs/{planned.id}/plan" if planned else "/jobs",
            "Open the plan" if planned else "",
        ),
        Step(
            "Compare budgets",
            "The same instance under several budgets: what enters and leaves, and what another billion"
            " would save.",
            compared is not None, f"/compare/{compared.id}" if compared else f"/compare/new{of_it}",
            "Open the comparison" if compared else "Compare" if act and instances else "",
        ),
    ]  # fmt: skip
