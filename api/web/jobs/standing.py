"""One job as its page tells it: where it stands, what may be done, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.jobs import phrases
from api.web.jobs.history import Past
from api.web.shell import NOTHING, duration, percent, usd
from models.jobs import FINAL, Job

WAYS_ON = {
    "TimeExceeded": "Give it more time, or ask for a wider gap: a plan within 1 % is often found in a"
    " fraction of the time.",
    "MemoryExceeded": "Give it more memory, fewer threads, or fewer scenarios.",
    "Crashed": "Run it again. If it dies again, the log below says how far it came.",
    "LostTooOften": "Run it again when the machines are calm, or with less memory and fewer threads.",
    "SolverFailed": "Run it again with another seed or the other method, and tell whoever runs the service.",
    "AuditFailed": "The plan found was not kept, because an independent check refused it. Run it again with"
    " another seed, and tell whoever runs the service.",
    "StorageFull": "Whoever runs the service has to make room on the disk; then run it again.",
    "FaultyInstance": "Mend the instance where it is faulty and run it on the new version.",
    "FaultyAlternatives": "Mend the alternatives where they are faulty and run it again.",
    "NoHazards": "Add hazards to the instance: scenarios are sampled from them.",
}
"""What to do about a failure, by its fault."""
ANYWAY = "Look at the log, change what is in the way, and run it again."


@dataclass(frozen=True)
class Card:
    """A figure at a glance."""

    label: str
    figure: str
    note: str


@dataclass(frozen=True)
class Standing:
    """What a job's page shows at one moment."""

    title: str
    kind: str
    sentence: str
    """Its state in a sentence; changes seldom, so that a screen reader may say it."""
    detail: str
    cards: tuple[Card, ...]
    share: float | None
    """Of what is to be done; None where it cannot be told."""
    share_told: str
    over: bool
    may_stop: bool
    may_cancel: bool
    has_plan: bool
    way_on: str
    """Of a failed job."""


def standing(job: Job, past: Past, *, now: float, instance: str = "", wait: str = "") -> Standing:
    """All of it. ``wait``: how long it will probably wait, in words; ``now``: seconds since 1970."""
    over = job.state in FINAL
    return Standing(
        title=phrases.title(job, instance),
        kind=phrases.KINDS[job.kind],
        sentence=sentence(job),
        detail=wait if job.state == "queued" else detail(job),
        cards=tuple(cards(job, past, now)),
        share=None if over else share(job),
        share_told=f"{job.done or 0:,} of {job.total:,} done" if job.total else phrases.phase(job.phase),
        over=over,
        may_stop=job.state == "running" and job.kind != "sample",
        may_cancel=not over,
        has_plan=has_plan(job),
        way_on=way_on(job),
    )


def has_plan(job: Job) -> bool:
    """Whether there is a plan page; a reason for having no plan is one as well."""
    return job.kind == "solve" and job.state == "succeeded" and job.result is not None


def share(job: Job) -> float | None:
    """How much is done, of work that has parts."""
    return (job.done or 0) / job.total if job.total else None


def sentence(job: Job) -> str:
    """The state in a sentence."""
    match job.state:
        case "queued":
            place = (
                f"{phrases.ordinal(job.position)} in the queue" if job.position else "waiting for its turn"
            )
            return f"It is {place}."
        case "running":
            doing = phrases.phase(job.phase)
            return f"It is running: {doing}." if doing else "It is running."
        case "stopping":
            return "It is being ended; what it writes last takes a moment."
        case "succeeded":
            if (
                job.solver_status in ("time_limit", "interrupted")
                and job.kind == "solve"
                and job.objective is None
            ):
                return phrases.TOO_SOON
            return phrases.STATUS[job.solver_status] if job.solver_status else "It is done."
        case "failed":
            return "It failed."
        case _:
            return f"It is {phrases.STATES[job.state]}."


def detail(job: Job) -> str:
    """What else there is to say."""
    said = []
    if job.attempt > 1:
        said.append(
            f"This is run {job.attempt}: the worker of an earlier one went away, and the search goes on."
        )
    if job.cached_from is not None:
        said.append("The same had been asked before, so the answer was there at once.")
    return " ".join(said)


def cards(job: Job, past: Past, now: float) -> list[Card]:
    """Figures at a glance, those that there are."""
    found = []
    if job.kind == "solve" and (
        job.objective is not None or job.bound is not None or job.state in ("running", "stopping")
    ):
        plans = len(past.plans)
        note = (
            f"{plans:,} plan{'' if plans == 1 else 's'} found so far"
            if not phrases.is_over(job)
            else "cost and risk together"
        )
        found.append(
            Card("Best plan", usd(job.objective), note if job.objective is not None else "none found yet")
        )
        found.append(Card("No plan is below", usd(job.bound), "the bound"))
        asked = job.work.get("options", {}).get("relative_gap")
        told = f"asked for: {percent(asked)}" if isinstance(asked, int | float) else ""
        found.append(Card("Gap", percent(job.relative_gap), told))
    if job.total is not None:
        found.append(Card("Done", f"{job.done or 0:,} of {job.total:,}", parts_of(job)))
    if job.started is not None:
        end = job.finished if job.finished is not None else now
        found.append(Card("Time", duration(max(0.0, end - job.started)), _limit(job)))
    if job.memory_mb is not None:
        found.append(Card("Memory", f"{job.memory_mb / 1000:,.2f}\u00a0GB", "at most"))
    return found


def parts_of(job: Job) -> str:
    """What the parts of a job are."""
    return {"compare": "alternatives", "batch": "instances", "evaluate": "scenarios"}.get(job.kind, "parts")


def _limit(job: Job) -> str:
    limit = job.work.get("options", {}).get("time_limit")
    if isinstance(limit, int | float):
        each = " for each alternative" if job.kind == "compare" else ""
        return f"of {duration(float(limit))}{each} at most"
    return "" if job.finished is not None else "no time limit was set"


def way_on(job: Job) -> str:
    """What to do about a failure."""
    if job.state != "failed":
        return ""
    return WAYS_ON.get(job.problem.type.rpartition(":")[2], ANYWAY) if job.problem else ANYWAY


def wait(job: Job, recent: Sequence[Job], at_once: int) -> str:
    """How long a waiting job will probably wait, in words.

    ``recent``: jobs that ended; ``at_once``: how many run side by side, 0 if that is not known.
    """
    if job.state != "queued" or job.position is None:
        return ""
    took = sorted(done.seconds for done in recent if done.seconds is not None)
    if not took or at_once < 1:
        return "How long it will wait cannot be told yet."
    usual = took[len(took) // 2]
    rounds = -(-job.position // at_once)
    if rounds * usual < 1:
        return "It begins in a moment."
    return (
        f"It will probably begin within {duration(rounds * usual)}: the last jobs took {duration(usual)} each"
        f" (the median), and {at_once:,} run side by side."
    )


__all__ = ["NOTHING", "Card", "Standing", "cards", "has_plan", "sentence", "standing", "wait", "way_on"]
