"""Pages that show comparisons: the choice, one comparison, two alternatives side by side, downloads."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.http.demand import Makes, page, waiting
from api.http.parts import Needs, Parts
from api.http.routes import results
from api.http.stored import stored
from api.jobs import port
from api.web import shell
from api.web.compare import laid as lay
from api.web.compare import telling
from api.web.compare.laid import Laid, Shelf
from api.web.jobs import listing, phrases
from api.web.session import Visit, Visitor
from models.faults import NoSuchFile
from models.jobs import Job
from optimizer.compare import DESCRIPTIONS
from optimizer.report.charts import COMPARISON, Picture
from optimizer.report.comparison import chapter
from optimizer.report.grid import grid
from optimizer.results import csv_text
from optimizer.results.workbook import write_workbook

PLANS = "plans"
"""In the place of a job's id: plans that were found apart."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHOICE = 50
"""Jobs that are offered for choice."""

router = APIRouter()


@router.get("/compare")
def index(request: Request, visitor: Visitor, parts: Needs, q: str = "", cursor: str = "") -> Response:
    """Comparisons there are, and plans that could be laid side by side."""
    text = q.strip()[: listing.LONGEST] if q.isprintable() else ""

    def listed(*kinds: Any, **more: Any) -> port.Page:
        asked = port.Query(kinds=kinds, states=("succeeded",), text=text or None, limit=_CHOICE, **more)
        return parts.jobs.list(visitor.tenant, asked)

    compared, solved = listed("compare", cursor=cursor or None), listed("solve")
    running = parts.jobs.list(visitor.tenant, port.Query(kinds=("compare",), states=phrases.ACTIVE)).jobs
    plans = [job for job in solved.jobs if job.objective is not None]
    every = [*compared.jobs, *plans, *running]
    names = listing.instance_names(parts, visitor.tenant, (job.instance for job in every))
    return shell.page(
        request, "compare/index.html", visitor, title="Compare", q=text,
        compared=listing.lines(compared.jobs, names), running=listing.lines(running, names),
        plans=listing.lines(plans, names), most=lay.MOST, cursor=cursor,
        next=f"/compare?{urlencode({'q': text, 'cursor': compared.next})}" if compared.next else None,
    )  # fmt: skip


def found(request: Request, visitor: Visit, parts: Parts, id: str) -> Laid:
    """The comparison that an address means."""
    state = request.app.state
    if getattr(state, "shelf", None) is None:
        state.shelf = Shelf()
    shelf: Shelf = state.shelf
    if id == PLANS:
        return lay.of_plans(shelf, parts, visitor.tenant, request.query_params.getlist("job"))
    return lay.of_job(shelf, parts, visitor.tenant, id)


@router.get("/compare/{id}")
def comparison(
    request: Request, visitor: Visitor, parts: Needs, id: str,
    left: str | None = None, right: str | None = None,
) -> Response:  # fmt: skip
    """One comparison. Where ``id`` is ``plans``, ``job`` (several) names the jobs that found them."""
    shown = found(request, visitor, parts, id)
    side = telling.pair(shown, left, right)
    query = [("job", one) for one in request.query_params.getlist("job")] if id == PLANS else []
    base = f"/compare/{id}"
    told = chapter(shown.part, "c")
    sections = [
        {
            "id": section.id, "title": section.title, "lines": section.lines, "grids": section.grids,
            "pictures": [drawn(picture, shown, base, query) for picture in section.pictures],
        }
        for section in told.sections
        if not section.id.endswith("-reproduce")
    ]  # fmt: skip
    here = [*query, ("left", side.left), ("right", side.right)]
    return shell.page(
        request, "compare/comparison.html", visitor, title=_title(shown, parts, visitor.tenant),
        laid=shown, told=told, sections=sections, side=side, grids=telling.grids(side),
        steps=telling.steps(shown), address=f"{base}?{urlencode(here)}", base=base, query=query,
        suffix=f"?{urlencode(query)}" if query else "", describe=DESCRIPTIONS,
        cards=[(card.label, card.figure, card.note) for card in told.cards], command=command(shown),
    )  # fmt: skip


