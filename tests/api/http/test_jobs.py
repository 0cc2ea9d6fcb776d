"""Jobs over HTTP: submitted, looked at, listed, ended."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import pytest

from tests.api.http.world import World, client, plain, world

__all__ = ["client", "world"]

SOLVE = {"kind": "solve", "instance": plain()}


def test_a_job_is_accepted_with_its_place(world: World, client: httpx.Client) -> None:
    answer = client.post("/v1/jobs", json={**SOLVE, "title": "Base", "tags": ["fy27"], "priority": 2})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert int(answer.headers["retry-after"]) >= 1
    assert (job["state"], job["title"], job["tags"], job["priority"]) == ("queued", "Base", ["fy27"], 2)
    # The instance was stored, and its id stands in its place.
    stored = world.documents.instance("anonymous", job["instance"])
    assert stored.as_dict() == plain()
    assert job["work"]["instance"] == job["instance"] == stored.fingerprint()
    assert client.get(answer.headers["location"]).json() == job


def test_etag_changes_with_the_job_and_spares_the_body(world: World, client: httpx.Client) -> None:
    first = client.get(f"/v1/jobs/{(id := world.job(client))}")
    tag = first.headers["etag"]
    again = client.get(f"/v1/jobs/{id}", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    world.jobs.begin(id)
    changed = client.get(f"/v1/jobs/{id}", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert client.get(f"/v1/jobs/{id}", headers={"If-None-Match": "*"}).status_code == 304


def test_the_place_in_the_queue_is_part_of_the_etag(world: World, client: httpx.Client) -> None:
    ahead, behind = world.job(client), world.job(client, instance=plain(name="other"))
    before = client.get(f"/v1/jobs/{behind}")
    world.jobs.begin(ahead)
    after = client.get(f"/v1/jobs/{behind}", headers={"If-None-Match": before.headers["etag"]})
    assert (before.json()["position"], after.json()["position"]) == (2, 1)


def test_prefer_wait_answers_with_the_finished_job(world: World, client: httpx.Client) -> None:
    answers: list[httpx.Response] = []
    headers = {"Prefer": "respond-async, wait=30"}
    call = threading.Thread(
        target=lambda: answers.append(client.post("/v1/jobs", json=SOLVE, headers=headers))
    )
    call.start()
    while not (page := world.client().get("/v1/jobs").json()):
        time.sleep(0.02)
    world.jobs.begin(page[0]["id"])
    world.jobs.finish(page[0]["id"], objective=1.5)
    call.join()
    (answer,) = answers
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["objective"]) == ("succeeded", 1.5)
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["location"] == f"/v1/jobs/{page[0]['id']}"


def test_prefer_wait_answers_202_when_the_time_is_over(world: World, client: httpx.Client) -> None:
    answer = client.post("/v1/jobs", json=SOLVE, headers={"Prefer": "wait=0.3"})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    looked = client.get(answer.headers["location"], headers={"Prefer": "wait=0.3"})
    assert (looked.status_code, looked.headers["preference-applied"]) == (200, "wait=0.3")
    assert (
        "preference-applied"
        not in client.get(answer.headers["location"], headers={"Prefer": "wait=soon"}).headers
    )
    assert world.app.state.parts.streams.topics == {}


def test_an_idempotency_key_makes_one_job(world: World, client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "order-66"}
    first = client.post("/v1/jobs", json=SOLVE, headers=headers)
    again = client.post("/v1/jobs", json=SOLVE, headers=headers)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    other = client.post("/v1/jobs", json={**SOLVE, "title": "x"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:stockpile:UsedIdempotencyKey")
    assert len(client.get("/v1/jobs").json()) == 1
    for wrong in ("", "two words", "x" * 256):
        answer = client.post("/v1/jobs", json=SOLVE, headers={"Idempotency-Key": wrong})
        assert answer.status_code == 422, wrong


def test_the_key_is_that_of_the_tenant(world: World) -> None:
    clients = [world.client(world.key(tenant)) for tenant in ("alpha", "beta")]
    ids = {c.post("/v1/jobs", json=SOLVE, headers={"Idempotency-Key": "k"}).json()["id"] for c in clients}
    assert len(ids) == 2


def test_lists_are_filtered_and_paged(world: World, client: httpx.Client) -> None:
    ids = [world.job(client, instance=plain(name=f"n{i}"), tags=[f"t{i % 2}", "all"]) for i in range(5)]
    world.jobs.begin(ids[0])
    pages = []
    url: str | None = "/v1/jobs?limit=2&tag=all"
    while url:
        page = client.get(url)
        pages.append([job["id"] for job in page.json()])
        url = page.links.get("next", {}).get("url")
    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    for query, wanted in (
        ("tag=t1&tag=all", [ids[3], ids[1]]),
        ("state=running", [ids[0]]),
        ("state=running&state=queued&tag=t0", [ids[4], ids[2], ids[0]]),
        ("kind=sample", []),
        (f"parent={ids[0]}", []),
    ):
        assert [job["id"] for job in client.get(f"/v1/jobs?{query}").json()] == wanted, query


@pytest.mark.parametrize(
    ("query", "field"),
    [("sate=queued", "sate"), ("state=waiting", "state.0"), ("limit=0", "limit"), ("limit=many", "limit")],
)
def test_a_wrong_parameter_is_named(client: httpx.Client, query: str, field: str) -> None:
    answer = client.get(f"/v1/jobs?{query}")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["table"], error["field"]) == ("query", field)


def test_a_cursor_of_another_list_is_refused(client: httpx.Client) -> None:
    answer = client.get("/v1/jobs?cursor=nonsense")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:stockpile:BadCursor")


def test_the_list_leaves_out_the_members_of_a_batch(world: World, client: httpx.Client) -> None:
    members = [{"name": name, "instance": plain(name=name)} for name in ("a", "b")]
    answer = client.post("/v1/jobs", json={"kind": "batch", "instances": members})
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    assert [m["name"] for m in batch["work"]["instances"]] == ["a", "b"]
    listed = client.get("/v1/jobs?kind=batch").json()[0]
    assert "instances" not in listed["work"]
    assert sorted(job["member"] for job in client.get(f"/v1/jobs?batch={batch['id']}").json()) == ["a", "b"]


@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_a_queued_job_is_ended_and_again_is_the_same(world: World, client: httpx.Client, verb: str) -> None:
    id = world.job(client)
    first, again = (client.post(f"/v1/jobs/{id}/{verb}") for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["state"] == "cancelled"
    assert again.json() == first.json()


def test_a_running_job_is_asked(world: World, client: httpx.Client) -> None:
    world.jobs.begin(id := world.job(client))
    assert client.post(f"/v1/jobs/{id}/stop").json()["state"] == "stopping"
    assert client.delete(f"/v1/jobs/{id}").json()["state"] == "stopping"
    world.jobs.finish(id, "cancelled")
    assert client.post(f"/v1/jobs/{id}/cancel").json()["state"] == "cancelled"


def test_delete_gives_up_the_results_of_a_finished_job(
    world: World, client: httpx.Client, tmp_path: Any
) -> None:
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "plan.json").write_text("{}")
    world.jobs.begin(id := world.job(client))
    world.jobs.finish(id, result=world.documents.put_result(tmp_path / "result"))
    first, again = (client.delete(f"/v1/jobs/{id}") for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert (again.json()["state"], again.json()["result"]) == ("expired", None)


def test_a_full_queue_says_when_to_come_again(world: World, client: httpx.Client) -> None:
    world.jobs.settings = world.settings.model_copy(update={"queue_limit": 1})
    world.job(client)
    answer = client.post("/v1/jobs", json={**SOLVE, "instance": plain(name="other")})
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:stockpile:QueueFull")
    assert int(answer.headers["retry-after"]) >= 1
