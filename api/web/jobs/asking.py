"""The form of a new job: what it shows, and the request it becomes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.http.problems import Listed
from api.web.jobs.fields import Field, fields_of, filled, marked, put, sent
from models.jobs import Envelope, EvaluateWork, Job, Kind, Limits, SampleWork
from models.options import Options

KINDS: tuple[Kind, ...] = ("solve", "evaluate", "sample")
"""That this form makes; comparisons have their own."""


@dataclass(frozen=True)
class Section:
    """Fields that belong together."""

    title: str
    fields: Sequence[Field]
    folded: bool = False

    @property
    def open(self) -> bool:
        """Whether somebody should see them at once."""
        return not self.folded or any(f.wrong or f.changed or f.own for f in self.fields)


@dataclass(frozen=True)
class Asking:
    """The form as it stands."""

    kind: Kind
    instance: str = ""
    """Id of the stored instance."""
    plan: str = ""
    """Id of the job whose plan is evaluated."""
    parent: str = ""
    """Id of the job whose plan is the start."""
    clone: str = ""
    """Id of the job this one is made from."""
    once: str = ""
    """The same form sent twice is one job."""
    sections: Sequence[Section] = ()
    errors: Sequence[Mapping[str, Any]] = field(default=())
    """What is wrong and belongs to no field."""

    @property
    def wrong(self) -> list[Field]:
        """Fields that are not as they must be."""
        return [f for section in self.sections for f in section.fields if f.wrong]

    @property
    def changes(self) -> list[Field]:
        """Fields that differ from the job this one is made from."""
        return [f for section in self.sections for f in section.fields if f.changed]


def empty(kind: Kind, instance: str = "", plan: str = "", parent: str = "") -> Asking:
    """The form with its defaults."""
    return Asking(kind, instance, plan, parent, once=secrets.token_hex(16), sections=_sections(kind))


def _sections(kind: Kind) -> tuple[Section, ...]:
    envelope = fields_of(Envelope, only=("title", "tags", "priority"))
    rarely = fields_of(Envelope, only=("fresh", "webhook")) + fields_of(Limits, "limits.")
    options = fields_of(Options, "options.")
    soon = [f for f in options if f.name in ("options.relative_gap", "options.time_limit")]
    later = [f for f in options if f not in soon]
    if kind == "solve":
        return (
            Section("How to solve", soon),
            Section("More options", later, folded=True),
            Section("About the job", envelope),
            Section("Limits and the rest", rarely, folded=True),
        )
    if kind == "evaluate":
        own = fields_of(EvaluateWork, skip=("kind", "plan", "instance", "scenarios", "options"))
        first = [f for f in own if f.name in ("n", "seed", "rate", "ways")]
        rest = [f for f in own if f not in first]
        return (
            Section("How to evaluate", first),
            Section("More options", [*rest, *options], folded=True),
            Section("About the job", envelope),
            Section("Limits and the rest", rarely, folded=True),
        )
    return (
        Section("How to sample", fields_of(SampleWork, skip=("kind", "instance"))),
        Section("About the job", envelope),
        Section("Limits and the rest", rarely, folded=True),
    )


def like(job: Job, kind: Kind | None = None) -> Asking:
    """The form of the same work as a job's, to be changed; ``kind``: that of the form, else the job's."""
    made = {
        **job.work,
        "title": job.title,
        "tags": list(job.tags),
        "priority": job.priority,
        "limits": job.limits.model_dump(mode="json"),
        "fresh": False,
    }
    sections = tuple(
        replace(s, fields=filled(s.fields, made, compared=True)) for s in _sections(kind or job.kind)
    )
    plan = job.work.get("plan")
    return Asking(
        kind or job.kind,
        instance=job.instance or "",
        plan=plan if isinstance(plan, str) else "",
        clone=job.id,
        once=secrets.token_hex(16),
        sections=sections,
    )


def again(form: Mapping[str, Sequence[str]], original: Job | None) -> Asking:
    """The form as it was sent."""

    def given(name: str) -> str:
        return form.get(name, ("",))[-1].strip() if form.get(name) else ""

    kind: Kind = next((k for k in KINDS if k == given("kind")), "solve")
    start = like(original) if original is not None and original.kind == kind else empty(kind)
    return replace(
        start,
        sections=tuple(replace(s, fields=sent(s.fields, form)) for s in start.sections),
        instance=given("instance"),
        plan=given("plan"),
        parent=given("parent"),
        clone=given("clone"),
        once=given("once") if len(given("once")) == 32 and given("once").isalnum() else start.once,
    )


def request(asking: Asking) -> bytes:
    """The request that a form asks for, as it would be sent to the service."""
    document: dict[str, Any] = {"kind": asking.kind}
    for section in asking.sections:
        put(document, section.fields)
    if asking.instance:
        document["instance"] = asking.instance
    if asking.kind == "evaluate":
        document["plan"] = asking.plan
    if asking.parent:
        document["parent"] = asking.parent
    return json.dumps(document, sort_keys=True).encode()


def faulty(asking: Asking, error: Listed) -> Asking:
    """The form with what is wrong, each where it is."""
    wrong: dict[str, str] = {}
    rest = []
    known = {f.name for section in asking.sections for f in section.fields}
    for entry in error.errors:
        path = str(entry.get("pointer", "")).strip("/").split("/")
        name = next((n for n in (".".join(path[:2]), path[0]) if n in known), None)
        if name is None:
            rest.append(entry)
        else:
            wrong[name] = f"Not {entry.get('value')!r}; it must be {entry.get('allowed')}."
    sections = tuple(replace(s, fields=marked(s.fields, wrong)) for s in asking.sections)
    return replace(asking, sections=sections, errors=rest)
