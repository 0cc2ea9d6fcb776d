"""YAML 1.2, the part that is data: no aliases, no tags, no key twice, one document.

Plain words follow the core schema of YAML 1.2: only ``true`` and ``false`` are truth values, so that NO is
Norway, and dates stay text. https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from models.faults import TooLarge, UnreadableFile
from models.files.limits import DEPTH, MEGABYTE, YAML, YAML_VALUES
from models.files.source import decode
from models.instance import Instance
from models.instance.checks import parse
from models.instance.shape import Path
from models.tables.values import LONGEST

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE, _FALSE = re.compile(r"true|True|TRUE"), re.compile(r"false|False|FALSE")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_ABSENT = object()


def loads(data: bytes, name: str) -> Instance:
    """An instance from the bytes of a YAML file."""
    raw, line = document(data, name)
    return parse(Instance, raw, place=line)


def document(data: bytes, name: str) -> tuple[Any, Callable[[Path], str]]:
    """Plain data, and a function that names the line of a path in it."""
    if len(data) > YAML:
        raise TooLarge(f"{name} has more than {YAML // MEGABYTE} MB; use JSON or a folder of tables.")
    text = decode(data, name)
    raw = _build(text, name, None)
    if raw is _ABSENT:
        raise UnreadableFile(f"{name} is empty.")
    lines: dict[Path, int] = {}

    def place(path: Path) -> str:
        if not lines:
            _build(text, name, lines)
        while path and path not in lines:
            path = path[:-1]
        return f"{name}, line {lines[path]}" if path in lines else name

    return raw, place


def _events(text: str, name: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise UnreadableFile(f"{name} is not YAML: {error.problem or error.context}{where}.") from error
    except yaml.YAMLError as error:
        raise UnreadableFile(f"{name} is not YAML: {' '.join(str(error).split())}.") from error


def _build(text: str, name: str, lines: dict[Path, int] | None) -> Any:
    """The document, built from events: nothing is ever expanded, and nesting takes no stack."""
    root: Any = _ABSENT
    stack: list[tuple[Any, list[Any]]] = []  # container, and the key that waits for its value
    count = 0
    for event in _events(text, name):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise UnreadableFile(
                f"{name}, line {line}: aliases (*{event.anchor}) are not read; write it out."
            )
        if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            stack.pop()
            continue
        if not isinstance(event, yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent):
            continue
        if event.tag is not None and event.tag != "!":
            raise UnreadableFile(f"{name}, line {line}: tags ({event.tag}) are not read.")
        count += 1
        if count > YAML_VALUES:
            raise TooLarge(f"{name} holds more than {YAML_VALUES:,} values; use JSON or a folder of tables.")
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = plain(event.value) if event.implicit[0] else event.value
        else:
            value = [] if isinstance(event, yaml.SequenceStartEvent) else {}
        if root is _ABSENT:
            root = value
        elif not stack:
            raise UnreadableFile(f"{name}, line {line}: a second document; one is read.")
        else:
            _add(stack[-1], value, name, line)
        if lines is not None and not (stack and _waits(stack[-1])):
            lines[_path(stack)] = line
        if not isinstance(event, yaml.ScalarEvent):
            if len(stack) >= DEPTH:
                raise UnreadableFile(f"{name}, line {line}: nested deeper than {DEPTH} levels.")
            stack.append((value, []))
    return root


def _add(top: tuple[Any, list[Any]], value: Any, name: str, line: int) -> None:
    container, key = top
    if isinstance(container, list):
        container.append(value)
    elif len(key) != 1:
        if isinstance(value, dict | list):
            raise UnreadableFile(f"{name}, line {line}: a name is text, not a list or a record.")
        if value in container:
            raise UnreadableFile(f"{name}, line {line}: {value!r} stands twice in one record.")
        key[:] = [value]
    else:
        container[key[0]] = value
        key.append(None)


def _waits(top: tuple[Any, list[Any]]) -> bool:
    """Whether what was just added is a key, not a value."""
    return isinstance(top[0], dict) and len(top[1]) == 1


def _path(stack: list[tuple[Any, list[Any]]]) -> Path:
    return tuple(len(c) - 1 if isinstance(c, list) else _key(key[0]) for c, key in stack)


def _key(key: Any) -> str | int:
    return key if isinstance(key, str) else str(key)


def plain(text: str) -> Any:
    """What a word without quotes means."""
    if _NULL.fullmatch(text):
        return None
    first = text[0]
    if first in "tTfF":
        return True if _TRUE.fullmatch(text) else False if _FALSE.fullmatch(text) else text
    if first not in "0123456789+-.":
        return text
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) <= LONGEST else float("inf")
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return text


class _Dumper(_DUMPER):  # type: ignore[misc]  # the C or the Python dumper, chosen at run time
    """Writes nothing as an alias, and quotes words that this reader or an older one would misread."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, text: str) -> Any:
    style = "'" if plain(text) != text else '"' if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(data: Any) -> bytes:
    """Plain data as YAML: lists of numbers and small records on one line, order kept."""
    text = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120
    )
    return str(text).encode()


def dumps(instance: Instance) -> bytes:
    """The bytes of a YAML file, without fields that have their default value."""
    return dump(instance.as_dict())
