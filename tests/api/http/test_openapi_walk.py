"""Generated requests to every operation: none is answered otherwise than the description says.

Over the real engine, real documents and jobs in every state. Requests are drawn from a seed: the same each
time. Data that fits the description and data that does not, and links from what was made to what can be
asked of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.http.real import Belongings, Real, furnish, plain, running

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NO_WORKER = {"/readyz"}
"""503 is its answer here, and described, but counts as an error of the server."""
MADE = ("/report", "/model.")
"""Made on demand by a process of its own, which takes seconds: asked for by tests of their own."""
STREAM = "/v1/jobs/{id}/events"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with running(tmp_path_factory.mktemp("walk") / "data", requests_per_minute=10**6) as made:
        yield made


@pytest.fixture(scope="module")
def alpha(real: Real) -> Belongings:
    return furnish(real, "alpha")


@pytest.fixture(scope="module")
def key(real: Real) -> str:
    return real.key("alpha", "admin")


def walk(real: Real, alpha: Belongings, key: str, examples: int, modes: list[GenerationMode]) -> int:
    """Requests sent to every operation, each with ids of things that are there, now and then."""
    loaded = schemathesis.openapi.from_url(f"{real.url}/openapi.json")
    ids = st.sampled_from([*alpha.jobs.values(), alpha.instance, "0" * 32, "x"])
    sent = 0
    for result in loaded.get_all_operations():
        operation = result.ok()
        if operation.path in NO_WORKER or any(part in operation.path for part in MADE):
            continue
        for mode in modes:
            cases = operation.as_strategy(generation_mode=mode)

            @seed(20261122)
            @settings(
                max_examples=examples,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                deadline=None,
                database=None,
            )
            @given(case=cases, id=ids, there=st.integers(0, 3))
            def run(case: Any, id: str, there: int) -> None:
                nonlocal sent
                if there and "id" in (case.path_parameters or {}):
                    case.path_parameters["id"] = id
                headers = {"Authorization": f"Bearer {key}"}
                if case.operation.path == STREAM:
                    headers["Accept"] = "application/json"  # a stream does not end
                case.call_and_validate(base_url=real.url, headers=headers, checks=CHECKS, timeout=30)
                sent += 1

            with suppress(Unsatisfiable):  # nothing that could be wrong
                run()
    return sent


def test_every_operation(real: Real, alpha: Belongings, key: str) -> None:
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    assert walk(real, alpha, key, 2, modes) > 70


@pytest.mark.deep
def test_every_operation_often(real: Real, alpha: Belongings, key: str) -> None:
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    assert walk(real, alpha, key, 20, modes) > 600


@pytest.mark.slow
def test_what_was_made_can_be_asked_for(real: Real, key: str) -> None:
    """Each submission is followed by every question and request about the job; all is as described."""
    loaded = schemathesis.openapi.from_url(f"{real.url}/openapi.json")
    headers = {"Authorization": f"Bearer {key}"}
    operations = [result.ok() for result in loaded.get_all_operations()]
    about = [o for o in operations if o.path.startswith("/v1/jobs/{id}") and "/model." not in o.path]
    about.sort(key=lambda operation: (operation.method != "get", operation.path.count("/") < 5))
    with real.client(key) as client:
        for kind in ("solve", "compare", "sample", "batch"):
            work: dict[str, Any] = {"kind": kind, "instance": plain(), "fresh": True}
            if kind == "batch":
                work = {"kind": kind, "instances": [{"name": "a", "instance": plain()}], "fresh": True}
            if kind == "compare":
                work["budgets"] = [1e6]
            job = client.post(
                "/v1/jobs", content=json.dumps(work), headers={"Content-Type": "application/json"}
            )
            assert job.status_code == 202
            for operation in about:
                given_ids = {"id": job.json()["id"], "name": "commitments", "path": "plan.json"}
                wanted = {name: given_ids[name] for name in given_ids if f"{{{name}}}" in operation.path}
                case = operation.Case(path_parameters=wanted)
                more = {"Accept": "application/json"} if operation.path == STREAM else {}
                case.call_and_validate(base_url=real.url, headers=headers | more, checks=CHECKS, timeout=60)
