"""Every operation of the service as a :class:`~api.client.call.Call`; docs/service.md has the contract."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import TypeAdapter

from api.client.call import JSON, Call, body, content, model, nested, nothing, path
from api.client.problems import of_entry
from models.faults import Fault
from models.instance import Instance
from models.jobs import Event, InstanceRecord, Job, Kind, Manifest, Request, State
from models.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

PARQUET = "application/vnd.apache.parquet"
_records: TypeAdapter[list[InstanceRecord]] = TypeAdapter(list[InstanceRecord])
_jobs: TypeAdapter[list[Job]] = TypeAdapter(list[Job])
_events: TypeAdapter[list[Event]] = TypeAdapter(list[Event])


@dataclass(frozen=True)
class JobPage:
    """A part of a list of jobs, newest first."""

    jobs: tuple[Job, ...]
    next: str | None
    """Cursor of the page after it; None if this is the last."""


@dataclass(frozen=True)
class InstancePage:
    """A part of a list of instances, newest first."""

    instances: tuple[InstanceRecord, ...]
    next: str | None


@dataclass(frozen=True)
class Validation:
    """What is wrong with an instance, and what is worth a look."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


# Instances.


def put_instance(instance: Instance | Mapping[str, Any]) -> Call[InstanceRecord]:
    """Store an instance; the same content has the same id."""
    return Call("POST", path("instances"), model(InstanceRecord), **body(plain(instance)))


def upload_instance(data: bytes, media_type: str) -> Call[InstanceRecord]:
    """Store an instance given as JSON, YAML, xlsx or a zip of CSV tables."""
    headers = {"Content-Type": media_type, "Accept": JSON}
    return Call("POST", path("instances"), model(InstanceRecord), headers=headers, content=data)


def instances(cursor: str | None = None, limit: int | None = None) -> Call[InstancePage]:
    """A page of the instances that are stored."""
    return Call("GET", path("instances"), _instances, params={"cursor": cursor, "limit": limit})


def instance(id: str) -> Call[Instance]:
    """A stored instance."""
    return Call("GET", path("instances", id), lambda answer: Instance.parse(answer.json()))


def delete_instance(id: str) -> Call[None]:
    """Remove it, unless a job needs it."""
    return Call("DELETE", path("instances", id), nothing)


def validate(raw: Instance | Mapping[str, Any]) -> Call[Validation]:
    """Faults and warnings of an instance; nothing is stored."""
    return Call("POST", path("validate"), _validation, **body(plain(raw)))


# Jobs.


def submit(request: Request, *, key: str | None = None, wait: float | None = None) -> Call[Job]:
    """Submit a job. ``key``: of idempotency, a new one by default. ``wait``: seconds the service may take to
    answer with the job as it has ended by then."""
    more = {"Idempotency-Key": key or uuid.uuid4().hex}
    if wait is not None:
        more["Prefer"] = f"wait={wait:g}"
    sent = body(request.model_dump(mode="json", exclude_defaults=True) | {"kind": request.kind}, **more)
    return Call("POST", path("jobs"), model(Job), **sent)


def job(id: str, wait: float | None = None) -> Call[Job]:
    """A job as it stands, or as it has ended within ``wait`` seconds."""
    headers = {"Prefer": f"wait={wait:g}"} if wait else {}
    return Call("GET", path("jobs", id), model(Job), headers=headers)


def jobs(
    *,
    state: Sequence[State] = (),
    kind: Sequence[Kind] = (),
    tag: Sequence[str] = (),
    parent: str | None = None,
    batch: str | None = None,
    instance: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[JobPage]:
    """A page of jobs that are all of this."""
    many = {"state": list(state) or None, "kind": list(kind) or None, "tag": list(tag) or None}
    one = {"parent": parent, "batch": batch, "instance": instance, "cursor": cursor, "limit": limit}
    return Call("GET", path("jobs"), _page, params={**many, **one})


def events(job: str, after: int = 0) -> Call[list[Event]]:
    """Events with ids above ``after`` that there are by now."""
    headers = {"Accept": JSON}
    return Call("GET", path("jobs", job, "events"), _listed, params={"after": after}, headers=headers)


def stop(job: str) -> Call[Job]:
    """End it with the best it has."""
    return Call("POST", path("jobs", job, "stop"), model(Job))


def cancel(job: str) -> Call[Job]:
    """End it and discard what it has."""
    return Call("POST", path("jobs", job, "cancel"), model(Job))


def delete(job: str) -> Call[Job]:
    """Cancel it if it has not ended, remove its results if it has."""
    return Call("DELETE", path("jobs", job), model(Job))


# Results.


def plan(job: str, alternative: str | None = None) -> Call[Plan]:
    """The plan of a solve, or of an alternative of a comparison."""
    return Call("GET", path("jobs", job, "plan"), model(Plan), params={"alternative": alternative})


def table(job: str, name: str) -> Call[pd.DataFrame]:
    """A table of a result."""
    return Call("GET", path("jobs", job, "tables", name), _frame, headers={"Accept": PARQUET})


def files(job: str) -> Call[Manifest]:
    """What files a result has."""
    return Call("GET", path("jobs", job, "files"), model(Manifest))


def file(job: str, name: str) -> Call[bytes]:
    """One of them."""
    return Call("GET", path("jobs", job, "files", *nested(name)), content)


def report(job: str) -> Call[str]:
    """The HTML report of a result."""
    return Call("GET", path("jobs", job, "report"), _text, headers={"Accept": "text/html"}, on_demand=True)


def log(job: str) -> Call[str]:
    """What the job's process wrote."""
    return Call("GET", path("jobs", job, "log"), _text, headers={"Accept": "text/plain"})


def model_file(job: str, format: str = "mps", alternative: str | None = None) -> Call[bytes]:
    """The whole model, for other solvers: mps, lp, or columns.csv, which tells what each column is."""
    where = path("jobs", job, f"model.{format}")
    return Call("GET", where, content, params={"alternative": alternative}, on_demand=True)


# Reading.


def plain(instance: Instance | Mapping[str, Any]) -> Any:
    """An instance as plain data, whatever it is given as."""
    return instance.as_dict() if isinstance(instance, Instance) else dict(instance)


def _validation(response: httpx.Response) -> Validation:
    raw = response.json()
    return Validation(
        tuple(map(of_entry, raw.get("faults", ()))), tuple(map(of_entry, raw.get("warnings", ())))
    )


def _text(response: httpx.Response) -> str:
    return response.content.decode("utf-8", errors="replace")


def _frame(response: httpx.Response) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(BytesIO(response.content))


def _page(response: httpx.Response) -> JobPage:
    return JobPage(tuple(_jobs.validate_json(response.content, extra="ignore")), following(response))


def _instances(response: httpx.Response) -> InstancePage:
    found = _records.validate_json(response.content, extra="ignore")
    return InstancePage(tuple(found), following(response))


def _listed(response: httpx.Response) -> list[Event]:
    return _events.validate_json(response.content, extra="ignore")


def following(response: httpx.Response) -> str | None:
    """The cursor of the page after this one, from ``Link: <...>; rel="next"``."""
    url = response.links.get("next", {}).get("url")
    return None if url is None else httpx.URL(url).params.get("cursor")
