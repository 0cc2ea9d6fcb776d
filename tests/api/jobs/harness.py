"""The port under test: the same steps on MemoryJobs and on Engine with either database."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

import sqlalchemy as sa

from api.jobs import events
from api.jobs.engine import Engine
from api.jobs.port import Jobs, Submission
from api.settings import Settings
from api.store.database import writing
from api.store.schema import instances, jobs, plans
from models.jobs import Job, request_adapter

INSTANCE = "a" * 64
OTHER = "b" * 64
RESULT = "c" * 64
TENANT = "one"


class Port(Protocol):
    """Jobs, and what workers and the store do beside it."""

    jobs: Jobs

    def know(self, tenant: str, *ids: str, plan: str | None = None) -> None:
        """Store instances, and a plan."""

    def begin(self, job: str) -> None:
        """A worker takes it."""

    def finish(self, job: str, state: str = "succeeded", **values: Any) -> None:
        """A worker ends it."""

    def progress(self, job: str, **values: Any) -> None:
        """A worker tells how far it is."""


def solve(instance: str = INSTANCE, tenant: str = TENANT, **envelope: Any) -> Submission:
    """A submission of a solve; the idempotency key and body go with the envelope."""
    return submission({"kind": "solve", "instance": instance}, tenant, **envelope)


def batch(*members: str, tenant: str = TENANT, **envelope: Any) -> Submission:
    """A submission of a batch of instances, named by their numbers."""
    named = [{"name": f"m{i}", "instance": id} for i, id in enumerate(members)]
    return submission({"kind": "batch", "instances": named}, tenant, **envelope)


def submission(
    work: Mapping[str, Any],
    tenant: str = TENANT,
    *,
    idempotency_key: str | None = None,
    body: str | None = None,
    **envelope: Any,
) -> Submission:
    """A submission of any work."""
    request = request_adapter.validate_python({**work, **envelope})
    return Submission(tenant, request, key="k1", idempotency_key=idempotency_key, body=body)


class EnginePort:
    """Engine, with the writes of a worker made here by hand."""

    def __init__(self, engine: sa.Engine, settings: Settings) -> None:
        self.engine = engine
        self.jobs: Jobs = Engine(engine, settings)

    def know(self, tenant: str, *ids: str, plan: str | None = None) -> None:
        common = {"tenant": tenant, "created": 0.0, "used": 0.0}
        shape = {"blob": RESULT, "name": "x", "bytes": 1, "warnings": [], "figures": {}}
        with writing(self.engine) as connection:
            for id in ids:
                connection.execute(sa.insert(instances).values(id=id, **common, **shape))
            if plan is not None:
                connection.execute(sa.insert(plans).values(id=plan, instance=ids[0], **common))

    def begin(self, job: str) -> None:
        values = {"state": "running", "attempt": jobs.c.attempt + 1, "started": time.time()}
        self._change(job, [("state", {"state": "running"})], **values)

    def finish(self, job: str, state: str = "succeeded", **values: Any) -> None:
        filled = (
            {"result": RESULT, "solver_status": "optimal", "seconds": 1.0} if state == "succeeded" else {}
        )
        self._change(job, [("state", {"state": state})], state=state, finished=time.time(), **filled | values)

    def progress(self, job: str, **values: Any) -> None:
        self._change(job, [("progress", values)], **values)

    def _change(self, job: str, notes: list[events.Note], **values: Any) -> None:
        with writing(self.engine) as connection:
            assert len(events.change(connection, [jobs.c.id == job], notes, **values)) == 1


def states(port: Port, tenant: str, *ids: str) -> list[str]:
    """The state of each job."""
    return [port.jobs.get(tenant, id).state for id in ids]


def ids(found: tuple[Job, ...]) -> list[str]:
    """Ids of jobs."""
    return [job.id for job in found]
