"""The folder of a run: what is read from it, and a result that is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.child.order import RESULT
from models import files
from models.instance import Instance
from models.options import Options
from models.plan import Plan, Status
from optimizer.results import read_plan

INSTANCE, PLAN, WARM, SCENARIOS = "instance.json", "plan.json", "warm.json", "scenarios.json"
CHECKPOINT = "checkpoint"


def instance_in(folder: Path, name: str = INSTANCE) -> Instance:
    """An instance. Raises FaultyInstance, UnreadableFile, ..."""
    return files.read(folder / name)


def plan_in(folder: Path, name: str) -> Plan | None:
    """A plan, if there is one. Raises UnreadableFile."""
    return read_plan(folder / name) if (folder / name).exists() else None


@contextmanager
def result_in(folder: Path) -> Iterator[Path]:
    """A folder to write into; it becomes the result unless something is raised."""
    staging = folder / ".result"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    yield staging
    shutil.rmtree(folder / RESULT, ignore_errors=True)
    os.replace(staging, folder / RESULT)


def capped(asked: Options, threads: int) -> Options:
    """Options with no more threads than allowed; 0, as many as there are, stands (``machine_threads``)."""
    return asked.model_copy(update={"threads": min(asked.threads, threads)})


def ended_by(status: Status, deadline: float) -> Status:
    """interrupted, but it was the clock that did: time_limit."""
    return "time_limit" if status == "interrupted" and time.monotonic() >= deadline else status
