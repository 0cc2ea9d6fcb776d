"""The description of the service says what is so: every route, every example, every answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi.routing import iter_route_contexts

from api.http import examples
from api.http.operations import OPERATIONS
from models.instance import Instance
from models.jobs import Event, InstanceRecord, Job, request_adapter
from tests.api.http.world import World, client, making, world

__all__ = ["client", "world"]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with making(tmp_path_factory.mktemp("world") / "data") as made:
        answer = httpx.get(f"{made.url}/openapi.json")
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every content of an operation, with where it stands."""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request {kind}", content
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            yield f"{status} {kind}", content


def test_every_route_is_described_and_nothing_else(document: dict[str, Any], world: World) -> None:
    described = {(method, path) for method, path, _ in operations(document)}
    there = {
        (method, context.path)
        for context in iter_route_contexts(world.app.routes)
        for method in context.methods or ()
        if method != "HEAD" and getattr(context, "include_in_schema", True)
    }
    assert described == {(method, (path or "").replace("{path:path}", "{path}")) for method, path in there}
    assert {operation["operationId"] for _, _, operation in operations(document)} == set(OPERATIONS)
    assert document["openapi"].startswith("3.1")


def test_every_operation_has_words_a_tag_and_answers(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    public = set()
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        assert set(operation["tags"]) <= tags, where
        answers = operation["responses"]
        assert any(status.startswith("2") for status in answers), where
        assert "500" in answers, where
        if operation.get("security"):
            assert {"401", "403", "429", "503"} <= set(answers), where
        else:
            public.add(path)
        if operation.get("requestBody"):
            assert {"408", "413", "415", "422"} <= set(answers), where
        if "{" in path:
            assert "404" in answers, where
        for status, answer in answers.items():
            assert answer["description"], (where, status)
            assert "X-Request-Id" in answer["headers"], (where, status)
            if int(status) >= 400 and (path, status) != ("/readyz", "503"):
                assert set(answer["content"]) == {"application/problem+json"}, (where, status)
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (where, parameter["name"])
    assert public == {"/", "/healthz", "/readyz", "/version", "/v1/schema"}
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_every_operation_has_examples_and_they_fit_their_schemas(document: dict[str, Any]) -> None:
    checked = 0
    for method, path, operation in operations(document):
        told = 0
        for where, content in contents(operation):
            schema = {**content["schema"], "components": document["components"]}
            for name, example in content.get("examples", {}).items():
                told += 1
                try:
                    jsonschema.validate(example["value"], schema, cls=jsonschema.Draft202012Validator)
                except jsonschema.ValidationError as error:
                    pytest.fail(f"{method} {path}, {where}, {name}: {error.message}")
            if "json" in where:
                assert content["examples"], (method, path, where)
        assert told, (method, path)
        checked += told
    assert checked > 150


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        for ref in refs(schema):
            assert ref.removeprefix("#/components/schemas/") in document["components"]["schemas"], (name, ref)


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def test_examples_are_what_the_models_take() -> None:
    Instance.parse(examples.INSTANCE)
    for request in examples.REQUESTS.values():
        request_adapter.validate_json(json.dumps(request))
    for job in (examples.QUEUED, examples.STOPPING, examples.CANCELLED, examples.DONE):
        Job.model_validate_json(json.dumps(job))
    for event in examples.EVENTS:
        Event.model_validate_json(json.dumps(event))
    InstanceRecord.model_validate_json(json.dumps(examples.RECORD))


def test_requests_of_the_examples_are_accepted(world: World, client: httpx.Client) -> None:
    id = world.store()
    for name, request in examples.REQUESTS.items():
        if request["kind"] == "evaluate":
            continue  # of a job that is not there
        text = json.dumps(request).replace(examples.INSTANCE_ID, id)
        answer = client.post("/v1/jobs", content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 202, (name, answer.text)


def test_the_signpost_leads_on(client: httpx.Client) -> None:
    index = client.get("/").json()
    assert client.get(index["description"]).json()["info"]["version"] == index["version"]
    assert client.get(index["health"]).status_code == 200


@pytest.mark.slow
def test_answers_are_as_described(document: dict[str, Any], world: World) -> None:
    """Generated requests: whatever is sent, the answer's status and body are described, and none is 500."""
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [
        not_a_server_error,
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    ]
    loaded = schemathesis.openapi.from_url(f"{world.url}/openapi.json")
    from hypothesis import HealthCheck, Phase, given, settings

    tried = 0
    for found in loaded.get_all_operations():
        operation = found.ok()
        if operation.path in ("/readyz", "/v1/jobs/{id}/events", "/metrics"):
            continue  # no worker lives here; streams do not end; not JSON

        @given(case=operation.as_strategy())
        @settings(
            max_examples=5, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None
        )
        def run(case: Any) -> None:
            case.call_and_validate(base_url=world.url, checks=checks, timeout=30)

        run()
        tried += 1
    assert tried > 20
