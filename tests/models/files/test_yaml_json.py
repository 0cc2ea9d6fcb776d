"""YAML and JSON: what they refuse beyond what their libraries do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from models.faults import FaultyInstance, UnreadableFile
from models.files import read, read_bytes, write
from models.files.yaml_format import document, plain
from tests.models.files.support import SMALL, found
from tests.models.small import small


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("~", None), ("null", None), ("NULL", None), ("", None), ("nULL", "nULL")),
        *(
            ("true", True),
            ("False", False),
            ("yes", "yes"),
            ("NO", "NO"),
            ("on", "on"),
            ("y", "y"),
            ("tRUE", "tRUE"),
        ),
        *(("1", 1), ("-1", -1), ("+1", 1), ("007", 7), ("0o7", "0o7"), ("0x1F", "0x1F"), ("1_000", "1_000")),
        *(
            ("1.5", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("1E-3", 0.001),
            ("1.2.3", "1.2.3"),
            (".", "."),
        ),
        *(("12:30", "12:30"), ("2027-01-01", "2027-01-01"), ("-", "-"), ("+", "+"), ("1e400", float("inf"))),
        *((".inf", float("inf")), ("-.INF", float("-inf")), ("inf", "inf"), ("nan", "nan")),
    ],
)
def test_plain_words(text: str, value: object) -> None:
    found = plain(text)
    assert found == value
    assert type(found) is type(value)


def test_the_document_is_the_one_a_yaml_library_reads() -> None:
    text = yaml.safe_dump(small(), sort_keys=False)
    assert document(text.encode(), "x")[0] == yaml.safe_load(text) == small()
    flow = json.dumps(small())  # JSON is YAML
    assert document(flow.encode(), "x")[0] == small()


def test_styles_of_text() -> None:
    text = (
        b"a: 'it''s'\nb: \"tab\\t\\u00e9\"\nc: |\n  two\n  lines\nd: >-\n  folded\n  text\n? e\n: f\n'1': x\n"
    )
    expected = {"a": "it's", "b": "tab\té", "c": "two\nlines\n", "d": "folded text", "e": "f", "1": "x"}
    assert document(text, "x")[0] == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("a: &x 1\nb: *x\n", "line 2: aliases (*x)"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "line 3: aliases"),
        ("a: !!python/object:os.system x\n", "line 1: tags"),
        ("a: !!int 3\n", "tags"),
        ("a: 1\nb: 2\na: 3\n", "line 3: 'a' stands twice"),
        ("a: 1\n---\nb: 2\n", "line 3: a second document"),
        ("[a, b]: 1\n", "a name is text"),
        ("? {a: 1}\n: 2\n", "a name is text"),
        ("a: [1, 2\nb: 3\n", "is not YAML"),
        ("a: b: c\n", "line 1, column 5"),
        ("\tb: 1\n", "is not YAML"),
        ("a: \x07\n", "is not YAML"),
        ("%TAG ! x:\n", "is not YAML"),
        ("a: " + "[" * 40 + "]" * 40, "nested deeper than 32"),
    ],
)
def test_yaml_refused(text: str, words: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_bytes(text.encode(), "yaml", "x.yaml")
    assert words in str(caught.value)
    assert "x.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("{", "line 1, column 2"),
        ('{"a": 1,\n}', "line 2, column 1"),
        ("{'a': 1}", "is not JSON"),
        ('{"a": 01}', "is not JSON"),
        ('{"a": 1} {"b": 2}', "Extra data"),
        ('{"a": 1, "b": {"c": 1, "c": 2}, "a": 2}', "a key twice in one record: 'c', 'a'"),
        ('{"a": "tab\t"}', "is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
    ids=lambda text: text[:20],
)
def test_json_refused(text: str, words: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_bytes(text.encode(), "json", "x.json")
    assert words in str(caught.value)
    assert "x.json" in str(caught.value)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 5000, "-1" + "0" * 5000]
)
def test_numbers_that_are_none(number: str) -> None:
    text = json.dumps(small({"commodities.0.price": "@"})).replace('"@"', number)
    with pytest.raises(FaultyInstance) as caught:
        read_bytes(text.encode(), "json", "x.json")
    (fault,) = caught.value.faults
    assert (fault.table, fault.row, fault.field, fault.place) == ("commodities", "ore", "price", "x.json")
    text = text.replace(number, {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}.get(number, number))
    with pytest.raises(FaultyInstance) as caught:
        read_bytes(text.encode(), "yaml", "x.yaml")
    (fault,) = caught.value.faults
    assert (fault.table, fault.row, fault.field, fault.place) == (
        "commodities",
        "ore",
        "price",
        "x.yaml, line 1",
    )


def test_faults_in_yaml_have_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    raw = small(
        {"demand.1.quantity": -1.0, "scenarios.0.events.0.effects.1.factor": "two", "market.0.country": "CHM"}
    )
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    lines = path.read_text().split("\n")
    assert found(path) == [
        ("demand", "ge:general", "quantity", f"x.yaml, line {lines.index('  quantity: -1.0') + 1}"),
        (
            *("scenarios", "ban", "events[e].effects[2].factor"),
            f"x.yaml, line {lines.index('      factor: two') + 1}",
        ),
        ("market", "1", "country", f"x.yaml, line {lines.index('  country: CHM') + 1}"),
    ]


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_text_with_a_byte_order_mark_and_dos_lines(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    write(SMALL, path)
    content = path.read_bytes()
    path.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    assert read(path) == SMALL
    for encoding in ("utf-16", "utf-32", "latin-1"):
        path.write_bytes(
            (content.decode() + "#é" * (kind == "yaml")).replace("small", "smäll").encode(encoding)
        )
        with pytest.raises(UnreadableFile, match=r"UTF|NUL"):
            read(path)


def test_what_is_written_is_read_by_a_yaml_library_too(tmp_path: Path) -> None:
    write(SMALL, tmp_path / "x.yaml")
    assert yaml.safe_load((tmp_path / "x.yaml").read_text()) == SMALL.as_dict()
