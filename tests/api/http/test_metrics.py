"""Figures for Prometheus: read back with its own parser, compared with what happened."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from api.metrics import Metrics
from api.settings import Settings
from api.store.database import writing
from api.store.schema import jobs
from models.jobs import Problem
from tests.api.http.test_health import beat
from tests.api.http.world import World, client, world
from tests.api.jobs.harness import INSTANCE, EnginePort, solve

__all__ = ["client", "world"]
Read = Callable[..., float | None]


def reader(text: bytes) -> Read:
    """A figure by its name and labels; None if it is not told."""
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }
    return lambda name, **labels: found.get((f"stockpile_{name}", tuple(sorted(labels.items()))))


def ended(engine: sa.Engine, job: str, state: str = "succeeded", **values: Any) -> None:
    """As a worker writes it."""
    known = {"state": state, "finished": time.time(), "attempt": 1}
    with writing(engine) as connection:
        connection.execute(sa.update(jobs).where(jobs.c.id == job).values(known | values))


def test_jobs_and_workers(engines: sa.Engine, settings: Settings) -> None:
    metrics = Metrics(engines, settings)
    port = EnginePort(engines, settings)
    port.know("one", INSTANCE)
    port.know("two", INSTANCE)
    first = port.jobs.submit(solve(fresh=True))[0].id
    second = port.jobs.submit(solve(fresh=True, priority=2))[0].id
    third = port.jobs.submit(solve(fresh=True, tenant="two"))[0].id
    port.begin(second)
    beat(engines, "a", busy=3)
    beat(engines, "b")
    beat(engines, "dead", ago=settings.dead_seconds + 100)
    read = reader(metrics.scrape())
    assert read("jobs", state="queued", priority="5") == 2
    assert read("jobs", state="running", priority="2") == 1
    assert read("jobs", state="queued", priority="2") == 0
    assert read("workers") == 2
    assert read("worker_slots_busy", worker="a") == 3
    assert read("worker_slots", worker="b") == 4
    assert read("worker_memory_bytes", worker="a") == 10e6
    assert read("worker_slots", worker="dead") is None
    assert read("database_up") == 1

    now = time.time()
    ended(engines, second, solver_status="optimal", created=now - 10, started=now - 7, seconds=6.5,
          relative_gap=0.004, memory_mb=300.0, attempt=3, returned=1)  # fmt: skip
    problem = Problem(type="urn:stockpile:MemoryExceeded", title="", status=500).model_dump(mode="json")
    ended(engines, third, "failed", problem=problem, started=now)
    for _ in range(2):  # each counts once however often it is asked
        read = reader(metrics.scrape())
        assert read("jobs", state="queued", priority="5") == 1
        assert read("jobs", state="running", priority="2") == 0
        assert read("jobs_ended_total", kind="solve", state="succeeded", solver_status="optimal") == 1
        assert read("jobs_ended_total", kind="solve", state="failed", solver_status="") == 1
        assert read("job_failures_total", kind="solve", fault="MemoryExceeded") == 1
        # Waited 3 s: above 2, at most 5. Ran 6.5 s: above 5, at most 10. Gap 0.004: above 0.001.
        assert read("job_wait_seconds_bucket", kind="solve", le="2.0") == 1  # the failed one waited no time
        assert read("job_wait_seconds_bucket", kind="solve", le="5.0") == 2
        assert read("job_run_seconds_bucket", kind="solve", le="5.0") == 0
        assert read("job_run_seconds_bucket", kind="solve", le="10.0") == 1
        assert read("job_run_seconds_sum", kind="solve") == 6.5
        assert read("job_relative_gap_bucket", kind="solve", le="0.001") == 0
        assert read("job_relative_gap_bucket", kind="solve", le="0.005") == 1
        assert read("job_memory_bytes_sum", kind="solve") == 300e6
        # Three runs, one given back in good order: one was lost.
        assert read("job_runs_lost_total", kind="solve") == 1
    # A row that comes to light late, that ended before the last look, is counted all the same.
    ended(engines, first, "cancelled", finished=now)
    read = reader(metrics.scrape())
    assert read("jobs_ended_total", kind="solve", state="cancelled", solver_status="") == 1
    port.jobs.close()


def test_how_long_the_oldest_has_waited(engines: sa.Engine, settings: Settings) -> None:
    metrics = Metrics(engines, settings)
    assert reader(metrics.scrape())("queue_oldest_seconds") == 0
    port = EnginePort(engines, settings)
    port.know("one", INSTANCE)
    job = port.jobs.submit(solve(fresh=True))[0].id
    with writing(engines) as connection:
        connection.execute(sa.update(jobs).where(jobs.c.id == job).values(created=time.time() - 300))
    waited = reader(metrics.scrape())("queue_oldest_seconds")
    assert waited is not None
    assert 300 <= waited < 400
    port.jobs.close()


def test_jobs_of_before_this_process_are_not_counted(engines: sa.Engine, settings: Settings) -> None:
    port = EnginePort(engines, settings)
    port.know("one", INSTANCE)
    job = port.jobs.submit(solve(fresh=True))[0].id
    ended(engines, job, solver_status="optimal", finished=time.time() - 10)
    read = reader(Metrics(engines, settings).scrape())
    assert read("jobs_ended_total", kind="solve", state="succeeded", solver_status="optimal") is None
    port.jobs.close()


def test_without_the_database_requests_are_still_told(settings: Settings) -> None:
    metrics = Metrics(sa.create_engine("postgresql+psycopg://u:p@127.0.0.1:1/none"), settings)
    metrics.requests.labels("GET", "/healthz", 200).inc()
    read = reader(metrics.scrape())
    assert read("database_up") == 0
    assert read("workers") == 0
    assert read("http_requests_total", method="GET", route="/healthz", status="200") == 1


def test_requests_by_route_not_by_path(world: World, client: httpx.Client) -> None:
    client.get("/healthz")
    for number in range(3):
        client.get(f"/v1/jobs/{number:032x}")
        client.get(f"/nothing/{number}")
    client.request("BREW", "/healthz")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    read = reader(answer.content)
    assert read("http_requests_total", method="GET", route="/healthz", status="200") == 1
    assert read("http_requests_total", method="GET", route="/v1/jobs/{id}", status="404") == 3
    assert read("http_requests_total", method="GET", route="other", status="404") == 3
    assert read("http_request_seconds_count", method="GET", route="/v1/jobs/{id}") == 3
    assert b"BREW" not in answer.content
    assert b"anonymous" not in answer.content, "nothing by tenant"
