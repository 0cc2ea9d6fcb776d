"""The description of the service: OpenAPI 3.1 at ``/openapi.json``, and a signpost at ``/``.

Routes give their parameters and their words; what can be sent and every answer with its schema, headers and
examples is said in :mod:`api.http.operations`. A route that is not there fails a test.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from api.http import examples, problems
from api.http.operations import OPERATIONS, Answer, Operation
from api.http.routes.validate import Validation
from models import faults, schema
from models.faults import StockpileError
from models.jobs import (
    BatchRequest,
    CompareRequest,
    EvaluateRequest,
    Event,
    InstanceRecord,
    Job,
    Problem,
    SampleRequest,
    SolveRequest,
)

router = APIRouter()

_ABOUT = """Which purchase agreements to sign, which projects to co-fund and how much of each critical mineral
to hold, so that export bans hurt least.

Store an instance (or send it along), submit a job, follow it by polling (`ETag`), by `Prefer: wait=N`, by
server-sent events or by a webhook, fetch its plan, tables and report. An infeasible instance is a job that
succeeded: its plan says why. Times are seconds since 1970, UTC; money is USD; tonnes and years otherwise.

Errors are problem details (RFC 9457): `type` is stable, `errors` lists every finding with a JSON Pointer.
What belongs to another tenant does not exist for you: 404."""
_TAGS = {
    "instances": "What plans are made from",
    "jobs": "Work: submitted, followed, stopped",
    "results": "What jobs came to",
    "service": "The service itself",
}
_REF = "#/components/schemas/{model}"
_ID_HEADER = {
    "X-Request-Id": {"description": "of this request, also in the log", "schema": {"type": "string"}}
}
_PROBLEM_HEADERS = {
    401: {"WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}},
}
_SECURED = (faults.NotAuthenticated, faults.NotAllowed, faults.TooManyRequests, faults.Unavailable)


@router.get("/", operation_id="index", tags=["service"])
def index(request: Request) -> Response:
    """Tell where to go from here."""
    found = {**examples.INDEX, "version": request.app.version}
    return Response(json.dumps(found), media_type="application/json")


@router.get("/openapi.json", include_in_schema=False)
def describe(request: Request) -> Response:
    """Tell this."""
    return Response(_text(request.app), media_type="application/json")


@cache
def _text(app: FastAPI) -> bytes:
    return json.dumps(build(app), ensure_ascii=False).encode()


def build(app: FastAPI) -> dict[str, Any]:
    """The whole description."""
    document = get_openapi(
        title="stockpile",
        version=app.version,
        description=_ABOUT,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    components = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    components.update(_schemas())
    for path, methods in document["paths"].items():
        for method in methods.values():
            _complete(method, path)
    return document


def _complete(method: dict[str, Any], path: str) -> None:
    """Say of an operation what can be sent and every answer."""
    operation = OPERATIONS[method["operationId"]]
    secured = bool(method.get("security"))
    if operation.body:
        method["requestBody"] = {"required": True, "content": operation.body}
    for name, text in operation.headers.items():
        parameter = {"name": name, "in": "header", "required": False, "description": text}
        method.setdefault("parameters", []).append({**parameter, "schema": {"type": "string"}})
    found = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    for status, kinds in _by_status(_faults(method, path, operation, secured)).items():
        found[str(status)] = _problems(status, kinds)
    found["500"] = _unexpected()
    method["responses"] = dict(sorted(found.items()))


def _faults(
    method: dict[str, Any], path: str, operation: Operation, secured: bool
) -> Iterable[type[StockpileError]]:
    yield from operation.faults
    if secured:
        yield from _SECURED
    if path.startswith("/v1/jobs/{id}"):
        yield faults.NoSuchJob
    if path.startswith("/v1/instances/{id}"):
        yield faults.NoSuchInstance
    if operation.body:
        yield from (faults.TooLarge, faults.UnsupportedMedia, faults.TooSlow)
    if method.get("parameters") or operation.body:
        yield faults.BadRequest


def _by_status(kinds: Iterable[type[StockpileError]]) -> dict[int, list[type[StockpileError]]]:
    found: dict[int, list[type[StockpileError]]] = {}
    for kind in dict.fromkeys(kinds):
        found.setdefault(kind.status, []).append(kind)
    return found


def _answer(answer: Answer) -> dict[str, Any]:
    headers = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in answer.headers.items()
    }
    told: dict[str, Any] = {"description": answer.description, "headers": {**_ID_HEADER, **headers}}
    return told | ({"content": answer.content} if answer.content else {})


def _problems(status: int, kinds: Iterable[type[StockpileError]]) -> dict[str, Any]:
    named = {kind.__name__: kind for kind in kinds}
    titles = [(kind.__doc__ or "").strip().splitlines()[0] for kind in named.values()]
    told = {name: {"value": examples.problem(kind)} for name, kind in named.items()}
    return {
        "description": " ".join(titles),
        "headers": {**_ID_HEADER, **_PROBLEM_HEADERS.get(status, {})},
        "content": {
            problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": told}
        },
    }


def _unexpected() -> dict[str, Any]:
    incident = "857b1a0c35104231b4ad046ec1fd6592"
    example = json.loads(bytes(problems.unexpected(incident).body))
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {problems.MEDIA_TYPE: {"schema": schema, "examples": {"unexpected": {"value": example}}}}
    return {"description": example["title"], "headers": _ID_HEADER, "content": content}


def _schemas() -> dict[str, Any]:
    sent = (SolveRequest, BatchRequest, CompareRequest, EvaluateRequest, SampleRequest)
    _, found = models_json_schema([(model, "validation") for model in sent], ref_template=_REF)
    told = (Job, Event, InstanceRecord, Problem, Validation)
    _, more = models_json_schema([(model, "serialization") for model in told], ref_template=_REF)
    components = {**found["$defs"], **more["$defs"]}
    kinds = {model.model_fields["kind"].default: model.__name__ for model in sent}
    components["Submission"] = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in kinds.values()],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {kind: f"#/components/schemas/{name}" for kind, name in kinds.items()},
        },
    }
    for name in kinds.values():
        components[name]["required"] = sorted({"kind", *components[name].get("required", ())})
    problem = components["Problem"]
    problem["properties"]["incident"] = {"type": "string", "description": "id in the log of the service"}
    problem.pop("additionalProperties", None)  # RFC 9457 lets problems say more
    instance = schema.json_schema()
    parts = instance.pop("$defs")
    instance.pop("$schema")
    components["Instance"] = _moved(instance)
    components.update({f"Instance.{name}": _moved(part) for name, part in parts.items()})
    return dict(sorted(components.items()))


def _moved(node: Any) -> Any:
    """The same with references to where the parts of the instance lie here."""
    if isinstance(node, list):
        return [_moved(entry) for entry in node]
    if isinstance(node, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/Instance.")
            if key in ("$ref",) and isinstance(value, str)
            else _moved(value)
            for key, value in node.items()
        }
    return node
