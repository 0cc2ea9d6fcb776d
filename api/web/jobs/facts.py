"""What was asked of a job, in the words of its form."""

from __future__ import annotations

from api.web.jobs import asking
from api.web.jobs.fields import Field
from api.web.shell import usd
from models.jobs import Job, Kind

Fact = tuple[str, str, str]
"""What it is, its value, and a note where it is not as it normally is."""
_LIKE: dict[Kind, Kind] = {"compare": "solve", "batch": "solve"}
"""Kinds whose options are those of another."""
MOST = 12


def facts(job: Job) -> list[Fact]:
    """Everything that was asked, what was left as it normally is only where it matters."""
    found = [*_work(job)]
    for section in asking.like(job, _LIKE.get(job.kind, job.kind)).sections:
        for field in section.fields:
            if field.name in ("title", "tags", "fresh", "webhook"):
                continue
            if not section.folded or field.own:
                found.append((field.label, _said(field), f"normally {_default(field)}" if field.own else ""))
    return found


def _work(job: Job) -> list[Fact]:
    work = job.work
    found = []
    budgets = [float(value) for value in work.get("budgets") or ()]
    if budgets:
        found.append(("Budgets", _listed([usd(value) for value in budgets]), ""))
    names = [str(row.get("name", "")) for row in work.get("alternatives") or () if isinstance(row, dict)]
    if names:
        found.append(("Alternatives", _listed(names), ""))
    if work.get("baseline"):
        found.append(("Differences are taken to", str(work["baseline"]), ""))
    if job.kind == "compare":
        found.append(("Regret", "yes" if work.get("regret", True) else "no", ""))
    if job.kind == "batch":
        found.append(("Instances", f"{len(work.get('instances') or ()):,}", ""))
    return found


def _said(field: Field) -> str:
    if field.control == "switch":
        return "yes" if field.value == "on" else "no"
    if field.control == "many":
        return ", ".join(field.chosen())
    return field.value or "not set"


def _default(field: Field) -> str:
    if field.control == "switch":
        return "yes" if field.default == "on" else "no"
    return field.default.replace(",", ", ") or "not set"


def _listed(items: list[str]) -> str:
    left = len(items) - MOST
    return ", ".join(items[:MOST]) + (f" and {left} more" if left > 0 else "")
