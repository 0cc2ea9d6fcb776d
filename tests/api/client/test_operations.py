"""Every operation of both clients against the real HTTP service, its jobs in memory."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.client import AsyncClient, Client, Retry
from api.jobs.port import Query
from models.faults import (
    Cancelled,
    FaultyInstance,
    NoSuchFile,
    NoSuchInstance,
    NoSuchJob,
    NotAllowed,
    NotAuthenticated,
    NotFinished,
    Unavailable,
    UsedIdempotencyKey,
)
from models.instance import Instance
from models.jobs import CompareRequest, Job, SolveRequest
from optimizer.results import read_results
from tests.api.http.ended import end, result, solved
from tests.api.http.world import World, plain, world
from tests.optimizer import handmade

__all__ = ["world"]

NOBODY = "f" * 32


class Blocking:
    """The asynchronous client, its methods called one at a time."""

    def __init__(self, client: AsyncClient) -> None:
        self.client, self.loop = client, asyncio.new_event_loop()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            found = getattr(self.client, name)(*given, **named)
            return self.loop.run_until_complete(found if inspect.isawaitable(found) else collected(found))

        return call

    def close(self) -> None:
        self.loop.run_until_complete(self.client.close())
        self.loop.close()


def submitted(world: World) -> Job:
    """The one job there is, as soon as there is one."""
    while not world.jobs.queue_depth():
        time.sleep(0.01)
    (job,) = world.jobs.list("anonymous", Query()).jobs
    return job


async def collected(found: Any) -> list[Any]:
    return [item async for item in found]


@pytest.fixture(params=["sync", "async"])
def client(world: World, request: pytest.FixtureRequest) -> Iterator[Any]:
    made: Any = Client(world.url) if request.param == "sync" else Blocking(AsyncClient(world.url))
    yield made
    made.close()


def test_instances(client: Any) -> None:
    instance = Instance.parse(plain())
    record = client.put_instance(instance)
    assert (record.name, record.id) == (instance.name, client.put_instance(plain()).id)
    assert client.instance(record.id) == instance
    assert [r.id for r in client.instances().instances] == [record.id]
    client.delete_instance(record.id)
    with pytest.raises(NoSuchInstance):
        client.instance(record.id)


def test_instances_come_in_pages(client: Any) -> None:
    ids = [client.put_instance(plain(name=f"case {i}")).id for i in range(3)]
    first = client.instances(limit=2)
    rest = client.instances(limit=2, cursor=first.next)
    assert [r.id for r in (*first.instances, *rest.instances)] == ids[::-1]
    assert rest.next is None


def test_files_of_other_formats(client: Any) -> None:
    from models.files import yaml_format

    instance = Instance.parse(plain())
    record = client.upload_instance(yaml_format.dumps(instance), "application/yaml")
    assert client.instance(record.id) == instance


def test_validation_stores_nothing(client: Any) -> None:
    found = client.validate(plain(discount_rate=-1))
    assert [(fault.field, fault.value) for fault in found.faults] == [("discount_rate", -1)]
    assert client.validate(handmade.instance()).faults == ()
    assert len(client.validate(handmade.instance()).warnings) == len(handmade.instance().warnings())
    assert client.instances().instances == ()


def test_faults_of_an_instance(client: Any) -> None:
    for send in (client.put_instance, lambda raw: client.submit(SolveRequest(instance=raw))):
        with pytest.raises(FaultyInstance) as caught:
            send(plain(discount_rate=-1))
        assert [(fault.table, fault.field) for fault in caught.value.faults] == [
            ("instance", "discount_rate")
        ]
    assert client.jobs().jobs == ()


def test_a_submission_and_its_key(client: Any, world: World) -> None:
    request = SolveRequest(instance=plain(), tags=("a", "b"), title="first", priority=2)
    job = client.submit(request, key="mine")
    assert (job.state, job.title, job.tags, job.priority) == ("queued", "first", ("a", "b"), 2)
    assert client.submit(request, key="mine").id == job.id
    assert client.submit(request).id != job.id
    with pytest.raises(UsedIdempotencyKey):
        client.submit(request.model_copy(update={"title": "second"}), key="mine")


def test_lists(client: Any, world: World) -> None:
    record = world.store()
    ids = [client.submit(SolveRequest(instance=record, tags=(f"t{i % 2}",), fresh=True)).id for i in range(5)]
    compared = client.submit(CompareRequest(instance=record, budgets=(1e9,))).id
    assert [job.id for job in client.every_job(limit=2)] == [compared, *ids[::-1]]
    assert [job.id for job in client.every_job(kind=["compare"])] == [compared]
    assert [job.id for job in client.every_job(tag=["t1"], state=["queued", "running"], limit=1)] == [
        ids[3],
        ids[1],
    ]
    page = client.jobs(limit=4, instance=record)
    assert len(page.jobs) == 4
    assert page.next is not None
    assert client.jobs(cursor=page.next, limit=4, instance=record).next is None


def test_stop_cancel_delete(client: Any, world: World) -> None:
    first, second, third = (client.submit(SolveRequest(instance=plain(), fresh=True)).id for _ in range(3))
    assert client.cancel(first).state == "cancelled"
    assert client.cancel(first).state == "cancelled"
    world.jobs.begin(second)
    assert client.stop(second).state == "stopping"
    assert client.delete(third).state == "cancelled"
    with pytest.raises(NoSuchJob):
        client.stop(NOBODY)
    done = solved(world)
    assert client.delete(done).state == "expired"


def test_waiting(client: Any, world: World) -> None:
    job = client.submit(SolveRequest(instance=plain())).id
    with pytest.raises(NotFinished):
        client.wait(job, timeout=0.2)
    threading.Timer(0.3, world.jobs.finish, [job]).start()
    assert client.wait(job).state == "succeeded"


def test_running_raises_what_made_it_fail(client: Any, world: World) -> None:
    thread = threading.Thread(target=lambda: world.jobs.cancel("anonymous", submitted(world).id))
    thread.start()
    with pytest.raises(Cancelled):
        client.run(SolveRequest(instance=plain()))
    thread.join()


def test_watching(client: Any, world: World) -> None:
    job = client.submit(SolveRequest(instance=plain())).id

    def work() -> None:
        world.jobs.begin(job)
        for bound in range(3):
            world.jobs.tell(job, ("progress", {"phase": "search", "bound": float(bound)}))
            world.jobs.tell(job, ("log", {"line": "une ligne\u2028ligne"}))
            time.sleep(0.05)
        world.jobs.finish(job)

    thread = threading.Timer(0.2, work)
    thread.start()
    found = list(client.watch(job))
    thread.join()
    assert found == client.events(job)
    assert [event.id for event in found] == list(range(1, len(found) + 1))
    assert [e.data["bound"] for e in found if e.type == "progress"] == [0.0, 1.0, 2.0]
    assert found[-1].data["state"] == "succeeded"
    assert list(client.watch(job, after=found[-1].id)) == []
    assert list(client.watch(job, after=2)) == found[2:]


def test_results(client: Any, world: World, tmp_path: Path) -> None:
    job = solved(world)
    instance, plan = handmade.instance(), handmade.plan(handmade.instance())
    assert client.plan(job).commitments == plan.commitments
    assert {"plan.json", "tables/overview.parquet"} <= {file.path for file in client.files(job).files}
    assert client.log(job) == "reading\nsolving\n"
    table = client.table(job, "overview")
    assert table["status"].tolist() == [plan.status]
    client.download(job, tmp_path / "out")
    assert read_results(tmp_path / "out") == (instance, client.plan(job))
    with pytest.raises(NoSuchFile):
        client.file(job, "../../etc/passwd")
    with pytest.raises(NoSuchFile):
        client.table(job, "no such")
    with pytest.raises(NotFinished):
        client.plan(client.submit(SolveRequest(instance=plain())).id)


@pytest.mark.slow
def test_what_is_made_on_demand(client: Any, world: World) -> None:
    job = solved(world)
    assert client.report(job).lstrip().lower().startswith("<!doctype html>")
    assert b"ROWS" in client.model(job)
    assert client.model(job, "columns.csv").splitlines()[0].startswith(b"column")


def test_keys_and_tenants(world: World) -> None:
    mine, reads, others = world.key(), world.key(role="read"), world.key(tenant="beta")
    with pytest.raises(NotAuthenticated), Client(world.url) as client:
        client.jobs()
    with Client(world.url, mine) as client:
        job = client.submit(SolveRequest(instance=plain())).id
    with Client(world.url, reads) as client:
        assert client.job(job).id == job
        with pytest.raises(NotAllowed):
            client.stop(job)
    with Client(world.url, others) as client, pytest.raises(NoSuchJob):
        client.job(job)


def test_solving(client: Any, world: World) -> None:
    """The plan of a job, once somebody has done it."""

    def work() -> None:
        job = submitted(world)
        assert job.tags == ("tagged",)
        end(world, job.id, result())

    thread = threading.Thread(target=work)
    thread.start()
    plan = client.solve(handmade.instance(), tags=("tagged",))
    thread.join()
    assert plan.fingerprint == handmade.instance().fingerprint()


def test_nobody_there() -> None:
    with (
        Client("http://127.0.0.1:9", retry=Retry(patience=0)) as client,
        pytest.raises(Unavailable, match=r"127\.0\.0\.1:9"),
    ):
        client.jobs()
