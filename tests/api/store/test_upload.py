"""What is sent as an instance, meant well or not."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from api.store import upload
from models.faults import (
    FaultyInstance,
    TooLarge,
    Unavailable,
    UnreadableFile,
    UnsupportedMedia,
)
from models.files import json_format, write, xlsx_format, yaml_format
from models.files.limits import MEGABYTE
from models.instance import Instance
from tests.models.small import small

SMALL = Instance.parse(small())
JSON, YAML, ZIP = "application/json", "application/yaml", "application/zip"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def packed(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def zipped(instance: Instance, folder: Path) -> bytes:
    write(instance, folder)
    return packed({f"{folder.name}/{path.name}": path.read_bytes() for path in folder.iterdir()})


@pytest.mark.parametrize("kind", sorted(upload.MEDIA_TYPES))
def test_every_media_type(kind: str, tmp_path: Path) -> None:
    data = {
        "json": json_format.dumps,
        "yaml": yaml_format.dumps,
        "xlsx": xlsx_format.dumps,
        "zip": lambda instance: zipped(instance, tmp_path / "small"),
    }[upload.MEDIA_TYPES[kind]](SMALL)
    assert upload.read(data, kind, "body") == SMALL
    assert upload.read(data, f"{kind.upper()} ; charset=utf-8", "body") == SMALL


@pytest.mark.parametrize("kind", ["", "text/csv", "application/vnd.ms-excel", "x" * 1000])
def test_other_media_types(kind: str) -> None:
    with pytest.raises(UnsupportedMedia, match="can be read"):
        upload.read(b"x", kind, "body")


def test_a_large_text_is_read_elsewhere_with_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The instance, its faults with their paths, or the one error, come through as they are."""
    faulty = json.dumps({**small(), "discount_rate": -1, "depots": 3}).encode()
    ends: dict[bool, list[object]] = {True: [], False: []}
    for light, found in ends.items():
        monkeypatch.setattr(upload, "LIGHT", {"json": 2**30} if light else {})
        found.append(upload.read(json_format.dumps(SMALL), JSON, "body"))
        with pytest.raises(FaultyInstance) as told:
            upload.read(faulty, JSON, "body")
        found += [(fault, fault.path) for fault in told.value.faults]
        with pytest.raises(UnreadableFile) as one:
            upload.read(b"{", JSON, "body")
        found += [str(one.value), one.value.detail]
    assert ends[True] == ends[False]
    assert len(ends[True]) == 5


def test_the_reader_is_told_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOCKPILE_DATABASE_URL", "postgresql://user:password@host/db")
    seen: dict[str, str] = {}
    real = subprocess.Popen

    def popen(*args: object, env: dict[str, str], **kwargs: object) -> object:
        seen.update(env)
        return real(*args, env=env, **kwargs)  # type: ignore[call-overload]  # passed on as they came

    monkeypatch.setattr(subprocess, "Popen", popen)
    assert upload.read(xlsx_format.dumps(SMALL), XLSX, "body") == SMALL
    assert seen
    assert not [name for name in seen if name.startswith("STOCKPILE_")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "value", "case", "words"),
    [
        ("MEMORY", 600 * MEGABYTE, "JSON, many keys", "GB of memory to read"),
        ("SECONDS", 1, "YAML, just below", "takes more than [12] s to read"),
    ],
)
def test_limits_of_the_process_that_reads(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int, case: str, words: str
) -> None:
    """Real limits, made small, on a document that is within those of the reader."""
    monkeypatch.setattr(upload, limit, value)
    kind, make, _ = HOSTILE[case]
    with pytest.raises(TooLarge, match=words):
        upload.read(make(), kind, "body")


