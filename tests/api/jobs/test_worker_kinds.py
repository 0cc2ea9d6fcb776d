"""Other kinds of work, and what a worker does beside the jobs."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from api.settings import Settings
from api.store.database import reading
from api.store.schema import facts
from models.jobs import request_adapter
from tests.api.jobs.farm import SMALL, TENANT, Farm, farm_of

pytestmark = pytest.mark.deep


@pytest.fixture
def farm(sqlite_settings: Settings) -> Iterator[Farm]:
    with farm_of(sqlite_settings.model_copy(update={"allow_private_webhooks": True})) as made:
        yield made


def submit(farm: Farm, **request: Any) -> str:
    resolved = farm.documents.resolve(TENANT, request_adapter.validate_python(request))
    return farm.submit(resolved.model_dump(mode="json"))


def test_every_kind_of_work(farm: Farm) -> None:
    """Each finds in its folder what it needs, the plan of another job too."""
    farm.worker("w1")
    instance = farm.instance(SMALL)
    first = farm.ended(submit(farm, kind="solve", instance=instance))
    assert first.state == "succeeded", first.problem
    ids = {
        "warm": submit(farm, kind="solve", instance=instance, parent=first.id, fresh=True),
        "evaluate": submit(farm, kind="evaluate", plan=first.id, scenarios=instance),
        "compare": submit(farm, kind="compare", instance=instance, budgets=[1e7, 2e7]),
        "sample": submit(farm, kind="sample", instance=instance, n=5),
    }
    ended = {name: farm.ended(id) for name, id in ids.items()}
    problems = {name: job.problem for name, job in ended.items() if job.problem}
    assert ended["warm"].objective == first.objective
    for name in ("evaluate", "compare"):
        assert ended[name].state == "succeeded", problems
        assert farm.documents.manifest(ended[name]).files
    assert ended["compare"].total == 2
    # It has no hazards to sample from, which is said as it is on the command line.
    assert problems["sample"].type == "urn:stockpile:NoHazards"
    assert ended["sample"].state == "failed"


def test_the_end_of_a_job_is_told_to_its_webhook(farm: Farm) -> None:
    told: list[dict[str, Any]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        farm.worker("w1")
        id = farm.solve(webhook=f"http://127.0.0.1:{server.server_port}/end")
        farm.until(lambda: bool(told))
        assert id in json.dumps(told[0])
        server.shutdown()


def test_housekeeping(settings: Settings) -> None:
    """What DBOS knows of workflows that have ended goes, and when pruning was done is written down."""
    with farm_of(settings) as farm:
        code = "import api.jobs.housekeeping as h, api.jobs.worker as w;h.TIDY, h.FORGET = 0.2, 0.0;w.main()"
        worker = farm.process(["-c", code], settings.model_copy(update={"worker_id": "w1"}))
        assert farm.ended(farm.solve()).state == "succeeded"
        schema = "dbos." if farm.engine.dialect.name == "postgresql" else ""
        left = sa.text(f"SELECT count(*) FROM {schema}workflow_status")

        def tidied() -> bool:
            with reading(farm.engine) as connection:
                pruned = connection.scalar(sa.select(facts.c.value).where(facts.c.name == "pruned"))
                return pruned is not None and connection.scalar(left) == 0

        farm.until(tidied)
        assert worker.poll() is None
