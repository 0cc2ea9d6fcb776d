"""What was written reads back equal, in every format and from one to the next."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.files import read, read_bytes, write
from models.instance import Instance
from models.instance.base import well_formed
from tests.models.small import GONE, small
from tests.strategies import instances

CASES = Path(__file__).resolve().parents[2] / "cases"
FORMATS = ("folder", "yaml", "json", "xlsx")
SUFFIX = {"folder": "", "yaml": ".yaml", "json": ".json", "xlsx": ".xlsx"}


def through(instance: Instance, folder: Path, kind: str) -> Instance:
    """Written and read."""
    path = folder / f"instance{SUFFIX[kind]}"
    write(instance, path)
    return read(path)


def unharmed(instance: Instance) -> None:
    """Through every format, one after the other, and through pandas."""
    with tempfile.TemporaryDirectory() as name:
        current = instance
        for kind in FORMATS:
            current = through(current, Path(name), kind)
            assert current == instance, kind
            assert current.fingerprint() == instance.fingerprint(), kind
    assert Instance.from_tables(instance.tables()) == instance
    assert Instance.parse(json.loads(json.dumps(instance.as_dict()))) == instance


@given(instances())
@settings(max_examples=12)
def test_any_instance(instance: Instance) -> None:
    unharmed(instance)


@pytest.mark.slow
@pytest.mark.parametrize("case", sorted(p.stem for p in CASES.glob("*-*.json")))
def test_reference_cases(case: str) -> None:
    unharmed(read(CASES / f"{case}.json"))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"budget": None},
        {"budget": {}},  # money is limited to what sales bring in: not the same as no budget
        {"budget": {"envelope": 0.0}},
        {"budget": {"sources": [{"id": "loan", "kind": "loan"}]}},
        {"objective": {}, "risk": {}, "scenarios": [], "choices": []},
        {"description": "\n  two\tlines, \n\n and blanks  "},
        {"description": " "},
        {"description": "=SUM(A1)\n'+1'"},
        {"description": "'"},
        {"horizon.period_years": 0.25, "horizon.start_year": 2031, "projects.0.lead_years": 0.5},
        {"horizon.period_years": 1 / 3},
        {"horizon.period_years": 0.001, "projects.0.lead_years": 0.002},
        {"projects.1.existing_capacity": [1.0, 0.0, 0.0, 0.0]},
        {"commodities.1.sale_limit": [0.0, 0.0, 0.0, 0.0]},  # a list of defaults is not the default
        {"commodities.0.price": 0.1 + 0.2, "commodities.2.price": 123456789.12345679},
        {"commodities.0.price": 5e-324, "commodities.2.price": 1.7976931348623157e308},
        {"commodities.0.price": 1e22, "commodities.2.price": 1e15},
        {"commodities.0.price": 2.0**53 + 2},
        {"agreements.0.ramp": [1 / 3, 1.0], "agreements.0.via": ["CHN", "USA"]},
        {"depots.0.capacity": 50.0, "depots.0.outturn": 0.0, "depots.1.capacity": 0.0},
        {"allocations.0.where": {}},
        {"projects.0.inputs": {}},
        {"projects.0.capacity": {"max": 1.0}},
        {"scenarios.0.events": [], "scenarios.1.events.0.effects": GONE},
    ],
    ids=str,
)
def test_corners(changes: dict[str, Any]) -> None:
    unharmed(Instance.parse(small(changes)))


WORDS = [
    *(
        "=1+1",
        "+1",
        "-1",
        "@x",
        "'=1",
        "''",
        "'",
        "＝1",
        "NO",
        "no",
        "true",
        "TRUE",
        "null",
        "~",
        "1",
        "007",
        "1e3",
    ),
    *(
        "1.0",
        ".5",
        "0x10",
        "2027-01-01",
        "12:30",
        "nan",
        ".inf",
        "#N/A",
        "#REF!",
        '"',
        'a "b"',
        "a'b",
        "a: b",
        "a #b",
    ),
    *(
        "[a]",
        "{a}",
        "- a",
        "&a",
        "*a",
        "!a",
        "%a",
        "|",
        ">",
        "?",
        "ä",
        "日本",
        "𝄞",
        "a\u00a0b",
        "\ufeffa",
        "_x0041_",
    ),
    *(
        "a=b",
        "a|b",
        "a\\b",
        "x005F_",
        "-",
        "<b>",
        "&lt",
        "]]>",
        "a  b",
        "NaN",
        "None",
        "instance",
        "é",
        "e\u0301",
    ),
]


@pytest.mark.parametrize("words", [WORDS[i::4] for i in range(4)], ids=" ".join)
def test_words_that_programs_take_for_something_else(words: list[str]) -> None:
    # As ids, as words by which rows are selected, as names; alone in a cell and in lists.
    raw = small({"name": words[0]})
    raw["countries"] += [{"id": f"{w}1", "name": w, "group": w} for w in words]
    raw["commodities"] += [{"id": f"{w}2", "name": w, "material": w, "stage": w, "price": 1.0} for w in words]
    raw["depots"] += [{"id": w, "country": f"{w}1", "optional": True, "capacity": 1.0} for w in words]
    raw["choices"] += [{"id": f"{w}3", "members": [w, "plant"], "max": 1} for w in words]
    effects = [{"kind": "supply", "factor": 0.5, "groups": [w], "materials": words} for w in words]
    raw["scenarios"][0]["events"].append({"id": words[0], "start": 3, "duration": 1, "effects": effects})
    unharmed(Instance.parse(raw))


plain = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufffe\uffff")
ids = st.text(plain, min_size=1, max_size=12).filter(lambda text: well_formed(text, an_id=True))
taken = {row["id"] for rows in small().values() if isinstance(rows, list) for row in rows if "id" in row}


@given(ids.filter(lambda text: text not in taken), st.text(plain, max_size=30))
@settings(max_examples=12)
def test_any_text(word: str, text: str) -> None:
    changes: dict[str, Any] = {
        "description": text,
        "commodities.0.id": word,
        "projects.0.inputs": {word: 1.0},
        "projects.1.outputs": {"ge": 1.0, word: 0.5},
        "scenarios.0.events.0.effects.0.commodities": [word, "ga"],
    }
    unharmed(Instance.parse(small(changes)))


@given(st.floats(min_value=0, allow_infinity=False, allow_nan=False))
@settings(max_examples=12)
def test_any_number(number: float) -> None:
    unharmed(Instance.parse(small({"commodities.0.price": number, "commodities.2.storage_cost": number})))


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    instance = Instance.parse(small())
    for kind in ("folder", "yaml", "json"):
        path = tmp_path / f"again{SUFFIX[kind]}"
        files = []
        for _ in range(2):
            write(read(path) if path.exists() else instance, path)
            files.append(
                {p.name: p.read_bytes() for p in ([path] if path.is_file() else sorted(path.iterdir()))}
            )
        assert files[0] == files[1]


@pytest.mark.parametrize("kind", ["yaml", "json", "xlsx"])
def test_bytes(tmp_path: Path, kind: str) -> None:
    instance = Instance.parse(small())
    write(instance, tmp_path / "x", format=kind)
    assert read_bytes((tmp_path / "x").read_bytes(), kind) == instance
