"""Instances over HTTP: stored from every format, checked, listed, fetched, forgotten."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import httpx
import pytest

from api.http import body
from models import files
from models.files import json_format, xlsx_format, yaml_format
from models.instance import Instance
from tests.api.http.world import World, client, plain, world

__all__ = ["client", "world"]

CASE = Instance.parse(plain())


def zipped(tmp_path: Path) -> bytes:
    """The case as a zip of CSV tables."""
    files.write(CASE, tmp_path / "case")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted((tmp_path / "case").rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(tmp_path / "case"))
    return out.getvalue()


def test_every_format_is_the_same_instance(client: httpx.Client, tmp_path: Path) -> None:
    bodies = [
        (body.JSON, json_format.dumps(CASE)),
        *((kind, yaml_format.dumps(CASE)) for kind in body.YAML),
        (body.XLSX, xlsx_format.dumps(CASE)),
        *((kind, zipped(tmp_path / kind[-3:])) for kind in body.ZIP),
    ]
    for number, (kind, data) in enumerate(bodies):
        answer = client.post("/v1/instances", content=data, headers={"Content-Type": kind})
        assert answer.status_code == (201 if number == 0 else 200), (kind, answer.text)
        assert answer.json()["id"] == CASE.fingerprint(), kind
        assert answer.headers["location"] == f"/v1/instances/{CASE.fingerprint()}"
    assert len(client.get("/v1/instances").json()) == 1


def test_an_instance_is_given_in_the_format_asked_for(world: World, client: httpx.Client) -> None:
    url = f"/v1/instances/{world.store()}"
    answer = client.get(url)
    assert (answer.headers["content-type"], Instance.parse(answer.json())) == (body.JSON, CASE)
    tags = {answer.headers["etag"]}
    for kind, format in ((body.YAML[0], "yaml"), (body.XLSX, "xlsx")):
        answer = client.get(url, headers={"Accept": f"{kind}, */*;q=0.1"})
        assert answer.headers["content-type"] == kind
        assert files.read_bytes(answer.content, format) == CASE
        assert answer.headers["vary"] == "Accept"
        tags.add(answer.headers["etag"])
        unchanged = client.get(url, headers={"Accept": kind, "If-None-Match": answer.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert len(tags) == 3
    assert client.get(url, headers={"Accept": "text/html"}).status_code == 406
    assert client.get(url, headers={"Accept": "text/html;q=1, application/*;q=0"}).status_code == 406


def test_every_fault_with_its_pointer(client: httpx.Client) -> None:
    bad = plain(nmae="x")
    bad["commodities"][0] |= {"price": -1, "storage_cost": "much"}
    bad["demand"][0]["commodity"] = "tin"
    bad["scenarios"][0]["events"][0]["effects"][0]["countries"] = ["XXX"]
    answer = client.post("/v1/instances", json=bad)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:stockpile:FaultyInstance")
    errors = {error["pointer"]: error for error in answer.json()["errors"]}
    assert {
        "/nmae",
        "/commodities/0/price",
        "/commodities/0/storage_cost",
        "/scenarios/0/events/0/effects/0/countries/0",
        "/demand/0/commodity",
    } <= set(errors)
    assert errors["/nmae"]["allowed"].endswith("did you mean 'name'?")
    price = errors["/commodities/0/price"]
    assert (price["table"], price["row"], price["field"], price["value"]) == (
        "commodities",
        "gallium",
        "price",
        -1,
    )
    assert client.get("/v1/instances").json() == []


def test_faults_of_yaml_have_lines_too_and_those_of_tables_have_cells(client: httpx.Client) -> None:
    text = yaml_format.dumps(CASE).replace(b"400000.0", b"-1.0")
    answer = client.post("/v1/instances", content=text, headers={"Content-Type": body.YAML[0]})
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/commodities/0/price"
    line = text.decode().splitlines().index(next(x for x in text.decode().splitlines() if "-1.0" in x)) + 1
    assert error["place"].endswith(f"line {line}")
    book = xlsx_format.dumps(Instance.parse(plain()).model_copy(update={"discount_rate": -1.0}))
    answer = client.post("/v1/instances", content=book, headers={"Content-Type": body.XLSX})
    (error,) = answer.json()["errors"]
    assert "pointer" not in error
    assert error["place"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (body.JSON, b"{"),
        (body.YAML[0], b"a: [1"),
        (body.YAML[0], b"a: &x 1\nb: *x"),
        (body.XLSX, b"no workbook"),
        (body.ZIP[0], b"PK\x05\x06" + b"\0" * 18),
        (body.ZIP[0], b"no archive"),
    ],
)
def test_what_cannot_be_read(client: httpx.Client, kind: str, data: bytes) -> None:
    for path in ("/v1/instances", "/v1/validate"):
        answer = client.post(path, content=data, headers={"Content-Type": kind})
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"] == "urn:stockpile:UnreadableFile"


def test_other_media_are_refused_by_name(client: httpx.Client) -> None:
    answer = client.post("/v1/instances", content=b"a;b", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 415
    assert body.XLSX in answer.json()["detail"]


def test_validation_stores_nothing(client: httpx.Client) -> None:
    valid = client.post("/v1/validate", json=plain())
    assert valid.status_code == 200
    assert valid.json()["valid"] is True
    assert valid.json()["fingerprint"] == CASE.fingerprint()
    bad = plain()
    bad["commodities"][0]["price"] = -1
    invalid = client.post("/v1/validate", json=bad)
    assert (invalid.status_code, invalid.json()["valid"]) == (200, False)
    assert [fault["pointer"] for fault in invalid.json()["faults"]] == ["/commodities/0/price"]
    assert client.get("/v1/instances").json() == []


def test_lists_are_paged(world: World, client: httpx.Client) -> None:
    ids = [world.store(name=f"n{i}") for i in range(3)]
    first = client.get("/v1/instances?limit=2")
    assert [record["id"] for record in first.json()] == [ids[2], ids[1]]
    second = client.get(first.links["next"]["url"])
    assert [record["id"] for record in second.json()] == [ids[0]]
    assert "link" not in second.headers
    assert client.get("/v1/instances?cursor=x").json()["type"] == "urn:stockpile:BadCursor"
    assert client.get("/v1/instances?page=2").status_code == 422


def test_an_instance_is_forgotten_unless_it_is_needed(world: World, client: httpx.Client) -> None:
    id = world.store()
    assert client.delete(f"/v1/instances/{id}").status_code == 204
    assert client.delete(f"/v1/instances/{id}").status_code == 404
    assert client.get(f"/v1/instances/{id}").json()["type"] == "urn:stockpile:NoSuchInstance"
    for odd in ("x", "%2E%2E", "%00", "F" * 64):
        assert client.get(f"/v1/instances/{odd}").status_code == 404, odd
