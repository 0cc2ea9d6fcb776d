"""Pages that show jobs: the list, one job, the pieces of it that change, its picture."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.http.parts import Needs, Parts
from api.http.routes.jobs import JobPath, known
from api.jobs.port import Query
from api.web import shell
from api.web.jobs import listing, phrases
from api.web.jobs.facts import facts
from api.web.jobs.history import Histories, Past
from api.web.jobs.listing import Filter
from api.web.jobs.standing import Standing, standing, wait
from api.web.session import Visit, Visitor
from models.faults import DamagedBlob, Expired, NoResult, NoSuchBlob, NoSuchJob
from models.jobs import FINAL, File, Job
from optimizer.report.charts import SEARCH, gap

POLL, IDLE = 2, 10
"""Seconds between two looks at a list, while something in it is under way and while nothing is."""
PLANS = 40
"""Plans found that are shown."""
_LAST = 25
"""Jobs that ended, from which the wait of others is estimated."""

router = APIRouter()


@router.get("/jobs")
def jobs(request: Request, visitor: Visitor, parts: Needs) -> Response:
    """The list."""
    asked = Filter.read(request.query_params)
    return shell.page(request, "jobs/list.html", visitor, title="Jobs", **_listed(parts, visitor, asked))


@router.get("/jobs/rows")
def rows(request: Request, visitor: Visitor, parts: Needs) -> Response:
    """The list alone; 204 if nothing has changed since it was ``seen``."""
    asked = Filter.read(request.query_params)
    context = _listed(parts, visitor, asked)
    if request.query_params.get("seen") == context["seen"]:
        return Response(status_code=204)
    return shell.fragment(request, "jobs/rows.html", visitor, **context)


def _listed(parts: Parts, visitor: Visit, asked: Filter) -> dict[str, Any]:
    page = parts.jobs.list(visitor.tenant, asked.query())
    names = listing.instance_names(parts, visitor.tenant, (job.instance for job in page.jobs))
    live = any(job.state not in FINAL for job in page.jobs)
    return {
        "asked": asked,
        "lines": listing.lines(page.jobs, names),
        "next": asked.address(cursor=page.next) if page.next else None,
        "seen": listing.seen(page),
        "every": POLL if live else IDLE,
        "states": listing.STATES,
        "kinds": listing.KINDS,
    }


def histories(request: Request) -> Histories:
    """What is kept of the jobs that are looked at."""
    state = request.app.state
    if getattr(state, "histories", None) is None:
        state.histories = Histories()
    found: Histories = state.histories
    return found


@router.get("/jobs/{id}")
def job(request: Request, visitor: Visitor, parts: Needs, id: JobPath) -> Response:
    """One job."""
    found = parts.jobs.get(visitor.tenant, known(id))
    context = _job(request, visitor, parts, found)
    return shell.page(request, "jobs/job.html", visitor, **context)


@router.get("/jobs/{id}/now")
def now(request: Request, visitor: Visitor, parts: Needs, id: JobPath, seen: str = "") -> Response:
    """What changes of a job; 204 if nothing has since it was ``seen``."""
    found = parts.jobs.get(visitor.tenant, known(id))
    if found.state not in FINAL and seen == _token(found, _last(parts, found)):
        return Response(status_code=204)
    context = _job(request, visitor, parts, found)
    return shell.fragment(request, "jobs/piece.html", visitor, piece=True, **context)


@router.get("/jobs/{id}/gap.json")
def picture(request: Request, visitor: Visitor, parts: Needs, id: JobPath) -> Response:
    """The picture of the search, as Vega-Lite."""
    found = parts.jobs.get(visitor.tenant, known(id))
    past = histories(request).read(parts.jobs, visitor.tenant, id)
    return shell.picture(SEARCH.chart(searched(found, past)).to_dict())


@router.get("/jobs/{id}/points.json")
def points(request: Request, visitor: Visitor, parts: Needs, id: JobPath) -> Response:
    """The rows of that picture as they are now, and the sentence below it."""
    found = parts.jobs.get(visitor.tenant, known(id))
    tables = searched(found, histories(request).read(parts.jobs, visitor.tenant, id))
    told = {"name": gap.SERIES, "rows": gap.points(tables), "words": gap.words(tables)}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


def searched(job: Job, past: Past) -> dict[str, pd.DataFrame]:
    """What the picture of the search is made from: how it went, and what came of it in the end."""
    if job.finished is None or job.started is None or job.objective is None:
        return {"progress": past.progress}
    end = {"seconds": [job.finished - job.started], "incumbent": [job.objective], "bound": [job.bound]}
    last = pd.DataFrame(end, dtype="float64")
    return {"progress": pd.concat([past.progress, last], ignore_index=True) if len(past.progress) else last}


def _last(parts: Parts, job: Job) -> int:
    return parts.jobs.changed({job.id: 0}).get(job.id, 0)


def _token(job: Job, last: int) -> str:
    return f"{job.version}-{job.position or 0}-{last}"


def _job(request: Request, visitor: Visit, parts: Parts, job: Job) -> dict[str, Any]:
    """Everything that a job's page shows."""
    past = histories(request).read(parts.jobs, visitor.tenant, job.id)
    names = listing.instance_names(parts, visitor.tenant, [job.instance])
    name = names.get(job.instance or "", "")
    told = standing(job, past, now=time.time(), instance=name, wait=_wait(parts, visitor.tenant, job))
    return {
        "title": told.title,
        "job": job,
        "told": told,
        "past": past,
        "instance_name": name,
        "seen": _token(job, past.last),
        "searched": job.kind == "solve" and job.cached_from is None and job.state != "expired",
        "words": SEARCH.words(searched(job, past)),
        "about": SEARCH.about,
        "cards": [(card.label, card.figure, card.note) for card in told.cards],
        "plans": plans_found(past),
        "plans_note": _note(past),
        "facts": facts(job),
        "files": _files(parts, job),
        "members": _members(parts, visitor.tenant, job),
        "alternatives": _alternatives(job, past, told),
        "lineage": _lineage(parts, visitor.tenant, job),
        "phrases": phrases,
    }


