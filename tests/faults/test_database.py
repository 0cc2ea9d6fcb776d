"""The database is away in the middle of solves and submissions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import pytest

from api.store.database import FILE
from tests.api.service import Postgres
from tests.faults.conftest import Start
from tests.faults.live import Service, finished_once, more, submitting
from tests.lasting import LONG

pytestmark = pytest.mark.deep


@contextmanager
def away(service: Service, request: pytest.FixtureRequest) -> Iterator[None]:
    """PostgreSQL: ended at once, and started again. SQLite: locked by somebody else."""
    if service.settings.database_url is not None:
        server: Postgres = request.getfixturevalue("postgres_server")
        with server.down():
            yield
        return
    path = service.settings.data / FILE
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_the_database_is_away_for_a_while(start: Start, request: pytest.FixtureRequest) -> None:
    service = start()
    long = service.submit(LONG)
    service.under_way(long)
    workers = {service.supervised(f"w-{number}") for number in (1, 2)}
    with submitting(service, service.request()) as accepted:
        service.until(lambda: accepted)
        for _ in range(2):
            with away(service, request):
                # Longer than the silence after which workers are taken for dead.
                time.sleep(service.settings.dead_seconds + 4)
            known = len(accepted)
            service.until(partial(more, accepted, known + 1))
    service.client.stop(long)
    finished_once(service, [long, *accepted.values()])
    assert len(set(accepted.values())) == len(accepted)
    # The workers have waited, and what ran has run on.
    assert workers <= set(service.processes())
    assert service.client.job(long).attempt == 1
    service.settled()
