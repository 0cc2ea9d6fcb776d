"""What is one tenant's is nobody else's: every route that there is, over the real engine."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa

from api.store import schema
from models.jobs import Role
from tests.api.http.real import Belongings, Process, Real, filled, furnish, plain, running
from tests.optimizer import handmade

PUBLIC = {"/", "/openapi.json", "/healthz", "/readyz", "/version", "/v1/version", "/v1/schema"}
"""Whoever can reach the service may know these."""
READING = {("POST", "/v1/validate")}
"""What a reader may send: nothing is stored."""
UNKNOWN_JOB, UNKNOWN = "f" * 32, "f" * 64


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with running(tmp_path_factory.mktemp("real") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def alpha(real: Real) -> Belongings:
    return furnish(real, "alpha")


@pytest.fixture(scope="module")
def keys(real: Real) -> dict[tuple[str, Role], str]:
    roles: tuple[Role, ...] = ("read", "submit", "admin")
    return {(tenant, role): real.key(tenant, role) for tenant in ("alpha", "beta") for role in roles}


Keys = dict[tuple[str, Role], str]


def everything(real: Real) -> dict[str, list[Any]]:
    """Every row of every table but those of keys, whose use is noted, and of the other tenant."""
    with real.engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(sa.select(table))
                if getattr(row, "tenant", "") != "beta"
            ]
            for table in schema.metadata.sorted_tables
            if table.name not in ("keys", "workers")
        }


def without(text: str, *ids: str) -> str:
    for id in ids:
        text = text.replace(id, "*")
    return text


def test_no_route_reaches_what_is_another_tenants(real: Real, alpha: Belongings, keys: Keys) -> None:
    before = everything(real)
    asked = 0
    with real.client(keys["beta", "admin"]) as beta:
        for method, path in real.operations():
            if "{id}" not in path:
                continue
            never = beta.request(method, filled(path, UNKNOWN_JOB, UNKNOWN))
            for job in alpha.jobs.values():
                for accept in ("*/*", "application/json"):
                    place = filled(path, job, alpha.instance)
                    answer = beta.request(method, place, headers={"Accept": accept, "Prefer": "wait=30"})
                    where = (method, place, answer.status_code, answer.text)
                    assert answer.status_code == 404, where
                    # It is answered as what was never there.
                    told = without(answer.text, job, alpha.instance)
                    assert told == without(never.text, UNKNOWN, UNKNOWN_JOB), where
                    asked += 1
    assert asked > 400
    assert everything(real) == before


def test_lists_hold_nothing_of_another_tenants(real: Real, alpha: Belongings, keys: Keys) -> None:
    job = alpha.jobs
    with real.client(keys["beta", "admin"]) as beta, real.client(keys["alpha", "read"]) as own:
        for query, count in (
            ("", 9),
            ("state=queued", 4),
            ("tag=night", 1),
            (f"parent={job['solved']}", 1),
            (f"batch={job['batch']}", 1),
            (f"instance={alpha.instance}", 8),
        ):
            assert len(own.get(f"/v1/jobs?{query}").json()) >= min(count, 1), query
            assert beta.get(f"/v1/jobs?{query}").json() == [], query
        assert beta.get("/v1/instances").json() == []
        assert [found["id"] for found in own.get("/v1/instances").json()] == [alpha.instance]
        # The cursor of one tenant's list says nothing to another.
        cursor = own.get("/v1/jobs?limit=1").links["next"]["url"]
        assert beta.get(cursor).json()["type"] == "urn:stockpile:BadCursor"
        figures = beta.get("/metrics").text
        assert "alpha" not in figures
        assert not any(id in figures for id in job.values())


def test_requests_cannot_refer_to_what_is_another_tenants(real: Real, alpha: Belongings, keys: Keys) -> None:
    before = everything(real)
    own = plain(name="of beta")

    def works(instance: str, plan: str, job: str) -> list[dict[str, Any]]:
        return [
            {"kind": "solve", "instance": instance},
            {"kind": "sample", "instance": instance},
            {"kind": "compare", "instance": instance, "budgets": [1]},
            {"kind": "batch", "instances": [{"name": "a", "instance": instance}]},
            {"kind": "evaluate", "plan": plan, "instance": own},
            {"kind": "evaluate", "plan": job},
            {"kind": "evaluate", "plan": job, "instance": own},
            {"kind": "evaluate", "plan": job, "instance": own, "scenarios": instance},
            {"kind": "solve", "instance": own, "parent": job},
        ]  # fmt: skip

    with real.client(keys["beta", "submit"]) as beta:
        for theirs, never in zip(
            works(alpha.instance, alpha.plan, alpha.jobs["solved"]),
            works(UNKNOWN, UNKNOWN, UNKNOWN_JOB),
            strict=True,
        ):
            answers = [beta.post("/v1/jobs", json=work) for work in (theirs, never)]
            assert [answer.status_code for answer in answers] == [404, 404], theirs
            assert without(answers[0].text, alpha.instance, alpha.plan, alpha.jobs["solved"]) == without(
                answers[1].text, UNKNOWN, UNKNOWN_JOB
            )
    assert everything(real) == before


def test_neither_keys_nor_results_are_shared(real: Real, alpha: Belongings, keys: Keys) -> None:
    body = {"kind": "solve", "instance": handmade.instance().as_dict()}
    text = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": "evening"}
    with real.client(keys["beta", "submit"]) as beta, real.client(keys["alpha", "submit"]) as own:
        theirs = own.post("/v1/jobs", content=text, headers=headers).json()
        assert theirs["cached_from"] == alpha.jobs["solved"]
        # The same work, the same words, the same idempotency key: of another tenant nothing is known.
        mine = beta.post("/v1/jobs", content=text, headers=headers)
        assert "idempotency-replayed" not in mine.headers
        assert mine.json()["id"] != theirs["id"]
        assert (mine.json()["state"], mine.json()["cached_from"]) == ("queued", None)
        # One of them forgets what both have stored.
        assert beta.post(f"/v1/jobs/{mine.json()['id']}/cancel").status_code == 202
        assert mine.json()["instance"] == alpha.instance
        assert beta.delete(f"/v1/instances/{alpha.instance}").status_code == 204
        assert beta.get(f"/v1/instances/{alpha.instance}").status_code == 404
        assert own.get(f"/v1/instances/{alpha.instance}").status_code == 200


def test_a_request_sent_again_is_answered_though_its_instance_is_gone(real: Real, keys: Keys) -> None:
    with real.client(keys["alpha", "submit"]) as client:
        id = client.post("/v1/instances", json=plain(name="soon gone")).json()["id"]
        headers = {"Idempotency-Key": "morning"}
        work = {"kind": "solve", "instance": id}
        first = client.post("/v1/jobs", json=work, headers=headers).json()
        client.post(f"/v1/jobs/{first['id']}/cancel")
        assert client.delete(f"/v1/instances/{id}").status_code == 204
        again = client.post("/v1/jobs", json=work, headers=headers)
        assert (again.status_code, again.json()["id"]) == (202, first["id"])
        assert again.headers["idempotency-replayed"] == "true"
        other = client.post("/v1/jobs", json=work | {"priority": 1}, headers=headers)
        assert other.json()["type"] == "urn:stockpile:UsedIdempotencyKey"
        assert client.post("/v1/jobs", json=work).status_code == 404


def test_roles_are_kept_on_every_route(real: Real, alpha: Belongings, keys: Keys) -> None:
    before = everything(real)
    refused = 0
    with real.client(keys["alpha", "read"]) as reader:
        for method, path in real.operations():
            if method in ("GET", "HEAD") or (method, path) in READING:
                continue
            for job in alpha.jobs.values():
                answer = reader.request(method, filled(path, job, alpha.instance))
                assert answer.status_code == 403, (method, path)
                refused += 1
        for path in ("/v1/workers", "/v1/webhook-secret"):
            assert reader.get(path).status_code == 403
    assert refused >= 40
    assert everything(real) == before


def test_no_route_opens_without_a_valid_key(real: Real, alpha: Belongings) -> None:
    store = real.parts.keys
    revoked, text = store.create("alpha", "revoked", "admin")
    store.revoke(revoked.id)
    expired = store.create("alpha", "expired", "admin", days=1e-9)[1]
    wrong = text[:-4] + "AAAA"
    assert time.time() > store.list()[-1].created
    before = everything(real)
    for key in (None, text, expired, wrong, "sp_"):
        with real.client(key) as nobody:
            for method, path in real.operations():
                answer = nobody.request(method, filled(path, alpha.jobs["solved"], alpha.instance))
                if path in PUBLIC:
                    assert answer.status_code in (200, 503), (method, path)
                else:
                    assert answer.status_code == 401, (method, path, key)
                    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert everything(real) == before


def test_head_is_get_without_a_body(real: Real, alpha: Belongings, keys: Keys) -> None:
    """Also of a stream that has no end: there is nothing more to wait for."""
    with real.client(keys["alpha", "admin"]) as client:
        for method, path in real.operations():
            if method != "HEAD" or path.endswith("/report") or "/model." in path:
                continue  # what is made on demand takes long
            for job in (alpha.jobs["solved"], alpha.jobs["running"]):
                place = filled(path, job, alpha.instance)
                head = client.head(place)
                assert head.content == b""
                if path.endswith("/events"):
                    assert head.status_code == 200
                    assert head.headers["content-type"].startswith("text/event-stream")
                    continue
                got = client.get(place)
                assert head.status_code == got.status_code, place
                for name in ("content-type", "etag"):
                    assert head.headers.get(name) == got.headers.get(name), place


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "text"])
def test_no_key_is_written_to_the_log(tmp_path_factory: pytest.TempPathFactory, form: str) -> None:
    """Every route, with the key wherever a client might put it by mistake."""
    folder = tmp_path_factory.mktemp("logged") / "data"
    with running(folder) as real:
        made = furnish(real, "alpha")
        key = real.key("alpha", "admin")
        operations = real.operations()
    process = Process(folder, STOCKPILE_LOG_LEVEL="debug", STOCKPILE_LOG_FORMAT=form)
    secret = key.rpartition("sp_")[2][17:]
    assert len(secret) == 43
    places: list[dict[str, Any]] = [
        {"headers": {"Authorization": f"Bearer {key}"}},
        {"headers": {"Authorization": key}},
        {"headers": {"Authorization": f"Basic {key}", "X-Api-Key": key, "Cookie": f"key={key}"}},
        {"headers": {"X-Request-Id": key, "User-Agent": key, "Referer": f"http://localhost/?key={key}"}},
        {"headers": {"Authorization": f"Bearer {key}", "Idempotency-Key": key, "Last-Event-ID": key}},
        {"headers": {"Authorization": f"Bearer {key}"}, "params": {"key": key, "cursor": key, "format": key}},
        {"headers": {"Authorization": f"Bearer {key}", "Content-Type": f"application/{key}"}},
    ]
    try:
        with httpx.Client(base_url=process.url, trust_env=False, timeout=60) as client:
            for method, path in operations:
                place = filled(path, made.jobs["expired"], made.instance)
                for more in places:
                    client.request(method, place, **more)
            bearer = {"Authorization": f"Bearer {key}"}
            for at in (key, quote(key, safe=""), key.replace("_", "%5F"), f"x{key}", f"{key}/plan"):
                client.get(f"/v1/jobs/{at}", headers=bearer)
                client.get(f"/{at}")
            for body in (key, json.dumps({"kind": key}), json.dumps({"kind": "solve", "instance": key})):
                for path in ("/v1/jobs", "/v1/instances", "/v1/validate"):
                    kind = {"Content-Type": "application/json"}
                    assert client.post(path, content=body, headers=bearer | kind).status_code < 500
            titled = {"kind": "solve", "instance": plain(), "title": key, "tags": [key]}
            assert client.post("/v1/jobs", json=titled, headers=bearer).status_code == 202
    finally:
        log = process.stop()
    assert log.count("/v1/jobs") > 100  # it was written
    digest = hashlib.sha256(secret.encode()).hexdigest()
    assert digest[:16] in log or key.split("_")[1] in log  # the id of the key may be known
    for part in (secret, secret[:16], secret[-16:], quote(secret)):
        assert part not in log
