"""What a job has left, for download: its files, its log, its report."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.http.demand import Makes
from api.http.parts import Needs
from api.http.routes import results
from api.http.routes.jobs import JobPath
from api.web.session import Visitor

router = APIRouter()


@router.get("/jobs/{id}/files/{path:path}")
def file(
    id: JobPath, path: Annotated[str, Path()], request: Request, visitor: Visitor, parts: Needs
) -> Response:
    """One file of the result, byte for byte."""
    return results.file(id, path, request, visitor.caller, parts)


@router.get("/jobs/{id}/log")
def log(id: JobPath, request: Request, visitor: Visitor, parts: Needs) -> Response:
    """The whole log, as text."""
    return results.log(id, request, visitor.caller, parts)


@router.get("/jobs/{id}/report")
def report(id: JobPath, request: Request, visitor: Visitor, parts: Needs, makes: Makes) -> Response:
    """The report: a page that may be mailed."""
    return results.report(id, request, visitor.caller, parts, makes)
