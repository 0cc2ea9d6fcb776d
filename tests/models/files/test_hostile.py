"""Files made to harm end in a clear error, in little memory and time.

Each is read in a process of its own whose memory and processor time the system limits: without the bounds of
the readers it would be killed, or the library's own error would come out.
"""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from models.files import limits, write
from tests.models.files.support import SMALL, folder
from tests.models.small import small

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.slow

MEMORY = 1_000
"""MB of address space, of which the interpreter and its libraries take about 200 from the start."""

READ = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory} * 2**20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
from models.faults import StockpileError
from models.files import read
try:
    print("instance", read(sys.argv[1]).name)
except StockpileError as error:
    print(type(error).__name__, str(error)[:1000], "...", str(error)[-300:])
"""


def outcome(path: Path, memory: int = MEMORY) -> str:
    """What reading ends with: the name of the error and its message, or ``instance`` and its name."""
    run = subprocess.run(
        [sys.executable, "-c", READ.format(memory=memory), str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


BULKY = random.Random(1).randbytes(2**19).hex().encode()
"""A megabyte that can be packed to half: its ratio is no reason to refuse it."""


def file(path: Path, name: str, content: str | bytes) -> Path:
    (path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return path / name


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]\n" for i in range(1, 12)
)
MILLIONS = 7 * 2**20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LAUGHS, "UnreadableFile .* aliases"),
        ("[" * MILLIONS, "UnreadableFile .* nested deeper"),
        ("{a: " * (MILLIONS // 4), "UnreadableFile .* nested deeper"),
        ("- " * (MILLIONS // 2), "UnreadableFile .* nested deeper"),
        ("? " * (MILLIONS // 2), "UnreadableFile"),
        ("[" + "a," * 1_100_000, "TooLarge .* values"),
        ("a: '" + "x" * MILLIONS, "UnreadableFile .* not YAML"),
        ("a: &" + "x" * MILLIONS, "UnreadableFile|FaultyInstance"),
        ("x" * MILLIONS + ": 1", "UnreadableFile .* not YAML"),
        ("name: '" + "x" * MILLIONS + "'", "FaultyInstance .* at most 200 characters"),
        ("#" * MILLIONS, "UnreadableFile .* is empty"),
        ("a: |\n" + " x\n" * (MILLIONS // 3), "FaultyInstance"),
        ("\n".join(f"k{i}: 1" for i in range(100_000)), "FaultyInstance .* 100,003 faults of its own"),
        ("countries:\n" + "- {}\n" * 100_000, "FaultyInstance .* more are not listed"),
        ("x" * (limits.YAML + 1), "TooLarge"),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_yaml(tmp_path: Path, text: str, expected: str) -> None:
    _matches(expected, outcome(file(tmp_path, "x.yaml", text)))


def _matches(expected: str, found: str) -> None:
    assert re.search(expected, found, re.DOTALL), found[:500]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[" * 60_000_000, "TooLarge .* values"),
        ("[" * 1_900_000, "UnreadableFile .* nested too deeply"),
        ('{"a":' * 1_900_000, "UnreadableFile .* nested too deeply"),
        ("[" + "[]," * 20_000_000 + "[]]", "TooLarge .* values"),
        ("[" + "{}," * 900_000 + "{}]", "FaultyInstance .* a record of tables"),
        ('{"countries": [' + "{}," * 900_000 + "{}]}", "FaultyInstance .* more are not listed"),
        ('{"countries": [[' + "0," * 1_900_000 + "0]]}", "FaultyInstance .* a record of named fields"),
        ('{"market": [{"via": [' + "0," * 1_900_000 + "0]}]}", "FaultyInstance .* faults of its own"),
        ("{" + ",".join(f'"k{i}":0' for i in range(900_000)) + "}", "FaultyInstance .* 900,003 faults"),
        ('{"name": "' + "x" * 60_000_000 + '"}', "FaultyInstance .* at most 200 characters"),
        ('{"name": ' + "1" * 60_000_000 + "}", "FaultyInstance .* text"),
        ('{"name": 1e' + "9" * 10_000_000 + "}", "FaultyInstance .* text"),
        ('{"' + "x" * 60_000_000 + '": 1}', "FaultyInstance .*x… .*got 1"),
        ('"' + "\\u0000" * 10_000_000 + '"', "FaultyInstance"),
        (" " * 60_000_000, "UnreadableFile .* is empty"),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_json(tmp_path: Path, text: str, expected: str) -> None:
    _matches(expected, outcome(file(tmp_path, "x.json", text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n" * 60_000_000, "TooLarge .* lines"),
        ("," * 60_000_000, "TooLarge .* cells"),
        ("commodity,country,quantity\n" + "ga,CHN,1\n" * 2_500_000, "TooLarge .* cells"),
        ("commodity,country,quantity\n" + "gb,CHM,-1\n" * 100_000, "FaultyInstance .* more are not listed"),
        (
            ",".join(f"column {i}" for i in range(1_000_000)) + "\n1\n",
            "FaultyInstance .* at most 10,000 columns",
        ),
        (",".join(f"column {i}" for i in range(9_000)) + "\n1\n", "FaultyInstance .* more are not listed"),
        (
            "commodity,country,quantity\nga,CHN,1" + ",9" * 1_000_000 + "\n",
            "FaultyInstance .* at most 3 cells",
        ),
        ('commodity,country,quantity\n"' + "x" * 60_000_000, "UnreadableFile .* field larger"),
        (
            "commodity,country,via,quantity\nga,CHN," + "U SA;" * 200_000 + ",1\n",
            "FaultyInstance .* not empty",
        ),
        (
            "commodity;country;quantity\n" + "ga;CHN;1,5,5\n" * 100_000,
            "FaultyInstance .* more are not listed",
        ),
        ("commodity,country,quantity\nga,CHN," + "9" * 900_000 + "\n", "FaultyInstance .* a number"),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_csv(tmp_path: Path, text: str, expected: str) -> None:
    _matches(expected, outcome(folder(tmp_path, market=text)))


def test_nested_rows_without_parents(tmp_path: Path) -> None:
    rows = "".join(f"offer {i},1,0\n" for i in range(100_000))
    path = folder(tmp_path, spot__tiers="spot,quantity,premium\nga-spot,1,0\n" + rows)
    _matches("FaultyInstance .* more are not listed", outcome(path))


@pytest.mark.parametrize("name", ["x.yaml", "x.json", "x.xlsx", "market.csv"])
def test_very_large_files(tmp_path: Path, name: str) -> None:
    path = folder(tmp_path) if name.endswith(".csv") else tmp_path
    with (path / name).open("wb") as sparse:
        sparse.truncate(10**12)
    _matches(
        "TooLarge .* 64 MB|TooLarge .* more than", outcome(path if name.endswith(".csv") else path / name)
    )


SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(path: Path, parts: dict[str, Any]) -> Path:
    """A workbook with the sheet ``market``, parts replaced or added; packed only if it would be too large."""
    size = sum(len(c) * n for part in parts.values() if isinstance(part, list) for c, n in part)
    method = zipfile.ZIP_DEFLATED if size > limits.FILE or "xl/styles.xml" in parts else zipfile.ZIP_STORED
    book = openpyxl.Workbook()
    book.active.title = "market"
    book.active["A1"] = "commodity"
    book.active["A2"] = "ga"
    book.save(out := io.BytesIO())
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(path / "x.xlsx", "w", method, compresslevel=1) as new:
        for part in old.infolist():
            if part.filename not in parts:
                new.writestr(part.filename, old.read(part))
        for name, content in parts.items():
            if isinstance(content, str | bytes):
                new.writestr(name, content)
                continue
            with new.open(name, "w", force_zip64=True) as target:
                for chunk, times in content:
                    for _ in range(times):
                        target.write(chunk)
    return path / "x.xlsx"


def sheet(*chunks: tuple[bytes, int]) -> list[tuple[bytes, int]]:
    """A sheet whose rows are the chunks, each so many times."""
    return [(f"<worksheet {NAMESPACE}><sheetData>".encode(), 1), *chunks, (b"</sheetData></worksheet>", 1)]


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {"bcdefghij"[i]} "{("&" + "abcdefghi"[i] + ";") * 10}">' for i in range(9)
)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({SHEET: sheet((b" " * 2**20, 300))}, "TooLarge .* unpacked"),
        ({SHEET: sheet((b" " * 2**20, 100))}, "TooLarge .* unpacks to over 200 times"),
        ({"xl/styles.xml": [(BULKY, 20)]}, "TooLarge .* has more than 8 MB"),
        ({"xl/media/image1.png": [(b"\0" * 2**20, 100)]}, "TooLarge .* unpacks to over 200 times"),
        ({f"xl/part{i}.xml": "<x/>" for i in range(3_000)}, "TooLarge .* parts"),
        ({SHEET: sheet((b"<row/>", 4_500_000))}, "TooLarge .* tags and attributes"),
        ({SHEET: sheet((b"<row/>", 1_000_000))}, "TooLarge .* rows"),
        (
            {SHEET: sheet((b'<row r="1"><c r="A1"/></row>', 200_000))},
            "instance|UnreadableFile|FaultyInstance",
        ),
        ({SHEET: sheet((b'<row r="99999999999999"><c><v>1</v></c></row>', 1))}, "TooLarge .* rows"),
        ({SHEET: sheet((b'<row><c r="XFD1"><v>1</v></c></row>', 200_000))}, "TooLarge .* empty cells"),
        ({SHEET: sheet((b'<row><c r="ZZZZZZZZ1"><v>1</v></c></row>', 1))}, "UnreadableFile"),
        (
            {SHEET: sheet((b"<row><c><v>" + b"1" * 9_000_000 + b"</v></c></row>", 1))},
            "UnreadableFile|TooLarge",
        ),
        ({SHEET: sheet((b"<row><c t='s'><v>99999</v></c></row>", 1))}, "UnreadableFile .* IndexError"),
        ({SHEET: sheet((b"<a>", 100_000))}, "UnreadableFile"),
        (
            {SHEET: sheet((b"<row " + b" ".join(b'a%d=""' % i for i in range(500_000)) + b"/>", 1))},
            "Faulty|Unreadable",
        ),
        ({"xl/sharedStrings.xml": f"{DOCTYPE}]><sst {NAMESPACE}><si><t>&j;</t></si></sst>"}, "XML entities"),
        ({SHEET: f"{DOCTYPE}]><worksheet {NAMESPACE}/>"}, "XML entities"),
        ({SHEET: f"{DOCTYPE}]><worksheet {NAMESPACE}/>".encode("utf-16")}, "XML entities"),
        ({"[Content_Types].xml": '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'}, "XML entities"),
        ({"xl/workbook.xml": ""}, "UnreadableFile"),
        ({"xl/workbook.xml": "<x"}, "UnreadableFile"),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, dict) else None,
)
def test_workbooks(tmp_path: Path, parts: dict[str, Any], expected: str) -> None:
    _matches(expected, outcome(workbook(tmp_path, parts)))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_workbooks_packed_in_ways_that_burst(tmp_path: Path, method: int) -> None:
    book = openpyxl.Workbook()
    book.save(out := io.BytesIO())
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(tmp_path / "x.xlsx", "w", method) as new:
        for part in old.infolist():
            new.writestr(part.filename, old.read(part))
    _matches("UnreadableFile .* packed in a way", outcome(tmp_path / "x.xlsx"))


def test_sizes_that_lie(tmp_path: Path) -> None:
    # 100 MB that the archive declares as 1,000 bytes, in both of its directories.
    path = workbook(tmp_path, {SHEET: [(b" " * 2**20, 100)]})
    data = bytearray(path.read_bytes())
    size, lie = (100 * 2**20).to_bytes(4, "little"), (1_000).to_bytes(4, "little")
    assert data.count(size) >= 1
    path.write_bytes(bytes(data).replace(size, lie))
    _matches("UnreadableFile .* Bad CRC-32", outcome(path))


def test_a_sheet_that_claims_to_be_large_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    write(SMALL, path)
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(
                name, content.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
            )
    assert outcome(path) == "instance small\n"


def test_the_limits_leave_room_for_real_instances(tmp_path: Path) -> None:
    # 5,000 scenarios of two effects each: more than any plan is made on.
    raw = small()
    event = raw["scenarios"][0]["events"][0]
    raw["scenarios"] = [{"id": f"s{i}", "probability": 1e-4, "events": [event]} for i in range(5_000)]
    (tmp_path / "x.json").write_text(json.dumps(raw))
    assert outcome(tmp_path / "x.json") == "instance small\n"
