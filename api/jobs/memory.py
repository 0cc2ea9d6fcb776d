"""Jobs in memory: for tests of the ways in, and for trying things out. Passes the same tests as the Engine.

No worker runs them: :meth:`MemoryJobs.begin`, :meth:`~MemoryJobs.tell` and :meth:`~MemoryJobs.finish` say
what one would have written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.jobs import cache, query, rows
from api.jobs.accept import Draft
from api.jobs.events import Note
from api.jobs.events import state as state_note
from api.jobs.needs import has_plan, plan_of
from api.jobs.port import Page, Query, Submission
from api.jobs.remove import EXPIRED
from api.jobs.rows import NO_TURN
from api.settings import Settings
from api.store.references import mentioned
from models.faults import (
    JobInUse,
    NoResult,
    NoSuchInstance,
    NoSuchJob,
    NoSuchPlan,
    NotFinished,
    QueueFull,
    UsedIdempotencyKey,
)
from models.jobs import FINAL, Event, Job, SolveRequest

Record = dict[str, Any]


class MemoryJobs:
    """Implements :class:`api.jobs.port.Jobs` for one process.

    ``instances`` and ``plans``: what tenants have stored, as (tenant, id); None takes every id for stored.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.instances: set[tuple[str, str]] | None = None
        self.plans: set[tuple[str, str]] | None = None
        self._lock = threading.RLock()
        self._rows: dict[str, Record] = {}
        self._events: dict[str, list[Event]] = {}
        self._submitted: dict[tuple[str, str], tuple[str, str]] = {}

    def submit(self, submission: Submission) -> tuple[Job, bool]:
        """See :meth:`api.jobs.port.Jobs.submit`."""
        draft = Draft(submission, self.settings)
        tenant, key = submission.tenant, submission.idempotency_key
        with self._lock:
            known = None if key is None else self.known(tenant, key, submission.body or "")
            if known is not None:
                return known, False
            self._check(draft)
            made = [self._cached(draft, row) for row in draft.members or [draft.row]]
            waiting = [row for row in made if row["state"] == "queued"]
            limit = self.settings.queue_limit
            before = sum(_waits(row) and row["tenant"] == tenant for row in self._rows.values())
            if waiting and before + len(waiting) > limit:
                raise QueueFull(f"{before:,} jobs wait; {limit:,} may.", retry_after=1)
            turn = self._next_turn(tenant, draft.request.priority)
            for i, row in enumerate(waiting):
                row["turn"] = turn + i
            if draft.members:
                made.insert(0, rows.of_batch(draft.row, len(made) - len(waiting)))
            for row in made:
                self._rows[row["id"]] = rows.whole(row, len(self._rows) + 1)
                self._events[row["id"]] = [Event(id=1, at=draft.now, type="state", data=state_note(row)[1])]
            if key is not None:
                self._submitted[tenant, key] = (draft.id, submission.body or "")
            return self.get(tenant, draft.id), True

    def known(self, tenant: str, key: str, body: str) -> Job | None:
        """See :meth:`api.jobs.port.Jobs.known`."""
        with self._lock:
            found = self._submitted.get((tenant, key))
            if found is None:
                return None
            if found[1] != body:
                raise UsedIdempotencyKey("Take a new key for a new request.")
            return self.get(tenant, found[0])

    def get(self, tenant: str, job: str) -> Job:
        """See :meth:`api.jobs.port.Jobs.get`."""
        with self._lock:
            row = self._own(tenant, job)
            return rows.job(row, self._places().get(job))

    def list(self, tenant: str, query_: Query) -> Page:
        """See :meth:`api.jobs.port.Jobs.list`."""
        below = None if query_.cursor is None else query.before(query_, tenant)
        limit = max(1, min(query_.limit, query.LIMIT))
        with self._lock:
            places = self._places()
            found = [row for row in reversed(self._rows.values()) if _fits(row, tenant, query_, below)]
        page = found[:limit]
        more = len(found) > limit
        told = tuple(rows.job(row, places.get(row["id"])) for row in page)
        return Page(told, query.cursor(query_, tenant, page[-1]["number"]) if more else None)

    def events(self, tenant: str, job: str, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """See :meth:`api.jobs.port.Jobs.events`."""
        with self._lock:
            self._own(tenant, job)
            return [event for event in self._events[job] if event.id > after][:limit]

    def changed(self, seen: Mapping[str, int]) -> dict[str, int]:
        """See :meth:`api.jobs.port.Jobs.changed`."""
        with self._lock:
            last = {job: self._rows[job]["events"] if job in self._rows else 0 for job in seen}
        return {job: id for job, id in last.items() if id > seen[job] or id == 0}

    def stop(self, tenant: str, job: str) -> Job:
        """See :meth:`api.jobs.port.Jobs.stop`."""
        return self._ask(tenant, job, "stop")

    def cancel(self, tenant: str, job: str) -> Job:
        """See :meth:`api.jobs.port.Jobs.cancel`."""
        return self._ask(tenant, job, "cancel")

    def remove(self, tenant: str, job: str) -> Job:
        """See :meth:`api.jobs.port.Jobs.remove`."""
        with self._lock:
            row = self._own(tenant, job)
            if row["state"] not in FINAL:
                raise NotFinished(f"Job {job} is {row['state']}.")
            ended = [part for part in self._rows.values() if job in (part["id"], part["batch"])]
            ids = {part["id"] for part in ended}
            for other in self._rows.values():
                needs = {other["parent"], *mentioned(other["work"])} & ids
                if other["tenant"] == tenant and other["state"] not in FINAL and needs:
                    raise JobInUse(f"Job {other['id']} goes on from it.")
            for part in ended:
                if part["state"] != "expired":
                    self._events[part["id"]].clear()
                    self._change(part, [EXPIRED], state="expired", result=None)
            return self.get(tenant, job)

    def queue_depth(self) -> dict[tuple[int, str], int]:
        """Jobs that wait, by priority and tenant."""
        depth: dict[tuple[int, str], int] = {}
        with self._lock:
            for row in filter(_waits, self._rows.values()):
                place = (row["priority"], row["tenant"])
                depth[place] = depth.get(place, 0) + 1
        return depth

    def close(self) -> None:
        """Nothing to let go of."""

    def begin(self, job: str) -> None:
        """As when a worker takes it."""
        with self._lock:
            row = self._rows[job]
            self._change(row, [("state", {"state": "running", "attempt": row["attempt"] + 1})],
                         state="running", attempt=row["attempt"] + 1, started=time.time())  # fmt: skip
            batch = self._rows.get(row["batch"] or "")
            if batch is not None and batch["state"] == "queued":
                note = ("state", {"state": "running"})
                self._change(batch, [note], state="running", started=time.time())

    def tell(self, job: str, note: Note, **values: Any) -> None:
        """As when a worker tells progress or a line of the log."""
        with self._lock:
            self._change(self._rows[job], [note], **values)

    def finish(self, job: str, state: str = "succeeded", **values: Any) -> None:
        """As when a worker writes the outcome; one that succeeded is optimal, with a result, unless told."""
        filled: Record = {}
        if state == "succeeded":
            filled = {"result": "0" * 64, "solver_status": "optimal", "seconds": 1.0}
        with self._lock:
            row = self._rows[job]
            if not row["attempt"]:
                self.begin(job)
            row.update(filled | values)
            self._end(row, state)

    def _own(self, tenant: str, job: str) -> Record:
        row = self._rows.get(job)
        if row is None or row["tenant"] != tenant:
            raise NoSuchJob(job)
        return row

    def _change(self, row: Record, notes: Iterable[Note], **values: Any) -> None:
        row.update(values, version=row["version"] + 1)
        for type_, data in notes:
            row["events"] += 1
            event = Event.model_validate(
                {"id": row["events"], "at": time.time(), "type": type_, "data": data}
            )
            self._events[row["id"]].append(event)

    def _check(self, draft: Draft) -> None:
        tenant, request = draft.submission.tenant, draft.request
        missing = sorted(id for id in draft.instances if not _has(self.instances, tenant, id))
        if missing:
            raise NoSuchInstance(", ".join(missing[:10]))
        earlier: list[tuple[str, bool]] = []
        if request.parent is not None:
            earlier.append((request.parent, isinstance(request, SolveRequest)))
        plan = plan_of(request)
        if plan is not None and len(plan) == 32:
            earlier.append((plan, True))
        elif plan is not None and not _has(self.plans, tenant, plan):
            raise NoSuchPlan(plan)
        for job, with_plan in earlier:
            row = self._own(tenant, job)
            if with_plan and not has_plan(row):
                raise NoResult(f"Job {job} has no plan to go on from; it is {row['state']}.")

    def _cached(self, draft: Draft, row: Record) -> Record:
        if draft.request.fresh:
            return row
        for earlier in reversed(self._rows.values()):
            same = (earlier["tenant"], earlier["cache_key"]) == (row["tenant"], row["cache_key"])
            if same and cache.is_complete(earlier):
                return cache.answered(row, earlier, draft.now, draft.kept)
        return row

    def _next_turn(self, tenant: str, priority: int) -> float:
        line = [row for row in self._rows.values() if row["priority"] == priority]
        own = max((row["turn"] + 1 for row in line if row["tenant"] == tenant), default=0.0)
        waiting = [row["turn"] for row in line if _waits(row)]
        served = [row["turn"] for row in line if row["state"] != "queued"]
        return max(own, min(waiting) if waiting else max(served, default=0.0), 0.0)

    def _places(self) -> dict[str, int]:
        waiting = [row for row in self._rows.values() if _waits(row)]
        waiting.sort(key=lambda row: (row["priority"], row["turn"], row["number"]))
        return {row["id"]: place for place, row in enumerate(waiting, start=1)}

    def _ask(self, tenant: str, job: str, what: str) -> Job:
        with self._lock:
            row = self._own(tenant, job)
            parts = [part for part in self._rows.values() if part["batch"] == job]
            if parts:
                self._ask_running(row, what)
            for part in parts or [row]:
                if part["state"] == "queued":
                    self._end(part, "cancelled", turn=NO_TURN, cancel_asked=time.time())
                else:
                    self._ask_running(part, what)
            return self.get(tenant, job)

    def _ask_running(self, row: Record, what: str) -> None:
        if row["state"] not in FINAL and row[f"{what}_asked"] is None:
            values = {f"{what}_asked": time.time(), "state": "stopping"}
            note = {"state": "stopping", "solver_status": None, "asked": what}
            self._change(row, [("state", note)], **values)

    def _end(self, row: Record, state: str, **values: Any) -> None:
        now = time.time()
        kept = self.settings.retention_days * 86_400
        row["state"] = state
        self._change(row, [state_note(row)], finished=now, expires=now + kept, phase=None, **values)
        batch = self._rows.get(row["batch"] or "")
        if batch is not None and batch["state"] not in FINAL:
            done = batch["done"] + 1
            self._change(batch, [("progress", {"done": done, "total": batch["total"]})], done=done)
            parts = [part for part in self._rows.values() if part["batch"] == batch["id"]]
            if done == batch["total"] and (batch["cancel_asked"] or not any(map(_has_outcome, parts))):
                self._end(batch, "cancelled")


def _has(known: set[tuple[str, str]] | None, tenant: str, id: str) -> bool:
    return known is None or (tenant, id) in known


def _waits(row: Mapping[str, Any]) -> bool:
    return bool(row["state"] == "queued" and row["turn"] >= 0)


def _has_outcome(row: Mapping[str, Any]) -> bool:
    return row["state"] in ("succeeded", "failed")


def _fits(row: Mapping[str, Any], tenant: str, wanted: Query, below: int | None) -> bool:
    named = {name: getattr(wanted, name) for name in ("parent", "batch", "instance")}
    return (
        row["tenant"] == tenant
        and (below is None or row["number"] < below)
        and (not wanted.states or row["state"] in wanted.states)
        and (not wanted.kinds or row["kind"] in wanted.kinds)
        and set(wanted.tags) <= set(row["tags"])
        and all(value is None or row[name] == value for name, value in named.items())
        and (not wanted.text or _says(row, wanted.text.casefold()))
    )


def _says(row: Mapping[str, Any], text: str) -> bool:
    named = (row[name] or "" for name in ("title", "member"))
    return any(text in name.casefold() for name in named) or row["id"].startswith(text)
