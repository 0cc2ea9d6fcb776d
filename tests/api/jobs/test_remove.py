"""Giving up results before their time. On each implementation of the port."""

from __future__ import annotations

import pytest

from models.faults import JobInUse, NoSuchJob, NotFinished
from tests.api.jobs.harness import INSTANCE, TENANT, Port, solve, submission

RESULT = {"result": "0" * 64, "objective": 1.0, "solver_status": "optimal"}


def test_a_finished_job_expires_with_its_events(port: Port) -> None:
    job, _ = port.jobs.submit(solve())
    with pytest.raises(NotFinished, match="queued"):
        port.jobs.remove(TENANT, job.id)
    port.finish(job.id)
    before = port.jobs.get(TENANT, job.id)
    last = port.jobs.events(TENANT, job.id)[-1]
    for _ in range(2):  # again changes nothing
        gone = port.jobs.remove(TENANT, job.id)
        assert (gone.state, gone.result, gone.version) == ("expired", None, before.version + 1)
    (told,) = port.jobs.events(TENANT, job.id)
    assert (told.id, told.type, told.data["state"]) == (last.id + 1, "state", "expired")
    assert port.jobs.changed({job.id: last.id}) == {job.id: last.id + 1}


def test_of_another_tenant_it_is_no_job(port: Port) -> None:
    job, _ = port.jobs.submit(solve())
    port.finish(job.id)
    with pytest.raises(NoSuchJob):
        port.jobs.remove("two", job.id)
    assert port.jobs.get(TENANT, job.id).state == "succeeded"


def test_what_a_waiting_job_goes_on_from_is_kept(port: Port) -> None:
    job, _ = port.jobs.submit(solve())
    port.finish(job.id)
    next_, _ = port.jobs.submit(solve(parent=job.id, title="next", fresh=True))
    with pytest.raises(JobInUse, match=next_.id):
        port.jobs.remove(TENANT, job.id)
    port.jobs.cancel(TENANT, next_.id)
    assert port.jobs.remove(TENANT, job.id).state == "expired"


def test_a_batch_goes_with_its_jobs(port: Port) -> None:
    members = [{"name": name, "instance": INSTANCE} for name in ("a", "b")]
    batch, _ = port.jobs.submit(submission({"kind": "batch", "instances": members}))
    port.jobs.cancel(TENANT, batch.id)
    assert port.jobs.remove(TENANT, batch.id).state == "expired"
    from api.jobs.port import Query

    assert {job.state for job in port.jobs.list(TENANT, Query(batch=batch.id)).jobs} == {"expired"}
