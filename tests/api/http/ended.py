"""Jobs that have ended, with results as the command line writes them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from api.jobs.port import Submission
from models.jobs import request_adapter
from optimizer.results import write_results
from tests.api.http.world import World
from tests.optimizer import handmade

TENANT = "anonymous"


def submit(world: World, work: dict[str, object], tenant: str = TENANT) -> str:
    """A job that waits; its id."""
    request = request_adapter.validate_python({"fresh": True, **work})
    return world.jobs.submit(Submission(tenant, request))[0].id


def end(world: World, job: str, folder: Path, state: str = "succeeded") -> str:
    """Run it to its end: its result is what lies in the folder. The digest of the manifest."""
    digest = world.documents.put_result(folder)
    world.jobs.begin(job)
    world.jobs.finish(job, state, result=digest)
    return digest


@cache
def result() -> Path:
    """The folder of a solve of the instance made by hand; made once, only read."""
    folder = Path(tempfile.mkdtemp(prefix="result"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    instance = handmade.instance()
    write_results(instance, handmade.plan(instance), folder)
    (folder / "log.txt").write_text("reading\nsolving\n", encoding="utf-8")
    return folder


def solved(world: World, tenant: str = TENANT) -> str:
    """A solve of the instance made by hand, with its plan, its tables and a log; its id."""
    record, _ = world.documents.put_instance(tenant, handmade.instance())
    job = submit(world, {"kind": "solve", "instance": record.id}, tenant)
    end(world, job, result())
    return job
