"""Explanations that take a search: begun by a button, watched, read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.http.demand import Makes, Waiting
from api.http.parts import Needs, Parts
from api.http.problems import describe
from api.http.routes import results
from api.web import shell
from api.web.plan import opened as opening
from api.web.plan import reasons
from api.web.plan.frame import Number, Text, open_plan, show
from api.web.plan.opened import Found, Opened
from api.web.plan.reasons import Explained
from api.web.plan.rooms import Place
from api.web.session import Acting, Visit, Visitor
from models.faults import NotMade, StockpileError, UnknownItem

router = APIRouter(include_in_schema=False)

SHARE = 0.6
"""Of the time that making something may take, what the searches get; the rest writes equations and bounds."""
KIND = "why"


@dataclass(frozen=True)
class Asked:
    """An explanation: there, being made, failed, or not asked for yet."""

    item: str
    address: str
    """Of the piece of page that asks again."""
    begin: str
    found: Explained | None = None
    busy: bool = False
    doing: str = ""
    share: float | None = None
    seconds: float = 0.0
    problem: dict[str, object] | None = None
    minutes: float = 5.0


def asked(parts: Parts, tenant: str, found: Found, makes: Waiting, item: str) -> Asked:
    """How the explanation of a plan (or of an item of it) stands. Raises Expired."""
    derived, source = makes.derived, reasons.source(found, item)
    place = Place(found.job.id, found.alternative)
    address = place.address("reasons/explained", {"item": item})
    begin = place.address("reasons/explain")
    minutes = derived.seconds / 60
    digest = derived.known(source, KIND)
    if digest is not None:
        data = results.getter(parts, tenant, found.job)(digest)
        return Asked(item, address, begin, reasons.explained(data))
    now = derived.progress(source, KIND)
    if now is None:
        return Asked(item, address, begin, minutes=minutes)
    if now.error is not None:
        error = now.error if isinstance(now.error, StockpileError) else NotMade()
        return Asked(item, address, begin, problem=describe(error), minutes=minutes)
    doing = now.doing or ("begins" if now.begun else "waits for its turn")
    share = now.done / now.of if now.of else None
    return Asked(item, address, begin, busy=True, doing=doing, share=share, seconds=now.seconds)


@router.get("/jobs/{id}/plan/reasons/explained")
def explained(
    id: str,
    request: Request,
    visitor: Visitor,
    parts: Needs,
    makes: Makes,
    alternative: str | None = None,
    item: Text = "",
) -> Response:
    """The piece of page: how far it is, or what was found."""
    found = opening.find(parts, visitor.tenant, id, alternative)
    view = asked(parts, visitor.tenant, found, makes, item)
    return shell.fragment(request, "plan/_explained.html", visitor, view=view)


@router.get("/jobs/{id}/plan/reasons")
def reasons_page(
    id: str,
    request: Request,
    visitor: Visitor,
    parts: Needs,
    makes: Makes,
    alternative: str | None = None,
    kind: Text = "",
    q: Text = "",
    page: Number = 1,
    item: Text = "",
) -> Response:
    """What one more unit would save, and why the plan is as it is."""
    there = open_plan(parts, visitor, id, alternative)
    if isinstance(there, Response):
        return there
    found, opened = there
    return _show(request, visitor, parts, makes, found, opened, kind=kind, q=q, page=page, item=item)


def _show(
    request: Request, visitor: Visit, parts: Parts, makes: Waiting, found: Found, opened: Opened, *,
    kind: str = "", q: str = "", page: int = 1, item: str = "", wrong: str = "", status: int = 200,
) -> Response:  # fmt: skip
    place = Place(found.job.id, found.alternative)

    def turn(to: int) -> str:
        return place.address("reasons", {"kind": kind, "q": q, "page": str(to)})

    return show(
        request, visitor, "reasons", "reasons", found, opened, status=status,
        view=reasons.values(opened, kind, q, page), kind=kind, q=q, turn=turn, item=item, wrong=wrong,
        items=reasons.items(opened.instance), whole=asked(parts, visitor.tenant, found, makes, ""),
        of_item=asked(parts, visitor.tenant, found, makes, item) if item and not wrong else None,
    )  # fmt: skip


@router.post("/jobs/{id}/plan/reasons/explain")
def explain(
    id: str,
    request: Request,
    visitor: Acting,
    parts: Needs,
    makes: Makes,
    alternative: str | None = None,
) -> Response:
    """Begin to search, where nobody has, and go back to the page. Raises Unavailable."""
    there = open_plan(parts, visitor, id, alternative)
    if isinstance(there, Response):
        return there
    found, opened = there
    item = str(visitor.form.get("item", "")).strip()
    if item:
        try:
            reasons.check_item(opened.instance, item)
        except UnknownItem as error:
            return _show(
                request, visitor, parts, makes, found, opened, item=item, wrong=str(error), status=422
            )
    get = results.getter(parts, visitor.tenant, found.job)
    fill = reasons.fill(found, item, SHARE * makes.derived.seconds, get)
    with suppress(NotMade):  # of a moment ago: the page tells it
        makes.derived.ask(reasons.source(found, item), KIND, fill, patience=0.0)
    address = Place(found.job.id, alternative).address("reasons", {"item": item})
    return RedirectResponse(f"{address}#{'item' if item else 'whole'}", 303)