def plans_found(past: Past) -> list[tuple[str, str, str, str]]:
    """Rows of the plans found, the best first."""
    best = reversed(past.plans[-PLANS:])
    return [
        (gap.lasting(p.seconds), shell.money(p.objective), shell.money(p.bound), phrases.phase(p.phase))
        for p in best
    ]


def _note(past: Past) -> str:
    more = len(past.plans) - PLANS
    said = [f"{more:,} earlier ones are not shown."] if more > 0 else []
    said += [f"{past.left_out:,} messages of this long job were not read."] if past.left_out else []
    return " ".join(said)


def _wait(parts: Parts, tenant: str, job: Job) -> str:
    if job.state != "queued":
        return ""
    asked = Query(states=("succeeded", "failed"), kinds=(job.kind,), limit=_LAST)
    recent = [done for done in parts.jobs.list(tenant, asked).jobs if done.cached_from is None]
    return wait(job, recent, parts.settings.workers * parts.settings.slots)


def _files(parts: Parts, job: Job) -> tuple[File, ...]:
    """Of the result; none where there is no result, or where it has gone."""
    if job.state not in FINAL or job.result is None:
        return ()
    try:
        return parts.documents.manifest(job).files
    except (NoResult, Expired, NoSuchBlob, DamagedBlob):
        return ()


def _members(parts: Parts, tenant: str, job: Job) -> list[listing.Line]:
    """The first jobs of a batch."""
    if job.kind != "batch":
        return []
    found = parts.jobs.list(tenant, Query(batch=job.id, limit=listing.SIZE)).jobs
    return listing.lines(found, listing.instance_names(parts, tenant, (one.instance for one in found)))


def _alternatives(job: Job, past: Past, told: Standing) -> list[tuple[str, str, Any]]:
    """Of a comparison under way: name, state and where its search stands."""
    if job.kind != "compare" or told.over:
        return []
    running = {row.name: row for row in past.running}
    return [(name, "succeeded", None) for name in past.solved] + [
        (name, "running", row) for name, row in running.items() if name not in past.solved
    ]


def _lineage(parts: Parts, tenant: str, job: Job) -> list[tuple[str, Job]]:
    """Jobs that this one comes from, and those that go on from it."""
    found: list[tuple[str, Job]] = []
    evaluated = job.work.get("plan")
    for words, id in (
        ("goes on from", job.parent),
        ("is one instance of", job.batch),
        ("has the results of", job.cached_from),
        ("evaluates the plan of", evaluated if isinstance(evaluated, str) and len(evaluated) == 32 else None),
    ):
        if id is None:
            continue
        try:
            found.append((words, parts.jobs.get(tenant, id)))
        except NoSuchJob:  # forgotten since
            continue
    later = parts.jobs.list(tenant, Query(parent=job.id, limit=10)).jobs
    return found + [("was gone on from by", one) for one in later]
