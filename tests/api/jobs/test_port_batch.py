"""Batches through the port: a job whose parts are jobs. On each implementation."""

from __future__ import annotations

import pytest

from api.jobs.port import Query
from models.faults import NoSuchInstance
from models.jobs import Job
from tests.api.jobs.harness import INSTANCE, OTHER, TENANT, Port, batch, solve, states


def members(port: Port, id: str) -> list[Job]:
    """The jobs of a batch in its order."""
    return list(port.jobs.list(TENANT, Query(batch=id)).jobs[::-1])


def test_each_instance_becomes_a_job(port: Port) -> None:
    made, _ = port.jobs.submit(
        batch(INSTANCE, OTHER, INSTANCE, title="all", tags=["x"], priority=2, limits={"threads": 2})
    )
    assert (made.kind, made.state, made.done, made.total, made.position) == ("batch", "queued", 0, 3, None)
    assert made.instance is None
    parts = members(port, made.id)
    assert [(part.member, part.instance, part.position) for part in parts] == [
        ("m0", INSTANCE, 1),
        ("m1", OTHER, 2),
        ("m2", INSTANCE, 3),
    ]
    for part in parts:
        assert (part.kind, part.batch, part.priority, part.limits.threads) == ("solve", made.id, 2, 2)
        assert (part.title, part.tags, part.parent) == (None, (), None)
        assert [event.data["state"] for event in port.jobs.events(TENANT, part.id)] == ["queued"]
    assert port.jobs.queue_depth() == {(2, TENANT): 3}


def test_one_unknown_instance_refuses_all(port: Port) -> None:
    with pytest.raises(NoSuchInstance, match="e" * 64):
        port.jobs.submit(batch(INSTANCE, "e" * 64))
    assert port.jobs.list(TENANT, Query()).jobs == ()
    assert port.jobs.queue_depth() == {}


def test_progress_is_counted_in_jobs(port: Port) -> None:
    made, _ = port.jobs.submit(batch(INSTANCE, OTHER))
    first, second = members(port, made.id)
    port.begin(first.id)
    assert port.jobs.get(TENANT, made.id).state == "running"
    port.finish(first.id)
    told = port.jobs.get(TENANT, made.id)
    assert (told.done, told.total, told.state) == (1, 2, "running")
    port.finish(second.id, "failed")
    port.finish(made.id, solver_status=None)
    ended = port.jobs.get(TENANT, made.id)
    assert (ended.done, ended.state, ended.result is None) == (2, "succeeded", False)
    told_of = [event.data for event in port.jobs.events(TENANT, made.id) if event.type == "progress"]
    assert told_of == [{"done": 1, "total": 2}, {"done": 2, "total": 2}]


@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_a_batch_of_which_nothing_ran_is_cancelled_at_once(port: Port, verb: str) -> None:
    made, _ = port.jobs.submit(batch(INSTANCE, OTHER))
    other, _ = port.jobs.submit(solve(fresh=True))
    ended = getattr(port.jobs, verb)(TENANT, made.id)
    assert (ended.state, ended.done) == ("cancelled", 2)
    assert [part.state for part in members(port, made.id)] == ["cancelled", "cancelled"]
    assert getattr(port.jobs, verb)(TENANT, made.id) == ended
    assert states(port, TENANT, other.id) == ["queued"]


@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_jobs_of_a_batch_that_run_are_asked(port: Port, verb: str) -> None:
    made, _ = port.jobs.submit(batch(INSTANCE, OTHER, INSTANCE))
    done, running, waiting = members(port, made.id)
    port.finish(done.id)
    port.begin(running.id)
    asked = getattr(port.jobs, verb)(TENANT, made.id)
    assert (asked.state, asked.done) == ("stopping", 2)
    assert states(port, TENANT, done.id, running.id, waiting.id) == ["succeeded", "stopping", "cancelled"]
    assert getattr(port.jobs, verb)(TENANT, made.id) == asked
    if verb == "stop":
        port.finish(running.id)
        # It has something to show: what is left is to put it together.
        assert states(port, TENANT, made.id) == ["stopping"]
        port.finish(made.id, solver_status=None)
        assert states(port, TENANT, made.id) == ["succeeded"]
    else:
        port.finish(running.id, "cancelled")
        assert states(port, TENANT, made.id) == ["cancelled"]


def test_jobs_of_a_batch_can_be_cancelled_one_by_one(port: Port) -> None:
    made, _ = port.jobs.submit(batch(INSTANCE, OTHER))
    first, second = members(port, made.id)
    port.jobs.cancel(TENANT, first.id)
    assert port.jobs.get(TENANT, made.id).done == 1
    port.jobs.cancel(TENANT, second.id)
    told = port.jobs.get(TENANT, made.id)
    assert (told.done, told.state) == (2, "cancelled")
