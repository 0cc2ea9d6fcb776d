"""Workers that are killed, frozen or cut off: each job ends once, whoever ends it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from api.jobs import record
from api.settings import Settings
from models.plan import Plan
from tests.api.child.support import alive
from tests.api.jobs.farm import Farm, descendants, farm_of
from tests.lasting import LONG

pytestmark = pytest.mark.deep


@pytest.fixture
def farm(settings: Settings) -> Iterator[Farm]:
    with farm_of(settings.model_copy(update={"dead_seconds": 3.0})) as made:
        yield made


def ends_once(farm: Farm, id: str) -> None:
    """That the job ended once, with a plan, and its events count on."""
    told = farm.states(id)
    assert [state for state in told if state in ("succeeded", "failed", "cancelled")] == ["succeeded"]
    assert told[-1] == "succeeded"
    events = farm.events(id)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert Plan.model_validate_json(farm.documents.file(farm.job(id), "plan.json")).commitments is not None


def test_a_killed_worker_s_job_is_finished_once_by_another(farm: Farm) -> None:
    first = farm.worker("w1")
    id = farm.solve(LONG)
    farm.under_way(id)
    farm.worker("w2")
    below = descendants(first.pid)
    first.kill()
    killed = time.monotonic()
    farm.until(lambda: farm.job(id).attempt == 2)
    print(f"begun again after {time.monotonic() - killed:.2f} s")
    farm.until(lambda: not any(map(alive, below)))
    assert farm.columns(id)["worker"] == "w2"
    farm.searching(id, attempt=2)
    farm.jobs.stop("one", id)
    assert farm.ended(id).solver_status == "interrupted"
    ends_once(farm, id)


def test_another_goes_on_from_the_checkpoint(sqlite_settings: Settings) -> None:
    with farm_of(sqlite_settings.model_copy(update={"dead_seconds": 3.0})) as farm:
        first = farm.worker("w1")
        id = farm.solve(LONG)
        farm.until(lambda: bool(record.kept(farm.engine, id)))
        incumbent = farm.job(id).objective
        first.kill()
        farm.worker("w2")
        went_on = "going on from a checkpoint"
        farm.until(lambda: any(went_on in e.data.get("line", "") for e in farm.events(id)))
        farm.searching(id, attempt=2)
        farm.jobs.stop("one", id)
        found = farm.ended(id).objective
        assert incumbent is not None
        assert found is not None
        assert found <= incumbent * (1 + 1e-9)  # nothing of what the first had found is lost
        assert record.kept(farm.engine, id) == []
        ends_once(farm, id)


def test_a_worker_that_was_frozen_changes_nothing_when_it_wakes_up(farm: Farm) -> None:
    frozen = farm.worker("w1", slots=1)
    id = farm.solve(LONG)
    farm.under_way(id)
    child = descendants(frozen.pid)[1:]
    frozen.send_signal(signal.SIGSTOP)
    farm.worker("w2", slots=1)
    farm.until(lambda: farm.job(id).attempt == 2)
    assert farm.columns(id)["worker"] == "w2"
    assert any(map(alive, child))  # its child went on: it is the worker that was frozen
    frozen.send_signal(signal.SIGCONT)
    farm.until(lambda: not any(map(alive, child)))
    assert farm.job(id).state == "running"
    farm.searching(id, attempt=2)
    farm.jobs.stop("one", id)
    assert farm.ended(id).attempt == 2
    ends_once(farm, id)
    # It is a worker like any other again.
    second = [farm.solve(LONG) for _ in range(2)]
    farm.until(lambda: {farm.columns(id)["worker"] for id in second} == {"w1", "w2"})


def test_frozen_until_long_after_the_end(farm: Farm) -> None:
    frozen = farm.worker("w1", slots=1)
    id = farm.solve(LONG)
    farm.under_way(id)
    frozen.send_signal(signal.SIGSTOP)
    farm.worker("w2", slots=1)
    farm.searching(id, attempt=2)
    farm.jobs.stop("one", id)
    farm.ended(id)
    row, events = farm.columns(id), farm.events(id)
    frozen.send_signal(signal.SIGCONT)
    farm.until(lambda: farm.row("w1")["busy"] == 0)
    assert farm.columns(id) == row
    assert farm.events(id) == events
    ends_once(farm, id)


def test_a_worker_started_again_goes_on_with_what_it_had(farm: Farm) -> None:
    farm.worker("w1").kill()
    id = farm.solve(LONG)
    second = farm.worker("w1")
    farm.under_way(id)
    second.kill()
    farm.worker("w1")
    farm.searching(id, attempt=2)
    farm.jobs.stop("one", id)
    farm.ended(id)
    ends_once(farm, id)


def test_a_job_whose_workers_die_too_often_fails(farm: Farm) -> None:
    for attempt in (1, 2):
        worker = farm.worker("w1", attempts=2)
        if attempt == 1:
            id = farm.solve(LONG)
        farm.under_way(id, attempt)
        worker.kill()
    farm.worker("w1", attempts=2)
    job = farm.ended(id)
    assert (job.state, job.solver_status, job.attempt) == ("failed", "error", 3)
    assert job.problem is not None
    assert job.problem.type == "urn:stockpile:LostTooOften"
    assert job.problem.detail == "The workers of the job died 2 times while it ran."
