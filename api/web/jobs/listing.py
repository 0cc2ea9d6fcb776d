"""The list of jobs: which are asked for, and a line about each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import cast
from urllib.parse import urlencode

from api.http.parts import Parts
from api.jobs import port
from api.web.jobs import phrases
from api.web.shell import duration, percent, usd
from models.faults import BadRequest, NoSuchInstance
from models.jobs import Job, Kind, State

SIZE = 25
"""Jobs of a page."""
LONGEST = 200
"""Characters of a text that is looked for."""
STATES = (
    ("", "any state"), ("active", "waiting or running"), ("succeeded", "succeeded"), ("failed", "failed"),
    ("cancelled", "cancelled"), ("expired", "expired"),
)  # fmt: skip
KINDS = (("", "any kind"), *((kind, words.lower()) for kind, words in phrases.KINDS.items()))


@dataclass(frozen=True)
class Filter:
    """Which jobs are asked for, as the address of the page says it."""

    q: str = ""
    kind: str = ""
    state: str = ""
    tag: str = ""
    batch: str = ""
    instance: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, params: Mapping[str, str]) -> Filter:
        """From the query of an address. Raises BadRequest."""
        names = [f.name for f in fields(cls)]
        given = {name: params.get(name, "").strip()[: LONGEST * 4] for name in names}
        found = cls(**given)
        for value, choices, what in ((found.kind, KINDS, "kind"), (found.state, STATES, "state")):
            allowed = [name for name, _ in choices]
            if value not in allowed and not (what == "state" and value in phrases.STATES):
                raise BadRequest(f"{what} is one of {', '.join(allowed[1:])}, not {value[:40]!r}.")
        wrong = [f.name for f in fields(cls) if not getattr(found, f.name).isprintable()]
        if wrong:
            raise BadRequest(f"{wrong[0]} holds characters that cannot be printed.")
        return replace(found, q=found.q[:LONGEST])

    @property
    def narrowed(self) -> bool:
        """Whether some jobs are left out."""
        return any(getattr(self, f.name) for f in fields(self) if f.name != "cursor")

    def query(self, limit: int = SIZE) -> port.Query:
        """The same for the jobs' port."""
        states = phrases.ACTIVE if self.state == "active" else (self.state,) if self.state else ()
        return port.Query(
            states=cast("Sequence[State]", states),
            kinds=cast("Sequence[Kind]", (self.kind,) if self.kind else ()),
            tags=[self.tag] if self.tag else (),
            batch=self.batch or None,
            instance=self.instance or None,
            text=self.q or None,
            cursor=self.cursor or None,
            limit=limit,
        )

    def address(self, path: str = "/jobs", **changes: str) -> str:
        """The page of this list, with some of it changed."""
        changed = replace(self, **changes)
        said = {f.name: getattr(changed, f.name) for f in fields(changed) if getattr(changed, f.name)}
        return f"{path}?{urlencode(said)}" if said else path


@dataclass(frozen=True)
class Line:
    """A job in a list."""

    job: Job
    title: str
    kind: str
    instance: str
    """Name of the instance; empty if there is none or it has gone."""
    told: str
    """Where it stands, or what came of it."""
    share: float | None
    """Of a running job with parts, how much is done."""


def lines(jobs: Iterable[Job], names: Mapping[str, str]) -> list[Line]:
    """A line for each; ``names``: of instances, by id."""
    return [line(job, names.get(job.instance or "", "")) for job in jobs]


def line(job: Job, instance: str) -> Line:
    """A line about a job."""
    part = job.done / job.total if job.total and job.done is not None and not phrases.is_over(job) else None
    return Line(job, phrases.title(job, instance), phrases.KINDS[job.kind], instance, told(job), part)


def told(job: Job) -> str:
    """Where a job stands, or what came of it, in a few words."""
    said = []
    if job.state == "queued":
        return f"{phrases.ordinal(job.position)} in the queue" if job.position else "waiting"
    if job.state in ("running", "stopping"):
        said += [phrases.phase(job.phase)] if job.phase and job.total is None else []
        said += [f"{job.done or 0:,} of {job.total:,} done"] if job.total else []
        if job.objective is not None:
            said.append(f"best plan {usd(job.objective)}")
        if job.relative_gap is not None:
            said.append(f"gap {percent(job.relative_gap)}")
        return ", ".join(said) or phrases.STATES[job.state]
    if job.state == "failed":
        return job.problem.title if job.problem else "failed"
    if job.objective is not None:
        said.append(f"objective {usd(job.objective)}")
    if job.relative_gap is not None and job.state == "succeeded":
        said.append(f"gap {percent(job.relative_gap)}")
    if job.kind in ("batch", "compare") and job.total:
        what = "alternatives" if job.kind == "compare" else "instances"
        said.append(f"{job.done or 0:,} of {job.total:,} {what}")
    if job.seconds is not None:
        said.append(f"in {duration(job.seconds)}")
    if job.cached_from is not None:
        said.append("known from an earlier job")
    return ", ".join(said)


def seen(page: port.Page) -> str:
    """The same as long as nothing that a list shows has changed."""
    text = ";".join(f"{job.id} {job.version} {job.position}" for job in page.jobs)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def instance_names(parts: Parts, tenant: str, ids: Iterable[str | None]) -> dict[str, str]:
    """What a tenant's instances are called; those that have gone are left out."""
    found = {}
    for id in dict.fromkeys(id for id in ids if id is not None):
        try:
            found[id] = parts.documents.instance_record(tenant, id).name
        except NoSuchInstance:
            continue
    return found
