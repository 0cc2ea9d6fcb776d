"""The same asked again: idempotency keys, and results found again. On each implementation."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from api.jobs.port import Query
from models.faults import BadRequest, UsedIdempotencyKey
from tests.api.jobs.harness import INSTANCE, OTHER, RESULT, TENANT, Port, batch, solve, submission

KEYED = {"idempotency_key": "once", "body": "1" * 64}


def test_the_same_key_and_body_are_the_first_answer(port: Port) -> None:
    first, new = port.jobs.submit(solve(**KEYED))
    port.begin(first.id)
    again, newer = port.jobs.submit(solve(**KEYED))
    assert (new, newer) == (True, False)
    assert again == port.jobs.get(TENANT, first.id)
    assert again.state == "running"
    assert len(port.jobs.list(TENANT, Query()).jobs) == 1


def test_the_same_key_with_another_body_is_refused(port: Port) -> None:
    port.jobs.submit(solve(**KEYED))
    with pytest.raises(UsedIdempotencyKey):
        port.jobs.submit(solve(OTHER, idempotency_key="once", body="2" * 64))
    assert len(port.jobs.list(TENANT, Query()).jobs) == 1


def test_a_key_belongs_to_a_tenant(port: Port) -> None:
    mine, _ = port.jobs.submit(solve(**KEYED))
    theirs, new = port.jobs.submit(solve(tenant="two", **KEYED))
    assert new
    assert theirs.id != mine.id


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "a\0"])
def test_a_key_is_printable_and_not_too_long(port: Port, key: str) -> None:
    with pytest.raises(BadRequest, match="1 to 255 printable"):
        port.jobs.submit(solve(idempotency_key=key, body="1" * 64))


def test_fifty_identical_submissions_at_once_are_one_job(port: Port) -> None:
    found: list[Any] = []
    ready = threading.Barrier(50)

    def one() -> None:
        ready.wait()
        try:
            found.append(port.jobs.submit(solve(**KEYED)))
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer for answer in found if isinstance(answer, Exception)] == []
    assert len({job.id for job, _ in found}) == 1
    assert sum(new for _, new in found) == 1
    assert len(port.jobs.list(TENANT, Query()).jobs) == 1
    assert sum(port.jobs.queue_depth().values()) == 1


@pytest.mark.parametrize("status", ["optimal", "infeasible", "unbounded"])
def test_the_same_work_is_not_done_twice(port: Port, status: str) -> None:
    first, _ = port.jobs.submit(solve(title="first", tags=["x"]))
    port.finish(first.id, solver_status=status, objective=7.0, bound=7.0, gap=0.0, relative_gap=0.0)
    # What is said beside the work may differ, also how far a solve may go: it went as far as there is.
    again, new = port.jobs.submit(solve(title="again", priority=1, limits={"seconds": 1.0}))
    assert new
    assert (again.state, again.cached_from, again.result) == ("succeeded", first.id, RESULT)
    assert (again.solver_status, again.objective, again.relative_gap) == (status, 7.0, 0.0)
    assert (again.title, again.tags, again.attempt, again.position) == ("again", (), 0, None)
    assert again.finished is not None
    assert again.expires is not None
    assert [event.data["state"] for event in port.jobs.events(TENANT, again.id)] == ["succeeded"]
    assert port.jobs.queue_depth() == {}
    # An answer of an answer is told with the job that did the work.
    assert port.jobs.submit(solve())[0].cached_from == first.id


def test_fresh_work_is_done_again(port: Port) -> None:
    first, _ = port.jobs.submit(solve())
    port.finish(first.id)
    assert port.jobs.submit(solve(fresh=True))[0].state == "queued"


@pytest.mark.parametrize("status", ["feasible", "time_limit", "memory_limit", "interrupted"])
def test_what_more_time_would_better_is_done_again(port: Port, status: str) -> None:
    first, _ = port.jobs.submit(solve())
    port.finish(first.id, solver_status=status)
    assert port.jobs.submit(solve())[0].state == "queued"


def test_other_work_other_tenants_and_failures_find_nothing(port: Port) -> None:
    first, _ = port.jobs.submit(solve())
    assert port.jobs.submit(solve())[0].state == "queued"  # not done yet
    port.finish(first.id)
    options = {"kind": "solve", "instance": INSTANCE, "options": {"relative_gap": 0.01}}
    assert port.jobs.submit(submission(options))[0].state == "queued"
    assert port.jobs.submit(solve(OTHER))[0].state == "queued"
    assert port.jobs.submit(solve(tenant="two"))[0].state == "queued"
    failed, _ = port.jobs.submit(solve(fresh=True, tenant="two"))
    port.finish(failed.id, "failed")
    assert port.jobs.submit(solve(tenant="two"))[0].state == "queued"


def test_a_stopped_comparison_is_no_answer_and_limits_matter(port: Port) -> None:
    work = {"kind": "compare", "instance": INSTANCE, "budgets": [1e9, 2e9]}
    first, _ = port.jobs.submit(submission(work))
    port.begin(first.id)
    port.jobs.stop(TENANT, first.id)
    port.finish(first.id, solver_status=None)
    second, _ = port.jobs.submit(submission(work))
    assert second.state == "queued"
    port.finish(second.id, solver_status=None)
    assert port.jobs.submit(submission(work))[0].cached_from == second.id
    assert port.jobs.submit(submission(work, limits={"seconds": 9.0}))[0].state == "queued"


def test_jobs_of_a_batch_are_found_again(port: Port) -> None:
    first, _ = port.jobs.submit(solve())
    port.finish(first.id)
    half, _ = port.jobs.submit(batch(INSTANCE, OTHER))
    assert (half.state, half.done, half.total) == ("queued", 1, 2)
    members = port.jobs.list(TENANT, Query(batch=half.id)).jobs
    assert {job.member: job.state for job in members} == {"m0": "succeeded", "m1": "queued"}
    port.finish(members[0].id)
    whole, _ = port.jobs.submit(batch(INSTANCE, OTHER))
    # Nothing waits; only its table has to be written.
    assert (whole.state, whole.done, whole.total) == ("running", 2, 2)
    port.finish(whole.id, solver_status=None)
    assert port.jobs.get(TENANT, whole.id).state == "succeeded"
