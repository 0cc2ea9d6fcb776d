"""The application over jobs in memory and the real database for documents and keys, behind a server."""

from __future__ import annotations

import atexit
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import structlog
import uvicorn
from fastapi import FastAPI
from fastapi.routing import RouteContext

from api.http.app import make_app
from api.jobs.memory import MemoryJobs
from api.settings import Settings
from api.store import database
from api.store.documents import Documents, blobs
from api.store.keys import Keys
from models import files
from models.jobs import Role
from tests.api.service import settings_of

CASES = Path(__file__).parents[3] / "instances"


structlog.configure(
    processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
)


@dataclass
class World:
    """What a test of the service works with."""

    settings: Settings
    engine: sa.Engine
    jobs: MemoryJobs
    documents: Documents
    keys: Keys
    app: FastAPI
    url: str
    stack: ExitStack = field(default_factory=ExitStack)

    def client(self, key: str | None = None, **more: Any) -> httpx.Client:
        """A client with a key, or without."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.stack.enter_context(
            httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False, **more)
        )

    def key(self, tenant: str = "alpha", role: Role = "submit") -> str:
        """The text of a new key."""
        return self.keys.create(tenant, "test", role)[1]

    def store(self, tenant: str = "anonymous", **changes: Any) -> str:
        """The id of a stored instance."""
        from models.instance import Instance

        return self.documents.put_instance(tenant, Instance.parse(plain(**changes)))[0].id

    def job(self, client: httpx.Client, **more: Any) -> str:
        """The id of a job just submitted."""
        answer = client.post("/v1/jobs", json={"kind": "solve", "instance": plain()} | more)
        assert answer.status_code == 202, answer.text
        found: str = answer.json()["id"]
        return found


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """A real server on loopback; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            app.state.parts.streams.close_soon()
            server.should_exit = True
            thread.join()


@cache
def _template() -> Path:
    """A database that has the tables."""
    folder = Path(tempfile.mkdtemp(prefix="template"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database.connect(settings_of(folder)).dispose()
    return folder / "stockpile.sqlite"


@contextmanager
def making(folder: Path, **values: Any) -> Iterator[World]:
    """A world below a folder."""
    settings = settings_of(folder, **values)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(_template(), folder / "stockpile.sqlite")
    engine = database.connect(settings)
    jobs, documents, keys = MemoryJobs(settings), Documents(engine, blobs(settings, engine)), Keys(engine)
    app = make_app(settings, jobs=jobs, documents=documents, keys=keys, engine=engine)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        url = stack.enter_context(serving(app))
        yield World(settings, engine, jobs, documents, keys, app, url, stack)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One for a test."""
    with making(tmp_path / "data") as made:
        yield made


@pytest.fixture
def client(world: World) -> httpx.Client:
    """A client of the anonymous tenant: there are no keys."""
    return world.client()


def is_page(context: RouteContext) -> bool:
    """Whether a route is one of the pages."""
    return getattr(context.endpoint, "__module__", "").startswith("api.web")


def plain(**changes: Any) -> dict[str, Any]:
    """A small instance as plain data."""
    return files.read(CASES / "one-material").as_dict() | changes
