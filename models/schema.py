"""The instance described: JSON Schema for programs, a reference page for people, both from the row types.

``python -m models.schema`` prints the schema, ``python -m models.schema page`` the page.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from models.instance import Instance
from models.instance.base import NAMED_PATTERNS, SERIES_SCHEMA
from models.reference import reference

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The instance as JSON Schema, draft 2020-12; units stand in brackets at the end of descriptions.

    What holds across fields, rows and tables is not in it: :meth:`models.instance.Instance.parse` checks it.
    """
    schema = _named(Instance.model_json_schema())
    words = {
        name: {"type": "string", "minLength": 1, "maxLength": 200, "pattern": pattern, "description": text}
        for pattern, (name, text) in NAMED_PATTERNS.items()
        if name != "Text"
    }
    series = {**SERIES_SCHEMA, "description": "a number, constant over the horizon, or one number per period"}
    schema["$defs"] = dict(sorted({**schema["$defs"], **words, "Series": series}.items()))
    return {"$schema": DRAFT, **schema}


def _named(node: Any) -> Any:
    """The same schema with the kinds of value that recur (Series, Id, Word, Name) by reference."""
    if isinstance(node, list):
        return [_named(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    name, _ = NAMED_PATTERNS.get(node.get("pattern", ""), ("", ""))
    if name and name != "Text":
        rest = {key: node[key] for key in ("description", "title", "default") if key in node}
        return {"$ref": f"#/$defs/{name}", **rest}
    either, plain = node.get("anyOf", []), SERIES_SCHEMA["anyOf"]
    if either[: len(plain)] == plain:
        rest = {key: entry for key, entry in node.items() if key != "anyOf"}
        ref = {"$ref": "#/$defs/Series"}
        return (
            {**ref, **rest} if len(either) == len(plain) else {"anyOf": [ref, *either[len(plain) :]], **rest}
        )
    node = {key: _named(entry) for key, entry in node.items()}
    if "patternProperties" in node:  # values by commodity
        (node["additionalProperties"],) = node.pop("patternProperties").values()
        node["propertyNames"] = {"$ref": "#/$defs/Id"}
    return node


def main(arguments: list[str]) -> None:
    """Print the schema, or the page."""
    page = arguments == ["page"]
    sys.stdout.write(reference() if page else json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
