"""One instance: at a glance, its tables, what changed against another, copies of it, its end."""

from __future__ import annotations

import re
from typing import Annotated, Any, get_args
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from api.http import body
from api.http.parts import Needs
from api.jobs import port
from api.store.drafts import Drafts
from api.web import shell
from api.web.instances import headline, packing, sheets
from api.web.instances.changes import MOST, changes
from api.web.instances.listing import to
from api.web.instances.opened import Opened, opened
from api.web.session import Acting, Visit, Visitor
from models.drafts.read import of_instance
from models.faults import BadRequest
from models.jobs import FINAL, State

ROWS = 100
"""Rows of a table that come with the page; the script fetches the others as they are scrolled to."""
OTHERS = 200
"""Instances offered to compare with."""
_UNFINISHED = tuple(state for state in get_args(State) if state not in FINAL)

router = APIRouter(prefix="/instances/{id}")


def show(request: Request, visitor: Visit, template: str, found: Opened, room: str, **more: Any) -> Response:
    """A page of an instance, with the tabs that lead to the others; ``room`` is the one that is open."""
    here = f"/instances/{found.record.id}"
    tabs = [
        (here, "Overview"),
        (f"{here}/tables", "Tables"),
        (f"{here}/map", "Map"),
        (f"{here}/changes", "What changed"),
    ]
    return shell.page(
        request,
        f"instances/{template}",
        visitor,
        title=found.instance.name if room == "" else f"{more.pop('what')} of {found.instance.name}",
        record=found.record,
        instance=found.instance,
        here=here,
        tabs=tabs,
        tab=here + (f"/{room}" if room else ""),
        formats=packing.FORMATS,
        **more,
    )


@router.get("")
def overview(request: Request, visitor: Visitor, parts: Needs, id: str) -> Response:
    """An instance at a glance."""
    found = opened(parts, visitor.tenant, id)
    jobs = parts.jobs.list(visitor.tenant, port.Query(instance=id, limit=6)).jobs
    needing = parts.jobs.list(visitor.tenant, port.Query(instance=id, states=_UNFINISHED, limit=6)).jobs
    return show(
        request,
        visitor,
        "overview.html",
        found,
        "",
        cards=headline.cards(found.instance),
        listed=headline.listed(found.grids),
        jobs=jobs,
        needing=needing,
        warnings=found.record.warnings,
        grids_named=set(found.grids),
    )


@router.get("/tables")
def tables(
    request: Request,
    visitor: Visitor,
    parts: Needs,
    id: str,
    table: Annotated[str, Query(max_length=200)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    first: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """A table; its first rows, the others on demand."""
    found = opened(parts, visitor.tenant, id)
    table = table or ("commodities" if "commodities" in found.grids else "instance")
    if table not in found.grids:
        raise BadRequest(f"{table[:80]!r} is not a table of this instance.")
    grid = found.grids[table]
    part = sheets.part(grid, first, ROWS, q)
    around = {"table": table} | ({"q": q} if q else {})
    return show(
        request,
        visitor,
        "tables.html",
        found,
        "tables",
        what=table,
        table=table,
        q=q,
        heads=sheets.heads(grid),
        note=sheets.note(table),
        part=part,
        listed=headline.listed(found.grids),
        before=urlencode(around | {"first": max(0, part.first - ROWS)}) if part.first else "",
        after=urlencode(around | {"first": part.first + ROWS}) if part.first + ROWS < part.matching else "",
    )


@router.get("/rows")
def rows(
    visitor: Visitor,
    parts: Needs,
    id: str,
    table: Annotated[str, Query(max_length=200)] = "",
    first: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    count: Annotated[int, Query(ge=0, le=sheets.MOST)] = ROWS,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Some rows of a table, for the script."""
    found = opened(parts, visitor.tenant, id)
    if table not in found.grids:
        raise BadRequest(f"{table[:80]!r} is not a table of this instance.")
    return JSONResponse(sheets.part(found.grids[table], first, count, q).as_dict())


@router.get("/changes")
def compared(
    request: Request,
    visitor: Visitor,
    parts: Needs,
    id: str,
    other: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """What changed from another instance to this one."""
    found = opened(parts, visitor.tenant, id)
    records, _ = parts.documents.list_instances(visitor.tenant, limit=OTHERS)
    before = opened(parts, visitor.tenant, other) if other else None
    return show(
        request,
        visitor,
        "changes.html",
        found,
        "changes",
        what="What changed",
        others=[record for record in records if record.id != id],
        before=before,
        changes=changes(before.instance, found.instance) if before else [],
        most=MOST,
    )


@router.get("/download")
def download(
    visitor: Visitor, parts: Needs, id: str, format: Annotated[str, Query(max_length=10)] = "xlsx"
) -> Response:
    """The instance as a file."""
    found = opened(parts, visitor.tenant, id)
    if format not in packing.FORMATS:
        raise BadRequest(f"format is one of {', '.join(packing.FORMATS)}, not {format!r}.")
    name = re.sub(r"[^\w.-]+", "-", found.instance.name).strip("-.")[:80] or id[:12]
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{name}.{format}', safe='')}",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "Cache-Control": "private, no-cache",
    }
    kind = {"xlsx": body.XLSX, "zip": body.ZIP[0], "yaml": body.YAML[0], "json": body.JSON}[format]
    return Response(packing.pack(found.instance, format), headers=headers, media_type=kind)


@router.post("/copy")
def copy(request: Request, visitor: Acting, parts: Needs, id: str) -> Response:
    """Begin a draft with what the instance holds."""
    found = opened(parts, visitor.tenant, id)
    draft = Drafts(parts.documents.engine).put(visitor.tenant, of_instance(found.instance), origin=id)
    table = str(visitor.form.get("table", ""))
    return to(request, f"/instances/drafts/{draft}?{urlencode({'table': table or 'instance'})}")


@router.post("/delete")
def delete(request: Request, visitor: Acting, parts: Needs, id: str) -> Response:
    """Forget an instance. Raises InstanceInUse."""
    parts.documents.delete_instance(visitor.tenant, opened(parts, visitor.tenant, id).record.id)
    return to(request, "/instances")
