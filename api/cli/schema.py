"""``stockpile schema``."""

from __future__ import annotations

import json

from api.cli.output import Json, emit

NAME = "schema"


def command(as_json: Json = False) -> int:
    """Print the JSON Schema of an instance.

    Example: stockpile schema > instance.schema.json
    """
    from models.schema import json_schema

    if as_json:
        emit(json_schema())
    else:
        print(json.dumps(json_schema(), ensure_ascii=False, indent=2))
    return 0
