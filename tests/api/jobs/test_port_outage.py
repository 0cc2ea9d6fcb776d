"""A database that goes away or is full: waited for a short time, then told; nothing lost or half-written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa

from api.jobs.port import Query
from api.settings import Settings
from api.store import database, errors
from api.store.schema import events, jobs, tags
from models.faults import StorageFull, Unavailable
from tests.api.jobs.harness import INSTANCE, TENANT, EnginePort, batch, solve
from tests.api.service import Postgres


def opened(settings: Settings) -> EnginePort:
    port = EnginePort(database.connect(settings), settings)
    port.know(TENANT, INSTANCE)
    return port


def counts(port: EnginePort) -> list[int]:
    """Rows of jobs, first events, tags, and of DBOS."""
    flow = "workflow_status" if database.is_sqlite(port.engine) else "dbos.workflow_status"
    asked = [*(sa.select(sa.func.count()).select_from(table) for table in (jobs, events, tags))]
    with database.reading(port.engine) as connection:
        ours = [connection.scalar(statement) or 0 for statement in asked]
        return [*ours, int(connection.scalar(sa.text(f"SELECT count(*) FROM {flow}")) or 0)]


@pytest.fixture
def small(sqlite_settings: Settings) -> Iterator[EnginePort]:
    """A database that may not grow: SQLite itself refuses more pages, as on a disk that is full."""
    port = opened(sqlite_settings)
    with database.reading(port.engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    port.engine.dispose()

    @sa.event.listens_for(port.engine, "connect")
    def _limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + 40}")

    yield port
    port.close()


def test_a_full_disk_keeps_what_it_has(small: EnginePort) -> None:
    accepted: list[str] = []

    def fill() -> None:
        while True:
            accepted.append(small.jobs.submit(solve(fresh=True, tags=["x"]))[0].id)

    with pytest.raises(StorageFull, match="nothing of the request was kept"):
        fill()
    assert accepted
    assert counts(small) == [len(accepted)] * 4
    with pytest.raises(StorageFull):
        small.jobs.submit(batch(*[INSTANCE] * 500, fresh=True))
    assert counts(small) == [len(accepted)] * 4
    # What needs no room goes on.
    assert small.jobs.get(TENANT, accepted[-1]).position == len(accepted)
    assert len(small.jobs.list(TENANT, Query(limit=1000)).jobs) == len(accepted)


def test_a_writer_that_does_not_let_go(sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(errors, "PATIENCE", 0.3)
    port = opened(sqlite_settings)
    other = sqlite3.connect(sqlite_settings.data / database.FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as away:
        port.jobs.submit(solve())
    assert away.value.retry_after == 5
    assert port.jobs.list(TENANT, Query()).jobs == ()  # readers are not kept waiting
    other.execute("COMMIT")
    other.close()
    assert port.jobs.submit(solve())[1]
    port.close()


def test_a_restart_of_postgresql_is_not_noticed(
    postgres_settings: Settings, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections of the pool are dead, and transactions are cut off; every submission is kept once."""
    monkeypatch.setattr(errors, "PATIENCE", 60.0)  # a busy machine takes its time to restart
    port = opened(postgres_settings)
    made: list[str] = []
    ended = threading.Event()

    def submit(_: int) -> None:
        while not ended.is_set():
            made.append(port.jobs.submit(solve(fresh=True, tags=["x"]))[0].id)

    with ThreadPoolExecutor(4) as pool:
        told = [pool.submit(submit, i) for i in range(4)]
        try:
            while len(made) < 8:
                ended.wait(0.01)
            postgres_server.restart()
            goal = len(made) + 8
            while len(made) < goal and not any(future.done() for future in told):
                ended.wait(0.01)
        finally:
            ended.set()
        for future in told:
            future.result()
    assert len(set(made)) == len(made)
    assert counts(port) == [len(made)] * 4
    port.close()


def test_while_postgresql_is_down_callers_are_told(
    postgres_settings: Settings, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "PATIENCE", 0.3)
    port = opened(postgres_settings)
    with postgres_server.down():
        for call in (
            lambda: port.jobs.submit(solve()),
            lambda: port.jobs.list(TENANT, Query()),
            lambda: port.jobs.cancel(TENANT, "0" * 32),
            lambda: database.connect(postgres_settings),
        ):
            with pytest.raises(Unavailable):
                call()
    monkeypatch.undo()
    assert port.jobs.submit(solve(tags=["x"]))[1]
    assert counts(port) == [1, 1, 1, 1]
    port.close()


@pytest.mark.parametrize(
    ("error", "full", "away"),
    [
        (psycopg.errors.DiskFull(), True, False),
        (psycopg.errors.AdminShutdown(), False, True),
        (psycopg.errors.DeadlockDetected(), False, True),
        (psycopg.errors.ConnectionFailure(), False, True),
        (psycopg.OperationalError("connection refused"), False, True),
        (psycopg.errors.UniqueViolation(), False, False),
        (psycopg.errors.SyntaxError(), False, False),
    ],
)
def test_what_errors_of_postgresql_mean(error: Exception, full: bool, away: bool) -> None:
    known = sa.exc.DBAPIError.instance("x", {}, error, psycopg.Error)
    assert (errors.is_full(known), errors.is_away(known)) == (full, away)
