"""Events over HTTP: as they come, from where one left off, to many at once."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.http.world import World, client, plain, world

__all__ = ["client", "world"]

PROGRESS = ("progress", {"phase": "search", "incumbent": 2.0, "bound": 1.0})


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """What a browser makes of a stream: type, id and data; comments are told as such."""
    event: dict[str, Any] = {}
    for line in lines:
        if line.startswith(":"):
            yield {"comment": line[1:].strip()}
        elif line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif "data" in event:
            yield {"event": event["event"], "id": int(event["id"]), "data": json.loads(event["data"])}
            event = {}


def test_events_come_as_they_happen_and_end_with_the_last(world: World, client: httpx.Client) -> None:
    id = world.job(client)
    with client.stream("GET", f"/v1/jobs/{id}/events", headers={"Accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
        told = events(answer.iter_lines())
        assert next(told)["data"]["data"]["state"] == "queued"
        world.jobs.begin(id)
        assert next(told)["data"]["data"]["state"] == "running"
        world.jobs.tell(id, PROGRESS)
        world.jobs.tell(id, ("log", {"line": "a\nb"}))
        world.jobs.finish(id)
        rest = list(told)
    assert [(e["event"], e["id"]) for e in rest] == [("progress", 3), ("log", 4), ("state", 5)]
    assert rest[1]["data"]["data"]["line"] == "a\nb"
    listed = client.get(f"/v1/jobs/{id}/events", headers={"Accept": "application/json"}).json()
    assert listed[2:] == [e["data"] for e in rest]
    assert world.app.state.parts.streams.topics == {}


def test_a_stream_goes_on_where_it_broke_off(world: World, client: httpx.Client) -> None:
    world.jobs.begin(id := world.job(client))
    world.jobs.tell(id, PROGRESS)
    world.jobs.finish(id)
    url = f"/v1/jobs/{id}/events"
    told = events(iter(client.get(url, headers={"Last-Event-ID": "2"}).text.splitlines()))
    assert [e["id"] for e in told] == [3, 4]
    # The header goes before the parameter: browsers repeat the address they were given.
    told = events(iter(client.get(f"{url}?after=1", headers={"Last-Event-ID": "3"}).text.splitlines()))
    assert [e["id"] for e in told] == [4]
    assert [e["id"] for e in events(iter(client.get(f"{url}?after=3").text.splitlines()))] == [4]
    done = client.get(url, headers={"Last-Event-ID": "4"})
    assert (done.status_code, done.content) == (204, b"")  # a browser does not come again


def test_the_same_as_json(world: World, client: httpx.Client) -> None:
    world.jobs.begin(id := world.job(client))
    for _ in range(5):
        world.jobs.tell(id, PROGRESS)
    url, headers = f"/v1/jobs/{id}/events", {"Accept": "application/json"}
    ids = [[e["id"] for e in client.get(url, params=p, headers=headers).json()] for p in (
        {}, {"after": 5}, {"after": 2, "limit": 2}, {"after": 7}, {"after": 99})]  # fmt: skip
    assert ids == [[1, 2, 3, 4, 5, 6, 7], [6, 7], [3, 4], [], []]


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("?after=-1", {}, 422),
        ("?after=99", {}, 422),
        ("?after=x", {}, 422),
        ("", {"Last-Event-ID": "none"}, 422),
        ("", {"Last-Event-ID": "9" * 30}, 422),
        ("", {"Accept": "image/png"}, 406),
    ],
)
def test_what_cannot_be_told(
    world: World, client: httpx.Client, query: str, headers: dict[str, str], status: int
) -> None:
    answer = client.get(f"/v1/jobs/{world.job(client)}/events{query}", headers=headers)
    assert answer.status_code == status


def test_one_who_comes_late_and_many_at_once_hear_all_of_it(world: World, client: httpx.Client) -> None:
    world.jobs.begin(id := world.job(client))
    heard: list[list[int]] = []

    def listen(after: int) -> None:
        lines = world.client().get(f"/v1/jobs/{id}/events?after={after}").text.splitlines()
        heard.append([after, *(e["id"] for e in events(iter(lines)))])

    listeners = [threading.Thread(target=listen, args=(after,)) for after in (0, 1, 2, 0, 1, 2)]
    for listener in listeners:
        listener.start()
    # More than the poller keeps for a job: some is read from the database by each.
    for _ in range(300):
        world.jobs.tell(id, PROGRESS)
    late = threading.Thread(target=listen, args=(100,))
    late.start()
    time.sleep(0.3)
    for _ in range(300):
        world.jobs.tell(id, PROGRESS)
    world.jobs.finish(id)
    for listener in (*listeners, late):
        listener.join()
    assert len(heard) == 7
    for after, *ids in heard:
        assert ids == list(range(after + 1, 604))


def test_silence_is_filled_and_streams_end_to_be_checked(
    world: World, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.sse.HEARTBEAT", 1.1)
    monkeypatch.setattr("api.http.sse.LIFE", 2.5)
    id = world.job(client)
    told = list(events(iter(client.get(f"/v1/jobs/{id}/events").text.splitlines())))
    assert told[0]["id"] == 1
    assert told[1:]
    assert all("comment" in event for event in told[1:])


def test_who_has_gone_is_noticed(world: World, client: httpx.Client) -> None:
    id = world.job(client)
    host, port = world.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(f"GET /v1/jobs/{id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    while b"event: state" not in connection.recv(4096):
        pass
    streams = world.app.state.parts.streams
    assert [topic.listeners for topic in streams.topics.values()] == [1]
    connection.close()
    until = time.monotonic() + 10
    while streams.topics and time.monotonic() < until:
        time.sleep(0.02)
    assert streams.topics == {}


def test_a_job_that_expires_ends_its_streams(world: World, client: httpx.Client) -> None:
    world.jobs.begin(id := world.job(client))
    world.jobs.finish(id)
    client.delete(f"/v1/jobs/{id}")
    told = list(events(iter(client.get(f"/v1/jobs/{id}/events").text.splitlines())))
    assert [(e["id"], e["data"]["data"]["state"]) for e in told] == [(4, "expired")]
    world.jobs._events[id].clear()  # as pruning leaves it
    assert client.get(f"/v1/jobs/{id}/events").status_code == 204


def test_listeners_outlast_a_database_that_is_away(world: World, client: httpx.Client) -> None:
    id = world.job(client)
    with client.stream("GET", f"/v1/jobs/{id}/events") as answer:
        told = events(answer.iter_lines())
        assert next(told)["id"] == 1
        changed, failed = world.jobs.changed, threading.Event()

        def away(seen: Any) -> Any:
            failed.set()
            raise OSError("away")

        world.jobs.changed = away  # type: ignore[method-assign]  # what the database would do
        assert failed.wait(10)
        world.jobs.finish(id)
        world.jobs.changed = changed  # type: ignore[method-assign]
        assert list(told)[-1]["data"]["data"]["state"] == "succeeded"


def test_jobs_of_two_tenants_with_listeners_do_not_mix(world: World) -> None:
    clients = [world.client(world.key(tenant)) for tenant in ("alpha", "beta")]
    ids = [world.job(c, instance=plain(name="same")) for c in clients]
    assert clients[1].get(f"/v1/jobs/{ids[0]}/events").status_code == 404
    world.jobs.finish(ids[0])
    told = list(events(iter(clients[0].get(f"/v1/jobs/{ids[0]}/events").text.splitlines())))
    assert told[-1]["data"]["data"]["state"] == "succeeded"
