"""What a run finds in its folder, see :class:`api.child.order.Order`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from api.settings import Settings
from api.store.documents import Documents
from models.jobs import Limits
from optimizer.machine import cores, machine_memory

PART = 0.8
"""Of the machine's memory that jobs may use together."""


def write_inputs(
    documents: Documents, row: Mapping[str, Any], folder: Path, kept: Sequence[tuple[str, bytes]]
) -> None:
    """Write the documents a job names, and the checkpoints of its earlier runs, into a new folder.

    Raises NoSuchInstance, NoSuchPlan, NoSuchJob, NoResult, Expired, NoSuchBlob, DamagedBlob.
    """
    tenant, work = row["tenant"], row["work"]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if row["instance"]:
        (folder / "instance.json").write_bytes(documents.instance_json(tenant, row["instance"]))
    if work["kind"] == "evaluate":
        (folder / "plan.json").write_bytes(documents.plan_json(tenant, work["plan"]))
        if work.get("scenarios"):
            (folder / "scenarios.json").write_bytes(documents.instance_json(tenant, work["scenarios"]))
    elif work["kind"] == "solve" and (warm := work.get("warm") or row["parent"]):
        (folder / "warm.json").write_bytes(documents.plan_json(tenant, warm))
    checkpoint = folder / "checkpoint"
    checkpoint.mkdir()
    for name, data in kept:
        path = checkpoint / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def allowed(settings: Settings, wanted: Limits) -> tuple[float, int, int]:
    """Seconds, bytes of memory and threads of a run: what it wants, never more than the settings allow."""
    seconds = min(settings.job_seconds, wanted.seconds or settings.job_seconds)
    share = PART * machine_memory() / settings.slots
    most = 1e9 * settings.job_memory_gb if settings.job_memory_gb is not None else share
    memory = min(most, 1e9 * wanted.memory_gb if wanted.memory_gb is not None else most)
    threads = settings.job_threads or max(1, cores() // settings.slots)
    return seconds, int(min(memory, 2**62)), min(threads, wanted.threads or threads)
