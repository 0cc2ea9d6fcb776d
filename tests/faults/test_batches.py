"""Workers that are killed while they work on what has many parts: what was done is not done again."""

from __future__ import annotations

import re
import signal
from functools import partial

import pytest

from api.store import schema
from models.jobs import request_adapter
from tests.faults.conftest import Start
from tests.faults.live import SMALL, Service, finished_once, send
from tests.lasting import LONG

pytestmark = pytest.mark.deep


def batch(service: Service, size: int, **more: object) -> str:
    """Submit a batch of one instance many times over."""
    members = [{"name": f"m{i}", "instance": service.instance(SMALL)} for i in range(size)]
    asked = {"kind": "batch", "instances": members, **more}
    return service.client.submit(request_adapter.validate_python(asked)).id


def done(service: Service, id: str, count: int) -> bool:
    """Whether so many parts of a job are done."""
    return (service.client.job(id).done or 0) >= count


def ended(service: Service, id: str, size: int) -> None:
    """That a batch and all its jobs have ended once, and its table tells of each."""
    members = [row["id"] for row in service.rows(schema.jobs, batch=id)]
    assert len(members) == size
    finished_once(service, [id])
    job = service.client.job(id)
    assert (job.done, job.total) == (size, size)
    table = service.client.table(id, "batch")
    assert sorted(table["name"]) == sorted(f"m{i}" for i in range(size))
    assert set(table["outcome"]) == {"plan"}


def test_the_workers_of_a_batch_are_killed(start: Start) -> None:
    service = start()
    id = batch(service, 8, fresh=True)
    for number in (1, 2):
        service.until(partial(done, service, id, 2 * number))
        send(service.supervised(f"w-{number}"), signal.SIGKILL)
    ended(service, id, 8)
    finished_once(service, [row["id"] for row in service.rows(schema.jobs, batch=id)])
    service.settled()


def test_a_worker_is_killed_while_it_puts_a_batch_together(start: Start) -> None:
    service = start(workers=1)
    finished_once(service, [service.submit()])
    # All its jobs are answered with earlier results, so that only the putting together is left.
    id = batch(service, 2000)
    service.until(lambda: service.row(schema.jobs, id=id)["attempt"] == 1)
    worker = service.supervised("w-1")
    send(worker, signal.SIGSTOP)
    assert service.row(schema.jobs, id=id)["finished"] is None, "it was too quick to be killed within"
    send(worker, signal.SIGKILL)
    ended(service, id, 2000)
    assert service.client.job(id).attempt == 2
    service.settled()


def test_a_comparison_goes_on_with_the_plans_it_had(start: Start) -> None:
    service = start()
    budgets = [4e9, 6e9, 8e9, 10e9, 12e9]
    id = service.submit(LONG, "compare", budgets=budgets, regret=False, options={"time_limit": 4})
    kept: set[str] = set()

    def some() -> bool:
        names = [row["name"] for row in service.rows(schema.checkpoints, job=id)]
        kept.update(found[1] for name in names if (found := re.match(r"plans/([^/]+)/outcome\.json", name)))
        return bool(kept)

    service.until(some)
    assert len(kept) < len(budgets)
    send(service.supervised(service.worker_of(id)), signal.SIGKILL)
    service.until(lambda: service.told(id, 2))
    first = service.told(id, 2)[0].data
    assert first["done"] >= len(kept)
    finished_once(service, [id])
    job = service.client.job(id)
    assert (job.attempt, job.done, job.total) == (2, len(budgets), len(budgets))
    plans = [f.path for f in service.client.files(id).files if f.path.endswith("/plan.json")]
    assert len(plans) == len(budgets)
    service.settled()
