"""The list of instances and drafts, and ways to get new ones: files, examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api.http.parts import Needs, Parts
from api.jobs import port
from api.store.drafts import Drafts
from api.web import shell
from api.web.instances import sending
from api.web.instances.examples import example, examples
from api.web.session import Acting, Visit, Visitor
from models.faults import BadRequest
from models.jobs import InstanceRecord

SIZE = 25
"""Instances of a page."""
_COUNTED = 100
"""Jobs are counted up to here."""

router = APIRouter(prefix="/instances")


@dataclass(frozen=True)
class Row:
    """An instance in the list."""

    record: InstanceRecord
    rows: int
    years: str
    jobs: str
    """How many jobs use it, '' if none."""


def row(parts: Parts, tenant: str, record: InstanceRecord) -> Row:
    """What the list says of an instance."""
    figures = record.figures
    start, periods = int(figures.get("start_year", 0)), int(figures.get("periods", 0))
    last = start + periods * float(figures.get("period_years", 1)) - 1
    found = parts.jobs.list(tenant, port.Query(instance=record.id, limit=_COUNTED))
    jobs = f"{len(found.jobs)}{'+' if found.next else ''}" if found.jobs else ""
    years = f"{start}–{last:.0f}" if last > start else str(start)
    return Row(record, sum(figures.get("rows", {}).values()), years, jobs)


@router.get("")
def instances(
    request: Request,
    visitor: Visitor,
    parts: Needs,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """What there is."""
    return _page(request, visitor, parts, q.strip(), cursor)


def _page(
    request: Request,
    visitor: Visit,
    parts: Parts,
    q: str = "",
    cursor: str | None = None,
    sent: tuple[sending.Sent, ...] = (),
    status: int = 200,
) -> Response:
    records, following = parts.documents.list_instances(visitor.tenant, cursor, SIZE, q)
    next = urlencode({"cursor": following} | ({"q": q} if q else {})) if following else ""
    return shell.page(
        request,
        "instances/list.html",
        visitor,
        status=status,
        title="Instances",
        q=q,
        cursor=cursor,
        next=f"/instances?{next}" if next else "",
        rows=[row(parts, visitor.tenant, record) for record in records],
        drafts=Drafts(parts.documents.engine).list(visitor.tenant),
        examples=examples(),
        accept=sending.ACCEPT,
        most_mb=parts.settings.body_mb,
        sent=sent,
    )


@router.get("/upload")
def uploaded(visitor: Visitor) -> Response:
    """Where somebody comes who loads the answer to a form again."""
    return RedirectResponse("/instances", 303)


@router.post("/upload")
async def upload(request: Request, visitor: Acting, parts: Needs) -> Response:
    """Take files; one that is in order is shown at once, one with faults as its draft."""
    found = [f for f in visitor.form.getlist("file") if isinstance(f, UploadFile) and (f.filename or f.size)]
    if not found:
        problem = sending.Sent("No file", problem="Choose one or more files, or drop them on the page.")
        return await run_sync(lambda: _page(request, visitor, parts, sent=(problem,), status=422))
    if len(found) > sending.MOST:
        raise BadRequest(f"{len(found)} files were sent; {sending.MOST} are taken at a time.")
    sent = tuple([await sending.take(parts, visitor.tenant, file) for file in found])
    if len(sent) == 1 and sent[0].address:
        return to(request, sent[0].address)
    refused = any(one.kind == "refused" for one in sent)
    return await run_sync(lambda: _page(request, visitor, parts, sent=sent, status=422 if refused else 200))


def to(request: Request, address: str) -> Response:
    """Go there; a script that sent the form is told where."""
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


@router.post("/examples")
def begin(request: Request, visitor: Acting, parts: Needs) -> Response:
    """Load an instance that comes with the program."""
    folder = str(visitor.form.get("example", ""))
    sent = sending.stored(parts, visitor.tenant, folder, example(folder))
    return to(request, sent.address)
