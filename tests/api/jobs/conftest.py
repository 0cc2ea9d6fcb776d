"""The port under test, three times over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.jobs.engine import Engine
from api.store import database
from tests.api.jobs.harness import INSTANCE, OTHER, TENANT, EnginePort, Port


@pytest.fixture(params=["sqlite", "postgresql"])
def port(request: pytest.FixtureRequest) -> Iterator[Port]:
    """Jobs of either kind; tenant "one" has two instances, tenant "two" the first of them."""
    name = "sqlite_settings" if request.param == "sqlite" else "postgres_settings"
    settings = request.getfixturevalue(name)
    engine = database.connect(settings)
    made = EnginePort(engine, settings)
    made.know(TENANT, INSTANCE, OTHER)
    made.know("two", INSTANCE)
    yield made
    assert isinstance(made.jobs, Engine)
    made.jobs.close()
    engine.dispose()
