"""What is sent again, when, and with which key."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from api.client import AsyncClient, Retry
from api.client.retry import Attempts, asked_to_wait
from models.faults import (
    BadServer,
    FaultyInstance,
    NoSuchJob,
    QueueFull,
    StockpileError,
    StorageFull,
    Unavailable,
)
from models.jobs import SolveRequest
from tests.api.client.support import ID, JOB, URL, Script, answer, problem, refused

REQUEST = SolveRequest(instance="0" * 64)


def test_a_server_that_is_away_is_asked_again() -> None:
    script = Script(refused(), refused(), answer(200, JOB))
    assert script.client().job(ID).state == "queued"
    assert len(script.requests) == 3
    # 0.2 s and 0.4 s, each less up to half.
    assert 0.1 <= script.waits[0] <= 0.2
    assert 0.2 <= script.waits[1] <= 0.4
    assert all(isinstance(reason, Unavailable) for reason in script.reasons)


@pytest.mark.parametrize(
    "lost", [httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ConnectTimeout]
)
def test_a_submission_that_is_sent_again_has_the_same_key(lost: type[httpx.TransportError]) -> None:
    """Whether the first was lost before or after it was accepted nobody knows: the key makes it one job."""
    script = Script(
        lost("lost", request=httpx.Request("POST", URL)), answer(503), answer(202, JOB, retry_after="1")
    )
    script.client().submit(REQUEST)
    keys = {request.headers["Idempotency-Key"] for request in script.requests}
    assert len(script.requests) == 3
    assert len(keys) == 1
    assert len({request.content for request in script.requests}) == 1
    script.client().submit(REQUEST)
    assert script.requests[-1].headers["Idempotency-Key"] not in keys, "another submission is another job"


def test_a_key_of_ones_own() -> None:
    script = Script(answer(202, JOB))
    script.client().submit(REQUEST, key="plan of Tuesday", wait=10)
    assert script.requests[0].headers["Idempotency-Key"] == "plan of Tuesday"
    assert script.requests[0].headers["Prefer"] == "wait=10"


def test_a_submission_still_being_accepted_is_sent_again() -> None:
    script = Script(problem(409, "StillAccepted"), answer(202, JOB))
    assert script.client().submit(REQUEST).id == ID


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(status: int) -> None:
    script = Script(answer(status, retry_after="7"), answer(200, JOB))
    script.client().job(ID)
    assert script.waits == [7.0]


def test_retry_after_as_a_date() -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    # The date has whole seconds.
    assert 98 <= asked_to_wait(answer(503, retry_after=when)) <= 100
    assert asked_to_wait(answer(503, retry_after="soon")) == 0
    assert asked_to_wait(answer(503, retry_after="Sun, 06 Nov 1994 08:49:37 GMT")) == 0


def test_who_is_told_to_wait_beyond_patience_gives_up_at_once() -> None:
    full = problem(429, "QueueFull", "1,000 are.")
    full.headers["Retry-After"] = "3600"
    script = Script(full)
    with pytest.raises(QueueFull, match="1,000 are"):
        script.client().submit(REQUEST)
    assert script.waits == []


def test_patience_has_an_end() -> None:
    now = [0.0]
    attempts = Attempts(Retry(patience=10, first=1, most=4), clock=lambda: now[0], chance=lambda: 0.0)
    # 1 + 2 + 4 = 7; another 4 would be 11 s.
    for expected in (1, 2, 4):
        assert attempts.judge(refused()) == expected
        now[0] += expected
    with pytest.raises(Unavailable, match="Connection refused") as caught:
        attempts.judge(refused())
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


def test_an_answer_makes_patience_whole_again() -> None:
    now = [0.0]
    attempts = Attempts(Retry(patience=10, first=1, most=4), clock=lambda: now[0], chance=lambda: 0.0)
    attempts.judge(refused())
    now[0] = 9.0
    assert attempts.judge(answer(200)) is None
    now[0] = 100.0
    assert attempts.judge(refused()) == 1


def test_no_patience_is_one_attempt() -> None:
    script = Script(refused())
    with pytest.raises(Unavailable):
        script.client(Retry(patience=0)).job(ID)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (problem(404, "NoSuchJob"), NoSuchJob),
        (problem(507, "StorageFull"), StorageFull),
        (answer(500), StockpileError),
        (answer(302, location="https://elsewhere"), BadServer),
        (httpx.Response(200, content=b"<html>Welcome to nginx</html>"), BadServer),
        (httpx.Response(200, content=b"{}"), BadServer),
    ],
)
def test_what_another_attempt_does_not_mend_is_raised_at_once(
    given: httpx.Response, error: type[StockpileError]
) -> None:
    script = Script(given)
    with pytest.raises(error):
        script.client().job(ID)
    assert len(script.requests) == 1


def test_a_certificate_that_is_not_valid_is_not_tried_again() -> None:
    import ssl

    error = httpx.ConnectError("certificate verify failed", request=httpx.Request("GET", URL))
    error.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed")
    script = Script(error)
    with pytest.raises(BadServer, match="certificate"):
        script.client().job(ID)
    assert len(script.requests) == 1


def test_what_is_being_made_is_asked_for_until_it_is_there() -> None:
    script = Script(answer(202, retry_after="2"), answer(202), httpx.Response(200, content=b"<html>"))
    assert script.client(Retry(patience=0)).report(ID) == "<html>"
    assert script.waits == [2.0, 0.2]


def test_faults_come_with_their_places() -> None:
    entry = {
        "pointer": "/depots/0/country", "table": "depots", "row": "vault", "field": "country", "value": "XX",
        "allowed": "the id of a country", "place": "",
    }  # fmt: skip
    script = Script(problem(422, "FaultyInstance", errors=[entry]))
    with pytest.raises(FaultyInstance) as caught:
        script.client().put_instance({"name": "x"})
    (fault,) = caught.value.faults
    assert str(fault) == "depots · vault · country: got XX; the id of a country"


def test_the_async_client_does_the_same() -> None:
    async def go() -> None:
        script = Script(refused(), answer(503, retry_after="3"), answer(202, JOB))

        async def pause(seconds: float, reason: StockpileError) -> None:
            script.pause(seconds, reason)

        transport = httpx.MockTransport(script.asynchronously)
        async with AsyncClient(URL, pause=pause, transport=transport) as client:
            assert (await client.submit(REQUEST)).id == ID
        assert len({request.headers["Idempotency-Key"] for request in script.requests}) == 1
        assert script.waits[1] == 3.0

    asyncio.run(go())


def test_both_clients_have_the_same_methods() -> None:
    import inspect

    from api.client import Client

    def public(kind: type) -> dict[str, str]:
        found = {n: f for n, f in vars(kind).items() if not n.startswith("_") and inspect.isfunction(f)}
        plain = {name: str(inspect.signature(function)) for name, function in found.items()}
        return {name: text.replace("AsyncIterator", "Iterator") for name, text in plain.items()}

    assert public(Client) == public(AsyncClient)
