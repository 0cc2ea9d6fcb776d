"""Jobs: submit, look, list, stop, cancel, remove."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated
from urllib.parse import urlencode

import structlog
from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from api import addresses
from api.http import body, parse
from api.http.auth import Caller, Reader, Submitter
from api.http.negotiate import matches, wait_seconds
from api.http.parts import Needs, Parts
from api.jobs import port
from models.faults import BadRequest, DamagedBlob, NoSuchBlob, NoSuchJob
from models.jobs import FINAL, Job, Kind, State

WAIT = 60.0
"""Seconds at most that Prefer: wait holds an answer back."""
RETRY_AFTER = 1
"""Seconds after which it is worth looking at a job that has been accepted."""
_log = structlog.get_logger("stockpile.http")
_PATTERN = re.compile(r"[0-9a-f]{32}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

JobPath = Annotated[str, Path(description="Id of the job", alias="id")]


class Filter(BaseModel):
    """Which jobs to list."""

    model_config = ConfigDict(extra="forbid")

    state: list[State] = Field(default=[], description="in one of these states")
    kind: list[Kind] = Field(default=[], description="of one of these kinds")
    tag: list[str] = Field(default=[], description="with all of these tags")
    parent: str | None = Field(default=None, description="that go on from this job")
    batch: str | None = Field(default=None, description="of this batch")
    instance: str | None = Field(default=None, description="on this instance")
    cursor: str | None = Field(default=None, description="next of the page before")
    limit: int = Field(default=50, ge=1, le=200, description="jobs of a page at most")


_list = TypeAdapter(list[Job])


def known(id: str) -> str:
    """The id, if it can be one of a job. Raises NoSuchJob."""
    if not _PATTERN.fullmatch(id):
        raise NoSuchJob()
    return id


def etag(job: Job) -> str:
    """Changes whenever what is told of the job does."""
    return f'"{job.version}{f"-{job.position}" if job.position is not None else ""}"'


def render(job: Job, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A job as an answer."""
    own = {"ETag": etag(job), "Cache-Control": "private, no-cache"}
    if status == 202:
        own["Retry-After"] = str(RETRY_AFTER)
    return Response(job.model_dump_json(), status, own | (headers or {}), body.JSON)


@router.post("", operation_id="submit_job", status_code=202)
async def submit(request: Request, caller: Submitter, parts: Needs) -> Response:
    """Submit a job: a solve, a batch, a comparison, an evaluation or a sample.

    It is accepted durably before the answer is given. Where it takes an instance or a plan, the id of a
    stored one or the document itself may stand. With `Idempotency-Key` the same request may safely be sent
    again. With `Prefer: wait=N` the answer is held back until the job has ended, for up to N seconds, 60 at
    most.
    """
    body.expect(request, body.JSON)
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise BadRequest("Idempotency-Key: 1 to 255 printable ASCII characters without blanks.")
    async with body.received(request, parts) as data:
        job, new = await parts.buffered.work(data, lambda: accept(parts, caller, data, key))
    headers = {"Location": f"/v1/jobs/{job.id}"}
    if not new:
        headers["Idempotency-Replayed"] = "true"
    seconds = wait_seconds(request.headers.getlist("prefer"), WAIT)
    if seconds is not None:
        headers["Preference-Applied"] = f"wait={seconds:g}"
        job = await ended(parts, caller, job, seconds)
    return render(job, 200 if seconds is not None and job.state in FINAL else 202, headers)


def accept(parts: Parts, caller: Caller, data: bytes, key: str | None) -> tuple[Job, bool]:
    """Read a request, store the documents in it and submit it."""
    digest = hashlib.sha256(data).hexdigest()
    if key is not None:
        before = parts.jobs.known(caller.tenant, key, digest)
        if before is not None:
            return before, False
    asked = parse.job_request(data)
    if asked.webhook is not None:
        addresses.check(asked.webhook, private=parts.settings.allow_private_webhooks)
    asked = parse.stored(parts.documents, caller.tenant, asked)
    asked = parts.documents.resolve(caller.tenant, asked)
    parse.check_alternatives(parts.documents, caller.tenant, asked)
    return parts.jobs.submit(port.Submission(caller.tenant, asked, caller.key, key, key and digest))


