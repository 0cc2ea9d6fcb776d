"""What can be taken away: pictures' specifications, tables, files, the report.

The same functions as behind the bearer key; here the session says who it is.
"""

from __future__ import annotations

import io
import zipfile
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.http import demand
from api.http import tables as tabular
from api.http.demand import Makes, Waiting
from api.http.parts import Needs, Parts
from api.http.routes import results
from api.http.stored import stored
from api.web import shell
from api.web.plan import opened as opening
from api.web.plan import rooms
from api.web.plan import scenario as scenarios
from api.web.plan.opened import Found
from api.web.session import Visitor
from models.faults import NoSuchFile, TooLarge
from models.jobs import File, Job, Manifest

router = APIRouter(include_in_schema=False)

Alternative = Annotated[str | None, Query()]
LARGEST = 256 * 2**20
"""Bytes of an archive's tables, at most."""


@router.get("/jobs/{id}/plan/charts/{name}.json")
def chart(
    id: str,
    name: str,
    request: Request,
    visitor: Visitor,
    parts: Needs,
    alternative: Alternative = None,
    material: str = "",
    scenario: str = "",
    year: str = "",
) -> Response:
    """A picture of the report as Vega-Lite, its data in it."""
    found = opening.find(parts, visitor.tenant, id, alternative)
    picture = rooms.picture(name)
    choice = {k: v for k, v in (("material", material), ("scenario", scenario), ("year", year)) if v}
    opened = opening.open_plan(parts, visitor.tenant, found)

    def tables() -> object:
        if name != "replay":
            return opened.of_material(material)
        return opened.chosen(*scenarios.chosen(opened.unfolded(), scenario or None, year or None))

    spec = opened.spec(picture, choice, tables)
    return stored(request, opening.tag(spec), "application/json", lambda: spec)


def listed(found: Found) -> Manifest:
    """Files of the plan, their paths told from its own folder."""
    kept = [
        file.model_copy(update={"path": file.path.removeprefix(found.folder)})
        for file in found.manifest.files
        if file.path.startswith(found.folder)
    ]
    return Manifest(files=tuple(kept))


def files(found: Found) -> list[tuple[File, str]]:
    """What else there is beside tables: the workbook, the plan, the instance, the summary."""
    words = {
        "plan.xlsx": "Every table as one workbook, the longest left out",
        "summary.txt": "The plan in words, for a letter",
        "plan.json": "The plan itself, as the programs read it",
        "instance.json": "The instance it is for",
        "log.txt": "What the run wrote about itself",
    }
    by_path = {file.path: file for file in listed(found).files}
    return [(by_path[path], said) for path, said in words.items() if path in by_path]


@router.get("/jobs/{id}/plan/files/{path:path}")
def file(
    id: str, path: str, request: Request, visitor: Visitor, parts: Needs, alternative: Alternative = None
) -> Response:
    """One file, byte for byte."""
    found = opening.find(parts, visitor.tenant, id, alternative)
    return results.file(id, found.folder + path, request, visitor.caller, parts)


@router.get("/jobs/{id}/plan/tables/{name}.{form}")
def table(
    id: str,
    name: str,
    form: str,
    request: Request,
    visitor: Visitor,
    parts: Needs,
    alternative: Alternative = None,
) -> Response:
    """One table as CSV, Parquet or JSON."""
    found = opening.find(parts, visitor.tenant, id, alternative)
    there = tabular.tables(listed(found), "solve").get(name)
    if there is None or form not in tabular.formats(there):
        raise NoSuchFile(f"It has no table {name[:80]!r} as {form[:20]}.")
    tag, load = tabular.convert(there, form, results.getter(parts, visitor.tenant, found.job))
    return stored(request, tag, tabular.MEDIA_TYPES[form], load, name=f"{name}.{form}")


@router.get("/jobs/{id}/plan/tables.{form}.zip")
def archive(
    id: str, form: str, request: Request, visitor: Visitor, parts: Needs, alternative: Alternative = None
) -> Response:
    """Every table of one form in one archive. Raises NoSuchFile, TooLarge."""
    found = opening.find(parts, visitor.tenant, id, alternative)
    there = tabular.tables(listed(found), "solve")
    if form not in ("csv", "parquet") or not there:
        raise NoSuchFile(f"There are no tables as {form[:20]}.")
    if sum(max(file.bytes for file in kinds.values()) for kinds in there.values()) > LARGEST:
        raise TooLarge("The tables together are too large for one archive; take them one by one.")
    get = results.getter(parts, visitor.tenant, found.job)

    def load() -> bytes:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as whole:
            for name, kinds in there.items():
                if form in tabular.formats(kinds):
                    # A fixed date: the same tables make the same archive.
                    entry = zipfile.ZipInfo(f"{name}.{form}", (1980, 1, 1, 0, 0, 0))
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    whole.writestr(entry, tabular.convert(kinds, form, get)[1]())
        return data.getvalue()

    tag = f"{opening.tag(found.key.encode())}-{form}"
    return stored(request, tag, "application/zip", load, name=f"tables-{form}.zip")


PATIENCE = 1.0
"""Seconds a page waits for a report that is being made before it says so."""


def _report(parts: Parts, tenant: str, id: str, makes: Waiting) -> tuple[Job, str | None]:
    """The job, and the digest of its report; None while it is made."""
    job, manifest = results.ended(parts, tenant, id)
    source, fill = demand.report_source(job, manifest, results.getter(parts, tenant, job))
    return job, makes.derived.ask(source, "report", fill, patience=PATIENCE)


Download = Annotated[bool, Query(description="as a file rather than a page")]


@router.get("/jobs/{id}/plan/report")
def report(
    id: str, request: Request, visitor: Visitor, parts: Needs, makes: Makes, download: Download = False
) -> Response:
    """The report as one file; while it is made, a page that says so."""
    job, digest = _report(parts, visitor.tenant, id, makes)
    if digest is None:
        return shell.page(
            request,
            "plan/making.html",
            visitor,
            title="The report is being made",
            here=_here(id, download),
            asks=f"/jobs/{id}/plan/report/made" + ("?download=1" if download else ""),
            back=f"/jobs/{id}/plan/downloads",
        )
    answer = demand.page(request, digest, results.getter(parts, visitor.tenant, job))
    if download:
        name = quote(f"{job.title or 'report'}.html", safe="")
        answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return answer


def _here(id: str, download: bool) -> str:
    return f"/jobs/{id}/plan/report" + ("?download=1" if download else "")


@router.get("/jobs/{id}/plan/report/made")
def made(
    id: str, request: Request, visitor: Visitor, parts: Needs, makes: Makes, download: Download = False
) -> Response:
    """Asked by that page: the report, once it is there; nothing until then."""
    _, digest = _report(parts, visitor.tenant, id, makes)
    headers = {} if digest is None else {"HX-Redirect": _here(id, download)}
    return Response(status_code=204, headers=headers)