def _title(shown: Laid, parts: Parts, tenant: str) -> str:
    if shown.apart:
        return f"{len(shown.jobs)} plans side by side"
    job = shown.jobs[0]
    return job.title or f"Comparison of {shown.part.name}"


def drawn(picture: Picture, shown: Laid, base: str, query: list[tuple[str, str]]) -> dict[str, Any]:
    """A picture as the page shows it: its address, its words, its rows."""
    tables = shown.part.tables
    rows = grid(picture.data(tables), f"Table: {picture.title.lower()}", folded=True)
    address = f"{base}/charts/{picture.name}.json" + (f"?{urlencode(query)}" if query else "")
    return {
        "id": f"picture-{picture.name}", "spec": address, "title": picture.title,
        "words": picture.words(tables), "about": picture.about, "rows": rows,
    }  # fmt: skip


@router.get("/compare/{id}/charts/{name}.json")
def chart(request: Request, visitor: Visitor, parts: Needs, id: str, name: str) -> Response:
    """A picture as Vega-Lite."""
    shown = found(request, visitor, parts, id)
    picture = next((p for p in COMPARISON if p.name == name), None)
    if picture is None:
        raise NoSuchFile(f"A comparison has no picture {name[:40]!r}.")
    return shell.picture(picture.chart(shown.part.tables).to_dict())


@router.get("/compare/{id}/tables/{name}.csv")
def table(request: Request, visitor: Visitor, parts: Needs, id: str, name: str) -> Response:
    """A table of it, as the command line writes it."""
    shown = found(request, visitor, parts, id)
    rows = shown.part.tables.get(name)
    if rows is None:
        raise NoSuchFile(f"The comparison has no table {name[:40]!r}.")
    return stored(
        request, f"{shown.key}-{name}", "text/csv", lambda: csv_text(rows).encode(), name=f"{name}.csv"
    )


@router.get("/compare/{id}/comparison.xlsx")
def workbook(request: Request, visitor: Visitor, parts: Needs, id: str) -> Response:
    """All tables as one workbook."""
    shown = found(request, visitor, parts, id)

    def load() -> bytes:
        out = io.BytesIO()
        write_workbook(
            shown.part.tables, out, {name: DESCRIPTIONS.get(name, "") for name in shown.part.tables}
        )
        return out.getvalue()

    return stored(request, f"{shown.key}-xlsx", XLSX, load, name="comparison.xlsx")


@router.get("/compare/{id}/report")
def report(request: Request, visitor: Visitor, parts: Needs, makes: Makes, id: str) -> Response:
    """The report: a page that may be mailed."""
    if id != PLANS:
        return results.report(id, request, visitor.caller, parts, makes)
    shown = found(request, visitor, parts, id)

    def fill(folder: Path) -> None:
        (folder / "tables").mkdir(parents=True)
        for name, rows in shown.part.tables.items():
            rows.to_parquet(folder / "tables" / f"{name}.parquet", index=False)
        (folder / "comparison.json").write_text(json.dumps(shown.part.facts), encoding="utf-8")

    digest = makes.ask(shown.key, "report", fill)
    if digest is None:
        return waiting(request)
    return page(request, digest, parts.documents.blobs.get)


def command(shown: Laid) -> str:
    """The same comparison on the command line; nothing for plans that were found apart."""
    if shown.apart:
        return ""
    job: Job = shown.jobs[0]
    budgets = [f"{float(value):.12g}" for value in job.work.get("budgets") or ()]
    words = ["stockpile compare INSTANCE", *([f"--budgets {','.join(budgets)}"] if budgets else [])]
    words += ["--alternatives FILE"] if job.work.get("alternatives") else []
    options = job.work.get("options") or {}
    for name, flag in (("relative_gap", "--gap"), ("time_limit", "--time-limit"), ("seed", "--seed")):
        if options.get(name):
            words.append(f"{flag} {options[name]:g}")
    words += [] if job.work.get("regret", True) else ["--no-regret"]
    return " ".join(words)