async def ended(parts: Parts, caller: Caller, job: Job, seconds: float) -> Job:
    """The job when it has ended, or after so many seconds."""
    if job.state in FINAL:
        return job
    await parts.streams.final(caller.tenant, job.id, 0, seconds)
    return await run_sync(parts.jobs.get, caller.tenant, job.id)


@router.get("", operation_id="list_jobs")
def list_jobs(caller: Reader, parts: Needs, asked: Annotated[Filter, Query()]) -> Response:
    """List jobs, newest first; `Link` leads to the next page.

    Members of a batch are left out of its `work`; list them with `?batch=`.
    """
    for id in (asked.parent, asked.batch):
        if id is not None:
            known(id)
    page = parts.jobs.list(
        caller.tenant,
        port.Query(
            states=asked.state,
            kinds=asked.kind,
            tags=asked.tag,
            parent=asked.parent,
            batch=asked.batch,
            instance=asked.instance,
            cursor=asked.cursor,
            limit=asked.limit,
        ),
    )
    headers = {}
    if page.next is not None:
        query = asked.model_dump(exclude_defaults=True) | {"cursor": page.next}
        headers["Link"] = f'</v1/jobs?{urlencode(query, doseq=True)}>; rel="next"'
    return Response(_list.dump_json([_short(job) for job in page.jobs]), 200, headers, body.JSON)


def _short(job: Job) -> Job:
    if job.kind != "batch":
        return job
    return job.model_copy(update={"work": {k: v for k, v in job.work.items() if k != "instances"}})


@router.get("/{id}", operation_id="get_job")
async def get_job(request: Request, caller: Reader, parts: Needs, id: JobPath) -> Response:
    """Look at a job. With `Prefer: wait=N` the answer is held back until it has ended, as for submissions."""
    job = await run_sync(parts.jobs.get, caller.tenant, known(id))
    seconds = wait_seconds(request.headers.getlist("prefer"), WAIT)
    headers = {}
    if seconds is not None:
        headers["Preference-Applied"] = f"wait={seconds:g}"
        job = await ended(parts, caller, job, seconds)
    if matches(request.headers.get("if-none-match"), etag(job)):
        return Response(status_code=304, headers={"ETag": etag(job), "Cache-Control": "private, no-cache"})
    return render(job, 200, headers)


@router.post("/{id}/stop", operation_id="stop_job", status_code=202)
def stop(caller: Submitter, parts: Needs, id: JobPath) -> Response:
    """End a job with the best it has found. A queued one is cancelled; a finished one stays as it is."""
    return render(parts.jobs.stop(caller.tenant, known(id)), 202)


@router.post("/{id}/cancel", operation_id="cancel_job", status_code=202)
def cancel(caller: Submitter, parts: Needs, id: JobPath) -> Response:
    """End a job and discard what it has; of a batch, all its jobs. A finished one stays as it is."""
    return render(parts.jobs.cancel(caller.tenant, known(id)), 202)


def _hold(parts: Parts, job: Job, result: str) -> None:
    """Keep the files of a result for a while: whoever reads one now may finish doing so."""
    try:
        files = parts.documents.manifest(job).files
    except (NoSuchBlob, DamagedBlob) as error:  # no reason to keep the rest of it
        _log.warning("manifest of a job that is removed", job=job.id, error=str(error))
        return
    for digest in (*(file.digest for file in files), result):
        parts.documents.blobs.touch(digest)


@router.delete("/{id}", operation_id="delete_job", status_code=202)
def delete(caller: Submitter, parts: Needs, id: JobPath) -> Response:
    """Cancel a job that has not ended; give up the results of one that has (it is `expired` then)."""
    job = parts.jobs.get(caller.tenant, known(id))
    if job.state not in FINAL:
        return render(parts.jobs.cancel(caller.tenant, id), 202)
    if job.result is not None:
        _hold(parts, job, job.result)
    return render(parts.jobs.remove(caller.tenant, id), 202)
