"""Services to be broken, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.service import BACKENDS, Postgres, new_database, postgres_server
from tests.faults.live import Service

__all__ = ["postgres_server"]

Start = Callable[..., Service]


@pytest.fixture(scope="session", params=BACKENDS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that several tests break, one after another; each leaves it whole."""
    folder = tmp_path_factory.mktemp("service")
    if request.param == "sqlite":
        yield from _running(folder, None)
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with new_database(server.url, "template_stockpile") as url:
        yield from _running(folder, url)


def _running(folder: Path, url: str | None) -> Iterator[Service]:
    service = Service(folder, url)
    yield service
    service.close()


@pytest.fixture
def whole(shared: Service) -> Iterator[Service]:
    """The shared service, which is whole before and after."""
    shared.settled()
    yield shared
    shared.settled()


@pytest.fixture(params=BACKENDS)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts a service of the test's own, with settings as the test wants them."""
    services: list[Service] = []

    def begin(folder: Path = tmp_path, **values: Any) -> Service:
        services.append(Service(folder, url, **values))
        return services[-1]

    if request.param == "sqlite":
        url = None
        yield begin
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        with new_database(server.url, "template_stockpile") as url:
            yield begin
            for service in services:
                service.close()
            services.clear()
    for service in services:
        service.close()
