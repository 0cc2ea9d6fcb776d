"""Findings are collected by path, then named by table, row and field for people."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel

from models.faults import Fault
from models.instance.hints import Hints
from models.instance.shape import Path

LIMIT = 1_000
"""Most faults listed in one answer; the rest is counted."""

Place = Callable[[Path], str]
"""File, line or cell of a path, '' where it is not known."""

MAPS = ("needs", "inputs", "outputs")
"""Fields that hold one value per commodity."""


class _Short(reprlib.Repr):
    """Python refuses to write out a whole number of thousands of digits."""

    def repr_int(self, x: int, level: int) -> str:
        return str(shown(x))


_short = _Short()
_short.maxlevel, _short.maxlist, _short.maxtuple, _short.maxdict = 2, 5, 5, 5
_short.maxstring = _short.maxother = _short.maxlong = 60


def shown(value: Any) -> Any:
    """A value fit to be shown: scalars as they are, whatever could be endless shortened."""
    if isinstance(value, bool | float | None):
        return value
    if isinstance(value, int):
        digits = value.bit_length() * 3 // 10 + 1
        return value if digits < 30 else f"a whole number of about {digits} digits"
    if isinstance(value, str):
        value = value.encode("utf-8", "backslashreplace").decode()
        return value if len(value) <= 200 else value[:199] + "…"
    return _short.repr(value)


class Findings:
    """What was found so far: at most ``LIMIT`` listed, all counted."""

    def __init__(self) -> None:
        self.listed: list[tuple[Path, Any, str]] = []
        self.more = 0
        self._hints = Hints()

    @property
    def full(self) -> bool:
        """Whether no more will be listed."""
        return len(self.listed) >= LIMIT

    @property
    def count(self) -> int:
        """How many were found, listed or not."""
        return len(self.listed) + self.more

    def add(self, path: Path, value: Any, allowed: str) -> None:
        """One more; ``path`` leads to the value, ``allowed`` says in plain words what may stand there."""
        if self.full:
            self.more += 1
        else:
            self.listed.append((path, shown(value), allowed))

    def hint(self, word: Any, known: Iterable[str]) -> str:
        """``; did you mean 'x'?`` where a known word is close to the one found."""
        return "" if self.full else self._hints.near(word, known)

    def faults(self, root: Any, tables: Iterable[str], place: Place | None = None) -> list[Fault]:
        """All of them as faults.

        ``root`` is what the paths lead through, ``tables`` the names at its top with fields of their own.
        """
        named = set(tables)
        faults = [
            Fault(*_names(path, root, named), value, allowed, place(path) if place else "", path)
            for path, value, allowed in self.listed
        ]
        if self.more:
            allowed = f"{self.more:,} more are not listed"
            faults.append(Fault("instance", "", "", self.more, allowed))
        return faults


def _names(path: Path, root: Any, tables: set[str]) -> tuple[str, str, str]:
    """Table, row and field of a path: ('demand', 'ga:defense', 'shortage_cost[2].cost')."""
    path = tuple(shown(part) if isinstance(part, str) else part for part in path)
    numbers = [i for i, part in enumerate(path) if isinstance(part, int)]
    if not numbers:
        if len(path) > 1 or (path and path[0] in tables):
            return str(path[0]), "", ".".join(map(str, path[1:]))
        return "instance", "", ".".join(map(str, path))
    first = numbers[0]
    table = ".".join(map(str, path[:first]))
    parent = root
    for part in path[:first]:
        parent = _step(parent, part)
    row = _label(parent, path[first])
    parent, field = _step(parent, path[first]), ""
    for part in path[first + 1 :]:
        keyed = isinstance(part, int) or field in MAPS
        field += f"[{_label(parent, part)}]" if keyed else f".{part}" if field else str(part)
        parent = _step(parent, part)
    return table, row, field


def _step(parent: Any, part: str | int) -> Any:
    """One step down a path, through plain data or rows; None where there is nothing."""
    if isinstance(parent, BaseModel):
        return getattr(parent, str(part), None)
    if isinstance(parent, dict):
        return parent.get(part)
    if isinstance(parent, list | tuple) and isinstance(part, int) and part < len(parent):
        return parent[part]
    return None


def _label(parent: Any, part: str | int) -> str:
    """The id of a row, or its number from 1; a key as it is."""
    if isinstance(part, str):
        return part
    name = _step(_step(parent, part), "id")
    return str(shown(name)) if isinstance(name, str) and name else str(part + 1)
