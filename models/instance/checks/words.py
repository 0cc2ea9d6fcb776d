"""The validation library's findings in a planner's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from models.instance.base import NAMED_PATTERNS, Row
from models.instance.checks.findings import Findings, shown
from models.instance.shape import FieldShape, Path, shapes

MANY = 1_000
"""A row with more faults than this gets one fault that counts them."""

_PLAIN = {
    "missing": "a value; this field must be given",
    "string_type": "text",
    "string_unicode": "text in valid Unicode",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a value for each commodity (commodity: value)",
    "mapping_type": "a value for each commodity (commodity: value)",
    "model_type": "a record of named fields",
    "model_attributes_type": "a record of named fields",
    "invalid_key": "names of fields as text",
    "string_too_short": "text that is not empty",
    "too_short": "at least one entry",
}
_BOUNDS = {
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
}


def explain(cls: type[Row], error: ValidationError, path: Path, raw: Any, findings: Findings) -> None:
    """Add what is wrong with a row of type ``cls`` that stands at ``path``."""
    count = error.error_count()
    if findings.full:
        findings.more += count
        return
    if count > MANY:
        findings.add(path, raw, f"a well-formed row; this one has {count:,} faults of its own")
        return
    details = error.errors(include_url=False)
    for detail in details:
        # The length of a list is judged after its entries: with a faulty entry the count says nothing.
        inner = detail["loc"]
        if detail["type"] == "too_short" and any(
            len(d["loc"]) > len(inner) and d["loc"][: len(inner)] == inner for d in details
        ):
            continue
        if detail["type"] == "invalid_key":
            inner = (*inner[:-1], str(shown(inner[-1])))
        loc, shape, owner = _locate(cls, inner)
        value = None if detail["type"] == "missing" else detail["input"]
        if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
            loc, value = (*loc, "kind"), value.get("kind") if isinstance(value, Mapping) else value
        findings.add((*path, *loc), value, _allowed(detail, loc, shape, owner, findings))


def _locate(cls: type[Row], loc: tuple[Any, ...]) -> tuple[Path, FieldShape | None, type[Row] | None]:
    """The path as people write it (without a union's tag), the field's shape, the row type around it."""
    path: list[str | int] = []
    owner: type[Row] | None = cls
    around: type[Row] | None = cls
    shape: FieldShape | None = None
    parts = list(loc)
    while parts:
        part = parts.pop(0)
        if part == "[key]":
            continue
        path.append(part if isinstance(part, str | int) else str(part))
        if owner is not None and isinstance(part, str):
            around, shape = owner, shapes(owner).get(part)
            owner = None
            if shape is not None and shape.rows:
                owner = shape.rows[0]
                if len(shape.rows) > 1 and parts:
                    tag = parts.pop(0)
                    owner = next(r for r in shape.rows if tag in shapes(r)["kind"].words)
    return tuple(path), shape, around


def _allowed(
    detail: Any, loc: Path, shape: FieldShape | None, owner: type[Row] | None, findings: Findings
) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    text: str
    if kind == "extra_forbidden":
        return unknown(loc[-1], list(shapes(owner)) if owner else [], findings)
    if kind in ("literal_error", "union_tag_invalid", "union_tag_not_found"):
        words = shape.words if shape and shape.words else ()
        if shape and len(shape.rows) > 1:
            words = tuple(w for row in shape.rows for w in shapes(row)["kind"].words)
        if kind == "literal_error" and not isinstance(detail["input"], str):
            return f"text (in quotes): {' or '.join(map(repr, words))}"
        return f"one of {', '.join(words)}{findings.hint(context.get('tag', detail['input']), words)}"
    if isinstance(detail["input"], str) and kind in ("float_type", "int_type", "series"):
        return "a whole number" if kind == "int_type" else "a number, written like 1234.5"
    if kind in _BOUNDS:
        text = _BOUNDS[kind].format(**context)
    elif kind in _PLAIN:
        text = _PLAIN[kind]
    elif kind == "string_pattern_mismatch":
        text = NAMED_PATTERNS[context["pattern"]][1]
    elif kind == "string_too_long":
        text = f"text of at most {context['max_length']:,} characters"
    elif kind == "too_long":
        text = f"at most {context['max_length']:,} entries"
    else:
        text = str(detail["msg"])
    if kind == "missing" and shape is not None and shape.info.description:
        text += f" ({shape.info.description})"
    return text


def unknown(name: Any, fields: list[str], findings: Findings) -> str:
    """What to say of a field that does not exist."""
    hint = findings.hint(name, fields)
    return f"no field of this name{hint or '; fields: ' + ', '.join(fields)}"
