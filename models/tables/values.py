"""Cells to values and back. What cannot be read stays as it is: the checks then name it with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from models.instance.shape import Kind

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_COMMA = re.compile(r"[+-]?\d*,\d*(?:[eE][+-]?\d+)?")
# 1,234 or 1.234: a fraction to one reader, thousands to another.
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")

LONGEST = 400
"""No number is longer; text beyond this is not tried."""

SEPARATOR = ";"
"""Between the entries of a list in one cell."""


def blank(value: Any) -> bool:
    """Whether a cell is empty: nothing, or text of blanks only."""
    return value is None or (isinstance(value, str) and not value.strip())


def decimal_mark(texts: Iterable[str]) -> str | None:
    """The decimal mark of a table in which the comma does not separate columns; None if it cannot be told."""
    comma = dot = either = False
    for text in texts:
        piece = text.strip()
        if len(piece) > LONGEST or not ("," in piece or "." in piece):
            continue
        if _EITHER.fullmatch(piece):
            either = True
        elif _COMMA.fullmatch(piece):
            comma = True
        elif _NUMBER.fullmatch(piece):
            dot = True
    if comma == dot:
        return None if comma or either else "."
    return "," if comma else "."


def _number(text: str, mark: str | None) -> Any:
    piece = text.strip()
    if len(piece) > LONGEST or (mark != "." and "." in piece):
        return text
    if mark == ",":
        piece = piece.replace(",", ".")
    return float(piece) if _NUMBER.fullmatch(piece) else text


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, str) and len(value) <= LONGEST:
        if _WHOLE.fullmatch(value.strip()):
            return int(value)
        number = _number(value, ".")
        return _whole(number) if isinstance(number, float) else value
    return value


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().casefold(), value)
    return value


def text_of(value: Any) -> Any:
    """A cell as text, where a spreadsheet took the text for a number or a truth value."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return shortest(value)
    return value


def shortest(number: float) -> str:
    """The shortest text that reads back as the same number."""
    return str(int(number)) if abs(number) < 1e15 and number == int(number) else repr(number)


def read_value(value: Any, kind: Kind, item: Kind, mark: str | None = ".") -> Any:
    """The value of a cell that is not empty, as the model wants it; as it is where it does not fit."""
    if kind == "text":
        text = text_of(value)
        return text.strip() if isinstance(text, str) else text
    if kind == "list":
        text = text_of(value)
        if not isinstance(text, str):
            return text
        return [read_value(piece, item, "text", mark) for piece in text.split(SEPARATOR)]
    if kind == "flag":
        return _flag(value)
    if kind == "whole":
        return _whole(value)
    return _number(value, mark) if isinstance(value, str) else value


def write_value(value: Any, kind: Kind) -> Any:
    """A value as a cell: numbers, truth values and text stay, a list becomes text."""
    if kind == "list":
        return SEPARATOR.join(piece if isinstance(piece, str) else shortest(piece) for piece in value)
    return value
