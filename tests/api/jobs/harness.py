"""The port under test: the same steps on MemoryJobs and on Engine with either database.

What a worker writes is written by the functions a worker uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import sqlalchemy as sa

from api.child.order import Outcome
from api.jobs import batches, record
from api.jobs.engine import Engine
from api.jobs.memory import MemoryJobs
from api.jobs.port import Jobs, Submission
from api.jobs.queue import Queue
from api.settings import Settings
from api.store.database import writing
from api.store.schema import instances, plans
from models.jobs import Job, request_adapter

INSTANCE = "a" * 64
OTHER = "b" * 64
RESULT = "c" * 64
TENANT = "one"
KEPT = 86_400.0


class Port(Protocol):
    """Jobs, and what workers and the store do beside it."""

    @property
    def jobs(self) -> Jobs:
        """The port."""

    def know(self, tenant: str, *ids: str, plan: str | None = None) -> None:
        """Store instances, and a plan."""

    def begin(self, job: str) -> None:
        """A worker takes it."""

    def finish(self, job: str, state: str = "succeeded", **values: Any) -> None:
        """A worker ends it."""

    def progress(self, job: str, **values: Any) -> None:
        """A worker tells how far it is."""

    def close(self) -> None:
        """Let go of everything."""


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


class MemoryPort:
    """MemoryJobs."""

    def __init__(self, settings: Settings) -> None:
        self.jobs: MemoryJobs = MemoryJobs(settings)
        self.jobs.instances, self.jobs.plans = set(), set()

    def know(self, tenant: str, *ids: str, plan: str | None = None) -> None:
        assert self.jobs.instances is not None
        assert self.jobs.plans is not None
        self.jobs.instances |= {(tenant, id) for id in ids}
        self.jobs.plans |= {(tenant, plan)} if plan else set()

    def begin(self, job: str) -> None:
        self.jobs.begin(job)

    def finish(self, job: str, state: str = "succeeded", **values: Any) -> None:
        told = {"result": RESULT} | values if state == "succeeded" else values
        self.jobs.finish(job, state, **told)

    def progress(self, job: str, **values: Any) -> None:
        self.jobs.tell(job, ("progress", values), **values)

    def close(self) -> None:
        self.jobs.close()


class EnginePort:
    """Engine, with the writes of a worker made here by hand."""

    def __init__(self, engine: sa.Engine, settings: Settings) -> None:
        self.engine = engine
        self.jobs: Engine = Engine(engine, settings)
        self.queue = Queue(engine)
        self.claims: dict[str, record.Claim] = {}

    def know(self, tenant: str, *ids: str, plan: str | None = None) -> None:
        common = {"tenant": tenant, "created": 0.0, "used": 0.0}
        shape = {"blob": RESULT, "name": "x", "bytes": 1, "warnings": [], "figures": {}}
        with writing(self.engine) as connection:
            for id in ids:
                connection.execute(sa.insert(instances).values(id=id, **common, **shape))
            if plan is not None:
                connection.execute(sa.insert(plans).values(id=plan, instance=ids[0], **common))

    def begin(self, job: str) -> None:
        begun = record.begin(self.engine, job, "w", 5, KEPT, self._batch_ended)
        assert begun is not None
        self.claims[job] = begun.claim

    def finish(self, job: str, state: str = "succeeded", **values: Any) -> None:
        if job not in self.claims:
            self.begin(job)
        filled = (
            {"result": RESULT, "solver_status": "optimal", "seconds": 1.0} if state == "succeeded" else {}
        )
        told = {"seconds": 1.0} | filled | values
        result = told.pop("result", None)
        outcome = Outcome(**{"state": state, **told})
        record.finish(
            self.engine, self.claims[job], outcome, result, expires=KEPT, batch_ended=self._batch_ended
        )

    def progress(self, job: str, **values: Any) -> None:
        record.tell(self.engine, self.claims[job], [{"type": "progress", **values}])

    def close(self) -> None:
        self.jobs.close()
        self.queue.close()
        self.engine.dispose()

    def _batch_ended(self, connection: sa.Connection, batch: str) -> None:
        batches.members_ended(connection, self.queue, batch, kept=KEPT)


def states(port: Port, tenant: str, *ids: str) -> list[str]:
    """The state of each job."""
    return [port.jobs.get(tenant, id).state for id in ids]


def ids(found: tuple[Job, ...]) -> list[str]:
    """Ids of jobs."""
    return [job.id for job in found]
