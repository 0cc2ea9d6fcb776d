"""What a worker writes about a job. Every write names the run it belongs to (worker and attempt).

A worker that was frozen while its job went to another one finds that its run is no longer the job's: then
nothing is written and :class:`Lost` is raised. The outcome is written once, whoever tries.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from api import webhooks
from api.child.order import Outcome
from api.child.problem import problem
from api.jobs import events
from api.store.database import reading, writing
from api.store.schema import checkpoints, jobs
from models.faults import LostTooOften
from models.jobs import FINAL

LINE = 4000
"""Characters of a log line that an event keeps."""

Wish = Literal["stop", "cancel"] | None
"""What has been asked of a running job."""
BatchEnded = Callable[[sa.Connection, str], None]
"""Called in the transaction that ends a member of a batch, with the batch's id."""


class Lost(Exception):
    """The job belongs to another run now, or has ended."""


@dataclass(frozen=True)
class Claim:
    """One run of a job: what every write of it is checked against."""

    job: str
    worker: str
    attempt: int

    def holds(self) -> list[sa.ColumnElement[bool]]:
        """That the job's row still is this run's."""
        return [
            jobs.c.id == self.job,
            jobs.c.worker == self.worker,
            jobs.c.attempt == self.attempt,
            jobs.c.state.not_in(FINAL),
        ]


@dataclass(frozen=True)
class Begun:
    """A run that may start."""

    claim: Claim
    row: Mapping[str, Any]
    """The job's row."""


def begin(
    engine: sa.Engine, job: str, worker: str, attempts: int, expires: float, batch_ended: BatchEnded
) -> Begun | None:
    """Count a new run of a job and make it this worker's; None if there is nothing to run.

    That is so if the job has ended (cancelled while it waited), if it was to be cancelled when its worker
    died, or if more than ``attempts`` of its runs were lost: then it fails here (LostTooOften).
    """
    state = sa.case((jobs.c.state == "queued", "running"), else_=jobs.c.state)
    with writing(engine) as connection:
        rows = events.change(
            connection,
            [jobs.c.id == job, jobs.c.state.not_in(FINAL)],
            attempt=jobs.c.attempt + 1,
            worker=worker,
            state=state,
            started=sa.func.coalesce(jobs.c.started, time.time()),
            phase=None,
        )
        if not rows:
            return None
        row = rows[0]
        claim = Claim(job, worker, row["attempt"])
        lost = row["attempt"] - row["returned"] - 1
        if row["cancel_asked"] is not None:
            _end(connection, claim, Outcome("cancelled", seconds=0.0), None, expires, batch_ended)
            return None
        if lost >= attempts:
            why = LostTooOften(f"The workers of the job died {lost:,} times while it ran.")
            outcome = Outcome("failed", seconds=0.0, solver_status="error", problem=problem(why))
            _end(connection, claim, outcome, None, expires, batch_ended)
            return None
        _note(connection, claim, [_state(row, row["attempt"])])
        if row["batch"]:
            waiting = [jobs.c.id == row["batch"], jobs.c.state == "queued"]
            running = ("state", {"state": "running", "solver_status": None})
            events.change(connection, waiting, [running], wanted=(), state="running", started=time.time())
        return Begun(claim, row)


def tell(engine: sa.Engine, claim: Claim, messages: Sequence[Mapping[str, Any]]) -> None:
    """Write progress and log lines: one transaction, one progress event for all. Raises Lost."""
    notes, values = _notes(messages)
    if not notes:
        return
    with writing(engine) as connection:
        _note(connection, claim, notes, **values)


def keep(engine: sa.Engine, claim: Claim, name: str, data: bytes) -> None:
    """Keep a checkpoint in the place of the one of the same name. Raises Lost."""
    with writing(engine) as connection:
        _note(connection, claim, [])
        connection.execute(
            sa.delete(checkpoints).where(checkpoints.c.job == claim.job, checkpoints.c.name == name)
        )
        connection.execute(sa.insert(checkpoints).values(job=claim.job, name=name, at=time.time(), data=data))


def kept(engine: sa.Engine, job: str) -> list[tuple[str, bytes]]:
    """The checkpoints of earlier runs."""
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(checkpoints.c.name, checkpoints.c.data).where(checkpoints.c.job == job)
        )
        return [(row.name, bytes(row.data)) for row in rows]


def asked(engine: sa.Engine, claims: Sequence[Claim]) -> dict[Claim, Wish]:
    """What has been asked of each run; one that is not there is lost."""
    if not claims:
        return {}
    columns = (jobs.c.id, jobs.c.worker, jobs.c.attempt, jobs.c.state, jobs.c.stop_asked, jobs.c.cancel_asked)
    wanted = sa.select(*columns).where(jobs.c.id.in_([claim.job for claim in claims]))
    with reading(engine) as connection:
        rows = {row.id: row for row in connection.execute(wanted)}
    found: dict[Claim, Wish] = {}
    for claim in claims:
        row = rows.get(claim.job)
        if (
            row is not None
            and (row.worker, row.attempt) == (claim.worker, claim.attempt)
            and row.state not in FINAL
        ):
            found[claim] = "cancel" if row.cancel_asked else "stop" if row.stop_asked else None
    return found


