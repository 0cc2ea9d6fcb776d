"""Events arrive once and in order, however the bytes and the connections are cut."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from api.client.feed import Feed
from api.http.sse import frame
from models.faults import NoSuchJob
from models.jobs import Event
from tests.api.client.support import ID, JOB, URL, Script, answer, problem, refused

EVENTS = [
    Event(id=1, at=1.0, type="state", data={"state": "running"}),
    # A line separator that is none in this format.
    Event(id=2, at=1.5, type="log", data={"line": "a\u2028b\x85c\nd"}),
    Event(id=3, at=2.0, type="progress", data={"phase": "search", "bound": 1.5}),
    Event(id=4, at=3.0, type="state", data={"state": "succeeded"}),
]
STREAM = b"retry: 2000\n\n" + b": still here\n\n".join(frame(event) for event in EVENTS)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_bytes_cut_anywhere(size: int, end: bytes) -> None:
    feed, stream = Feed(ID), STREAM.replace(b"\n", end)
    found = [e for i in range(0, len(stream), size) for e in feed.take(stream[i : i + size])]
    assert found == EVENTS
    assert feed.ended


def test_what_was_seen_is_not_seen_again() -> None:
    feed = Feed(ID, after=2)
    assert [event.id for event in feed.take(STREAM)] == [3, 4]


class Broken(httpx.SyncByteStream):
    """A stream that breaks off."""

    def __init__(self, data: bytes, *, clean: bool) -> None:
        self.data, self.clean = data, clean

    def __iter__(self) -> Iterator[bytes]:
        yield self.data
        if not self.clean:
            raise httpx.ReadError("connection reset", request=httpx.Request("GET", URL))


def stream(data: bytes, *, clean: bool = True) -> httpx.Response:
    return httpx.Response(
        200, headers={"Content-Type": "text/event-stream"}, stream=Broken(data, clean=clean)
    )


@pytest.mark.parametrize("clean", [True, False])
def test_a_stream_that_breaks_off_is_resumed_where_it_broke(clean: bool) -> None:
    whole = [frame(event) for event in EVENTS]
    script = Script(
        stream(whole[0] + whole[1] + whole[2][:9], clean=clean),
        refused(),
        answer(503),
        stream(b"".join(whole[2:])),
    )
    assert list(script.client().watch(ID)) == EVENTS
    told = [request.headers["Last-Event-ID"] for request in script.requests]
    assert told == ["0", "2", "2", "2"]
    assert [request.url.path for request in script.requests] == [f"/v1/jobs/{ID}/events"] * 4


def test_a_job_that_had_ended_before_has_nothing_more_to_tell() -> None:
    script = Script(httpx.Response(204), answer(200, {**JOB, "state": "succeeded"}))
    assert list(script.client().watch(ID, after=4)) == []


def test_a_quiet_stream_is_opened_again_as_long_as_the_job_goes_on() -> None:
    script = Script(stream(b""), answer(200, {**JOB, "state": "running"}), stream(STREAM))
    assert list(script.client().watch(ID)) == EVENTS


def test_errors_end_it() -> None:
    with pytest.raises(NoSuchJob):
        list(Script(problem(404, "NoSuchJob")).client().watch(ID))


def test_the_page_of_events() -> None:
    listed = json.loads(json.dumps([event.model_dump() for event in EVENTS]))
    script = Script(answer(200, listed))
    assert script.client().events(ID, after=0) == EVENTS
    assert script.requests[0].headers["Accept"] == "application/json"
