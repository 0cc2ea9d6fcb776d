"""Every fault of an instance; nothing is stored."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from api.http import body
from api.http.auth import Reader
from api.http.parts import Needs
from api.http.problems import Listed
from api.http.routes.instances import read

router = APIRouter(prefix="/v1/validate", tags=["instances"])


class Validation(BaseModel):
    """What there is to say of an instance."""

    valid: bool
    faults: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    instance: str | None = None
    fingerprint: str | None = None


@router.post("", operation_id="validate_instance")
async def validate(request: Request, caller: Reader, parts: Needs) -> Response:
    """Check an instance in any format it may be stored from: every fault at once, and nothing is stored.

    A faulty instance is answered with 200 and `valid: false`; only what cannot be read at all is a problem.
    """
    kind = body.expect(request, body.JSON, *body.YAML, body.XLSX, *body.ZIP)
    async with body.received(request, parts) as data:
        found = await parts.buffered.work(data, lambda: _check(data, kind))
    return Response(found.model_dump_json(), media_type=body.JSON)


def _check(data: bytes, kind: str) -> Validation:
    try:
        instance = read(data, kind)
    except Listed as error:
        return Validation(valid=False, faults=error.errors)
    return Validation(
        valid=True,
        warnings=[warning.as_dict() for warning in instance.warnings()],
        instance=instance.name,
        fingerprint=instance.fingerprint(),
    )
