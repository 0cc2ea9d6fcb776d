"""What nobody sends who means well, to the process that is run: each is answered, memory stays bounded."""

from __future__ import annotations

import gzip
import io
import json
import re
import socket
import stat
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from models.files import xlsx_format
from models.instance import Instance
from tests.api.http.real import Process
from tests.api.store.test_upload import HOSTILE, JSON, SMALL, XLSX, YAML, ZIP, packed
from tests.models.small import small

MEGABYTE = 2**20
BODY_MB = 64
JOB = "job"
"""Not an instance by itself: sent as a request for a job."""


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    made = Process(tmp_path_factory.mktemp("hostile") / "data", STOCKPILE_BODY_MB=str(BODY_MB))
    try:
        yield made
    finally:
        log = made.stop()
    assert '"unexpected"' not in log
    assert "Traceback" not in log


@pytest.fixture
def client(process: Process) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=process.url, trust_env=False, timeout=300) as made:
        yield made
        assert made.get("/healthz").status_code == 200


def link(name: str, target: str) -> bytes:
    """A zip archive with a symbolic link."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, target)
    return file.getvalue()


def text(**changes: Any) -> bytes:
    return json.dumps({**small(), **changes}, ensure_ascii=False).encode()


def job(**more: Any) -> bytes:
    return json.dumps({"kind": "solve", "instance": small(), **more}).encode()


SENT: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "nothing": (JSON, bytes, "422 UnreadableFile"),
    "UTF-16": (JSON, lambda: text().decode().encode("utf-16"), "422 UnreadableFile .*UTF-8"),
    "UTF-32": (JSON, lambda: text().decode().encode("utf-32"), "422 UnreadableFile"),
    "latin-1": (JSON, lambda: text(name="Münze").decode().encode("latin-1"), "422 UnreadableFile .*UTF-8"),
    "latin-1 in YAML": (YAML, lambda: "name: Münze".encode("latin-1"), "422 UnreadableFile .*UTF-8"),
    "key twice": (JSON, lambda: b'{"name": "a", "name": "b"}', "422 (FaultyInstance|UnreadableFile)"),
    "not an object": (JSON, lambda: b"[1]", "422"),
    "NUL": (JSON, lambda: text(name="a\x00b"), "422 FaultyInstance"),
    "escape": (JSON, lambda: text(name="a\x1b[2Jb"), "422 FaultyInstance"),
    "surrogate": (JSON, lambda: b'{"name": "\\ud800"}', "422"),
    "lines": (JSON, lambda: text(name="a\r\nX-Evil: 1"), "422 FaultyInstance"),
    "huge number": (JSON, lambda: text(discount_rate=10**400), "422 FaultyInstance"),
    "-Infinity": (JSON, lambda: text(discount_rate=float("-inf")), "422 FaultyInstance"),
    "link": (ZIP, lambda: link("countries.csv", "/etc/passwd"), "422 UnreadableFile"),
    "absolute path": (ZIP, lambda: packed({"/etc/countries.csv": b"id\n"}), "422 UnreadableFile"),
    "path of Windows": (ZIP, lambda: packed({"..\\countries.csv": b"id\n"}), "422 UnreadableFile"),
    "device": (ZIP, lambda: packed({"CON.csv": b"id\n"}), "422 (UnreadableFile|FaultyInstance)"),
    "JSON as a workbook": (XLSX, text, "422 UnreadableFile"),
    "workbook as JSON": (JSON, lambda: xlsx_format.dumps(SMALL), "422 UnreadableFile"),
    "job, nothing": (JOB, bytes, "422 BadRequest"),
    "job, UTF-16": (JOB, lambda: job().decode().encode("utf-16"), "422 BadRequest"),
    "job, latin-1": (JOB, lambda: '{"kind": "sölve"}'.encode("latin-1"), "422 BadRequest"),
    "job, key twice": (JOB, lambda: b'{"kind": "solve", "kind": "batch"}', "422 BadRequest .*twice"),
    "job, NaN": (JOB, lambda: b'{"kind": "solve", "instance": {"a": NaN}}', "422 BadRequest"),
    "job, huge": (JOB, lambda: b'{"kind": "solve", "priority": 1' + b"0" * 5000 + b"}", "422 BadRequest"),
    "job, deep": (JOB, lambda: b'{"kind":' * 100_000, "422 BadRequest"),
    "job, deep instance": (
        JOB,
        lambda: b'{"kind": "solve", "instance": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
        "422",
    ),
    "job, surrogate": (JOB, lambda: b'{"kind": "solve", "instance": {"\\ud800": 1}}', "422"),
    "job, NUL": (JOB, lambda: job(title="a\x00b"), "422 BadRequest"),
    "job, tags": (JOB, lambda: job(tags=["../../etc"] * 33), "422 BadRequest"),
    "job, parent": (JOB, lambda: job(parent="../../../etc/passwd"), "422 BadRequest"),
    "job, instance is a path": (JOB, lambda: job(instance="/etc/passwd"), "422 BadRequest"),
    "job, webhook here": (JOB, lambda: job(webhook="http://127.0.0.1/"), "422 BadRequest"),
    "job, webhook a file": (JOB, lambda: job(webhook="file:///etc/passwd"), "422 BadRequest"),
    "job, names": (
        JOB,
        lambda: json.dumps(
            {"kind": "batch", "instances": [{"name": "../up", "instance": small()}]}
        ).encode(),
        "422 BadRequest",
    ),
}  # fmt: skip
READ_ELSEWHERE = (
    "YAML, aliases",
    "zip, bomb",
    "zip, a million rows",
    "zip, within another",
    "zip, path",
    "xlsx, bomb",
    "xlsx, entities",
    "JSON, deep but few",
)
"""Of the cases of uploads, which have tests of their own: through HTTP the end is the same."""
LARGE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    **{name: (HOSTILE[name][0], HOSTILE[name][1], "4(13|22) ") for name in READ_ELSEWHERE},
    "job, many values": (JOB, lambda: b"[" + b"1," * 5_000_000 + b"1]", "413 TooLarge"),
    "job, very deep": (JOB, lambda: b"[" * 30 * MEGABYTE, "413 TooLarge"),
    "job, long text": (JOB, lambda: job(title="x" * 60 * MEGABYTE), "422 BadRequest"),
    "job, long number": (JOB, lambda: b'{"priority":' + b"9" * 60 * MEGABYTE + b"}", "422 BadRequest"),
    "job, many keys": (
        JOB,
        lambda: b'{"kind":"solve","instance":{' + b",".join(b'"%d":1' % n for n in range(1_900_000)) + b"}}",
        "422 FaultyInstance",
    ),
    "job, many rows": (
        JOB,
        lambda: b'{"kind":"solve","instance":{"countries":[' + b"{}," * 900_000 + b"{}]}}",
        "422 FaultyInstance",
    ),
    "job, every row wrong": (
        JOB,
        lambda: b'{"kind":"batch","instances":[' + b",".join([b'{"a":1}'] * 400_000) + b"]}",
        "413 TooLarge",
    ),
}  # fmt: skip
"""The path to both is the same; these take long or much memory."""
HELD = 1_500
"""MB that the process may have held at most after all of them."""


def sent(client: httpx.Client, kind: str, data: bytes) -> str:
    """Status, fault and the rest of the answer."""
    path = "/v1/jobs" if kind == JOB else "/v1/instances"
    answer = client.post(path, content=data, headers={"Content-Type": JSON if kind == JOB else kind})
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
    assert len(answer.content) < 2 * MEGABYTE
    told = answer.json()
    return f"{answer.status_code} {told['type'].removeprefix('urn:stockpile:')} {json.dumps(told)}"


@pytest.mark.parametrize("case", SENT)
def test_small_but_not_harmless(client: httpx.Client, case: str) -> None:
    kind, make, expected = SENT[case]
    end = sent(client, kind, make())
    assert re.match(expected, end, re.DOTALL), end[:1000]


@pytest.mark.slow
@pytest.mark.parametrize("case", LARGE)
def test_large(process: Process, client: httpx.Client, case: str) -> None:
    kind, make, expected = LARGE[case]
    end = sent(client, kind, make())
    print(f"{case:24s}{process.peak():6.0f} MB  {end[:80]}")
    assert re.match(expected, end), end[:1000]
    assert process.peak() < HELD


@pytest.mark.slow
def test_formulas_and_paths_are_text(client: httpx.Client) -> None:
    """They are names like any other; what is written from them starts no formula and leaves no folder."""
    for name in ("=HYPERLINK(1)", "../../etc/passwd", "@SUM(A1)", "-1+1", "C:\\x"):
        answer = client.post("/v1/instances", content=text(name=name), headers={"Content-Type": JSON})
        if answer.status_code == 422:
            assert answer.json()["type"] == "urn:stockpile:FaultyInstance"
            continue
        id = answer.json()["id"]
        book = client.get(f"/v1/instances/{id}", headers={"Accept": XLSX})
        assert name not in book.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
            assert not any(b"<f>" in parts.read(part) for part in parts.namelist())
        back = client.post("/v1/instances", content=book.content, headers={"Content-Type": XLSX})
        assert (back.status_code, back.json()["id"]) == (200, id)
    assert Instance.parse(small()).name


@pytest.mark.parametrize("path", ["/v1/instances", "/v1/validate", "/v1/jobs"])
def test_bodies_that_are_packed_or_of_another_kind(client: httpx.Client, path: str) -> None:
    bomb = gzip.compress(bytes(100 * MEGABYTE))
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown"):
        given = {"Content-Type": JSON, "Content-Encoding": encoding}
        answer = client.post(path, content=bomb, headers=given)
        assert (answer.status_code, answer.json()["type"]) == (415, "urn:stockpile:UnsupportedMedia"), (
            encoding
        )
        assert answer.headers["accept-encoding"] == "identity"
    for kind in (
        "text/html",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
        "",
        "*/*",
    ):
        answer = client.post(path, content=text(), headers={"Content-Type": kind})
        assert answer.status_code == 415, kind


def raw(process: Process, head: str, *pieces: bytes, end: bool = True) -> bytes:
    """What is answered to bytes as they are; ``end``: nothing more is said, though more was promised."""
    with socket.create_connection(("127.0.0.1", process.port), timeout=60) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode("latin-1"))
        try:
            for piece in pieces:
                connection.sendall(piece)
            if end:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # answered before all was sent
        found = bytearray()
        try:
            while part := connection.recv(65536):
                found += part
                if b"\r\n\r\n" in found and not end:
                    break
        except ConnectionResetError:
            pass
        return bytes(found)


POST = f"POST /v1/instances HTTP/1.1\nHost: localhost\nContent-Type: {JSON}\n"


def test_bodies_larger_than_allowed(process: Process, client: httpx.Client) -> None:
    before = process.peak()
    most = BODY_MB * MEGABYTE
    # Announced: refused before any of it is read.
    assert b" 413 " in raw(process, f"{POST}Content-Length: {most + 1}\n\n", end=False)[:20]
    assert b" 413 " in raw(process, f"{POST}Content-Length: {10**18}\n\n", end=False)[:20]

    def chunks() -> Iterator[bytes]:
        for _ in range(2 * BODY_MB):
            yield b"x" * MEGABYTE

    try:
        answer = client.post("/v1/instances", content=chunks(), headers={"Content-Type": JSON})
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:stockpile:TooLarge")
    except httpx.WriteError:
        pass  # it was answered and closed before all was sent
    assert process.peak() < before + 4 * BODY_MB


@pytest.mark.parametrize(
    ("head", "pieces", "statuses"),
    [
        ("Content-Length: 100\n\n", [b'{"name": "a"'], (b"400", b"422", b"")),  # less than promised
        ("Content-Length: 2\n\n", [b"{}" + b"x" * 1000], (b"422", b"")),  # more: the rest is no request
        ("Content-Length: -1\n\n", [], (b"400",)),
        ("Content-Length: 1e3\n\n", [], (b"400",)),
        ("Content-Length: 2\nContent-Length: 3\n\n", [b"{}x"], (b"400",)),
        ("Content-Length: 2\nTransfer-Encoding: chunked\n\n", [b"2\r\n{}\r\n0\r\n\r\n"], (b"400", b"422", b"")),  # noqa: E501
        ("Transfer-Encoding: gzip\n\n", [b"{}"], (b"400", b"501")),
        ("Transfer-Encoding: chunked\n\n", [b"zz\r\n"], (b"400", b"422")),
        ("Transfer-Encoding: chunked\n\n", [b"ffffffffffffffffffff\r\nx"], (b"400", b"422", b"413", b"")),
        ("X: " + "y" * 100_000 + "\n\n", [], (b"400", b"431", b"")),
    ],
)  # fmt: skip
def test_lengths_that_lie(
    process: Process, client: httpx.Client, head: str, pieces: list[bytes], statuses: tuple[bytes, ...]
) -> None:
    # Nothing: the connection was closed at once, with what was sent still unread.
    answer = raw(process, POST + head, *pieces)
    assert answer[9:12] in statuses, answer[:300]


@pytest.mark.deep
def test_a_body_that_comes_too_slowly(process: Process, client: httpx.Client) -> None:
    """After half a minute of silence; meanwhile others are answered."""
    with socket.create_connection(("127.0.0.1", process.port), timeout=90) as connection:
        connection.sendall(f"{POST}Content-Length: 10\n\n".replace("\n", "\r\n").encode() + b"{")
        assert client.get("/v1/instances").status_code == 200
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408 "), answer[:300]
