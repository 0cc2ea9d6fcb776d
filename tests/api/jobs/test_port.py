"""One job through the port: accepted, found, told of, stopped and cancelled. On each implementation."""

from __future__ import annotations

import pytest

from models.faults import NoResult, NoSuchInstance, NoSuchJob, NoSuchPlan
from tests.api.jobs.harness import INSTANCE, OTHER, TENANT, Port, solve, submission

NOBODY = "f" * 32


def test_a_job_is_accepted_and_found(port: Port) -> None:
    job, new = port.jobs.submit(
        solve(title="First", tags=["b", "a", "b"], priority=3, limits={"seconds": 60.0})
    )
    assert new
    assert port.jobs.get(TENANT, job.id) == job
    assert (job.kind, job.state, job.title, job.priority) == ("solve", "queued", "First", 3)
    assert job.tags == ("a", "b")
    assert job.limits.seconds == 60
    assert job.instance == INSTANCE
    assert job.work["instance"] == INSTANCE
    assert job.work["options"]["relative_gap"] == 1e-4
    assert "priority" not in job.work
    assert (job.attempt, job.version, job.position) == (0, 1, 1)
    assert (job.problem, job.result, job.cached_from, job.total) == (None, None, None, None)


def test_a_job_of_another_tenant_is_no_job(port: Port) -> None:
    job, _ = port.jobs.submit(solve())
    for call in (port.jobs.get, port.jobs.events, port.jobs.stop, port.jobs.cancel):
        for tenant, id in (("two", job.id), (TENANT, NOBODY)):
            with pytest.raises(NoSuchJob):
                call(tenant, id)
    assert port.jobs.get(TENANT, job.id).state == "queued"
    assert port.jobs.get(TENANT, job.id).version == 1


def test_what_a_request_names_is_the_tenants_own(port: Port) -> None:
    mine, _ = port.jobs.submit(solve())
    port.finish(mine.id)
    with pytest.raises(NoSuchInstance, match=OTHER):
        port.jobs.submit(solve(OTHER, tenant="two"))
    with pytest.raises(NoSuchJob):
        port.jobs.submit(solve(tenant="two", parent=mine.id))
    with pytest.raises(NoSuchJob):
        port.jobs.submit(submission({"kind": "evaluate", "plan": mine.id}, "two"))
    port.know("two", OTHER, plan="d" * 64)
    plan = {"kind": "evaluate", "plan": "d" * 64, "instance": INSTANCE}
    with pytest.raises(NoSuchPlan):
        port.jobs.submit(submission(plan))
    assert port.jobs.submit(submission(plan, "two"))[0].instance == INSTANCE
    with pytest.raises(NoSuchInstance):
        port.jobs.submit(submission(plan | {"scenarios": "e" * 64}, "two"))


def test_a_warm_start_needs_a_plan(port: Port) -> None:
    waiting, _ = port.jobs.submit(solve())
    with pytest.raises(NoResult, match="queued"):
        port.jobs.submit(solve(OTHER, parent=waiting.id))
    port.finish(waiting.id, solver_status="infeasible")
    with pytest.raises(NoResult):
        port.jobs.submit(solve(OTHER, parent=waiting.id))
    # Other kinds of work take no plan from it: then it only says where they came from.
    sample, _ = port.jobs.submit(submission({"kind": "sample", "instance": INSTANCE}, parent=waiting.id))
    assert sample.parent == waiting.id
    found, _ = port.jobs.submit(solve(fresh=True))
    port.finish(found.id, solver_status="feasible")
    child, _ = port.jobs.submit(solve(OTHER, parent=found.id))
    assert child.parent == found.id


def test_a_plan_to_start_from_is_stored_first(port: Port) -> None:
    with pytest.raises(NoSuchPlan):
        port.jobs.submit(submission({"kind": "solve", "instance": INSTANCE, "warm": "d" * 64}))


