"""What an instance looks like, for tools that write or check one."""

from __future__ import annotations

import hashlib
import json
from functools import cache

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.http.stored import stored
from models.schema import json_schema

router = APIRouter(prefix="/v1", tags=["instances"])


@cache
def _schema() -> tuple[bytes, str]:
    data = json.dumps(json_schema(), ensure_ascii=False).encode()
    return data, hashlib.sha256(data).hexdigest()


@router.get("/schema", operation_id="instance_schema", response_class=Response)
def schema(request: Request) -> Response:
    """The JSON Schema (2020-12) of an instance, as `stockpile schema` prints it. No key is needed."""
    data, digest = _schema()
    return stored(request, digest, "application/schema+json", lambda: data)
