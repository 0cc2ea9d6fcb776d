"""JSON: one document, no key twice."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from models.faults import TooLarge, UnreadableFile
from models.files.limits import VALUES
from models.files.source import decode
from models.instance import Instance
from models.instance.checks import parse
from models.tables.values import LONGEST


def loads(data: bytes, name: str) -> Instance:
    """An instance from the bytes of a JSON file. NaN, infinities and numbers beyond any float are faults."""
    return parse(Instance, document(data, name), place=lambda path: name)


def document(data: bytes, name: str) -> Any:
    """Plain data from the bytes of a JSON file. Raises UnreadableFile, TooLarge."""
    text = decode(data, name)
    if not text.strip():
        raise UnreadableFile(f"{name} is empty.")
    if sum(text.count(mark) for mark in ",[{") > VALUES:
        raise TooLarge(f"{name} holds more than {VALUES:,} values.")
    twice: dict[str, None] = {}

    def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            twice.update((key, None) for key, count in counts.items() if count > 1)
        return found

    try:
        raw = json.loads(text, object_pairs_hook=record, parse_int=_whole, parse_constant=_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UnreadableFile(f"{name} is not JSON: {error.msg} ({where}).") from error
    except RecursionError as error:
        raise UnreadableFile(f"{name} is nested too deeply.") from error
    if twice:
        keys = ", ".join(repr(key) for key in list(twice)[:10])
        raise UnreadableFile(f"{name} gives a key twice in one record: {keys}.")
    return raw


def _whole(text: str) -> int | float:
    """A whole number; one too long for any use is infinite, and refused where it stands."""
    return int(text) if len(text) <= LONGEST else math.copysign(math.inf, -1 if text.startswith("-") else 1)


def _constant(text: str) -> float:
    """NaN and infinities, which are not JSON: refused by the checks, with the field they stand in."""
    return float(text.replace("Infinity", "inf"))


def dumps(instance: Instance) -> bytes:
    """The bytes of a JSON file, without fields that have their default value."""
    text = json.dumps(instance.as_dict(), ensure_ascii=False, allow_nan=False, indent=1)
    return (text + "\n").encode()
