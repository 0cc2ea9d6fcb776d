"""The port under test, three times over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.settings import Settings
from api.store import database
from tests.api.jobs.harness import INSTANCE, OTHER, TENANT, EnginePort, MemoryPort, Port


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def port(request: pytest.FixtureRequest) -> Iterator[Port]:
    """Jobs; tenant "one" has two instances, tenant "two" the first of them; 20 jobs may wait."""
    name = "postgres_settings" if request.param == "postgresql" else "sqlite_settings"
    given = request.getfixturevalue(name)
    assert isinstance(given, Settings)
    settings = given.model_copy(update={"queue_limit": 20})
    made = (
        MemoryPort(settings)
        if request.param == "memory"
        else EnginePort(database.connect(settings), settings)
    )
    made.know(TENANT, INSTANCE, OTHER)
    made.know("two", INSTANCE)
    yield made
    made.close()
