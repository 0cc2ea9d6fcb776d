"""Whatever is wrong with a request is told as a problem: all of it, with pointers, and never as a 500."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models import faults
from models.faults import StockpileError
from tests.api.http.world import World, client, making, plain, world

__all__ = ["client", "world"]

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with making(tmp_path_factory.mktemp("shared") / "data", body_mb=1) as made:
        yield made


@pytest.fixture
def small(shared: World) -> httpx.Client:
    """A client of a service that takes 1 MB at most."""
    return shared.client()


def pointers(answer: httpx.Response) -> dict[str, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["pointer"]: error["allowed"] for error in answer.json()["errors"]}


def test_all_faults_of_a_request_at_once(client: httpx.Client) -> None:
    sent = {
        "kind": "solve",
        "instance": 7,
        "optoins": {},
        "options": {"relative_gap": 2, "seed": 1.5, "method": "magic"},
        "priority": 12,
        "tags": ["good", "no;good", 3],
        "limits": {"seconds": -1},
        "parent": "x",
    }
    answer = client.post("/v1/jobs", json=sent)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:stockpile:BadRequest")
    found = pointers(answer)
    assert found["/optoins"] == "no field of this name; did you mean 'options'?"
    assert found["/instance"].startswith("the id of a stored instance")
    assert found["/tags/1"] == "a word without semicolon, control characters, or blanks at either end"
    assert set(found) == {
        "/instance",
        "/optoins",
        "/options/relative_gap",
        "/options/seed",
        "/options/method",
        "/priority",
        "/tags/1",
        "/tags/2",
        "/limits/seconds",
        "/parent",
    }


def test_the_kind_is_needed_and_known(client: httpx.Client) -> None:
    assert pointers(client.post("/v1/jobs", json={"kind": "slove"}))["/kind"].endswith(
        "did you mean 'solve'?"
    )
    assert pointers(client.post("/v1/jobs", json={})) == {
        "/kind": "one of solve, batch, compare, evaluate, sample"
    }
    assert pointers(client.post("/v1/jobs", json={"kind": "solve"})) == {
        "/instance": "a value; this field must be given (the id of a stored instance (64 hexadecimal digits),"
        " or the instance itself)"
    }


def test_faults_of_all_instances_of_a_request_with_their_pointers(client: httpx.Client) -> None:
    bad = plain()
    bad["commodities"][0]["price"] = -1
    worse = plain()
    worse["demand"][0]["commodity"] = "tin"
    members = [
        {"name": "good", "instance": plain()},
        {"name": "bad", "instance": bad},
        {"name": "worse", "instance": worse},
    ]
    answer = client.post("/v1/jobs", json={"kind": "batch", "instances": members})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:stockpile:FaultyInstance")
    found = pointers(answer)
    assert "/instances/1/instance/commodities/0/price" in found
    assert "/instances/2/instance/demand/0/commodity" in found
    assert not any(at.startswith("/instances/0") for at in found)
    assert client.get("/v1/instances").json() == []


def test_faults_of_alternatives(client: httpx.Client) -> None:
    work = {"kind": "compare", "instance": plain(), "alternatives": [{"name": "a", "envelop": 5}]}
    answer = client.post("/v1/jobs", json=work)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:stockpile:FaultyAlternatives")
    assert "did you mean 'envelope'" in pointers(answer)["/alternatives/0/envelop"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"kind": "solve", "kind": "batch"}', "twice"),
        (b'{"kind": "solve", "instance": {"a": {"b": 1, "b": 2}}}', "twice"),
        (b"\xff\xfe{\x00}\x00", "UTF-16"),
        (b'{"title": "\xe9"}', "not UTF-8"),
        (b'{"a": "\x00"}', "NUL"),
        (b"[" * 100_000, "deep"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "deep"),
        (b"PK\x03\x04....", "zip"),
    ],
)
def test_what_is_no_json_document(small: httpx.Client, body: bytes, word: str) -> None:
    answer = small.post("/v1/jobs", content=body, headers=JSON)
    assert answer.status_code == 422
    assert word in answer.text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 1000, "-1e400"])
def test_numbers_that_are_none(small: httpx.Client, number: str) -> None:
    body = f'{{"kind": "solve", "instance": {{"discount_rate": {number}, "x": [1, {number}]}}}}'
    answer = small.post("/v1/jobs", content=body, headers=JSON)
    assert answer.status_code == 422
    assert pointers(answer) == {
        "/instance/discount_rate": "a finite number",
        "/instance/x/1": "a finite number",
    }


@pytest.mark.parametrize(
    "body", [b'"text"', b"[]", b"null", b"1", b'{"title": "\\ud800"}', b"[" * 300 + b"]" * 300]
)
def test_json_of_another_shape(small: httpx.Client, body: bytes) -> None:
    assert small.post("/v1/jobs", content=body, headers=JSON).status_code == 422


def test_a_large_body_is_refused_as_soon_as_it_is_known(shared: World, small: httpx.Client) -> None:
    big = b" " * (2**20 + 1)
    answer = small.post("/v1/jobs", content=big, headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:stockpile:TooLarge")

    def parts() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 2**16

    answer = small.post("/v1/jobs", content=parts(), headers=JSON)  # chunked: its length is not told
    assert answer.status_code == 413
    # One that only says that it is large is answered before it has sent anything.
    host, port = shared.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000000\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert shared.app.state.parts.buffered.held == 0


def test_compressed_bodies_and_other_media_are_refused(small: httpx.Client) -> None:
    packed = gzip.compress(json.dumps({"kind": "solve"}).encode())
    answer = small.post("/v1/jobs", content=packed, headers={**JSON, "Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    for kind in (
        "",
        "text/plain",
        "application/xml",
        "application/json; charset=latin-1",
        "multipart/form-data",
    ):
        answer = small.post("/v1/jobs", content=b"{}", headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["type"]) == (415, "urn:stockpile:UnsupportedMedia"), kind
    fine = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
    assert small.post("/v1/jobs", content=b"{}", headers=fine).status_code == 422


def test_no_such_route_or_method(client: httpx.Client) -> None:
    answer = client.get("/v2/jobs")
    assert (answer.status_code, answer.json()) == (
        404,
        {"type": "about:blank", "title": "Not Found", "status": 404},
    )
    answer = client.put("/v1/jobs")
    assert answer.status_code == 405
    assert {m.strip() for m in answer.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}
    assert client.get("/v1/jobs/").status_code == 404


def test_headers_of_every_answer(client: httpx.Client) -> None:
    for path in ("/v1/jobs", "/v1/jobs/x", "/nowhere", "/healthz"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in headers or headers["server"] == "uvicorn"  # our own process tells none
        assert len(headers["x-request-id"]) == 32
    assert client.get("/healthz", headers={"X-Request-Id": "trace-1"}).headers["x-request-id"] == "trace-1"
    for bad in ("sp_0123456789abcdef_secret", "a b", "x" * 65):
        assert client.get("/healthz", headers={"X-Request-Id": bad}).headers["x-request-id"] != bad


def test_the_unforeseen_is_told_with_an_incident(world: World, client: httpx.Client) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    world.jobs.get = broken  # type: ignore[assignment, method-assign]  # what a mistake of ours would do
    with structlog.testing.capture_logs() as log:
        answer = client.get(f"/v1/jobs/{'0' * 32}")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["incident"] == answer.headers["x-request-id"]
    assert any(entry["event"] == "unexpected" for entry in log)


@pytest.mark.parametrize(
    ("error", "status", "fault"),
    [
        (sa.exc.OperationalError("SELECT", {}, Exception("connection refused")), 503, "Unavailable"),
        (sa.exc.TimeoutError("pool"), 503, "Unavailable"),
        (faults.StorageFull(), 507, "StorageFull"),
    ],
)
def test_a_database_that_is_away(
    world: World, client: httpx.Client, error: Any, status: int, fault: str
) -> None:
    def away(*_: object) -> None:
        raise error

    world.jobs.get = away  # type: ignore[assignment, method-assign]  # what the database would do
    answer = client.get(f"/v1/jobs/{'0' * 32}")
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:stockpile:{fault}")
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "SELECT" not in answer.text


def test_every_fault_of_the_catalogue_can_be_told() -> None:
    from api.http.problems import describe

    kinds = [k for k in vars(faults).values() if isinstance(k, type) and issubclass(k, StockpileError)]
    assert len(kinds) > 40
    for kind in kinds:
        error = kind([]) if issubclass(kind, faults.FaultyInstance) else kind("More.")
        document = describe(error)
        assert document["type"] == f"urn:stockpile:{kind.__name__}"
        assert document["status"] == kind.status
        assert document["title"].endswith(".")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
_requests = st.fixed_dictionaries(
    {"kind": st.sampled_from(["solve", "batch", "compare", "evaluate", "sample"])},
    optional=dict.fromkeys(("instance", "instances", "plan", "options", "tags", "limits"), _values),
)


@given(_requests | _values)
@settings(
    max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_document_is_more_than_a_problem(small: httpx.Client, sent: Any) -> None:
    body = json.dumps(sent).encode()
    answer = small.post("/v1/jobs", content=body, headers=JSON)
    assert 400 <= answer.status_code < 500
    assert answer.json()["status"] == answer.status_code


@given(st.binary(max_size=200))
@settings(
    max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_are_more_than_a_problem(small: httpx.Client, sent: bytes) -> None:
    for path in ("/v1/jobs", "/v1/instances", "/v1/validate"):
        answer = small.post(path, content=sent, headers=JSON)
        # Whatever is JSON can be read; it is no instance.
        read = path == "/v1/validate" and answer.status_code == 200 and not answer.json()["valid"]
        assert read or 400 <= answer.status_code < 500, path


def test_a_body_that_stops_coming(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.http.body.SILENCE", 0.2)
    host, port = world.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")


def test_memory_for_bodies_has_a_bound() -> None:
    from api.http.limits import Buffered

    buffered = Buffered(10)
    with buffered.account() as add:
        add(6)
        with buffered.account() as other:
            other(4)
            with pytest.raises(faults.Unavailable):
                other(1)
        assert buffered.held == 6
    assert buffered.held == 0


def test_rates() -> None:
    from api.http.limits import Rates

    now = 0.0
    rates = Rates(60, clock=lambda: now)
    for _ in range(60):
        rates.take("a")
    with pytest.raises(faults.TooManyRequests) as refused:
        rates.take("a")
    assert refused.value.retry_after == pytest.approx(1.0)  # 60 a minute: one each second
    rates.take("b")
    now = 2.0
    rates.take("a")
    rates.take("a")
    with pytest.raises(faults.TooManyRequests):
        rates.take("a")


def test_a_path_is_a_pointer() -> None:
    from api.http.problems import pointer

    assert pointer(("a/b", 0, "c~d", "")) == "/a~1b/0/c~0d/"
