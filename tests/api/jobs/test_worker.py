"""A worker: real processes, real solves, on SQLite and on PostgreSQL."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from api.settings import Settings
from api.store.database import reading
from api.store.schema import checkpoints
from models.plan import Plan
from tests.api.child.support import alive
from tests.api.jobs.farm import SMALL, Farm, descendants, farm_of
from tests.lasting import LONG


@pytest.fixture
def farm(settings: Settings) -> Iterator[Farm]:
    with farm_of(settings) as made:
        yield made


@pytest.fixture
def here(sqlite_settings: Settings) -> Iterator[Farm]:
    with farm_of(sqlite_settings) as made:
        yield made


@pytest.mark.slow
def test_a_job_is_solved_and_told_of(farm: Farm) -> None:
    farm.worker("w1")
    id = farm.solve(tags=["a"])
    job = farm.ended(id)
    assert (job.state, job.solver_status, job.attempt, job.problem) == ("succeeded", "optimal", 1, None)
    plan = Plan.model_validate_json(farm.documents.file(job, "plan.json"))
    assert job.objective == plan.objective
    assert job.bound == plan.bound
    assert {"plan.json", "instance.json", "summary.txt", "log.txt"} <= {
        file.path for file in farm.documents.manifest(job).files
    }
    events = farm.events(id)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert farm.states(id) == ["queued", "running", "succeeded"]
    assert {"progress", "log"} <= {event.type for event in events}
    with reading(farm.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(checkpoints)) == 0
    work = farm.settings.data / "work" / "w1"
    deadline = time.monotonic() + 30  # the folder goes after the outcome is written
    while list(work.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(work.iterdir()) == []


@pytest.mark.slow
def test_stop_keeps_the_best_plan(farm: Farm) -> None:
    farm.worker("w1")
    id = farm.solve(LONG)
    farm.searching(id)
    assert farm.jobs.stop("one", id).state == "stopping"
    job = farm.ended(id)
    assert (job.state, job.solver_status) == ("succeeded", "interrupted")
    plan = Plan.model_validate_json(farm.documents.file(job, "plan.json"))
    assert plan.commitments is not None
    assert job.bound is not None
    assert job.objective is not None
    assert job.gap == pytest.approx(job.objective - job.bound)


@pytest.mark.slow
def test_cancel_ends_the_child_and_keeps_nothing(farm: Farm) -> None:
    worker = farm.worker("w1", grace_seconds=0.2)
    id = farm.solve(LONG)
    farm.under_way(id)
    child = descendants(worker.pid)[1:]
    assert child
    farm.jobs.cancel("one", id)
    job = farm.ended(id)
    assert (job.state, job.result, job.solver_status) == ("cancelled", None, None)
    farm.until(lambda: not any(map(alive, child)))
    assert farm.ended(farm.solve()).state == "succeeded"  # the worker goes on


@pytest.mark.slow
def test_each_worker_takes_as_many_as_it_has_slots(here: Farm) -> None:
    here.worker("w1", slots=1)
    here.worker("w2", slots=2)
    ids = [here.solve(LONG) for _ in range(4)]
    here.until(lambda: sum(here.job(id).state == "running" for id in ids) == 3)
    here.until(lambda: (here.row("w1")["busy"], here.row("w2")["busy"]) == (1, 2))
    by = sorted(here.columns(id)["worker"] or "" for id in ids)
    assert by == ["", "w1", "w2", "w2"]
    assert here.job(ids[3]).position == 1


@pytest.mark.slow
def test_a_worker_that_is_asked_to_end_gives_back_what_it_has(farm: Farm) -> None:
    first = farm.worker("w1", attempts=1)
    id = farm.solve(LONG)
    farm.under_way(id)
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    row = farm.columns(id)
    assert (row["state"], row["attempt"], row["returned"], row["worker"]) == ("queued", 1, 1, None)
    assert farm.row("w1") == {}
    farm.worker("w2", attempts=1)  # a run given back is not a lost one
    farm.searching(id, attempt=2)
    farm.jobs.stop("one", id)
    assert farm.ended(id).state == "succeeded"
    assert farm.states(id) == ["queued", "running", "queued", "running", "stopping", "succeeded"]


@pytest.mark.slow
def test_room_for_a_result_is_waited_for(postgres_settings: Settings) -> None:
    """A limit on the size of files stands for a full disk: the plan is larger, the instance is not."""
    with farm_of(postgres_settings.model_copy(update={"blobs": "files"})) as farm:
        worker = farm.worker("w1", blobs="files", slots=3)
        farm.instance(SMALL)
        unlimited = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
        id, cancelled, late = farm.solve(), farm.solve(), farm.solve(limits={"seconds": 20})
        assert farm.ended(late).state == "failed"
        problem = farm.job(late).problem
        assert problem is not None
        assert (problem.type, problem.status) == ("urn:stockpile:StorageFull", 507)
        farm.jobs.cancel("one", cancelled)
        assert farm.ended(cancelled).state == "cancelled"
        assert farm.job(id).state == "running"
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, unlimited)
        assert farm.ended(id).state == "succeeded"
        assert farm.job(id).attempt == 1


@pytest.mark.slow
def test_one_name_is_one_process(farm: Farm) -> None:
    farm.worker("w1")
    second = farm.process(
        ["-c", "import api.jobs.worker as w; w.TAKE = 0.5; w.main()"],
        farm.settings.model_copy(update={"worker_id": "w1"}),
    )
    assert second.wait(60) == 2
    assert farm.ended(farm.solve()).state == "succeeded"
