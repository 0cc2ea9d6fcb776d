"""What a job came to: its plan, its tables, every file, its log; reports and models made on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.http import tables as tabular
from api.http.auth import Reader
from api.http.demand import Makes, model_source, page, report_source, waiting
from api.http.parts import Needs, Parts
from api.http.routes.jobs import JobPath, known
from api.http.stored import choose, stored
from models.faults import BadRequest, Expired, NoResult, NoSuchBlob, NoSuchFile, NotFinished
from models.jobs import FINAL, File, Job, Manifest

router = APIRouter(prefix="/v1/jobs", tags=["results"])

Alternative = Annotated[str | None, Query(description="of a comparison: the name of one of its alternatives")]
Form = Annotated[str | None, Query(description="instead of the header Accept: json, csv or parquet")]


@router.get("/{id}/plan", operation_id="job_plan")
def plan(
    id: JobPath, request: Request, caller: Reader, parts: Needs, alternative: Alternative = None
) -> Response:
    """The plan of a solve, or of one alternative of a comparison, as `plan.json` of the command line.

    An infeasible instance has a plan as well: it says why, in `relaxations`.
    """
    job, manifest = ended(parts, caller.tenant, id)
    if job.kind == "compare":
        path = f"plans/{_alternative(manifest, alternative)}/plan.json"
    elif alternative is not None:
        raise BadRequest(f"A job of kind {job.kind} has no alternatives.")
    else:
        path = "plan.json"
    file = _find(manifest, path)
    if file is None:
        raise NoResult(f"A job of kind {job.kind} in state {job.state} has no plan.")
    return stored(request, file.digest, "application/json", loader(parts, caller.tenant, job, file.digest))


@router.get("/{id}/tables", operation_id="job_tables")
def list_tables(id: JobPath, caller: Reader, parts: Needs) -> dict[str, Any]:
    """Every table of the result, with what it holds and what it can be given as."""
    job, manifest = ended(parts, caller.tenant, id)
    return {
        "tables": [
            {
                "name": name,
                "description": tabular.describe(job.kind, name),
                "formats": tabular.formats(files),
                "bytes": {form: file.bytes for form, file in files.items()},
                "href": f"/v1/jobs/{job.id}/tables/{quote(name, safe='')}",
            }
            for name, files in tabular.tables(manifest, job.kind).items()
        ]
    }


@router.get("/{id}/tables/{name}", operation_id="job_table")
def table(
    id: JobPath,
    name: Annotated[str, Path(description="of the list of tables")],
    request: Request,
    caller: Reader,
    parts: Needs,
    format: Form = None,
) -> Response:
    """One table as records of JSON, as CSV or as Parquet, by the header Accept or `?format=`.

    Units stand in the names of columns (`_t`, `_usd`, `_days`). In CSV, text that a spreadsheet would take
    for a formula has an apostrophe in front.
    """
    job, manifest = ended(parts, caller.tenant, id)
    files = tabular.tables(manifest, job.kind).get(name)
    if files is None:
        raise NoSuchFile(f"It has no table {name[:80]!r}.")
    form = choose(request, {f: tabular.MEDIA_TYPES[f] for f in tabular.formats(files)}, format)
    tag, load = tabular.convert(files, form, getter(parts, caller.tenant, job))
    download = None if form == "json" else f"{name}.{form}"
    return stored(request, tag, tabular.MEDIA_TYPES[form], load, name=download)


@router.get("/{id}/files", operation_id="job_files")
def list_files(id: JobPath, caller: Reader, parts: Needs) -> dict[str, Any]:
    """Every file that the command line would have written into its folder, by size and SHA-256."""
    job, manifest = ended(parts, caller.tenant, id)
    place = f"/v1/jobs/{job.id}/files"
    return {"files": [{**f.model_dump(), "href": f"{place}/{quote(f.path)}"} for f in manifest.files]}


@router.get("/{id}/files/{path:path}", operation_id="job_file")
def file(
    id: JobPath,
    path: Annotated[str, Path(description="of the list of files")],
    request: Request,
    caller: Reader,
    parts: Needs,
) -> Response:
    """One file, byte for byte as it was written."""
    job, manifest = ended(parts, caller.tenant, id)
    found = _find(manifest, path)
    if found is None:
        raise NoSuchFile(f"It has no file {path[:200]!r}.")
    load = loader(parts, caller.tenant, job, found.digest)
    return stored(request, found.digest, found.media_type, load, name=found.path.rpartition("/")[2])


@router.get("/{id}/log", operation_id="job_log")
def log(id: JobPath, request: Request, caller: Reader, parts: Needs) -> Response:
    """What the run wrote about itself, as text; of a job that has not ended, what there is so far."""
    job = parts.jobs.get(caller.tenant, known(id))
    if job.state == "expired":
        raise Expired()
    if job.state in FINAL and job.result is not None:
        found = _find(parts.documents.manifest(job), "log.txt")
        if found is not None:
            load = loader(parts, caller.tenant, job, found.digest)
            return stored(request, found.digest, "text/plain; charset=utf-8", load)
    text = "".join(_lines(parts, caller.tenant, id))
    return stored(request, f"{job.version}-{len(text)}", "text/plain; charset=utf-8", text.encode)


@router.get("/{id}/report", operation_id="job_report")
def report(id: JobPath, request: Request, caller: Reader, parts: Needs, makes: Makes) -> Response:
    """A page of figures, tables and pictures that needs no network; of a solve, a comparison, an evaluation.

    It is made when it is first asked for. If that takes long the answer is 202: ask again.
    """
    job, manifest = ended(parts, caller.tenant, id)
    source, fill = report_source(job, manifest, getter(parts, caller.tenant, job))
    digest = makes.ask(source, "report", fill)
    if digest is None:
        return waiting(request)
    return page(request, digest, getter(parts, caller.tenant, job))


@router.get("/{id}/model.mps", operation_id="job_model_mps")
def mps(
    id: JobPath, request: Request, caller: Reader, parts: Needs, makes: Makes, alternative: Alternative = None
) -> Response:
    """The whole model, for any solver to check; the objective is in USD. Made when first asked for."""
    return _model(id, request, caller.tenant, parts, makes, "mps", alternative)


@router.get("/{id}/model.lp", operation_id="job_model_lp")
def lp(
    id: JobPath, request: Request, caller: Reader, parts: Needs, makes: Makes, alternative: Alternative = None
) -> Response:
    """The same in the LP format, for people to read."""
    return _model(id, request, caller.tenant, parts, makes, "lp", alternative)


@router.get("/{id}/model.columns.csv", operation_id="job_model_columns")
def legend(
    id: JobPath, request: Request, caller: Reader, parts: Needs, makes: Makes, alternative: Alternative = None
) -> Response:
    """Of each column of the model: its variable, its index, the natural amount of one unit."""
    return _model(id, request, caller.tenant, parts, makes, "columns", alternative)


def _model(
    id: str, request: Request, tenant: str, parts: Parts, makes: Makes, kind: str, alternative: str | None
) -> Response:
    job = parts.jobs.get(tenant, known(id))
    if job.kind not in ("solve", "compare"):
        raise NoResult(f"A job of kind {job.kind} has no model of its own.")
    name = None
    if job.kind == "compare":
        job, manifest = ended(parts, tenant, id)
        name = _alternative(manifest, alternative)
    elif alternative is not None:
        raise BadRequest(f"A job of kind {job.kind} has no alternatives.")
    if job.state == "expired":
        raise Expired()
    get = getter(parts, tenant, job)
    source, fill = model_source(parts.documents, tenant, job, name, get)
    digest = makes.ask(source, kind, fill, by="mps" if kind == "columns" else kind)
    if digest is None:
        return waiting(request)
    media_type = "text/csv" if kind == "columns" else "text/plain; charset=utf-8"
    suffix = "columns.csv" if kind == "columns" else kind
    return stored(request, digest, media_type, lambda: get(digest), name=f"{name or job.id}.{suffix}")


def ended(parts: Parts, tenant: str, id: str) -> tuple[Job, Manifest]:
    """A job that has a result, and its files. Raises NoSuchJob, NotFinished, Expired, NoResult."""
    job = parts.jobs.get(tenant, known(id))
    if job.state not in FINAL:
        raise NotFinished(f"It is {job.state}.", retry_after=5 if job.state == "queued" else 2)
    return job, parts.documents.manifest(job)


def getter(parts: Parts, tenant: str, job: Job) -> Callable[[str], bytes]:
    """What gives the bytes of a digest. It raises Expired where the result has gone in the meantime."""

    def get(digest: str) -> bytes:
        try:
            return parts.documents.blobs.get(digest)
        except NoSuchBlob:
            if parts.jobs.get(tenant, job.id).state == "expired":
                raise Expired() from None
            raise

    return get


def loader(parts: Parts, tenant: str, job: Job, digest: str) -> Callable[[], bytes]:
    """The same for one digest."""
    return lambda: getter(parts, tenant, job)(digest)


def _find(manifest: Manifest, path: str) -> File | None:
    return next((file for file in manifest.files if file.path == path), None)


def _alternative(manifest: Manifest, name: str | None) -> str:
    """An alternative that has a plan. Raises BadRequest, NoSuchFile."""
    parts = [file.path.split("/") for file in manifest.files if file.path.endswith("/plan.json")]
    names = [p[1] for p in parts if len(p) == 3 and p[0] == "plans"]
    some = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
    if name is None:
        raise BadRequest(f"Say which alternative of the comparison: ?alternative= one of {some}.")
    if name not in names:
        raise NoSuchFile(f"It has no plan of an alternative {name[:80]!r}; there are {some}.")
    return name


def _lines(parts: Parts, tenant: str, id: str) -> list[str]:
    """Lines of the log from the events of a job."""
    lines: list[str] = []
    after = 0
    while events := parts.jobs.events(tenant, id, after):
        lines += [f"{event.data.get('line', '')}\n" for event in events if event.type == "log"]
        after = events[-1].id
    return lines
