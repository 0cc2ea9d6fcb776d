"""The pages of a plan: one for each tab, and one for a job that has no plan, whatever the reason."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.http import tables as tabular
from api.http.parts import Needs, Parts
from api.web import shell
from api.web.plan import downloads, overview, rooms
from api.web.plan import ledger as ledgers
from api.web.plan import opened as opening
from api.web.plan import scenario as scenarios
from api.web.plan.frame import Number, Text, called, open_plan, show
from api.web.plan.opened import Found, Opened
from api.web.plan.rooms import Place
from api.web.session import Visit, Visitor
from models.faults import NoSuchFile
from models.jobs import FINAL, Job

router = APIRouter(include_in_schema=False)

MOST_SCENARIOS = 1000
"""Scenarios in the list to choose from, the worst first."""


@router.get("/jobs/{id}/plan")
def first(
    id: str, request: Request, visitor: Visitor, parts: Needs, alternative: str | None = None
) -> Response:
    """The headline, or why there is no plan."""
    job = opening.job_of(parts.jobs, visitor.tenant, id)
    if (answer := without(request, visitor, parts, job, alternative)) is not None:
        return answer
    found = opening.find(parts, visitor.tenant, id, alternative)
    opened = opening.open_plan(parts, visitor.tenant, found)
    place = Place(job.id, alternative)
    if opened.plan.commitments is None:
        return _none(request, visitor, found, opened, place)
    return show(
        request, visitor, "overview", "", found, opened,
        view=overview.overview(opened, place), charts=overview.charts(opened, place, "", {}),
        meanings=overview.MEANINGS, worst=overview.worst(opened, place),
    )  # fmt: skip


def without(
    request: Request, visitor: Visit, parts: Parts, job: Job, alternative: str | None = None
) -> Response | None:
    """The page of a job without a plan; None if it has one. Asks again while one is being made."""
    why: dict[str, Any] = {}
    if job.state not in FINAL:
        why = {"reason": "waiting"}
    elif job.state in ("failed", "expired", "cancelled") and job.result is None:
        why = {"reason": job.state}
    elif job.state == "expired":
        why = {"reason": "expired"}
    elif job.kind not in ("solve", "compare"):
        plan = job.work.get("plan")
        why = {"reason": "kind", "of": plan if isinstance(plan, str) and len(plan) == 32 else None}
    elif job.kind == "compare" and alternative is None:
        names = opening.alternatives(parts.documents.manifest(job))
        why = {"reason": "which", "names": [(n, Place(job.id, n).address()) for n in names]}
    elif all(not f.path.endswith("plan.json") for f in parts.documents.manifest(job).files):
        why = {"reason": "nothing"}
    if not why:
        return None
    return shell.page(
        request,
        "plan/without.html",
        visitor,
        title=f"Plan of {called(job)}",
        job=job,
        name=called(job),
        **why,
    )


@router.get("/jobs/{id}/plan/waiting")
def waiting(id: str, request: Request, visitor: Visitor, parts: Needs) -> Response:
    """Asked by the page of a job that has not ended: how far it is, or that there is something to see."""
    job = opening.job_of(parts.jobs, visitor.tenant, id)
    if job.state in FINAL:
        return Response(status_code=204, headers={"HX-Redirect": f"/jobs/{job.id}/plan"})
    return shell.fragment(request, "plan/_waiting.html", visitor, job=job)


def _none(request: Request, visitor: Visit, found: Found, opened: Opened, place: Place) -> Response:
    """The page of a plan that there is not: what would have to give way."""
    from optimizer.report.grid import grid
    from optimizer.report.plan import why_none

    table = opened.tables["relaxations"].drop(columns=["words"])
    rows = grid(table, "By how much", folded=True) if len(table) else None
    return show(
        request, visitor, "none", "", found, opened,
        lead=why_none(opened.plan), points=[r.words for r in opened.plan.relaxations], rows=rows,
    )  # fmt: skip


@router.get("/jobs/{id}/plan/scenarios")
def unfolding(
    id: str,
    request: Request,
    visitor: Visitor,
    parts: Needs,
    alternative: str | None = None,
    scenario: str | None = None,
    year: str | None = None,
) -> Response:
    """The tree, and a scenario replayed year by year. HTMX gets the year alone."""
    there = open_plan(parts, visitor, id, alternative)
    if isinstance(there, Response):
        return there
    found, opened = there
    place, tables = Place(id, alternative), opened.unfolded()
    who, period = scenarios.chosen(tables, scenario or None, year or None)
    shown = opened.view(lambda: scenarios.replay(tables, who, period, place), "year", place, who, period)
    if request.headers.get("hx-target") == "year":
        return shell.fragment(request, "plan/_step.html", visitor, shown=shown)
    chart = overview.chart(
        opened, place, "replay", {"scenario": who, "year": shown.year}, opened.chosen(who, period)
    )
    every = scenarios.scenarios(tables)
    return show(
        request, visitor, "scenarios", "scenarios", found, opened,
        drawing=opened.view(
            lambda: scenarios.drawing(tables, who, lambda s: place.address("scenarios", {"scenario": s})),
            "drawing", place, who,
        ),
        shown=shown, chart=chart, scenarios=every[:MOST_SCENARIOS], all=len(every),
        charts=overview.charts(opened, place, "scenarios", {}), grids=overview.grids(opened, "scenarios"),
    )  # fmt: skip


@router.get("/jobs/{id}/plan/assumptions")
def assumptions(
    id: str,
    request: Request,
    visitor: Visitor,
    parts: Needs,
    alternative: str | None = None,
    mark: Text = "",
    table: Text = "",
    q: Text = "",
    page: Number = 1,
) -> Response:
    """What the plan rests on, with quality marks."""
    from optimizer.report.plan_proof import assumptions as rests_on

    there = open_plan(parts, visitor, id, alternative, commitments=False)
    if isinstance(there, Response):
        return there
    found, opened = there
    place = Place(id, alternative)

    every = opened.view(lambda: ledgers.entries(opened.instance), "ledger")

    def where(**changes: str) -> str:
        return place.address("assumptions", {"mark": mark, "table": table, "q": q} | changes)

    return show(
        request, visitor, "assumptions", "assumptions", found, opened,
        points=rests_on("a", opened.instance).points, marks=ledgers.MARKS, mark=mark, table=table, q=q,
        ledger=ledgers.ledger(opened.instance.name, every, mark, table, q, page), where=where,
    )  # fmt: skip


@router.get("/jobs/{id}/plan/downloads")
def to_take(
    id: str, request: Request, visitor: Visitor, parts: Needs, alternative: str | None = None
) -> Response:
    """What can be taken away."""
    there = open_plan(parts, visitor, id, alternative, commitments=False)
    if isinstance(there, Response):
        return there
    found, opened = there
    tables = [
        (name, tabular.describe("solve", name), tabular.formats(kinds), max(f.bytes for f in kinds.values()))
        for name, kinds in tabular.tables(downloads.listed(found), "solve").items()
    ]
    return show(
        request, visitor, "downloads", "downloads", found, opened, tables=tables, files=downloads.files(found)
    )


@router.get("/jobs/{id}/plan/{tab}")
def other(
    id: str,
    tab: str,
    request: Request,
    visitor: Visitor,
    parts: Needs,
    alternative: str | None = None,
    material: Text = "",
) -> Response:
    """Money, commitments, sourcing, reserve: pictures of the report and the tables behind them."""
    if tab not in rooms.PICTURES or not tab:
        raise NoSuchFile(f"A plan has no page {tab[:40]!r}.")
    there = open_plan(parts, visitor, id, alternative)
    if isinstance(there, Response):
        return there
    found, opened = there
    place = Place(id, alternative)
    choice = {"material": material} if material and tab in rooms.BY_MATERIAL else {}
    return show(
        request, visitor, "tab", tab, found, opened,
        charts=overview.charts(opened, place, tab, choice), lead=overview.lead(opened, tab),
        grids=overview.grids(opened, tab, choice.get("material", "")),
        materials=opened.materials() if tab in rooms.BY_MATERIAL else [], material=material,
    )  # fmt: skip
