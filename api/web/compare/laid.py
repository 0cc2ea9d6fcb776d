"""Comparisons as pages show them: of a job that compared, or of plans that jobs have found apart."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from api.http.parts import Parts
from api.http.routes.jobs import known
from models.faults import BadRequest, NoResult, NoSuchInstance, NotFinished, UnreadableFile
from models.files import json_format
from models.instance import Instance
from models.jobs import FINAL, Job
from models.plan import Plan
from optimizer.compare.apart import apart
from optimizer.report.parts import Part, assembled
from optimizer.summary.words import usd

MOST = 12
"""Plans laid side by side that were found apart."""
KEPT = 8
"""Comparisons kept in memory."""


@dataclass(frozen=True)
class Laid:
    """Alternatives side by side."""

    part: Part
    """Tables and facts, as the report takes them."""
    jobs: tuple[Job, ...]
    """The job that compared; or those that found the plans, in the order of the alternatives."""
    apart: bool
    """Whether the plans were found apart."""
    instance: str | None
    """Id of the instance, if it is one."""
    names: dict[str, str]
    """What people call an item, by id."""
    differ: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    plans: dict[str, str] = field(default_factory=dict)
    """Address of an alternative's plan page, by name."""

    @property
    def alternatives(self) -> list[str]:
        """In their order."""
        return [str(name) for name in self.part.tables["alternatives"]["alternative"]]

    @property
    def baseline(self) -> str:
        """The one that differences are taken to."""
        return str(self.part.facts.get("baseline") or self.alternatives[0])

    @property
    def key(self) -> str:
        """The same for the same comparison: a digest."""
        text = json.dumps(["apart" if self.apart else "job", *((j.id, j.result) for j in self.jobs)])
        return hashlib.sha256(text.encode()).hexdigest()


class Shelf:
    """Comparisons that were read or made of late; whose they are has been asked before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, ...], Laid] = OrderedDict()

    def get(self, key: tuple[str, ...], make: Callable[[], Laid]) -> Laid:
        """One that is kept, or what is made."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def of_job(shelf: Shelf, parts: Parts, tenant: str, id: str) -> Laid:
    """The comparison that a job has made.

    Raises NoSuchJob, NotFinished, Expired, NoResult.
    """
    job = parts.jobs.get(tenant, known(id))
    if job.kind != "compare":
        raise NoResult(f"A job of kind {job.kind} compares nothing; its plan can be laid beside others.")
    if job.state not in FINAL:
        raise NotFinished(f"It is {job.state}.")
    manifest = parts.documents.manifest(job)
    paths = {file.path for file in manifest.files}
    if "comparison.json" not in paths:
        raise NoResult("It ended before anything could be laid side by side.")
    return shelf.get((tenant, job.id, job.result or ""), lambda: _read(parts, tenant, job, paths))


def _read(parts: Parts, tenant: str, job: Job, paths: set[str]) -> Laid:
    facts = json.loads(parts.documents.file(job, "comparison.json"))
    tables = {
        Path(path).stem: pd.read_parquet(io.BytesIO(parts.documents.file(job, path)))
        for path in sorted(paths)
        if path.startswith("tables/") and path.endswith(".parquet")
    }
    try:
        part = assembled("comparison", facts, tables, Path(job.id))
    except UnreadableFile as error:
        raise NoResult(error.detail) from error
    there = [name for name in tables["alternatives"]["alternative"] if f"plans/{name}/plan.json" in paths]
    instance = _instance(parts, tenant, job, there)
    return Laid(
        part,
        (job,),
        apart=False,
        instance=job.instance,
        names=named(instance) if instance else {},
        plans={name: f"/jobs/{job.id}/plan?alternative={quote(name, safe='')}" for name in there},
    )


def _instance(parts: Parts, tenant: str, job: Job, names: Sequence[str]) -> Instance | None:
    """What was compared; if it has gone, what one alternative was solved for."""
    try:
        return parts.documents.instance(tenant, job.instance or "")
    except NoSuchInstance:
        if not names:
            return None
        path = f"plans/{names[0]}/instance.json"
        return json_format.loads(parts.documents.file(job, path), path)


def of_plans(shelf: Shelf, parts: Parts, tenant: str, ids: Sequence[str]) -> Laid:
    """The plans that jobs have found apart, side by side.

    Raises NoSuchJob, NotFinished, Expired, NoResult, BadRequest.
    """
    chosen = list(dict.fromkeys(known(id) for id in ids))
    if not 2 <= len(chosen) <= MOST:
        raise BadRequest(f"Choose 2 to {MOST} jobs to be laid side by side, not {len(chosen)}.")
    jobs = [parts.jobs.get(tenant, id) for id in chosen]
    for job in jobs:
        if job.kind != "solve":
            raise NoResult(f"Job {job.id[:8]} is a {job.kind}; plans of solves can be laid side by side.")
        parts.documents.manifest(job)
    key = (tenant, "apart", *(f"{job.id} {job.result}" for job in jobs))
    return shelf.get(key, lambda: _lay(parts, jobs))


def _lay(parts: Parts, jobs: Sequence[Job]) -> Laid:
    read = [
        (
            json_format.loads(parts.documents.file(job, "instance.json"), "instance.json"),
            Plan.model_validate_json(parts.documents.file(job, "plan.json")),
        )
        for job in jobs
    ]
    names = called(jobs, [instance for instance, _ in read])
    found = apart([(name, instance, plan) for name, (instance, plan) in zip(names, read, strict=True)])
    one = {instance.fingerprint() for instance, _ in read}
    facts: dict[str, Any] = {
        "instance": read[0][0].name,
        "baseline": names[0],
        "alternatives": [{"name": name, "description": ""} for name in names],
    }
    items: dict[str, str] = {}
    for instance, _ in read:
        items |= named(instance)
    return Laid(
        assembled("comparison", facts, found.tables, Path("plans")),
        tuple(jobs),
        apart=True,
        instance=jobs[0].instance if len(one) == 1 else None,
        names=items,
        differ=found.differ,
        unknown=found.unknown,
        plans={name: f"/jobs/{job.id}/plan" for name, job in zip(names, jobs, strict=True)},
    )


def called(jobs: Sequence[Job], instances: Sequence[Instance]) -> list[str]:
    """A name for each plan: title of its job, else instance and envelope; told apart by id where alike."""
    wanted = []
    for job, instance in zip(jobs, instances, strict=True):
        budget = instance.budget
        envelope = f", {usd(budget.envelope)} USD" if budget and budget.envelope is not None else ""
        wanted.append(job.title or job.member or f"{instance.name}{envelope}")
    return [
        f"{name} ({job.id[:8]})" if wanted.count(name) > 1 else name
        for name, job in zip(wanted, jobs, strict=True)
    ]


def named(instance: Instance) -> dict[str, str]:
    """What people call agreements and commodities, by id; the rest has ids only."""
    names = {c.id: c.name for c in instance.commodities}
    return names | {a.id: a.supplier for a in instance.agreements}
