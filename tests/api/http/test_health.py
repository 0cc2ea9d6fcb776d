"""Health: alive, ready or what is wrong; versions, workers, schema."""

from __future__ import annotations

import time
from importlib.metadata import version
from pathlib import Path

import httpx
import jsonschema
import pytest
import sqlalchemy as sa

from api.http.parts import Parts
from api.http.routes import health
from api.settings import Settings
from api.store.database import writing
from api.store.documents import Documents, blobs
from api.store.schema import workers
from models.schema import json_schema
from tests.api.http.world import World, client, plain, world

__all__ = ["client", "world"]


def beat(engine: sa.Engine, id: str, ago: float = 0.0, **values: object) -> None:
    """A worker that was last heard of so many seconds ago, by this machine's clock."""
    row = {
        "id": id,
        "host": "h",
        "pid": 1,
        "slots": 4,
        "busy": 1,
        "memory_mb": 10.0,
        "version": "0",
        "started": 0.0,
    }
    with writing(engine) as connection:
        connection.execute(sa.insert(workers).values(row | values | {"heartbeat": time.time() - ago}))


def parts_of(engine: sa.Engine, settings: Settings) -> Parts:
    """What readiness looks at."""
    found = Parts.__new__(Parts)
    found.settings, found.engine = settings, engine
    found.documents = Documents(engine, blobs(settings, engine))
    return found


def test_alive(client: httpx.Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_health_needs_no_key_and_the_rest_does(world: World) -> None:
    key = world.key(role="read")
    with httpx.Client(base_url=world.url, trust_env=False) as nobody:
        assert nobody.get("/healthz").status_code == 200
        assert nobody.get("/readyz").status_code in (200, 503)
        assert nobody.get("/version").status_code == 200
        assert nobody.get("/v1/schema").status_code == 200
        for path in ("/metrics", "/v1/workers", "/v1/webhook-secret"):
            assert nobody.get(path).status_code == 401, path
    reader = world.client(key)
    assert reader.get("/metrics").status_code == 200
    for path in ("/v1/workers", "/v1/webhook-secret"):
        assert reader.get(path).status_code == 403, path
        assert world.client(world.key(role="admin")).get(path).status_code == 200, path


def test_ready_with_a_living_worker_and_not_without(engines: sa.Engine, settings: Settings) -> None:
    parts = parts_of(engines, settings)
    found = health.readiness(parts)
    assert not found.ready
    assert found.checks["database"].ok
    assert found.checks["blobs"].ok
    assert "No worker lives" in found.checks["workers"].detail
    beat(engines, "silent", ago=settings.dead_seconds + 60)
    assert not health.readiness(parts).ready
    beat(engines, "a")
    found = health.readiness(parts)
    assert found.ready
    assert found.checks["workers"].detail == "1 alive"
    assert list(parts.documents.blobs.digests()) == [], "it leaves nothing behind"


def test_the_answer_says_what_is_wrong(world: World, client: httpx.Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["workers"] == {
        "ok": False, "detail": "The service cannot answer now. No worker lives: jobs wait.",
    }  # fmt: skip
    beat(world.engine, "a")
    time.sleep(health.KEPT)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


def test_not_ready_where_blobs_cannot_be_written(sqlite_settings: Settings, tmp_path: Path) -> None:
    from api.store.database import connect

    engine = connect(sqlite_settings)
    beat(engine, "a")
    parts = parts_of(engine, sqlite_settings)
    (sqlite_settings.data / "blobs").write_text("a file in the way")
    found = health.readiness(parts)
    assert not found.ready
    assert found.checks["blobs"] == health.Check(ok=False, detail="They cannot be written.")
    assert found.checks["workers"].ok
    engine.dispose()


def test_not_ready_without_the_database(postgres_settings: Settings) -> None:
    from api.store.database import connect

    engine = connect(postgres_settings)
    parts = parts_of(engine, postgres_settings)
    beat(engine, "a")
    assert health.readiness(parts).ready
    engine.dispose()
    # Nobody listens there; the password in the address is not told.
    gone = sa.create_engine("postgresql+psycopg://u:hunter2@127.0.0.1:1/none")
    parts.engine = gone
    parts.documents = Documents(gone, blobs(postgres_settings, gone))
    found = health.readiness(parts)
    assert not found.ready
    assert {name: check.ok for name, check in found.checks.items()} == {
        "database": False, "blobs": False, "workers": False,
    }  # fmt: skip
    assert "hunter2" not in found.model_dump_json()


def test_workers(world: World, client: httpx.Client) -> None:
    beat(world.engine, "b", busy=3)
    beat(world.engine, "a", ago=1000)
    dead, alive = client.get("/v1/workers").json()["workers"]
    assert (dead["id"], dead["alive"], alive["id"], alive["alive"]) == ("a", False, "b", True)
    assert (alive["slots"], alive["busy"], alive["memory_mb"]) == (4, 3, 10.0)
    assert dead["silent_seconds"] == pytest.approx(1000, abs=60)


def test_version(client: httpx.Client) -> None:
    told = client.get("/version").json()
    assert told["stockpile"] == version("stockpile")
    assert set(told) == {"stockpile", "python", "dbos", "highs"}
    assert client.get("/v1/version").json() == told


def test_the_schema_is_that_of_the_command_line_and_fits_an_instance(client: httpx.Client) -> None:
    answer = client.get("/v1/schema")
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.json() == json_schema()
    jsonschema.validate(plain(), answer.json())
    again = client.get("/v1/schema", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_the_webhook_secret_stays_the_same(client: httpx.Client) -> None:
    told = client.get("/v1/webhook-secret").json()["secret"]
    assert told.startswith("whsec_")
    assert client.get("/v1/webhook-secret").json()["secret"] == told
