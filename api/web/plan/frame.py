"""What the pages of a plan share: finding it, the tabs, the name on top."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from api.http.parts import Parts
from api.web import shell
from api.web.plan import opened as opening
from api.web.plan import rooms
from api.web.plan.opened import Found, NoAlternative, Opened
from api.web.plan.rooms import Place
from api.web.session import Visit
from models.faults import Expired, NoResult, NotFinished
from models.jobs import Job

Number = Annotated[int, Query(ge=1, le=100_000)]
Text = Annotated[str, Query(max_length=200)]


def open_plan(
    parts: Parts, visitor: Visit, id: str, alternative: str | None, *, commitments: bool = True
) -> tuple[Found, Opened] | Response:
    """A plan that is there, or the way to the page that says why there is none.

    ``commitments``: the reason why nothing meets the rules is no plan. Raises NoSuchJob, NoSuchFile.
    """
    first = RedirectResponse(Place(id, alternative).address(), 303)
    try:
        found = opening.find(parts, visitor.tenant, id, alternative)
    except (NotFinished, Expired, NoResult, NoAlternative):
        return first
    opened = opening.open_plan(parts, visitor.tenant, found)
    return first if commitments and opened.plan.commitments is None else (found, opened)


def show(
    request: Request,
    visitor: Visit,
    template: str,
    tab: str,
    found: Found,
    opened: Opened,
    *,
    status: int = 200,
    **context: Any,
) -> Response:
    """A page with the tabs of a plan."""
    place = Place(found.job.id, found.alternative)
    there = opened.plan.commitments is not None
    name = found.alternative or called(found.job)
    return shell.page(
        request,
        f"plan/{template}.html",
        visitor,
        status=status,
        title=f"{rooms.TABS[tab]}: {opened.plan.instance}" if tab else f"Plan: {opened.plan.instance}",
        job=found.job,
        name=name,
        plan=opened.plan,
        place=place,
        tab=tab,
        tab_name=rooms.TABS[tab],
        tabs=place.tabs(there),
        current=place.address(tab),
        **context,
    )


def called(job: Job) -> str:
    """What a job is called."""
    return job.title or f"job {job.id[:8]}"
