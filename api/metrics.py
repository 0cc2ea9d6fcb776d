"""Figures for Prometheus: requests as they are counted here, jobs and workers from the database when asked.

Counters and histograms of jobs start at nothing with this process and take in every job that ends from then
on, whoever ran it. Where several HTTP processes share a database each tells the same of jobs: do not add.
Nothing is told by tenant.
"""

from __future__ import annotations

import math
import threading
import time
from importlib.metadata import version
from typing import Any

import prometheus_client as prometheus
import sqlalchemy as sa
import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.jobs.heartbeat import clock
from api.settings import Settings
from api.store.database import reading
from api.store.schema import deliveries, jobs, workers

LATE = 120.0
"""Seconds after its end in which a job may still come to light: its row was not committed, clocks differ."""
UNDER_WAY = ("queued", "running", "stopping")
PRIORITIES = range(1, 10)
SECONDS = (0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400)
GAPS = (0, 1e-6, 1e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"})

# A second series beside each, of no use here.
prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library says no types of it
_log = structlog.get_logger(__name__)


class Metrics:
    """All of them, in a registry of their own; one for a process."""

    def __init__(self, engine: sa.Engine | None, settings: Settings) -> None:
        self.engine, self.settings = engine, settings
        self.registry = registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=registry)

        def gauge(name: str, text: str, *labels: str) -> prometheus.Gauge:
            return prometheus.Gauge(f"stockpile_{name}", text, labels, registry=registry)

        def counter(name: str, text: str, *labels: str) -> prometheus.Counter:
            return prometheus.Counter(f"stockpile_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: Any, *labels: str) -> prometheus.Histogram:
            return prometheus.Histogram(f"stockpile_{name}", text, labels, buckets=buckets, registry=registry)

        self.requests = counter("http_requests", "Requests answered", "method", "route", "status")
        self.latency = histogram(
            "http_request_seconds", "Until the answer begins", LATENCIES, "method", "route"
        )
        self.depth = gauge("jobs", "Jobs that have not ended, batches left out", "state", "priority")
        self.oldest = gauge("queue_oldest_seconds", "For how long the job at the head of time has waited")
        self.ended = counter("jobs_ended", "Jobs that have ended", "kind", "state", "solver_status")
        self.failures = counter("job_failures", "Jobs that failed, by fault", "kind", "fault")
        self.cached = counter("jobs_cached", "Jobs answered with an earlier result", "kind")
        self.again = counter("job_runs_lost", "Runs that were begun again after a worker died", "kind")
        self.wait = histogram("job_wait_seconds", "From submission to the start of a run", SECONDS, "kind")
        self.run = histogram("job_run_seconds", "Of the run that ended a job", SECONDS, "kind")
        self.gap = histogram("job_relative_gap", "Relative gap at the end", GAPS, "kind")
        self.memory = histogram("job_memory_bytes", "Peak of a run", [2.0**n for n in range(26, 39)], "kind")
        self.workers = gauge("workers", "Workers that live")
        self.slots = gauge("worker_slots", "Jobs that a worker can run at a time", "worker")
        self.busy = gauge("worker_slots_busy", "Jobs that it runs now", "worker")
        self.held = gauge("worker_memory_bytes", "Memory of its jobs now", "worker")
        self.webhooks = gauge("webhooks_waiting", "Deliveries not made yet")
        self.up = gauge("database_up", "Whether the database answered this scrape")
        gauge("info", "Version of the service", "version").labels(version("stockpile")).set(1)
        self._lock = threading.Lock()
        self._since = time.time()
        self._seen: dict[str, float] = {}

    def scrape(self) -> bytes:
        """The text of Prometheus. Without an answer of the database it holds what is known without it."""
        with self._lock:
            for stale in (self.depth, self.slots, self.busy, self.held):
                stale.clear()
            if self.engine is not None:
                try:
                    with reading(self.engine) as connection:
                        self._read(connection)
                    self.up.set(1)
                except sa.exc.SQLAlchemyError as error:
                    self.up.set(0)
                    _log.warning("no figures from the database", error=str(error).split("\n", 1)[0])
            return prometheus.generate_latest(self.registry)

    def _read(self, connection: sa.Connection) -> None:
        j = jobs.c
        live = sa.and_(j.state.in_(UNDER_WAY), j.kind != "batch")
        counts = sa.select(j.state, j.priority, sa.func.count()).where(live).group_by(j.state, j.priority)
        found = {(state, priority): count for state, priority, count in connection.execute(counts)}
        for state in UNDER_WAY:
            for priority in PRIORITIES:
                self.depth.labels(state, priority).set(found.get((state, priority), 0))
        first = connection.scalar(
            sa.select(sa.func.min(j.created)).where(j.state == "queued", j.kind != "batch")
        )
        self.oldest.set(0 if first is None else max(0.0, time.time() - first))
        due = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.next.is_not(None))
        self.webhooks.set(connection.scalar(due) or 0)
        w = workers.c
        alive = w.heartbeat > clock(connection) - self.settings.dead_seconds
        rows = connection.execute(sa.select(w.id, w.slots, w.busy, w.memory_mb).where(alive)).all()
        self.workers.set(len(rows))
        for id, slots, busy, memory_mb in rows:
            self.slots.labels(id).set(slots)
            self.busy.labels(id).set(busy)
            self.held.labels(id).set(memory_mb * 1e6)
        self._take_in(connection)

    def _take_in(self, connection: sa.Connection) -> None:
        """Jobs that have ended since the last time, each once."""
        j = jobs.c
        columns = (j.id, j.kind, j.state, j.solver_status, j.created, j.started, j.finished, j.seconds)
        more = (j.relative_gap, j.memory_mb, j.attempt, j.returned, j.cached_from, j.problem)
        now = time.time()
        for job in connection.execute(sa.select(*columns, *more).where(j.finished >= self._since)):
            if job.id not in self._seen:
                self._seen[job.id] = job.finished
                self._count(job)
        self._since = max(self._since, now - LATE)
        self._seen = {id: at for id, at in self._seen.items() if at >= self._since}

    def _count(self, job: Any) -> None:
        self.ended.labels(job.kind, job.state, job.solver_status or "").inc()
        if job.state == "failed" and job.problem:
            self.failures.labels(job.kind, str(job.problem.get("type", "")).rpartition(":")[2]).inc()
        if job.cached_from is not None:
            self.cached.labels(job.kind).inc()
            return
        if job.started is not None:
            self.wait.labels(job.kind).observe(max(0.0, job.started - job.created))
        self.again.labels(job.kind).inc(max(0, job.attempt - 1 - job.returned))
        figures = (
            (self.run, job.seconds, 1.0),
            (self.gap, job.relative_gap, 1.0),
            (self.memory, job.memory_mb, 1e6),
        )
        for histogram, value, unit in figures:
            if value is not None and math.isfinite(value):
                histogram.labels(job.kind).observe(value * unit)


class Requests:
    """Counts the requests of the application that it is put around."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 500  # if nothing is sent at all
        seconds: float | None = None

        async def sending(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - begun
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            # The template of the path: a path of its own for each job would be a series of its own.
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.requests.labels(method, route, status).inc()
            self.metrics.latency.labels(method, route).observe(
                time.perf_counter() - begun if seconds is None else seconds
            )


def install(app: FastAPI, engine: sa.Engine | None, settings: Settings) -> None:
    """Count the requests of an application; ``app.state.metrics`` tells of them."""
    app.state.metrics = Metrics(engine, settings)
    app.add_middleware(Requests, metrics=app.state.metrics)
