"""What a worker writes about a job: guarded by the run it belongs to, and the outcome once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from api.child.order import Outcome
from api.jobs import record
from api.jobs.record import Claim, Lost
from api.store.schema import jobs
from tests.api.jobs.harness import INSTANCE, KEPT, OTHER, RESULT, TENANT, EnginePort, batch, solve

DONE = Outcome("succeeded", 1.5, 80.0, "optimal", 10.0, 8.0, 2.0, 0.2)


@pytest.fixture
def port(engines: sa.Engine, settings: Any) -> Iterator[EnginePort]:
    made = EnginePort(engines, settings)
    made.know(TENANT, INSTANCE, OTHER)
    yield made
    made.close()


def begin(port: EnginePort, job: str, worker: str = "w1", attempts: int = 5) -> Claim | None:
    begun = record.begin(port.engine, job, worker, attempts, KEPT, port._batch_ended)
    return begun.claim if begun else None


def claim(port: EnginePort, job: str, worker: str = "w1") -> Claim:
    found = begin(port, job, worker)
    assert found is not None
    return found


def finish(port: EnginePort, claim: Claim, outcome: Outcome = DONE, messages: Any = ()) -> None:
    result = RESULT if outcome.state == "succeeded" else None
    record.finish(
        port.engine,
        claim,
        outcome,
        result,
        expires=KEPT,
        batch_ended=port._batch_ended,
        messages=messages,
    )


def submitted(port: EnginePort) -> str:
    return port.jobs.submit(solve())[0].id


def states(port: EnginePort, job: str) -> list[str]:
    return [e.data["state"] for e in port.jobs.events(TENANT, job) if e.type == "state"]


def test_the_outcome_is_written_once(port: EnginePort) -> None:
    id = submitted(port)
    mine = claim(port, id)
    finish(port, mine, messages=[{"type": "log", "line": "last words"}])
    job = port.jobs.get(TENANT, id)
    assert (job.state, job.objective, job.gap, job.relative_gap, job.memory_mb) == (
        "succeeded", 10.0, 2.0, 0.2, 80.0,
    )  # fmt: skip
    assert job.expires == pytest.approx(job.finished + KEPT)
    finish(port, mine, Outcome("failed", 3.0))  # the answer to the first commit was lost
    assert port.jobs.get(TENANT, id) == job
    assert states(port, id) == ["queued", "running", "succeeded"]
    assert [e.data for e in port.jobs.events(TENANT, id) if e.type == "log"] == [{"line": "last words"}]


def test_a_run_that_lost_its_job_writes_nothing(port: EnginePort) -> None:
    id = submitted(port)
    old, new = claim(port, id), claim(port, id, "w2")
    before = port.jobs.get(TENANT, id), port.jobs.events(TENANT, id)
    message = {"type": "progress", "phase": "search", "incumbent": 1.0}
    with pytest.raises(Lost):
        record.tell(port.engine, old, [message])
    with pytest.raises(Lost):
        record.keep(port.engine, old, "incumbent.json", b"old")
    with pytest.raises(Lost):
        record.give_back(port.engine, old)
    with pytest.raises(Lost):
        finish(port, old)
    assert (port.jobs.get(TENANT, id), port.jobs.events(TENANT, id)) == before
    assert record.asked(port.engine, [old, new]) == {new: None}
    finish(port, new)
    with pytest.raises(Lost):
        finish(port, old)
    assert port.jobs.get(TENANT, id).state == "succeeded"
    assert record.asked(port.engine, [old, new]) == {}


def test_the_same_worker_s_earlier_run_is_not_the_job_s(port: EnginePort) -> None:
    id = submitted(port)
    old, new = claim(port, id, "w1"), claim(port, id, "w1")
    assert (old.attempt, new.attempt) == (1, 2)
    with pytest.raises(Lost):
        finish(port, old)
    finish(port, new)


def test_runs_lost_too_often(port: EnginePort) -> None:
    """With two runs allowed, the third is not begun; one that was given back does not count."""
    id = submitted(port)
    record.give_back(port.engine, claim(port, id))
    assert port.jobs.get(TENANT, id).state == "queued"
    assert begin(port, id, attempts=2) is not None
    assert begin(port, id, attempts=2) is not None
    assert begin(port, id, attempts=2) is None
    job = port.jobs.get(TENANT, id)
    assert (job.state, job.solver_status, job.attempt) == ("failed", "error", 4)
    assert job.problem is not None
    assert job.problem.detail == "The workers of the job died 2 times while it ran."


def test_a_job_that_was_cancelled_is_not_begun(port: EnginePort) -> None:
    waiting, running = submitted(port), submitted(port)
    port.jobs.cancel(TENANT, waiting)
    assert begin(port, waiting) is None
    claim(port, running)
    port.jobs.cancel(TENANT, running)  # and then its worker dies
    assert begin(port, running, "w2") is None
    assert port.jobs.get(TENANT, running).state == "cancelled"
    assert begin(port, "0" * 32) is None


def test_whoever_cancels_wants_nothing_of_it(port: EnginePort) -> None:
    id = submitted(port)
    mine = claim(port, id)
    port.jobs.cancel(TENANT, id)
    assert record.asked(port.engine, [mine]) == {mine: "cancel"}
    finish(port, mine)  # it was done before anybody looked
    job = port.jobs.get(TENANT, id)
    assert (job.state, job.result) == ("cancelled", None)


def test_a_stop_outlives_the_worker(port: EnginePort) -> None:
    id = submitted(port)
    mine = claim(port, id)
    port.jobs.stop(TENANT, id)
    assert record.asked(port.engine, [mine]) == {mine: "stop"}
    again = claim(port, id, "w2")
    assert port.jobs.get(TENANT, id).state == "stopping"
    assert record.asked(port.engine, [again]) == {again: "stop"}


def test_progress_is_one_event_and_the_row_follows(port: EnginePort) -> None:
    id = submitted(port)
    mine = claim(port, id)
    before = len(port.jobs.events(TENANT, id))
    told = [
        {"type": "progress", "phase": "search", "incumbent": float("inf"), "bound": -float("inf")},
        {"type": "log", "line": "x" * 9000},
        {"type": "progress", "phase": "search", "incumbent": 40.0, "bound": 30.0, "nodes": 7},
    ]
    record.tell(port.engine, mine, told)
    new = port.jobs.events(TENANT, id)[before:]
    assert [event.type for event in new] == ["log", "progress"]
    assert len(new[0].data["line"]) == record.LINE
    assert new[1].data == {"phase": "search", "incumbent": 40.0, "bound": 30.0, "nodes": 7}
    job = port.jobs.get(TENANT, id)
    # 40 - 30 = 10, of 40 a quarter.
    assert (job.phase, job.objective, job.bound, job.gap, job.relative_gap) == ("search", 40, 30, 10, 0.25)
    record.tell(port.engine, mine, [])
    assert port.jobs.get(TENANT, id) == job


def test_checkpoints_are_replaced_and_go_with_the_end(port: EnginePort) -> None:
    id = submitted(port)
    mine = claim(port, id)
    record.keep(port.engine, mine, "a", b"1")
    record.keep(port.engine, mine, "b/c", b"2")
    record.keep(port.engine, mine, "a", b"3")
    assert sorted(record.kept(port.engine, id)) == [("a", b"3"), ("b/c", b"2")]
    finish(port, mine)
    assert record.kept(port.engine, id) == []


def test_a_batch_runs_with_its_first_job_and_is_counted(port: EnginePort) -> None:
    id = port.jobs.submit(batch(INSTANCE, OTHER))[0].id
    assert port.jobs.get(TENANT, id).state == "queued"
    with port.engine.connect() as connection:
        ids = list(connection.scalars(sa.select(jobs.c.id).where(jobs.c.batch == id)))
    finish(port, claim(port, ids[0]))
    job = port.jobs.get(TENANT, id)
    assert (job.state, job.done, job.total) == ("running", 1, 2)
    finish(port, claim(port, ids[1]), Outcome("failed", 1.0, solver_status="error"))
    assert port.jobs.get(TENANT, id).done == 2
    assert port.jobs.get(TENANT, id).state == "running"  # its gathering waits in the queue