def give_back(engine: sa.Engine, claim: Claim) -> None:
    """Let another worker go on with it; such a run does not count as lost. Raises Lost."""
    with writing(engine) as connection:
        state = sa.case((jobs.c.state == "running", "queued"), else_=jobs.c.state)
        note = ("state", {"state": "queued", "solver_status": None, "attempt": claim.attempt})
        values = {"returned": jobs.c.returned + 1, "state": state, "worker": None, "phase": None}
        _note(connection, claim, [note], **values)


def finish(
    engine: sa.Engine,
    claim: Claim,
    outcome: Outcome,
    result: str | None,
    *,
    expires: float,
    batch_ended: BatchEnded,
    messages: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write the outcome, once, with what was still to be told. Raises Lost.

    Calling it again for the same run changes nothing (the answer to the first commit may have been lost).
    """
    notes, values = _notes(messages)
    with writing(engine) as connection:
        if _ended(connection, claim):
            return
        if notes:
            _note(connection, claim, notes, **values)
        _end(connection, claim, outcome, result, expires, batch_ended)


def _ended(connection: sa.Connection, claim: Claim) -> bool:
    row = connection.execute(
        sa.select(jobs.c.state, jobs.c.worker, jobs.c.attempt).where(jobs.c.id == claim.job)
    ).one_or_none()
    mine = row is not None and (row.worker, row.attempt) == (claim.worker, claim.attempt)
    return mine and row is not None and row.state in FINAL


def _end(
    connection: sa.Connection,
    claim: Claim,
    outcome: Outcome,
    result: str | None,
    expires: float,
    batch_ended: BatchEnded,
) -> None:
    now = time.time()
    # Who asks to cancel wants nothing of it, even if it was done before anybody looked.
    cancelled = sa.and_(jobs.c.cancel_asked.is_not(None), sa.literal(outcome.state == "succeeded"))
    rows = events.change(
        connection,
        claim.holds(),
        state=sa.case((cancelled, "cancelled"), else_=outcome.state),
        result=sa.case((cancelled, None), else_=result),
        solver_status=outcome.solver_status,
        objective=_finite(outcome.objective),
        bound=_finite(outcome.bound),
        gap=_finite(outcome.gap),
        relative_gap=_finite(outcome.relative_gap),
        seconds=outcome.seconds,
        memory_mb=outcome.memory_mb,
        problem=outcome.problem.model_dump(mode="json") if outcome.problem else sa.null(),
        phase=None,
        finished=now,
        expires=now + expires,
    )
    if not rows:
        raise Lost(claim.job)
    row = rows[0]
    events.change(connection, [jobs.c.id == claim.job], [events.state(row)], wanted=())
    connection.execute(sa.delete(checkpoints).where(checkpoints.c.job == claim.job))
    webhooks.note_end(connection, row)
    if row["batch"]:
        batch_ended(connection, row["batch"])


def _note(connection: sa.Connection, claim: Claim, notes: Sequence[events.Note], **values: Any) -> None:
    if not events.change(connection, claim.holds(), notes, wanted=(), **values):
        raise Lost(claim.job)


def _state(row: Mapping[str, Any], attempt: int) -> events.Note:
    type_, data = events.state(row)
    return type_, {**data, "attempt": attempt}


def _notes(
    messages: Sequence[Mapping[str, Any]],
) -> tuple[list[events.Note], dict[str, Any]]:
    """Events of messages, of progress only the last word; and what the row says then."""
    notes: list[events.Note] = []
    latest: dict[str, Any] = {}
    for message in messages:
        data = {name: _finite(value) for name, value in message.items() if name != "type"}
        if message["type"] == "log":
            notes.append(("log", {"line": str(data["line"])[:LINE].replace("\x00", "")}))
        elif message["type"] == "progress":
            latest |= data
    if not latest:
        return notes, {}
    incumbent, bound = latest.get("incumbent"), latest.get("bound")
    told = ("phase", "bound", "done", "total")
    values = {name: latest[name] for name in told if latest.get(name) is not None}
    if incumbent is not None:
        values["objective"] = incumbent
    if incumbent is not None and bound is not None:
        values["gap"] = abs(incumbent - bound)
        values["relative_gap"] = values["gap"] / abs(incumbent) if incumbent else None
    return [*notes, ("progress", latest)], values


def _finite(value: Any) -> Any:
    """JSON has no infinities; a bound not yet known is none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
