"""From whatever went wrong to an answer of RFC 9457, ``application/problem+json``.

``type`` is ``urn:stockpile:`` and the name of the fault in :mod:`models.faults`; ``errors`` lists every
finding, with a JSON Pointer (RFC 6901) into the document sent where there is one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from api.store.errors import fault_of
from models.faults import BadRequest, Fault, FaultyAlternatives, FaultyInstance, StockpileError, shorten

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:stockpile:"
RETRY = {429: 10, 503: 5}
"""Seconds told in Retry-After where the fault does not say."""


_log = structlog.get_logger("stockpile.http")


class Listed(StockpileError):
    """Findings on their way to the answer: a fault of the catalogue with pointers into what was sent."""

    def __init__(
        self, fault: type[StockpileError], errors: Sequence[dict[str, Any]], detail: str = ""
    ) -> None:
        super().__init__(detail)
        self.fault = fault
        self.errors = list(errors)


def pointer(path: Iterable[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def findings(faults: Iterable[Fault], at: str | None = None) -> list[dict[str, Any]]:
    """Faults of an instance as entries of ``errors``.

    ``at``: pointer to the instance in the document sent; None if that has no pointers (workbooks, archives).
    """
    listed = []
    for fault in faults:
        entry = fault.as_dict()
        if at is not None:
            entry = {"pointer": at + pointer(fault.path), **entry}
        listed.append(entry)
    return listed


def finding(at: str, value: Any, allowed: str) -> dict[str, Any]:
    """One entry of ``errors``."""
    shown = value if isinstance(value, bool | int | float | None) else shorten(value)
    return {"pointer": at, "value": shown, "allowed": allowed}


def describe(error: StockpileError) -> dict[str, Any]:
    """The problem document of a fault."""
    fault: type[StockpileError] = type(error)
    errors: list[dict[str, Any]] = []
    detail = error.detail
    if isinstance(error, Listed):
        fault, errors = error.fault, error.errors
    elif isinstance(error, FaultyInstance):
        # Alternatives stand in a request as they do in the document they are read from.
        errors, detail = findings(error.faults, "" if isinstance(error, FaultyAlternatives) else None), ""
    if errors and not detail:
        detail = f"{len(errors):,} {'error' if len(errors) == 1 else 'errors'}, listed in errors."
    title = (fault.__doc__ or "").strip().splitlines()[0]
    document: dict[str, Any] = {"type": PREFIX + fault.__name__, "title": title, "status": fault.status}
    return document | ({"detail": detail} if detail else {}) | ({"errors": errors} if errors else {})


def render(document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """The answer."""
    text = json.dumps(_plain(document), ensure_ascii=False, allow_nan=False)
    return Response(
        text.encode("utf-8", "backslashreplace"), document["status"], dict(headers or {}), MEDIA_TYPE
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return shorten(str(float(value)) if value.bit_length() < 1000 else "a very large whole number")
    return value


def answer(request: Request, error: StockpileError) -> Response:
    """The answer to a request that ended in a fault."""
    document = describe(error)
    headers: dict[str, str] = {}
    status = document["status"]
    if status == 401:
        wrong = ', error="invalid_token"' if "authorization" in request.headers else ""
        headers["WWW-Authenticate"] = f'Bearer realm="stockpile"{wrong}'
    if status in RETRY or error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after or RETRY.get(status, 1))))
    if status == 415 and "content-encoding" in request.headers:
        headers["Accept-Encoding"] = "identity"
    if status >= 500 and status not in (503, 507):
        _log.error("fault", exc_info=error)
        document["incident"] = request.scope.get("request_id", "")
    return render(document, headers)


def unexpected(request_id: str) -> Response:
    """The answer where something unforeseen happened; the log has the same id."""
    return render(
        {
            "type": "about:blank",
            "title": "Something unexpected happened.",
            "status": 500,
            "detail": f"The log of the service has it under {request_id}.",
            "incident": request_id,
        }
    )


async def _fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, StockpileError)
    return answer(request, error)


async def _parameters(request: Request, error: Exception) -> Response:
    """Parameters of the path, the query or a header that are not as they should be."""
    assert isinstance(error, RequestValidationError)
    errors = []
    for detail in error.errors():
        where, *name = detail["loc"]
        given = None if detail["type"] == "missing" else detail["input"]
        allowed = "no parameter of this name" if detail["type"] == "extra_forbidden" else detail["msg"]
        errors.append(
            {
                "table": str(where),
                "field": ".".join(map(str, name)),
                "value": shorten(given),
                "allowed": allowed,
            }
        )
    return answer(request, Listed(BadRequest, errors))


async def _http(request: Request, error: Exception) -> Response:
    """What the framework refuses: no such route, no such method."""
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    document: dict[str, Any] = {"type": "about:blank", "title": title, "status": error.status_code}
    if error.detail and error.detail != title:
        document["detail"] = error.detail
    headers = dict(error.headers or {})
    if error.status_code == 405:  # the framework names the methods of one route of several
        headers["Allow"] = ", ".join(_methods(request))
    return render(document, headers)


def _methods(request: Request) -> list[str]:
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        pattern, _, _ = compile_path(context.path or "")
        if pattern.match(request.url.path):
            found |= context.methods or set()
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


async def _database(request: Request, error: Exception) -> Response:
    """The database is away or overloaded."""
    fault = fault_of(error)
    if fault is None:
        raise error
    _log.error("database", exc_info=error)
    return answer(request, fault)


def install(app: FastAPI) -> None:
    """Let the application answer in this way."""
    app.add_exception_handler(StockpileError, _fault)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(sa.exc.SQLAlchemyError, _database)
