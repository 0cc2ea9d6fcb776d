"""Instances, plans and results: rows that say whose they are, blobs that hold them.

Whoever is about to refer to a stored document says so first (``used`` of its row, ``expires`` of a job): for
:data:`HOLD` seconds from then on pruning leaves it alone, time enough to write the job that refers to it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from api.settings import Settings
from api.store import cursors, requests, results
from api.store.blobs import Blobs
from api.store.database import insert, is_sqlite, reading, writing
from api.store.errors import attempt
from api.store.files import FileBlobs
from api.store.references import mentioned
from api.store.schema import instances, jobs, plans
from api.store.table import TableBlobs
from models.faults import (
    DamagedBlob,
    Expired,
    InstanceInUse,
    NoResult,
    NoSuchInstance,
    NoSuchJob,
    NoSuchPlan,
    NotFinished,
    StockpileError,
)
from models.files import json_format
from models.instance import Instance
from models.jobs import FINAL, InstanceRecord, Job, Manifest, Request
from models.plan import Plan

HOLD = requests.HOLD


def blobs(settings: Settings, engine: sa.Engine) -> Blobs:
    """Where the settings say that blobs are kept."""
    kind = settings.blobs or ("files" if is_sqlite(engine) else "database")
    return FileBlobs(settings.data / "blobs") if kind == "files" else TableBlobs(engine)


class Documents:
    """What tenants have sent and what jobs have made. Another tenant's is none. Safe from many threads."""

    def __init__(self, engine: sa.Engine, blobs: Blobs) -> None:
        self.engine = engine
        self.blobs = blobs

    def put_instance(self, tenant: str, instance: Instance) -> tuple[InstanceRecord, bool]:
        """Store an instance and tell whether it is new to the tenant. Raises StorageFull."""
        data = json_format.dumps(instance)
        now = time.time()
        record = InstanceRecord(
            id=instance.fingerprint(),
            name=instance.name,
            bytes=len(data),
            warnings=tuple(warning.as_dict() for warning in instance.warnings()),
            figures=_figures(instance),
            created=now,
        )
        row = {**record.model_dump(mode="json"), "tenant": tenant, "blob": self.blobs.put(data), "used": now}
        new = self._add(instances, row)
        return (record if new else self.instance_record(tenant, record.id)), new

    def _add(self, table: sa.Table, row: dict[str, Any]) -> bool:
        """Add a row of a tenant, or note that the one that is there has been used."""
        here = (table.c.tenant == row["tenant"]) & (table.c.id == row["id"])

        def once() -> bool:
            with writing(self.engine) as connection:
                new = insert(connection, table).values(row).on_conflict_do_nothing().returning(table.c.id)
                used = sa.update(table).where(here).values(used=row["used"])
                while True:
                    if connection.scalar(new) is not None:
                        return True
                    # Between the two statements PostgreSQL may let the row that stood in the way be pruned.
                    if connection.execute(used).rowcount:
                        return False

        return attempt(once)

    def instance_record(self, tenant: str, id: str) -> InstanceRecord:
        """What is told of a stored instance. Raises NoSuchInstance."""
        return _record(self._row(instances, tenant, id, NoSuchInstance))

    def instance_json(self, tenant: str, id: str) -> bytes:
        """A stored instance as the JSON it is kept as. Raises NoSuchInstance."""
        return self.blobs.get(self._row(instances, tenant, id, NoSuchInstance).blob)

    def instance(self, tenant: str, id: str) -> Instance:
        """A stored instance. Raises NoSuchInstance."""
        return json_format.loads(self.instance_json(tenant, id), id)

    def list_instances(
        self, tenant: str, cursor: str | None = None, limit: int = 50, text: str = ""
    ) -> tuple[Sequence[InstanceRecord], str | None]:
        """Instances of a tenant, newest first, and the cursor of what follows. Raises BadCursor.

        ``text``: in the name, upper and lower case alike, or the beginning of the id.
        """
        c = instances.c
        query = sa.select(instances).where(c.tenant == tenant).order_by(c.created.desc(), c.id.desc())
        if text:
            query = query.where(
                c.name.icontains(text, autoescape=True) | c.id.startswith(text.lower(), autoescape=True)
            )
        if cursor is not None:
            query = query.where(sa.tuple_(c.created, c.id) < cursors.read(cursor))
        with reading(self.engine) as connection:
            rows = connection.execute(query.limit(limit + 1)).all()
        next = cursors.write(rows[limit - 1].created, rows[limit - 1].id) if len(rows) > limit else None
        return tuple(map(_record, rows[:limit])), next

    def delete_instance(self, tenant: str, id: str) -> None:
        """Forget an instance. Raises NoSuchInstance, InstanceInUse."""
        here = (instances.c.tenant == tenant) & (instances.c.id == id)
        waiting = (jobs.c.tenant == tenant) & jobs.c.state.not_in(FINAL)

        def once() -> None:
            with writing(self.engine) as connection:
                if (
                    connection.execute(sa.select(instances.c.id).where(here).with_for_update()).first()
                    is None
                ):
                    raise NoSuchInstance(f"{id}.")
                query = sa.select(jobs.c.id, jobs.c.instance, jobs.c.work).where(waiting)
                for job, instance, work in connection.execute(query):
                    if instance == id or id in set(mentioned(work)):
                        raise InstanceInUse(f"Job {job} needs it.")
                connection.execute(sa.delete(instances).where(here))

        attempt(once)

    def put_plan(self, tenant: str, plan: Plan) -> str:
        """Store a plan that was not found here and return its id. Raises StorageFull."""
        id, now = self.blobs.put(plan.model_dump_json().encode()), time.time()
        row = {"tenant": tenant, "id": id, "instance": plan.fingerprint, "created": now, "used": now}
        self._add(plans, row)
        return id

    def plan_json(self, tenant: str, ref: str) -> bytes:
        """The plan of an id, or of the job that found it, as JSON.

        Raises NoSuchPlan; of a job NoSuchJob, NotFinished, Expired, NoResult.
        """
        if len(ref) == 64:
            return self.blobs.get(self._row(plans, tenant, ref, NoSuchPlan).id)
        row = self._row(jobs, tenant, ref, NoSuchJob)
        if row.state == "expired":
            raise Expired(f"Job {ref}.")
        if row.state not in FINAL:
            raise NotFinished(f"Job {ref} is {row.state}.")
        if row.result is not None:
            for entry in results.read_manifest(self.blobs, row.result).files:
                if entry.path == "plan.json":
                    return self.blobs.get(entry.digest)
        raise NoResult(f"Job {ref} has no plan.")

    def plan(self, tenant: str, ref: str) -> Plan:
        """The same, read."""
        try:
            return Plan.model_validate_json(self.plan_json(tenant, ref))
        except ValidationError as error:
            raise DamagedBlob(f"{ref} is not a plan.") from error

    def resolve(self, tenant: str, request: Request) -> Request:
        """A request with ids in the place of documents, all of which exist; see :mod:`api.store.requests`."""
        return requests.resolve(self, tenant, request)

    def put_result(self, folder: Path) -> str:
        """Keep every file below a folder and return the digest of the manifest. Raises StorageFull."""
        return results.put_result(self.blobs, folder)

    def manifest(self, job: Job) -> Manifest:
        """The files of a job's result. Raises NotFinished, Expired, NoResult."""
        return results.manifest(self.blobs, job)

    def file(self, job: Job, path: str) -> bytes:
        """One file of a job's result. Raises NoSuchFile, and what :meth:`manifest` does."""
        return results.file(self.blobs, job, path)

    def _row(self, table: sa.Table, tenant: str, id: str, fault: type[StockpileError]) -> sa.Row[Any]:
        query = sa.select(table).where(table.c.tenant == tenant, table.c.id == id)

        def once() -> sa.Row[Any] | None:
            with reading(self.engine) as connection:
                return connection.execute(query).first()

        row = attempt(once)
        if row is None:
            raise fault(f"{id}.")
        return row


def _figures(instance: Instance) -> dict[str, Any]:
    tables = {name: getattr(instance, name) for name in type(instance).model_fields}
    horizon = instance.horizon
    return {
        "rows": {name: len(rows) for name, rows in tables.items() if isinstance(rows, tuple) and rows},
        "start_year": horizon.start_year,
        "periods": horizon.periods,
        "period_years": horizon.period_years,
    }


def _record(row: sa.Row[Any]) -> InstanceRecord:
    return InstanceRecord(**{name: getattr(row, name) for name in InstanceRecord.model_fields})
