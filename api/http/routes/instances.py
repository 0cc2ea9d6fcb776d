"""Instances: store, list, fetch, forget."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from api.http import body
from api.http.auth import Reader, Submitter
from api.http.negotiate import accepted, matches
from api.http.parts import Needs
from api.http.problems import Listed, findings
from api.store import upload
from models.faults import FaultyInstance, NoSuchInstance
from models.instance import Instance
from models.jobs import InstanceRecord

_PATTERN = re.compile(r"[0-9a-f]{64}")
_NAMES = {body.XLSX: "the workbook"} | dict.fromkeys(body.ZIP, "the archive")
"""What faults call a body; its faults have no pointers then."""
_SUFFIX = {body.JSON: "json", body.XLSX: "xlsx"} | dict.fromkeys(body.YAML, "yaml")

router = APIRouter(prefix="/v1/instances", tags=["instances"])

InstancePath = Annotated[str, Path(description="Id of the instance: SHA-256 of its content", alias="id")]


class Paging(BaseModel):
    """Which part of the list."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(default=None, description="next of the page before")
    limit: int = Field(default=50, ge=1, le=200, description="instances of a page at most")


_list = TypeAdapter(list[InstanceRecord])
_record = TypeAdapter(InstanceRecord)


def known(id: str) -> str:
    """The id, if it can be one of an instance. Raises NoSuchInstance."""
    if not _PATTERN.fullmatch(id):
        raise NoSuchInstance()
    return id


def read(data: bytes, kind: str) -> Instance:
    """The instance in a body. Raises Listed (FaultyInstance), UnreadableFile, TooLarge, UnsupportedMedia."""
    name = _NAMES.get(kind)
    try:
        return upload.read(data, kind, name or "the body")
    except FaultyInstance as error:
        raise Listed(type(error), findings(error.faults, None if name else "")) from error


@router.post("", operation_id="put_instance", status_code=201)
async def put_instance(request: Request, caller: Submitter, parts: Needs) -> Response:
    """Store an instance: JSON, YAML, an Excel workbook, or a zip archive of CSV tables.

    It is checked at once: the answer lists every fault. Its id is the SHA-256 of its content, whatever the
    format; the same content again is answered with 200 and the same id.
    """
    kind = body.expect(request, body.JSON, *body.YAML, body.XLSX, *body.ZIP)
    async with body.received(request, parts) as data:
        record, new = await parts.buffered.work(
            data, lambda: parts.documents.put_instance(caller.tenant, read(data, kind))
        )
    headers = {"Location": f"/v1/instances/{record.id}"}
    return Response(_record.dump_json(record), 201 if new else 200, headers, body.JSON)


@router.get("", operation_id="list_instances")
def list_instances(caller: Reader, parts: Needs, asked: Annotated[Paging, Query()]) -> Response:
    """List stored instances, newest first, without their tables; `Link` leads to the next page."""
    records, following = parts.documents.list_instances(caller.tenant, asked.cursor, asked.limit)
    headers = {}
    if following is not None:
        query = asked.model_dump(exclude_defaults=True) | {"cursor": following}
        headers["Link"] = f'</v1/instances?{urlencode(query)}>; rel="next"'
    return Response(_list.dump_json(list(records)), 200, headers, body.JSON)


@router.get("/{id}", operation_id="get_instance")
def get_instance(request: Request, caller: Reader, parts: Needs, id: InstancePath) -> Response:
    """Fetch an instance as JSON, YAML or an Excel workbook, as `Accept` asks."""
    from models.files import xlsx_format, yaml_format

    kind = accepted(request.headers.get("accept"), (body.JSON, *body.YAML, body.XLSX))
    record = parts.documents.instance_record(caller.tenant, known(id))
    etag = f'"{id}-{_SUFFIX[kind]}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=86400, immutable", "Vary": "Accept"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if kind == body.JSON:
        return Response(parts.documents.instance_json(caller.tenant, record.id), 200, headers, kind)
    write = xlsx_format.dumps if kind == body.XLSX else yaml_format.dumps
    data = write(parts.documents.instance(caller.tenant, record.id))
    if kind == body.XLSX:
        headers["Content-Disposition"] = f'attachment; filename="{id[:12]}.xlsx"'
    return Response(data, 200, headers, kind)


@router.delete("/{id}", operation_id="delete_instance", status_code=204)
def delete_instance(caller: Submitter, parts: Needs, id: InstancePath) -> Response:
    """Forget an instance. Results of jobs that used it stay; one that a waiting job needs is kept."""
    parts.documents.delete_instance(caller.tenant, known(id))
    return Response(status_code=204)
