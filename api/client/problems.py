"""From an answer that is not what was asked for to the error of the catalogue it stands for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from models import faults
from models.faults import Cancelled, Expired, Fault, FaultyInstance, JobFailed, NotFinished, StockpileError
from models.jobs import FINAL, Job, Problem

PREFIX = "urn:stockpile:"
FIELDS = ("table", "row", "field", "value", "allowed", "place")
BY_STATUS = {401: faults.NotAuthenticated, 403: faults.NotAllowed, 413: faults.TooLarge,
             415: faults.UnsupportedMedia, 429: faults.TooManyRequests, 502: faults.Unavailable,
             503: faults.Unavailable, 504: faults.Unavailable}  # fmt: skip
"""What answers of proxies in between stand for, which know nothing of the catalogue."""


def of_response(response: httpx.Response) -> StockpileError:
    """The error of an answer with a status of 300 or more; its body has been read."""
    try:
        raw = json.loads(response.content)
    except ValueError:
        raw = None
    if isinstance(raw, dict) and isinstance(raw.get("type"), str) and raw["type"].startswith(PREFIX):
        return of_problem(raw)
    kind = BY_STATUS.get(response.status_code, StockpileError)
    where = f"{response.request.method} {response.request.url.copy_with(query=None)}"
    if response.is_redirect:
        to = response.headers.get("location", "elsewhere")
        return faults.BadServer(f"{where} is answered with a redirect to {to}; name that address.")
    told = raw.get("detail") or raw.get("title") if isinstance(raw, dict) else None
    return kind(f"{where}: {response.status_code} {response.reason_phrase}" + (f": {told}." if told else "."))


def of_problem(problem: Problem | Mapping[str, Any]) -> StockpileError:
    """The error that problem details describe, of its class in :mod:`models.faults` where it has one."""
    raw = problem.model_dump() if isinstance(problem, Problem) else problem
    kind = catalogue().get(str(raw.get("type", "")).removeprefix(PREFIX), StockpileError)
    found = [of_entry(entry) for entry in raw.get("errors") or () if isinstance(entry, Mapping)]
    if issubclass(kind, FaultyInstance):
        return kind(found)
    return kind(_detail(str(raw.get("detail") or ""), kind, str(raw.get("title") or ""), found))


def _detail(detail: str, kind: type[StockpileError], title: str, found: Iterable[Fault]) -> str:
    """What an error says beside its first line, which the class knows already."""
    first = (kind.__doc__ or "").strip().splitlines()[0]
    if kind is StockpileError:
        detail = f"{title} {detail}".strip()
    detail = detail.removeprefix(first).strip()
    return "".join([detail, *(f"\n  {fault}" for fault in found)]).strip()


def of_entry(entry: Mapping[str, Any]) -> Fault:
    """One of ``errors[]``; what has no place in a table is told by its pointer."""
    known = {name: entry.get(name) for name in FIELDS}
    text = {name: str(value) for name, value in known.items() if name != "value" and value is not None}
    if not text.get("table") and not text.get("field") and entry.get("pointer"):
        text["field"] = str(entry["pointer"])
    return Fault(
        table=text.get("table", ""),
        row=text.get("row", ""),
        field=text.get("field", ""),
        value=known["value"],
        allowed=text.get("allowed") or str(entry.get("detail", "")),
        place=text.get("place", ""),
    )


def catalogue() -> dict[str, type[StockpileError]]:
    """Every class of the error catalogue by its name."""
    found = vars(faults).items()
    return {name: kind for name, kind in found if isinstance(kind, type) and issubclass(kind, StockpileError)}


def succeeded(job: Job) -> Job:
    """The job, if it has a result. Raises what made it fail; NotFinished, Expired, Cancelled."""
    if job.state == "succeeded":
        return job
    if job.state not in FINAL:
        raise NotFinished(f"{job.id} is {job.state}.")
    if job.problem is not None:
        raise of_problem(job.problem)
    if job.state == "expired":
        raise Expired(f"{job.id}.")
    if job.state == "cancelled":
        raise Cancelled(f"{job.id}.")
    raise JobFailed(f"{job.id}.")
