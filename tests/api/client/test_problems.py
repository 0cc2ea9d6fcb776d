"""Errors cross the wire as what they are."""

from __future__ import annotations

import json

import httpx
import pytest

from api.client.problems import catalogue, of_problem, of_response
from api.http.problems import describe
from models.faults import Fault, FaultyInstance, NotAuthenticated, StockpileError, Unavailable
from models.jobs import Job
from tests.api.client.support import JOB

FAULTS = [Fault("depots", "vault", "country", "XX", "the id of a country", "case.yaml:7")]


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_class_of_the_catalogue_arrives_as_itself(name: str) -> None:
    kind = catalogue()[name]
    error = kind(FAULTS) if issubclass(kind, FaultyInstance) else kind("It says why.")
    arrived = of_problem(json.loads(json.dumps(describe(error))))
    assert type(arrived) is kind
    assert arrived.exit_code == error.exit_code
    if isinstance(error, FaultyInstance):
        assert isinstance(arrived, FaultyInstance)
        assert arrived.faults == error.faults
    elif kind is not StockpileError:
        assert str(arrived) == str(error)


def test_the_problem_of_a_failed_job() -> None:
    from api.child.problem import problem
    from api.client.problems import succeeded
    from models.faults import NoHazards

    for error in (NoHazards("Add some."), FaultyInstance(FAULTS)):
        raw = {**JOB, "state": "failed", "problem": problem(error).model_dump(mode="json")}
        job = Job.model_validate_json(json.dumps(raw))
        with pytest.raises(type(error)) as caught:
            succeeded(job)
        assert str(caught.value) == str(error)


def test_what_the_catalogue_does_not_know_keeps_its_words() -> None:
    told = of_problem({"type": "urn:stockpile:FromTomorrow", "title": "New.", "detail": "Very new."})
    assert type(told) is StockpileError
    assert "New. Very new." in str(told)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, NotAuthenticated), (502, Unavailable), (504, Unavailable), (418, StockpileError)],
)
def test_answers_of_proxies(status: int, kind: type[StockpileError]) -> None:
    request = httpx.Request("GET", "https://server/v1/jobs?tag=secret")
    error = of_response(httpx.Response(status, content=b"<html>", request=request))
    assert type(error) is kind
    assert "https://server/v1/jobs" in str(error)
    assert "secret" not in str(error)
