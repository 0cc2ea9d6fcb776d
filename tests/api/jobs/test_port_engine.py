"""What only the Engine has to stand: many threads and processes, a database that goes away or is full."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer

from api.jobs import accept, names
from api.jobs.fair import packed
from api.jobs.port import Query
from api.settings import Settings
from api.store import database
from api.store.schema import deliveries, events, jobs, submissions, tags
from models.faults import QueueFull, StillAccepted
from tests.api.jobs.harness import INSTANCE, OTHER, TENANT, EnginePort, batch, solve


@pytest.fixture
def port(settings: Settings) -> Iterator[EnginePort]:
    """An Engine on either database; tenant "one" has an instance."""
    made = EnginePort(database.connect(settings), settings)
    made.know(TENANT, INSTANCE, OTHER)
    made.know("two", INSTANCE)
    yield made
    made.close()


@pytest.fixture
def client(port: EnginePort) -> Iterator[DBOSClient]:
    """What DBOS itself says about the queue."""
    made = DBOSClient(
        system_database_engine=port.engine,
        serializer=DBOSPortableJSONSerializer(),
        application_name=names.APPLICATION,
    )
    yield made
    made.destroy()


def queued(client: DBOSClient) -> dict[str, Any]:
    """Workflows that wait, by id."""
    return {found.workflow_id: found for found in client.list_queued_workflows()}


def count(port: EnginePort, table: sa.Table) -> int:
    with database.reading(port.engine) as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_job_waits_in_the_queue_of_dbos(port: EnginePort, client: DBOSClient) -> None:
    port.jobs.submit(solve(tenant="two", priority=3))
    job, _ = port.jobs.submit(solve(priority=3, fresh=True))
    second, _ = port.jobs.submit(solve(priority=3, fresh=True))
    found = queued(client)
    assert len(found) == 3
    status = found[second.id]
    assert (status.name, status.queue_name, status.app_version) == (names.RUN, names.QUEUE, names.APPLICATION)
    assert status.input == {"args": (second.id,), "kwargs": {}}
    assert found[job.id].priority == packed(3, 0)
    assert status.priority == packed(3, 1)
    port.jobs.cancel(TENANT, job.id)
    assert job.id not in queued(client)
    assert client.retrieve_workflow(job.id).get_status().status == "CANCELLED"


def test_jobs_of_a_large_batch_wait_as_single_ones_do(port: EnginePort, client: DBOSClient) -> None:
    small, _ = port.jobs.submit(batch(INSTANCE, INSTANCE, fresh=True))
    large, _ = port.jobs.submit(batch(*[INSTANCE] * 40, fresh=True))
    found = queued(client)
    assert large.id not in found
    one = found[port.jobs.list(TENANT, Query(batch=small.id)).jobs[0].id]
    parts = port.jobs.list(TENANT, Query(batch=large.id)).jobs[::-1]
    assert len(parts) == 40
    for turn, part in enumerate(parts, start=2):  # the small one had turns 0 and 1
        status = found[part.id]
        assert status.priority == packed(5, turn)
        assert status.input == {"args": (part.id,), "kwargs": {}}
        for name in ("status", "name", "queue_name", "app_version", "executor_id", "recovery_attempts"):
            assert getattr(status, name) == getattr(one, name), name
    port.jobs.cancel(TENANT, large.id)
    assert len(queued(client)) == 2


def test_a_batch_that_is_done_at_once_is_put_together(port: EnginePort, client: DBOSClient) -> None:
    port.finish(port.jobs.submit(solve())[0].id)
    made, _ = port.jobs.submit(batch(INSTANCE, INSTANCE))
    gather = queued(client)[f"{made.id}-{names.GATHER}"]
    assert gather.name == names.GATHER
    assert gather.input == {"args": (made.id,), "kwargs": {}}
    assert gather.priority == 0  # before all that wait


def test_many_threads_at_once(port: EnginePort) -> None:
    """Nothing is lost, doubled or out of turn when submitting, telling, asking and reading go on together."""
    with ThreadPoolExecutor(24) as pool:
        made = [job.id for job, _ in pool.map(lambda _: port.jobs.submit(solve(fresh=True)), range(60))]
        for id in made[:12]:
            port.begin(id)
        told = [pool.submit(port.progress, id, phase="search") for id in made[:12] for _ in range(5)]
        asked = [pool.submit(port.jobs.cancel, TENANT, id) for id in made[40:] for _ in range(3)]
        read = [pool.submit(port.jobs.list, TENANT, Query(limit=20)) for _ in range(10)]
        for future in (*told, *asked, *read):
            future.result()
    assert len(set(made)) == 60
    for id in made:
        found = port.jobs.events(TENANT, id)
        assert [event.id for event in found] == list(range(1, len(found) + 1))
    assert {len(port.jobs.events(TENANT, id)) for id in made[:12]} == {2 + 5}
    assert {len(port.jobs.events(TENANT, id)) for id in made[40:]} == {2}
    with database.reading(port.engine) as connection:
        turns = connection.scalars(sa.select(jobs.c.turn).where(jobs.c.state != "cancelled")).all()
    assert len(set(turns)) == 40  # each its own; those of cancelled jobs are gone
    assert port.jobs.queue_depth() == {(5, TENANT): 28}


def test_the_limit_is_exact_when_many_submit_at_once(port: EnginePort, settings: Settings) -> None:
    strict = EnginePort(port.engine, settings.model_copy(update={"queue_limit": 10}))

    def one(_: int) -> bool:
        try:
            strict.jobs.submit(solve(fresh=True))
        except QueueFull:
            return False
        return True

    with ThreadPoolExecutor(30) as pool:
        assert sum(pool.map(one, range(30))) == 10
    strict.jobs.close()
    strict.queue.close()


def child(settings: Settings, start: Any, out: Any) -> None:
    """A process of its own: opens the database and submits the same and others."""
    start.wait()
    port = EnginePort(database.connect(settings), settings)
    same = [port.jobs.submit(solve(idempotency_key=f"k{i}", body="1" * 64)) for i in range(5)]
    own = [port.jobs.submit(solve(fresh=True))[0].id for _ in range(5)]
    out.put(([job.id for job, _ in same], [new for _, new in same], own))
    port.close()


def processes(settings: Settings, target: Callable[..., None], n: int) -> list[Any]:
    """What ``n`` processes that start together put out."""
    context = multiprocessing.get_context("spawn")
    start, out = context.Event(), context.Queue()
    started = [context.Process(target=target, args=(settings, start, out)) for _ in range(n)]
    for process in started:
        process.start()
    start.set()
    found = [out.get(timeout=120) for _ in started]
    for process in started:
        process.join()
    assert {process.exitcode for process in started} == {0}
    return found


@pytest.mark.slow
def test_several_processes_at_once(port: EnginePort, settings: Settings) -> None:
    found = processes(settings, child, 4)
    same = [ids for ids, _, _ in found]
    assert all(ids == same[0] for ids in same)
    assert [sum(news) for news in zip(*(news for _, news, _ in found), strict=True)] == [1] * 5
    assert len({id for _, _, own in found for id in own}) == 20
    assert count(port, jobs) == 25
    assert port.jobs.queue_depth() == {(5, TENANT): 25}


def test_a_forgotten_job_frees_its_key(port: EnginePort) -> None:
    keyed = solve(idempotency_key="once", body="1" * 64)
    first, _ = port.jobs.submit(keyed)
    with database.writing(port.engine) as connection:
        connection.execute(sa.delete(jobs).where(jobs.c.id == first.id))
    second, new = port.jobs.submit(solve(idempotency_key="once", body="2" * 64))
    assert new
    assert second.id != first.id
    assert count(port, submissions) == 1


def test_an_answer_that_was_lost_is_no_second_job(port: EnginePort, settings: Settings) -> None:
    """The first attempt is committed, its answer is not heard, the same is attempted again."""
    draft = accept.Draft(solve(idempotency_key="once", body="1" * 64, tags=["x"]), settings)
    answers = []
    for _ in range(2):
        with database.writing(port.engine) as connection:
            answers.append(accept.accept(connection, port.queue, draft))
    assert answers[0] == answers[1]
    assert answers[0][1]  # new, to whoever hears it first
    assert [count(port, table) for table in (jobs, events, tags, submissions)] == [1, 1, 1, 1]


def test_an_idempotency_key_that_takes_too_long_is_told_so(postgres_settings: Settings) -> None:
    """While another transaction holds the key the second waits, for lock_timeout at most.

    On SQLite writers wait for each other whatever their keys.
    """
    port = EnginePort(database.connect(postgres_settings), postgres_settings)
    port.know(TENANT, INSTANCE)
    keyed = solve(idempotency_key="once", body="1" * 64)
    with database.writing(port.engine) as connection:
        accept.accept(connection, port.queue, accept.Draft(keyed, Settings()))
        with database.writing(port.engine) as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
            with pytest.raises(StillAccepted) as still:
                accept.accept(other, port.queue, accept.Draft(keyed, Settings()))
            other.rollback()
    assert still.value.retry_after == 1
    assert not port.jobs.submit(keyed)[1]
    port.close()


def test_the_end_of_a_job_is_told_whoever_ends_it(port: EnginePort) -> None:
    """A delivery each: answered from the cache, cancelled while it waited, a batch of which nothing ran."""
    port.finish(port.jobs.submit(solve())[0].id)
    there = {"webhook": "https://example.org/told"}
    answered, _ = port.jobs.submit(solve(**there))
    waiting, _ = port.jobs.submit(solve(fresh=True, **there))
    members, _ = port.jobs.submit(batch(INSTANCE, OTHER, fresh=True, **there))
    for id in (waiting.id, members.id):
        port.jobs.cancel(TENANT, id)
        port.jobs.cancel(TENANT, id)
    with database.reading(port.engine) as connection:
        told = connection.execute(sa.select(deliveries.c.job, deliveries.c.url)).all()
    assert sorted(told) == sorted((id, there["webhook"]) for id in (answered.id, waiting.id, members.id))


def test_the_hint_of_a_full_queue_is_the_time_until_a_job_ends(port: EnginePort, settings: Settings) -> None:
    strict = EnginePort(port.engine, settings.model_copy(update={"queue_limit": 2}))
    for seconds in (30.0, 50.0):
        strict.finish(strict.jobs.submit(solve(fresh=True))[0].id, seconds=seconds)
    for _ in range(2):
        strict.begin(strict.jobs.submit(solve(fresh=True))[0].id)
    for _ in range(2):
        strict.jobs.submit(solve(fresh=True))
    with pytest.raises(QueueFull) as full:
        strict.jobs.submit(solve(fresh=True))
    assert full.value.retry_after == 20  # (30 + 50) / 2 = 40 s a job, two of them run
    strict.jobs.close()
    strict.queue.close()