def test_the_process_that_reads_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has no memory at all cannot even say so."""
    monkeypatch.setattr(upload, "MEMORY", MEGABYTE)
    with pytest.raises((UnreadableFile, TooLarge), match=r"ended the process|GB of memory"):
        upload.read(xlsx_format.dumps(SMALL), XLSX, "body")


def test_few_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "_turn", threading.BoundedSemaphore(1))
    monkeypatch.setattr(upload, "PATIENCE", 0.01)
    with upload._turn, pytest.raises(Unavailable):
        upload.read(xlsx_format.dumps(SMALL), XLSX, "body")
    assert upload.read(xlsx_format.dumps(SMALL), XLSX, "body") == SMALL


def rows(count: int) -> bytes:
    return b"id,name,group\n" + b"".join(b"c%d,c,ally\n" % n for n in range(count))


def book(**parts: bytes) -> bytes:
    """The small workbook with parts replaced or added; names with ``__`` for the slash."""
    file = io.BytesIO()
    changed = {name.replace("__", "/") + ".xml": data for name, data in parts.items()}
    with zipfile.ZipFile(io.BytesIO(xlsx_format.dumps(SMALL))) as old, zipfile.ZipFile(file, "w", 8) as new:
        for name in {*old.namelist(), *changed}:
            new.writestr(name, changed.get(name) or old.read(name))
    return file.getvalue()


def sheet(cells: bytes) -> bytes:
    return (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + cells
        + b"</sheetData></worksheet>"
    )


def noise(cells: int) -> bytes:
    """Cells that do not pack well."""
    return (
        b"<row>"
        + b"".join(b"<c><v>%s</v></c>" % os.urandom(2).hex().encode() for _ in range(cells))
        + b"</row>"
    )


def with_rate(rate: bytes) -> bytes:
    return json.dumps({**small(), "discount_rate": "here"}).encode().replace(b'"here"', rate)


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]\n" for i in range(1, 12)
)
NESTED = packed({"countries.csv": rows(10), "inner.zip": packed({"x.csv": bytes(MEGABYTE)})})
DEEP = 30 * MEGABYTE

HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "JSON, deep": (JSON, lambda: b"[" * DEEP, "TooLarge|UnreadableFile .* nested"),
    "JSON, deep but few": (JSON, lambda: b"[" * 1_900_000, "UnreadableFile .* nested"),
    "JSON, deep records": (JSON, lambda: b'{"a":' * 1_900_000, "UnreadableFile .* nested"),
    "JSON, NaN": (JSON, lambda: with_rate(b"NaN"), "FaultyInstance"),
    "JSON, 1e999": (JSON, lambda: with_rate(b"1e999"), "FaultyInstance"),
    "JSON, long number": (JSON, lambda: b'{"name":' + b"9" * DEEP + b"}", "FaultyInstance"),
    "JSON, long text": (JSON, lambda: b'{"name":"' + b"x" * 2 * DEEP + b'"}', "FaultyInstance"),
    "JSON, long keys": (
        JSON,
        lambda: b"{" + b",".join(b'"%s%d":1' % (b"k" * 50, n) for n in range(900_000)) + b"}",
        "FaultyInstance",
    ),
    "JSON, many keys": (
        JSON, lambda: b"{" + b",".join(b'"%d":1' % n for n in range(1_900_000)) + b"}", "FaultyInstance"
    ),
    "JSON, many values": (JSON, lambda: b"[" + b"1," * 5_000_000 + b"1]", "TooLarge"),
    "JSON, many records": (JSON, lambda: b'{"countries":[' + b"{}," * 900_000 + b"{}]}", "FaultyInstance"),
    "JSON, every row wrong": (
        JSON,
        lambda: b'{"countries":[' + b",".join([b'{"id":"a","x":1}'] * 600_000) + b"]}",
        "FaultyInstance .* more",
    ),
    "JSON, not UTF-8": (JSON, lambda: b'{"name":"\xff"}' * 1_000_000, "UnreadableFile .* UTF-8"),
    "YAML, aliases": (YAML, LAUGHS.encode, "UnreadableFile .* aliases"),
    "YAML, deep": (YAML, lambda: b"[" * 7 * MEGABYTE, "UnreadableFile .* deeper"),
    "YAML, many values": (YAML, lambda: b"[" + b"a," * 1_100_000 + b"]", "TooLarge"),
    "YAML, just below": (YAML, lambda: b"[" + b"a," * 990_000 + b"]", "FaultyInstance"),
    "YAML, long key": (YAML, lambda: b"x" * 7 * MEGABYTE + b": 1", "UnreadableFile"),
    "YAML, tags": (YAML, lambda: b"name: !!python/object/apply:os.system [id]", "UnreadableFile .* tags"),
    "YAML, large": (YAML, lambda: b"# " + b"x" * 60 * MEGABYTE, "TooLarge"),
    "zip, bomb": (ZIP, lambda: packed({"countries.csv": bytes(127 * MEGABYTE)}), "TooLarge .* 200 times"),
    "zip, large": (
        ZIP, lambda: packed({f"{n}.csv": rows(1000) * 600 for n in range(20)}), "TooLarge .* unpacked"
    ),
    "zip, many files": (ZIP, lambda: packed({f"{n}.txt": b"" for n in range(60_000)}), "TooLarge .* files"),
    "zip, a million rows": (ZIP, lambda: packed({"countries.csv": rows(1_000_000)}), "TooLarge .* rows"),
    "zip, most rows": (ZIP, lambda: packed({"countries.csv": rows(249_000)}), "FaultyInstance"),
    "zip, one long line": (ZIP, lambda: packed({"countries.csv": b"id," * 2_500_000}), "TooLarge .* cells"),
    "zip, one long cell": (
        ZIP,
        lambda: packed({"countries.csv": b'id\n"' + os.urandom(9_000_000).hex().encode()}),
        "UnreadableFile .* field larger",
    ),
    "zip, within another": (ZIP, lambda: NESTED, "UnreadableFile .* another archive"),
    "zip, of itself": (ZIP, lambda: packed({"a.csv": NESTED}), "UnreadableFile .* no instance"),
    "zip, cut off": (ZIP, lambda: NESTED[: len(NESTED) // 2], "UnreadableFile .* sound"),
    "zip, path": (ZIP, lambda: packed({"../../countries.csv": rows(1)}), "UnreadableFile .* leads outside"),
    "zip, noise": (ZIP, lambda: b"PK\x03\x04" + os.urandom(DEEP), "UnreadableFile .* sound"),
    "xlsx, bomb": (XLSX, lambda: book(xl__worksheets__sheet1=sheet(bytes(100 * MEGABYTE))), "TooLarge"),
    "xlsx, entities": (
        XLSX,
        lambda: book(xl__workbook=b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'),
        "UnreadableFile .* entities",
    ),
    "xlsx, far cell": (
        XLSX,
        lambda: book(xl__worksheets__sheet1=sheet(b'<row r="9999999"><c r="XFD9999999"><v>1</v></c></row>')),
        "UnreadableFile|TooLarge|FaultyInstance",
    ),
    "xlsx, many tags": (
        XLSX, lambda: book(xl__worksheets__sheet1=sheet(noise(2_000_000))), "TooLarge .* tags and attributes"
    ),
    "xlsx, deep": (
        XLSX, lambda: book(xl__worksheets__sheet1=sheet(b"<a>" * 1_000_000)), "UnreadableFile|TooLarge"
    ),
    "xlsx, not one": (XLSX, lambda: b"id,name\n", "UnreadableFile"),
}  # fmt: skip

READ = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
from api.store import upload
from models.faults import StockpileError
data = sys.stdin.buffer.read()
megabytes = lambda who: resource.getrusage(who).ru_maxrss / 1024
def seconds():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
before, begun = megabytes(resource.RUSAGE_SELF), seconds()
try:
    end = "Instance " + upload.read(data, sys.argv[1], "upload").name
except StockpileError as error:
    end = f"{type(error).__name__} {str(error)[:1000]} ... {str(error)[-300:]}"
print(json.dumps({
    "end": end.replace(chr(10), " "),
    "seconds": seconds() - begun,
    "here": megabytes(resource.RUSAGE_SELF) - before,
    "there": megabytes(resource.RUSAGE_CHILDREN),
}))
"""
HERE, THERE = 600, 1_200
"""MB: of the service beyond the file itself and its own; of the process that reads."""


@pytest.mark.slow
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile(case: str) -> None:
    """Each ends in its fault; the service, a process of its own here, and the reader stay within bounds."""
    kind, make, expected = HOSTILE[case]
    run = subprocess.run([sys.executable, "-c", READ, kind], input=make(), capture_output=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:].decode()
    told = json.loads(run.stdout)
    figures = f"{told['seconds']:6.2f} s {told['here']:6.0f} MB {told['there']:6.0f} MB"
    print(f"{case:24s}{figures}  {told['end'][:80]}")
    assert re.match(expected, told["end"]), told["end"]
    assert told["here"] < HERE
    assert told["there"] < THERE
