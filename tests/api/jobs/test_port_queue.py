"""The queue through the port: fair turns, priorities, places, its limit and depth. On each implementation."""

from __future__ import annotations

import pytest

from api.jobs.fair import SPAN, packed
from api.jobs.port import Query
from models.faults import BadRequest, QueueFull
from tests.api.jobs.harness import INSTANCE, TENANT, Port, batch, solve, states


def line(port: Port, *tenants: str) -> list[str]:
    """Titles of the jobs that wait, in the order they will be served."""
    waiting = [job for tenant in tenants for job in port.jobs.list(tenant, Query(states=["queued"])).jobs]
    places = {job.position: job.title for job in waiting}
    assert sorted(place for place in places if place) == list(range(1, len(waiting) + 1))
    return [str(places[place]) for place in sorted(place for place in places if place)]


def put(port: Port, *titles: str, priority: int = 5) -> list[str]:
    """Submit jobs; a title's first letter is its tenant: a is "one", b is "two"."""
    ids = []
    for title in titles:
        tenant = TENANT if title.startswith("a") else "two"
        job, _ = port.jobs.submit(solve(tenant=tenant, title=title, priority=priority, fresh=True))
        ids.append(job.id)
    return ids


def test_tenants_take_turns(port: Port) -> None:
    # Turns of a: 0, 1, 2, 3. b comes later: at least the turn now served, 0; then 1.
    put(port, "a1", "a2", "a3", "a4", "b1", "b2")
    assert line(port, TENANT, "two") == ["a1", "b1", "a2", "b2", "a3", "a4"]


def test_who_was_away_has_saved_up_nothing(port: Port) -> None:
    a = put(port, "a1", "a2", "a3", "a4")
    for id in a[:3]:
        port.begin(id)
    # a4 has turn 3, which is served now: b begins there, not at 0. Then 3 (a4, b1), 4 (b2, a5) as they came.
    put(port, "b1", "b2", "a5")
    assert line(port, TENANT, "two") == ["a4", "b1", "b2", "a5"]


def test_an_empty_queue_does_not_forget(port: Port) -> None:
    for id in put(port, "a1", "a2", "a3"):
        port.finish(id)
    # The last turn served was 2: b takes 2, a takes its next, 3.
    put(port, "b1", "a4", "b2", "b3")
    assert line(port, TENANT, "two") == ["b1", "a4", "b2", "b3"]


def test_cancelled_jobs_leave_no_mark(port: Port) -> None:
    for id in put(port, *[f"a{i}" for i in range(10)]):
        port.jobs.cancel(TENANT, id)
    put(port, "a", "b")
    assert line(port, TENANT, "two") == ["a", "b"]
    put(port, "a+", "b+")
    assert line(port, TENANT, "two") == ["a", "b", "a+", "b+"]


def test_a_lower_priority_number_goes_first(port: Port) -> None:
    put(port, "a5")
    put(port, "a9", priority=9)
    put(port, "a1", priority=1)
    put(port, "b1", priority=1)
    assert line(port, TENANT, "two") == ["a1", "b1", "a5", "a9"]
    assert port.jobs.queue_depth() == {(1, TENANT): 1, (1, "two"): 1, (5, TENANT): 1, (9, TENANT): 1}


def test_priority_and_turn_fit_the_31_bits_of_the_queue() -> None:
    assert packed(1, 0) == 1
    assert packed(9, 1e12) == 9 * SPAN <= 2**31 - 1
    order = [(1, 0), (1, 1), (1, SPAN - 1), (2, 0), (5, 7), (9, 0)]
    assert sorted(order, key=lambda place: packed(*place)) == order


def test_so_many_jobs_of_a_tenant_may_wait(port: Port) -> None:
    ids = put(port, *["a"] * 19)
    with pytest.raises(QueueFull, match="19 jobs wait; 20 may") as full:
        port.jobs.submit(batch(INSTANCE, INSTANCE, fresh=True))
    assert full.value.retry_after is not None
    assert 1 <= full.value.retry_after <= 60
    assert len(port.jobs.list(TENANT, Query()).jobs) == 19  # nothing of the batch
    put(port, "a")
    with pytest.raises(QueueFull):
        put(port, "a")
    put(port, "b")  # another tenant is not concerned
    port.begin(ids[0])
    put(port, "a")
    port.jobs.cancel(TENANT, ids[1])
    put(port, "a")
    with pytest.raises(QueueFull):
        put(port, "a")


def test_a_batch_beyond_the_limit_will_never_fit(port: Port) -> None:
    with pytest.raises(BadRequest, match="21 instances; 20 jobs may wait"):
        port.jobs.submit(batch(*[INSTANCE] * 21))


def test_an_answer_from_the_cache_does_not_wait(port: Port) -> None:
    done, _ = port.jobs.submit(solve())
    port.finish(done.id)
    put(port, *["a"] * 20)
    answered, _ = port.jobs.submit(solve())
    assert states(port, TENANT, answered.id) == ["succeeded"]
