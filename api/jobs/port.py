"""The port of six verbs: everything the ways in (HTTP, pages) know about jobs.

Two implementations: :class:`api.jobs.engine.Engine` (database and workers) and
:class:`api.jobs.memory.MemoryJobs` (for tests of the ways in; the same tests run against both).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.jobs import Event, Job, Kind, Request, State


@dataclass(frozen=True)
class Submission:
    """A request on behalf of a tenant. Documents in it have been stored: it holds ids only."""

    tenant: str
    request: Request
    key: str | None = None
    """Id of the API key it came with."""
    idempotency_key: str | None = None
    body: str | None = None
    """SHA-256 of the request's body; with an idempotency key."""


@dataclass(frozen=True)
class Query:
    """Which jobs to list; newest first."""

    states: Sequence[State] = ()
    kinds: Sequence[Kind] = ()
    tags: Sequence[str] = ()
    """All of them."""
    parent: str | None = None
    batch: str | None = None
    instance: str | None = None
    text: str | None = None
    """In the title or the member's name, upper and lower case alike; or the beginning of the id."""
    cursor: str | None = None
    """``next`` of the page before."""
    limit: int = 50


@dataclass(frozen=True)
class Page:
    """A part of a list."""

    jobs: tuple[Job, ...]
    next: str | None
    """Cursor of the next page; None if this is the last."""


class Jobs(Protocol):
    """Safe to call from many threads. A job of another tenant is no job: NoSuchJob."""

    def submit(self, submission: Submission) -> tuple[Job, bool]:
        """Accept a job, durably, and tell whether it is new (False: the idempotency key is known).

        Raises UsedIdempotencyKey (422: the same key, another body), StillAccepted (409), QueueFull (429),
        NoSuchInstance, NoSuchPlan, NoSuchJob (a parent or plan that is not the tenant's), NoResult (a parent
        without a plan).
        """
        ...

    def known(self, tenant: str, key: str, body: str) -> Job | None:
        """The job that a request with this idempotency key has become; None if it is new.

        Asked before documents are read: what a request refers to may have gone since. Raises
        UsedIdempotencyKey.
        """
        ...

    def get(self, tenant: str, job: str) -> Job:
        """One job. Raises NoSuchJob."""
        ...

    def list(self, tenant: str, query: Query) -> Page:
        """Jobs of a tenant. Raises BadCursor."""
        ...

    def events(self, tenant: str, job: str, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """Events with ids above ``after``, in order. Raises NoSuchJob."""
        ...

    def changed(self, seen: Mapping[str, int]) -> Mapping[str, int]:
        """Of jobs (id: last event seen) those with newer events (id: last event); 0 for a job that is gone.

        One cheap question for all that is being watched. Whose jobs they are has been asked before.
        """
        ...

    def stop(self, tenant: str, job: str) -> Job:
        """End it with the best it has; a queued job is cancelled; idempotent. Raises NoSuchJob."""
        ...

    def cancel(self, tenant: str, job: str) -> Job:
        """End it and discard what it has; of a batch, all its jobs; idempotent. Raises NoSuchJob."""
        ...

    def remove(self, tenant: str, job: str) -> Job:
        """Give up the results of a finished job, and of those of a batch: it is expired then; idempotent.

        Raises NoSuchJob, NotFinished, JobInUse.
        """
        ...
