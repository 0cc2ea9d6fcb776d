"""Zip archives of a folder of tables."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from models.faults import StockpileError, TooLarge, UnknownFormat, UnreadableFile
from models.files import limits, read, read_bytes, write, zip_format
from tests.models.files.support import SMALL, faults, folder

Entry = tuple[str | zipfile.ZipInfo, str | bytes]


def packed(*entries: Entry, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these entries."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def entries(path: Path, top: str = "") -> list[Entry]:
    """The files of a folder."""
    return [(f"{top}{file.name}", file.read_bytes()) for file in sorted(path.iterdir())]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return folder(tmp_path / "small")


@pytest.mark.parametrize("top", ["", "small/", "Kopie von small/", "小/"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_files_or_one_folder_of_them(tables: Path, top: str, method: int) -> None:
    assert read_bytes(packed(*entries(tables, top), method=method), "zip") == SMALL


def test_by_path(tables: Path, tmp_path: Path) -> None:
    (tmp_path / "small.ZIP").write_bytes(packed(*entries(tables)))
    assert read(tmp_path / "small.ZIP") == SMALL
    with pytest.raises(UnknownFormat, match="known are folders of CSV tables"):
        write(SMALL, tmp_path / "new.zip")


def test_what_other_systems_add_is_ignored(tables: Path) -> None:
    more: list[Entry] = [
        ("small/", b""),
        ("small/sub/", b""),
        ("small/sub/countries.csv", "nonsense"),
        ("small/README.txt", "x"),
        ("small/.DS_Store", "x"),
        ("__MACOSX/small/._countries.csv", "x"),
        ("__MACOSX/._small", "x"),
    ]
    assert read_bytes(packed(*more, *entries(tables, "small/")), "zip") == SMALL


def test_faults_name_file_and_line(tmp_path: Path) -> None:
    path = folder(tmp_path / "small", countries="id,name,group\nUSA,,enemy\n")
    (tmp_path / "small.zip").write_bytes(packed(*entries(path, "small/")))
    assert "countries.csv, line 2" in {fault.place for fault in faults(tmp_path / "small.zip")}


def link(name: str, kind: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o777) << 16
    return info


BAD: dict[str, tuple[list[Entry], str]] = {
    "absolute": ([("/etc/countries.csv", "x")], "leads outside"),
    "above": ([("../countries.csv", "x")], "leads outside"),
    "above, further on": ([("a/../../countries.csv", "x")], "leads outside"),
    "above, in what is not read": ([("sub/../../x.txt", "x")], "leads outside"),
    "here": ([("./countries.csv", "x")], "leads outside"),
    "empty step": ([("a//countries.csv", "x")], "leads outside"),
    "only a slash": ([("/", "")], "leads outside"),
    "drive": ([("C:/countries.csv", "x")], "characters"),
    "stream": ([("countries.csv:x", "x")], "characters"),
    "backslash": ([("..\\countries.csv", "x")], "characters"),
    "line feed": ([("a\nb.csv", "x")], "characters"),
    "escape": ([("\x1b[2Ja.csv", "x")], "characters"),
    "right to left": ([("\u202evsc.seirtnuoc", "x")], "characters"),
    "link": ([(link("countries.csv"), "/etc/passwd")], "link"),
    "link of a folder": ([(link("sub"), "/etc")], "link"),
    "device": ([(link("countries.csv", stat.S_IFCHR), "")], "link or a device"),
    "twice": ([("x.txt", "a"), ("x.txt", "b")], "twice"),
    "case": ([("market.CSV", "x")], "twice, or but for upper"),
    "case of folders": ([("A/x.txt", "a"), ("a/X.txt", "b")], "twice, or but for upper"),
    "file and folder": ([("a", "x"), ("a/", "")], "twice"),
    "composed and decomposed": ([("\u00e9.txt", "x"), ("e\u0301.txt", "x")], "twice"),
    "archive": ([("inner.zip", b"PK\x05\x06" + bytes(18))], "another archive"),
    "archive, elsewhere": ([("sub/inner.TGZ", b"x")], "another archive"),
    "archive as table": ([("scenarios.csv", packed(("a", "x")))], "by its content"),
    "UTF-16": ([("scenarios.csv", "id\n".encode("utf-16"))], "UTF-16"),
    "Latin 1": ([("scenarios.csv", "id\né\n".encode("latin-1"))], "not UTF-8"),
    "NUL": ([("scenarios.csv", b"id\n\0\n")], "NUL"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", BAD)
def test_what_is_refused(tables: Path, case: str) -> None:
    """The same in an archive that is sound otherwise."""
    bad, words = BAD[case]
    sound = [entry for entry in entries(tables) if entry[0] != "scenarios.csv"]
    with pytest.raises(UnreadableFile, match=words):
        read_bytes(packed(*sound, *bad), "zip", "upload.zip")


def patched(data: bytes, offset_local: int, offset_central: int, value: bytes) -> bytes:
    """An archive of one member with a field changed in both of its headers."""
    changed, central = bytearray(data), data.rindex(b"PK\x01\x02")
    changed[offset_local : offset_local + len(value)] = value
    changed[central + offset_central : central + offset_central + len(value)] = value
    return bytes(changed)


def test_what_headers_can_say() -> None:
    one = packed(("countries.csv", "id,name,group\n" * 100))
    cases = {
        "password": patched(one, 6, 8, struct.pack("<H", 1)),
        "packed in a way": patched(one, 8, 10, struct.pack("<H", 99)),
        "not a sound": patched(one, 14, 16, b"\0\0\0\0"),  # the checksum
        "not a sound zip": one[:-30],
        "not a sound zip archive": one.replace(b"countries.csv", b"countrie5.csv", 1),  # one name of two
        "File is not a zip": b"countries",
        "is empty": b"",
        "holds no instance": packed(),
        "holds no inst": packed(("notes.txt", "x")),
    }
    for words, data in cases.items():
        with pytest.raises(UnreadableFile, match=words):
            read_bytes(data, "zip", "x.zip")


def test_a_name_cut_at_a_nul(tables: Path) -> None:
    data = packed(*entries(tables), ("scenarios.csvXtxt", "id\n")).replace(b"csvXtxt", b"csv\0txt")
    with pytest.raises(UnreadableFile, match="characters"):
        read_bytes(data, "zip", "x.zip")


def test_what_claims_to_be_small() -> None:
    """A member never unpacks to more than it declares: its checksum then fails."""
    data = packed(("countries.csv", "id,name,group\n" * 100_000))
    with pytest.raises(UnreadableFile, match="sound"):
        read_bytes(patched(data, 22, 24, struct.pack("<I", 1000)), "zip", "x.zip")


LARGE: dict[str, tuple[bytes, str]] = {
    "files": (packed(*((f"f{n}.txt", "") for n in range(limits.PARTS + 1))), "files"),
    "rows": (packed(("countries.csv", "id\n" + "a\n" * 1_000_000)), "rows"),
    "rows, old ends": (packed(("countries.csv", "id\r" + "a\r" * 1_000_000)), "rows"),
    "cells": (packed(("countries.csv", "id\n" + "," * 2_100_000)), "cells"),
    "ratio": (packed(("countries.csv", b" " * 10 * limits.MEGABYTE)), "200 times"),
    "unpacked": (packed(*((f"f{n}.txt", bytes(8 * limits.MEGABYTE)) for n in range(17))), "unpacked"),
    "YAML": (packed(("instance.yaml", b"#" + bytes(range(32, 127)) * 90_000)), "8 MB|200 times"),
}


@pytest.mark.parametrize("case", LARGE)
def test_what_is_too_large(case: str) -> None:
    data, words = LARGE[case]
    with pytest.raises(TooLarge, match=words):
        zip_format.loads(data, "x.zip")


def test_rows_and_cells_count_over_all_tables() -> None:
    half = "id\n" + "a\n" * (limits.ROWS // 2 + 1)
    with pytest.raises(TooLarge, match="rows"):
        zip_format.loads(packed(("countries.csv", half), ("depots.csv", half)), "x.zip")


def test_members_that_overlap() -> None:
    """Many names for one member's bytes, each within the limits: what counts are the sizes they declare."""
    data = packed(("f.txt", bytes(7 * limits.MEGABYTE)))
    end = data.rindex(b"PK\x05\x06")
    central = data[data.rindex(b"PK\x01\x02") : end]
    count = 100
    names = b"".join(central.replace(b"f.txt", b"%05d" % n) for n in range(count))
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(names), end - len(central), 0)
    with pytest.raises(TooLarge, match="unpacked"):
        zip_format.loads(data[: end - len(central)] + names + tail, "x.zip")


def test_errors_of_any_bytes(tables: Path) -> None:
    """Every byte of the directory changed, one after the other: an instance or a clear error."""
    data = packed(*entries(tables)[:3])
    start = data.index(b"PK\x01\x02")
    for at in range(start, len(data)):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        try:
            zip_format.loads(bytes(broken), "x.zip")
        except StockpileError:
            continue
