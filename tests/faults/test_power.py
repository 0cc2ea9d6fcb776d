"""The power fails a few times; ``python -m tests.faults.power`` has more rounds."""

from __future__ import annotations

import pytest

from tests.api.service import Postgres
from tests.faults.conftest import Start
from tests.faults.power import fail

pytestmark = pytest.mark.deep


def test_the_power_fails(start: Start, request: pytest.FixtureRequest) -> None:
    service = start(attempts=100)
    server: Postgres | None = None
    if service.settings.database_url is not None:
        server = request.getfixturevalue("postgres_server")
    assert fail(service, 3, 0, server, print) >= 3
