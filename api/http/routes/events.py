"""Events of a job: as they come (server-sent events), or a page of them as JSON."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from pydantic import TypeAdapter
from starlette.responses import Response

from api.http import body
from api.http.auth import Reader
from api.http.negotiate import accepted
from api.http.parts import Needs
from api.http.routes.jobs import JobPath, known
from api.http.sse import EventStream
from models.faults import BadRequest
from models.jobs import FINAL, Event

STREAM = "text/event-stream"

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


_list = TypeAdapter(list[Event])


@router.get("/{id}/events", operation_id="job_events")
async def events(
    request: Request,
    caller: Reader,
    parts: Needs,
    id: JobPath,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="events with higher ids only")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="events of a page at most (JSON)")] = 1000,
) -> Response:
    """What happens to a job: states, progress, lines of its log.

    As server-sent events: `id` counts from 1 within the job, `Last-Event-ID` or `?after=` resumes, comments
    are sent while nothing happens, and the stream ends after the event of the final state; whoever comes
    again after that is answered with 204, which ends the reconnecting of browsers. With
    `Accept: application/json`, a page of events.
    """
    known(id)
    if accepted(request.headers.get("accept"), (STREAM, body.JSON)) == body.JSON:
        found = await run_sync(parts.jobs.events, caller.tenant, id, after, limit)
        return Response(_list.dump_json(list(found)), media_type=body.JSON)
    last = request.headers.get("last-event-id", "")
    if last:
        if not (last.isdecimal() and len(last) < 10):
            raise BadRequest("Last-Event-ID: the id of an event, a whole number.")
        after = int(last)
    job = await run_sync(parts.jobs.get, caller.tenant, id)
    if job.state in FINAL and not await run_sync(parts.jobs.events, caller.tenant, id, after, 1):
        return Response(status_code=204)
    if after and not await run_sync(parts.jobs.events, caller.tenant, id, after - 1, 1):
        raise BadRequest(f"The job has no event {after} yet.")
    return EventStream(parts.streams, caller.tenant, id, after)