def test_events_count_from_one(port: Port) -> None:
    job, _ = port.jobs.submit(solve())
    port.begin(job.id)
    port.progress(job.id, phase="search", incumbent=5.0, bound=4.0)
    port.finish(job.id)
    events = port.jobs.events(TENANT, job.id)
    assert [event.id for event in events] == [1, 2, 3, 4]
    assert [event.type for event in events] == ["state", "state", "progress", "state"]
    assert [event.data.get("state") for event in events] == ["queued", "running", None, "succeeded"]
    assert events[2].data["incumbent"] == 5.0
    assert [event.id for event in port.jobs.events(TENANT, job.id, after=2)] == [3, 4]
    assert [event.id for event in port.jobs.events(TENANT, job.id, after=1, limit=2)] == [2, 3]
    assert port.jobs.events(TENANT, job.id, after=4) == []


def test_one_question_tells_which_of_many_jobs_have_changed(port: Port) -> None:
    ids = [port.jobs.submit(solve(fresh=True))[0].id for _ in range(5)]
    assert port.jobs.changed(dict.fromkeys(ids, 1)) == {}
    port.begin(ids[1])
    port.progress(ids[1], phase="search")
    port.jobs.cancel(TENANT, ids[3])
    # queued, running, progress: 3; queued, cancelled: 2; one that is not there: 0.
    seen = dict.fromkeys(ids, 1) | {NOBODY: 7}
    assert port.jobs.changed(seen) == {ids[1]: 3, ids[3]: 2, NOBODY: 0}
    assert port.jobs.changed({}) == {}


def test_every_change_has_a_version(port: Port) -> None:
    job, _ = port.jobs.submit(solve())
    versions = [job.version]
    port.begin(job.id)
    versions.append(port.jobs.get(TENANT, job.id).version)
    port.progress(job.id, phase="search")
    versions.append(port.jobs.get(TENANT, job.id).version)
    versions.append(port.jobs.stop(TENANT, job.id).version)
    port.finish(job.id)
    versions.append(port.jobs.get(TENANT, job.id).version)
    assert versions == sorted(set(versions))
    last = versions[-1]
    assert port.jobs.stop(TENANT, job.id).version == last
    assert port.jobs.cancel(TENANT, job.id).version == last


@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_a_queued_job_is_cancelled_at_once(port: Port, verb: str) -> None:
    first, _ = port.jobs.submit(solve())
    second, _ = port.jobs.submit(solve(OTHER))
    assert second.position == 2
    ended = getattr(port.jobs, verb)(TENANT, first.id)
    assert (ended.state, ended.position, ended.attempt) == ("cancelled", None, 0)
    assert ended.finished is not None
    assert ended.expires is not None
    assert port.jobs.get(TENANT, second.id).position == 1
    assert getattr(port.jobs, verb)(TENANT, first.id) == ended
    assert [event.data["state"] for event in port.jobs.events(TENANT, first.id)] == ["queued", "cancelled"]


def test_a_running_job_is_asked_to_stop_then_cancelled(port: Port) -> None:
    job, _ = port.jobs.submit(solve())
    port.begin(job.id)
    stopping = port.jobs.stop(TENANT, job.id)
    assert stopping.state == "stopping"
    assert port.jobs.stop(TENANT, job.id) == stopping
    cancelling = port.jobs.cancel(TENANT, job.id)
    assert (cancelling.state, cancelling.version) == ("stopping", stopping.version + 1)
    assert port.jobs.cancel(TENANT, job.id) == cancelling
    asked = [event.data.get("asked") for event in port.jobs.events(TENANT, job.id)]
    assert asked == [None, None, "stop", "cancel"]
    port.finish(job.id, "cancelled")
    assert port.jobs.get(TENANT, job.id).state == "cancelled"


def test_a_job_that_has_ended_stays_as_it_is(port: Port) -> None:
    job, _ = port.jobs.submit(solve())
    port.finish(job.id)
    ended = port.jobs.get(TENANT, job.id)
    assert ended.state == "succeeded"
    assert port.jobs.stop(TENANT, job.id) == ended
    assert port.jobs.cancel(TENANT, job.id) == ended
