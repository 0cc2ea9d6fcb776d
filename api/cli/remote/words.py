"""Jobs as text."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from api.cli.progress import elapsed
from models.jobs import FINAL, Job
from optimizer.summary.words import columns, percent, printable, usd


def table(jobs: Sequence[Job]) -> str:
    """A line for each; the id whole, as it is to be copied."""
    if not jobs:
        return "No jobs."
    head = ["job", "kind", "state", "solver", "objective, USD", "gap", "since", "title"]
    return "\n".join(columns([_row(job) for job in jobs], "llllrrrl", head=head, shrink=(7,)))


def _row(job: Job) -> list[str]:
    state: str = job.state
    if job.done is not None and job.total is not None and state not in FINAL:
        state += f" {job.done:,}/{job.total:,}"
    objective = usd(job.objective) if job.objective is not None else ""
    gap = percent(round(job.relative_gap, 8)) if job.relative_gap is not None else ""
    title = job.title or job.member or ", ".join(job.tags)
    return [job.id, job.kind, state, job.solver_status or "", objective, gap, _when(job), printable(title)]


def _when(job: Job) -> str:
    return elapsed(max(0.0, time.time() - job.created)) if job.state not in FINAL else _at(job.finished)


def _at(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def about(job: Job) -> str:
    """Everything there is to say, a line each."""
    rows = [
        ("job", job.id),
        ("kind", job.kind),
        ("title", job.title),
        ("tags", ", ".join(job.tags)),
        ("state", job.state),
        ("place in the queue", job.position),
        ("phase", job.phase),
        ("done", f"{job.done:,} of {job.total:,}" if job.done is not None and job.total else None),
        ("solver", job.solver_status),
        ("objective", f"{usd(job.objective)} USD" if job.objective is not None else None),
        ("bound", f"{usd(job.bound)} USD" if job.bound is not None else None),
        ("gap", percent(round(job.relative_gap, 8)) if job.relative_gap is not None else None),
        ("instance", job.instance),
        ("batch", job.batch),
        ("goes on from", job.parent),
        ("same as", job.cached_from),
        ("attempt", job.attempt if job.attempt > 1 else None),
        ("created", _at(job.created)),
        ("started", _at(job.started)),
        ("finished", _at(job.finished)),
        ("results until", _at(job.expires)),
        ("time", elapsed(job.seconds) if job.seconds is not None else None),
        ("memory", f"{job.memory_mb:,.0f} MB" if job.memory_mb is not None else None),
        ("problem", f"{job.problem.title} {job.problem.detail}".strip() if job.problem else None),
    ]
    told = [[name, printable(str(value))] for name, value in rows if value not in (None, "")]
    width = max(len(name) for name, _ in told)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in told)
