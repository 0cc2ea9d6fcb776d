"""The result of a batch, put together when the last of its jobs has ended.

The table has the columns that ``stockpile batch`` writes; the files of every member stand under its name.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from api.store.blobs import Blobs
from api.store.database import reading
from api.store.results import MEDIA_TYPES, read_manifest
from api.store.schema import jobs
from models import faults
from models.faults import StockpileError
from models.jobs import File, Manifest
from models.plan import Plan
from optimizer.batch import table_of
from optimizer.batch.outcome import FAILED, NO_PLAN, PLAN, Outcome, figures
from optimizer.exits import FAILED as FAILED_CODE
from optimizer.exits import STOPPED, exit_code
from optimizer.results import csv_text

MANY = 500
"""Members read at a time."""


def put_together(engine: sa.Engine, blobs: Blobs, batch: Mapping[str, Any]) -> str:
    """Write the table of a batch and return the digest of its manifest. Raises StorageFull."""
    order = [member["name"] for member in batch["work"]["instances"]]
    rows: dict[str, Outcome] = {}
    files: dict[str, list[File]] = {}
    for member in _members(engine, batch["id"]):
        name = member["member"]
        found = read_manifest(blobs, member["result"]).files if member["result"] else ()
        rows[name] = _outcome(member, blobs, found)
        files[name] = [file.model_copy(update={"path": f"{name}/{file.path}"}) for file in found]
    table = table_of(rows[name] for name in order if name in rows)
    parquet = io.BytesIO()
    table.to_parquet(parquet, index=False)
    own = [
        _put(blobs, "batch.csv", csv_text(table).encode()),
        _put(blobs, "batch.parquet", parquet.getvalue()),
    ]
    members = [file for name in order for file in files.get(name, ())]
    return blobs.put(Manifest(files=(*own, *members)).model_dump_json().encode())


def _put(blobs: Blobs, path: str, data: bytes) -> File:
    media_type = MEDIA_TYPES["." + path.rsplit(".", 1)[1]]
    return File(path=path, digest=blobs.put(data), bytes=len(data), media_type=media_type)


def _members(engine: sa.Engine, batch: str) -> Iterator[Mapping[str, Any]]:
    number = 0
    while True:
        query = sa.select(jobs).where(jobs.c.batch == batch, jobs.c.number > number).order_by(jobs.c.number)
        with reading(engine) as connection:
            rows = [dict(row) for row in connection.execute(query.limit(MANY)).mappings()]
        yield from rows
        if len(rows) < MANY:
            return
        number = rows[-1]["number"]


def _outcome(member: Mapping[str, Any], blobs: Blobs, files: tuple[File, ...]) -> Outcome:
    common = {
        "name": member["member"],
        "path": member["instance"] or "",
        "folder": member["member"],
        "kept": member["cached_from"] is not None,
        "seconds": member["seconds"],
        "memory_mb": member["memory_mb"],
    }
    plan = next((file.digest for file in files if file.path == "plan.json"), None)
    if member["state"] == "succeeded" and plan is not None:
        found = Plan.model_validate_json(blobs.get(plan))
        return Outcome(
            **common,
            outcome=PLAN if found.commitments is not None else NO_PLAN,
            exit_code=exit_code(found),
            status=found.status,
            fingerprint=found.fingerprint,
            figures=figures(found),
        )
    if member["problem"] is None:
        return Outcome(**common, outcome=FAILED, exit_code=STOPPED, kind="Stopped", message=member["state"])
    kind = member["problem"]["type"].rpartition(":")[2]
    fault = getattr(faults, kind, None)
    code = fault.exit_code if isinstance(fault, type) and issubclass(fault, StockpileError) else FAILED_CODE
    message = member["problem"]["detail"] or member["problem"]["title"]
    return Outcome(**common, outcome=FAILED, exit_code=code, kind=kind, message=message)
