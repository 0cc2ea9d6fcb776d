"""The descriptions of an instance: JSON Schema, and the reference page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from models.instance import Instance
from models.instance.base import Row
from models.instance.shape import FieldShape, shapes
from models.reference import meaning
from models.schema import DRAFT, json_schema, reference
from models.tables.layout import scalars, tables
from tests.models.instance.test_faults import SHAPE
from tests.models.small import SMALL, small

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_it_is_a_schema() -> None:
    assert SCHEMA["$schema"] == DRAFT
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == set(Instance.model_fields)


def test_series_are_named() -> None:
    series = {"$ref": "#/$defs/Series"}
    kinds = SCHEMA["$defs"]["Series"]["anyOf"]
    assert [kind["type"] for kind in kinds] == ["number", "array"]
    assert series.items() <= SCHEMA["$defs"]["Demand"]["properties"]["quantity"].items()
    assert SCHEMA["$defs"]["Source"]["properties"]["available"]["anyOf"] == [series, {"type": "null"}]
    assert SCHEMA["$defs"]["Industry"]["properties"]["needs"]["additionalProperties"] == series


def test_valid_instances_meet_it() -> None:
    VALIDATOR.validate(SMALL)
    VALIDATOR.validate(Instance.parse(SMALL).as_dict())


# NaN and infinities do not exist in JSON, nor does a difference between 0 and 0.0.
BEYOND = ("nan", "inf", "\\ud800", "1000000", "[0.0]")


@pytest.mark.parametrize(
    "changes", [c[0] for c in SHAPE if not any(w in repr(c[0]) for w in BEYOND)], ids=str
)
def test_what_is_malformed_does_not(changes: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(small(changes))


def fields(cls: type[Row], path: str = "") -> list[tuple[str, FieldShape]]:
    """Every field of every row type."""
    found = []
    for name, shape in shapes(cls).items():
        found.append((f"{path}.{name}".lstrip("."), shape))
        for row in shape.rows:
            found += fields(row, f"{path}.{name}")
    return found


@pytest.mark.parametrize(("path", "shape"), fields(Instance), ids=[path for path, _ in fields(Instance)])
def test_every_field_says_what_it_is_and_in_what_unit(path: str, shape: FieldShape) -> None:
    text, unit = meaning(shape.info.description)
    assert text
    numeric = shape.kind in ("number", "series") or (
        shape.kind in ("list", "map") and shape.item in ("number", "series")
    )
    assert bool(unit) == numeric or shape.kind in ("whole", "record") or shape.item == "whole"


def test_the_page_holds_every_field() -> None:
    page = reference()
    for table in tables().values():
        assert f"# {table.name}\n" in page
        for name in (*table.keys, *(column.name for column in table.columns)):
            assert f"| `{name}` |" in page
    assert all(f"| `{name}` |" in page for name in scalars())


def test_the_page_in_docs_is_this_one() -> None:
    # `make docs` writes it.
    assert (ROOT / "docs" / "instance.md").read_text(encoding="utf-8") == reference()


def test_neither_models_nor_its_files_load_what_they_do_not_need() -> None:
    heavy = ("pandas", "numpy", "openpyxl", "pyomo", "highspy", "scipy")
    code = (
        "import sys, models, models.instance, models.files, models.plan, models.schema\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
