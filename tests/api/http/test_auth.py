"""Keys, roles, tenants; and every route that there is, without a key and with another tenant's ids."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from tests.api.http.world import World, client, is_page, making, plain, world

__all__ = ["client", "world"]

PUBLIC = {"/", "/openapi.json", "/healthz", "/readyz", "/version", "/v1/version", "/v1/schema"}
"""Whoever can reach the service may know these."""


def operations(world: World) -> list[tuple[str, str]]:
    """Method and path of every route of the application but those of pages (tests/web)."""
    found = [
        (method, context.path or "")
        for context in iter_route_contexts(world.app.routes)
        if not is_page(context)
        for method in sorted(context.methods or ())
        if method != "HEAD"
    ]
    assert len(found) > 20
    return found


def filled(path: str, job: str, instance: str) -> str:
    """A path with ids in it."""
    id = instance if path.startswith("/v1/instances") else job
    filled = path.replace("{id}", id).replace("{name}", "commitments").replace("{path:path}", "plan.json")
    assert "{" not in filled, path
    return filled


@pytest.fixture
def result(tmp_path: Path) -> Path:
    folder = tmp_path / "result"
    (folder / "tables").mkdir(parents=True)
    (folder / "plan.json").write_text("{}")
    (folder / "log.txt").write_text("secret\n")
    (folder / "tables" / "commitments.csv").write_text("id\na\n")
    return folder


def test_every_route_needs_a_key_but_those_that_need_none(world: World) -> None:
    alpha = world.client(world.key("alpha"))
    job, instance = world.job(alpha), world.store("alpha")
    nobody = world.client()
    for method, path in operations(world):
        answer = nobody.request(method, filled(path, job, instance))
        if path in PUBLIC:
            assert answer.status_code in (200, 503), (method, path)
            continue
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == 'Bearer realm="stockpile"'
        assert answer.json()["type"] == "urn:stockpile:NotAuthenticated"
    assert alpha.get(f"/v1/jobs/{job}").json()["state"] == "queued"


def test_what_is_another_tenants_does_not_exist(world: World, result: Path) -> None:
    alpha, beta = world.client(world.key("alpha")), world.client(world.key("beta", "admin"))
    instance = world.store("alpha")
    waiting = world.job(alpha)
    done = world.job(alpha, instance=plain(name="other"))
    world.jobs.begin(done)
    world.jobs.finish(done, result=world.documents.put_result(result))
    unknown = "f" * 32
    for method, path in operations(world):
        if "{id}" not in path:
            continue
        for job in (waiting, done):
            answer = beta.request(method, filled(path, job, instance))
            assert answer.status_code == 404, (method, path, answer.text)
            # And it is answered as one that was never there.
            other = filled(path, unknown, "f" * 64)
            never = beta.request(method, other)
            told = [a.text.replace(job, "*").replace(unknown, "*") for a in (answer, never)]
            if path.startswith("/v1/jobs"):
                assert told[0] == told[1], (method, path)
    assert [alpha.get(f"/v1/jobs/{id}").json()["state"] for id in (waiting, done)] == ["queued", "succeeded"]
    assert alpha.get(f"/v1/instances/{instance}").status_code == 200


def test_another_tenants_ids_in_a_request_do_not_exist(world: World, result: Path) -> None:
    alpha, beta = world.client(world.key("alpha")), world.client(world.key("beta"))
    instance, done = world.store("alpha"), world.job(alpha)
    world.jobs.begin(done)
    world.jobs.finish(done, objective=1.0, result=world.documents.put_result(result))
    own = plain(name="own")
    for work, fault in (
        ({"kind": "solve", "instance": instance}, "NoSuchInstance"),
        ({"kind": "batch", "instances": [{"name": "a", "instance": instance}]}, "NoSuchInstance"),
        ({"kind": "solve", "instance": own, "parent": done}, "NoSuchJob"),
        ({"kind": "evaluate", "plan": done}, "NoSuchJob"),
        ({"kind": "evaluate", "plan": "f" * 64, "instance": own}, "NoSuchPlan"),
    ):
        answer = beta.post("/v1/jobs", json=work)
        assert (answer.status_code, answer.json()["type"]) == (404, f"urn:stockpile:{fault}"), work
    for query in (f"parent={done}", f"batch={done}", f"instance={instance}", "state=succeeded", ""):
        assert beta.get(f"/v1/jobs?{query}").json() == []
    assert beta.get("/v1/instances").json() == [] or {
        record["name"] for record in beta.get("/v1/instances").json()
    } == {"own"}


def test_roles(world: World) -> None:
    keys = {role: world.client(world.key("alpha", role)) for role in ("read", "submit", "admin")}
    job = world.job(keys["submit"])
    instance = world.store("alpha")
    for method, path in (
        ("POST", "/v1/jobs"),
        ("POST", f"/v1/jobs/{job}/stop"),
        ("POST", f"/v1/jobs/{job}/cancel"),
        ("DELETE", f"/v1/jobs/{job}"),
        ("POST", "/v1/instances"),
        ("DELETE", f"/v1/instances/{instance}"),
        ("GET", "/v1/workers"),
    ):
        answer = keys["read"].request(method, path)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:stockpile:NotAllowed"), path
    assert keys["read"].get(f"/v1/jobs/{job}").json()["state"] == "queued"
    assert keys["submit"].get("/v1/workers").status_code == 403
    assert keys["admin"].get("/v1/workers").status_code == 200
    assert world.job(keys["admin"])


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic c3A6c3A=", "Bearer sp_0_0", "Bearer " + "x" * 5000]
)
def test_what_is_no_key_is_refused(world: World, header: str) -> None:
    world.key()
    answer = world.client().get("/v1/jobs", headers={"Authorization": header})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "xxxx" not in answer.text


def test_a_wrong_secret_and_a_revoked_key_are_refused(world: World) -> None:
    record, text = world.keys.create("alpha", "test", "submit")
    wrong = text[:-3] + ("aaa" if text[-3:] != "aaa" else "bbb")
    assert world.client(wrong).get("/v1/jobs").status_code == 401
    assert world.client(text).get("/v1/jobs").status_code == 200
    assert httpx.get(f"{world.url}/v1/jobs", headers={"Authorization": f"bearer {text}"}).status_code == 200
    world.keys.revoke(record.id)
    world.keys._known.clear()  # what a few seconds do
    assert world.client(text).get("/v1/jobs").status_code == 401


def test_without_keys_only_requests_for_this_machine_pass(world: World, client: httpx.Client) -> None:
    assert client.get("/v1/jobs").status_code == 200
    for headers in (
        {"Host": "evil.example"},
        {"Host": "10.0.0.7:8642"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        answer = client.get("/v1/jobs", headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:stockpile:NotAllowed"), headers
    for host in ("localhost:8642", "[::1]:8642", "LOCALHOST", "127.0.0.2"):
        assert client.get("/v1/jobs", headers={"Host": host}).status_code == 200, host
    # A proxy on this machine tells whom it speaks for.
    assert client.get("/v1/jobs", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401


def test_the_first_key_ends_anonymous_requests(world: World, client: httpx.Client) -> None:
    job = world.job(client)
    key = world.key("anonymous")
    world.app.state.guard._asked = -1e9  # what a second does
    assert client.get("/v1/jobs").status_code == 401
    assert world.client(key).get(f"/v1/jobs/{job}").status_code == 200


@pytest.mark.parametrize("values", [{"allow_anonymous": False}, {"host": "0.0.0.0"}, {"host": "10.0.0.7"}])
def test_anonymous_requests_need_loopback_and_consent(tmp_path: Path, values: dict[str, object]) -> None:
    with making(tmp_path / "data", **values) as world:
        assert world.client().get("/v1/jobs").status_code == 401


def test_each_key_has_its_own_rate(tmp_path: Path) -> None:
    with making(tmp_path / "data", requests_per_minute=3) as world:
        one, two = world.client(world.key()), world.client(world.key())
        assert [one.get("/v1/jobs").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = one.get("/v1/jobs")
        # Three a minute: the next may come after at most 20 s.
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert refused.json()["type"] == "urn:stockpile:TooManyRequests"
        assert two.get("/v1/jobs").status_code == 200
        assert httpx.get(f"{world.url}/healthz").status_code == 200
