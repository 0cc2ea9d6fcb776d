"""Fixtures of the pages: a service with a worker, browsers that tolerate nothing, a service without either.

``served``, ``page``: `stockpile serve` without keys and Chromium, for tests marked ``browser``. ``world``:
the application over jobs in memory, for tests of pages without a browser; see tests/api/http/world.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from api.client import Client, Retry
from api.store import database
from api.store.keys import Keys
from tests.api.http.world import World, world
from tests.api.remote import PATIENCE, Server
from tests.api.service import (
    engines,
    postgres_server,
    postgres_settings,
    postgres_url,
    settings,
    settings_of,
    sqlite_settings,
)
from tests.web.browser import Watch, chromium, visiting
from tests.web.visitor import Visitor, visitor_of

__all__ = [
    "engines",
    "postgres_server",
    "postgres_settings",
    "postgres_url",
    "settings",
    "sqlite_settings",
    "world",
]


class Keyed(Server):
    """The same with a key."""

    def __init__(self, folder: Path) -> None:
        engine = database.connect(settings_of(folder))
        self.key = Keys(engine).create("alpha", "test", "submit")[1]
        engine.dispose()
        super().__init__(folder)

    def client(self) -> Client:
        """One that sends it."""
        return Client(self.url, self.key, retry=Retry(patience=PATIENCE, most=0.5))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`stockpile serve` without keys, with one worker, for the tests of a module."""
    server = Server(tmp_path_factory.mktemp("served") / "data")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """The same with a key, which submits for the tenant alpha."""
    server = Keyed(tmp_path_factory.mktemp("keyed") / "data")
    yield server
    server.stop()


@pytest.fixture
def watched(browser: Browser, served: Server) -> Iterator[tuple[Page, Watch]]:
    """A page at the service, and what went wrong in it."""
    with visiting(browser, served.url) as made:
        yield made


@pytest.fixture
def page(watched: tuple[Page, Watch]) -> Page:
    """A page at the service; the test fails if anything goes wrong in it."""
    return watched[0]


@pytest.fixture
def tolerated(watched: tuple[Page, Watch]) -> list[str]:
    """Patterns of what a test expects to go wrong in its page; empty."""
    return watched[1].tolerated


@pytest.fixture
def visitor(world: World) -> Visitor:
    """Somebody at the pages of ``world`` without a browser; there are no keys."""
    return visitor_of(world)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test may put files to send."""
    made = tmp_path / "files"
    made.mkdir()
    return made
