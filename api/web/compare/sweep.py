"""The form of a budget sweep: from, to, how many, or a list; and the comparison it asks for."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.http.problems import Listed
from api.web.jobs import asking
from api.web.jobs.asking import Asking
from api.web.jobs.fields import put
from api.web.jobs.fields import sent as sent_fields
from models.instance import Instance
from models.jobs import Job

MOST = 100
"""Budgets of a sweep."""
_AMOUNT = re.compile(r"([0-9.]+(?:e\+?[0-9]+)?)(bn|m|k|)(usd|)", re.IGNORECASE)
_UNITS = {"bn": 1e9, "m": 1e6, "k": 1e3}
_WANTED = "an amount such as 12 (bn USD), 500 m or 2000 USD"
_FIELDS = ("first", "last", "number", "budgets")


@dataclass(frozen=True)
class Sweep:
    """The form as it stands; amounts as they are written."""

    asking: Asking
    """The instance, options of each solve, title, limits."""
    first: str = ""
    last: str = ""
    number: str = "5"
    budgets: str = ""
    """A list, which takes the place of the other three."""
    regret: bool = True
    alternatives: Sequence[Mapping[str, Any]] = ()
    """Of the job this one is made from, taken over as they are."""
    baseline: str | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)
    """What is wrong, by field."""


def empty(instance: str = "", known: Instance | None = None, like: Job | None = None) -> Sweep:
    """The form: around the envelope of an instance, with the options of a job."""
    form = asking.like(like, "solve") if like is not None else asking.empty("solve", instance)
    if like is not None:
        # What another job was called and was given is not this one's; it is a start, nothing to be marked.
        form = replace(form, clone="", sections=_unmarked(form))
    envelope = known.budget.envelope if known is not None and known.budget is not None else None
    if envelope:
        return Sweep(form, written(envelope / 2), written(1.5 * envelope))
    return Sweep(form)


def _unmarked(form: Asking) -> tuple[asking.Section, ...]:
    return tuple(
        replace(
            section,
            fields=[
                replace(f, before=None, value="" if f.name in ("title", "tags") else f.value)
                for f in section.fields
            ],
        )
        for section in form.sections
    )


def again(job: Job) -> Sweep:
    """The form of the same comparison as a job's."""
    work = job.work
    return Sweep(
        asking.like(job, "solve"),
        number="",
        budgets=", ".join(written(float(value)) for value in work.get("budgets") or ()),
        regret=bool(work.get("regret", True)),
        alternatives=tuple(work.get("alternatives") or ()),
        baseline=work.get("baseline"),
    )


def sent(form: Mapping[str, Sequence[str]], original: Job | None) -> Sweep:
    """The form as it was sent."""
    start = again(original) if original is not None else empty()
    asked = asking.again(form, None)
    if original is not None:
        like = asking.like(original, "solve")
        asked = replace(
            asked, sections=tuple(replace(s, fields=sent_fields(s.fields, form)) for s in like.sections)
        )
    given = {name: (form.get(name) or [""])[-1].strip() for name in _FIELDS}
    return replace(
        start, asking=asked, regret="on" in form.get("regret", ()), wrong={}, first=given["first"],
        last=given["last"], number=given["number"], budgets=given["budgets"],
    )  # fmt: skip


def written(value: float) -> str:
    """An amount of USD as the form has it."""
    for size, unit in ((1e9, " bn"), (1e6, " m")):
        if value >= size:
            return f"{value / size:.12g}{unit}"
    return f"{value:.12g} USD"


def amount(text: str) -> float | None:
    """USD, of what was written; without a unit thousand millions. None if it is not an amount."""
    found = _AMOUNT.fullmatch(re.sub(r"\s", "", text))
    if found is None:
        return None
    try:
        number = float(found[1])
    except ValueError:
        return None
    size = _UNITS.get(found[2].lower(), 1.0 if found[3] else 1e9)
    value = number * size
    if not math.isfinite(value):
        return None
    # Whole dollars: 4.1 times a thousand millions is a little off in binary fractions.
    return float(round(value)) if size > 1 else value


def envelopes(sweep: Sweep) -> tuple[list[float], dict[str, str]]:
    """The budgets asked for, USD, from small to large; and what is wrong, by field."""
    wrong: dict[str, str] = {}
    if sweep.budgets:
        texts = [text.strip() for text in re.split(r"[,;\n]", sweep.budgets) if text.strip()]
        values = [amount(text) for text in texts]
        bad = [text for text, value in zip(texts, values, strict=True) if value is None]
        if bad:
            wrong["budgets"] = f"Not {bad[0][:40]!r}; each must be {_WANTED}, with commas between."
        elif len(values) > MOST:
            wrong["budgets"] = f"Not {len(values):,} of them; at most {MOST}."
        found = sorted({value for value in values if value is not None})
        return found, wrong
    if sweep.alternatives and not (sweep.first or sweep.last):
        return [], wrong
    first, last = amount(sweep.first), amount(sweep.last)
    for name, text, end in (("first", sweep.first, first), ("last", sweep.last, last)):
        if end is None:
            wrong[name] = f"Not {text[:40]!r}; it must be {_WANTED}." if text else f"It must be {_WANTED}."
    number = int(sweep.number) if sweep.number.isdecimal() and len(sweep.number) < 6 else 0
    if not 2 <= number <= MOST:
        wrong["number"] = f"It must be a whole number from 2 to {MOST}."
    if first is None or last is None or wrong:
        return [], wrong
    if first == last:
        return [], {"last": "It must differ from the first budget."}
    return spaced(min(first, last), max(first, last), number), wrong


def spaced(first: float, last: float, number: int) -> list[float]:
    """So many budgets from the first to the last, both included, in whole dollars where there are many."""
    step = (last - first) / (number - 1)
    exact = [first + n * step for n in range(number - 1)] + [last]
    return [float(round(value)) if step > number else value for value in exact[:-1]] + [last]


def request(sweep: Sweep, values: Sequence[float]) -> bytes:
    """The comparison that a form asks for, as it would be sent to the service."""
    document: dict[str, Any] = {"kind": "compare", "instance": sweep.asking.instance, "regret": sweep.regret}
    for section in sweep.asking.sections:
        put(document, section.fields)
    if values:
        document["budgets"] = list(values)
    if sweep.alternatives:
        document["alternatives"] = [dict(row) for row in sweep.alternatives]
        if sweep.baseline:
            document["baseline"] = sweep.baseline
    return json.dumps(document, sort_keys=True).encode()


def faulty(sweep: Sweep, error: Listed) -> Sweep:
    """The form with what is wrong, each where it is."""
    budgets = [entry for entry in error.errors if str(entry.get("pointer", "")).startswith("/budgets")]
    rest = [entry for entry in error.errors if entry not in budgets]
    wrong = {"budgets": str(budgets[0].get("allowed", ""))} if budgets else {}
    fields = asking.faulty(sweep.asking, Listed(error.fault, rest, error.detail))
    return replace(sweep, asking=fields, wrong=wrong)
