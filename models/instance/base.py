"""What every table row shares: strictness, freezing, and the kinds of number of model.md §1.

Rows check only their own shape (types, signs, unknown fields). Everything that needs a second field, a second
row or the horizon is checked in :mod:`models.instance.checks`, so that all faults come in one answer.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

T = TypeVar("T")


class Row(BaseModel):
    """A frozen record that forbids unknown fields, coercion, NaN and infinities."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("series", "a number, or a list with one number per period")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise PydanticCustomError("series_finite", "finite numbers only")
    return number


def _series(value: Any) -> float | tuple[float, ...]:
    if isinstance(value, list | tuple):
        if not value:
            raise PydanticCustomError("series", "a number, or a list with one number per period")
        return tuple(_number(v) for v in value)
    return _number(value)


def _amounts(value: Any) -> float | tuple[float, ...]:
    series = _series(value)
    if min(series) < 0 if isinstance(series, tuple) else series < 0:
        raise PydanticCustomError("series_negative", "no negative number")
    return series


_AMOUNT: dict[str, Any] = {"type": "number", "minimum": 0}
SERIES_SCHEMA = {"anyOf": [_AMOUNT, {"type": "array", "items": _AMOUNT, "minItems": 1}]}
"""A Series in JSON Schema."""

Series = Annotated[float | tuple[float, ...], BeforeValidator(_amounts), WithJsonSchema(SERIES_SCHEMA)]
"""A number (constant over the horizon) or one number per period, all >= 0."""

# Control characters, and what neither XML (xlsx) nor YAML can carry.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff"


def _pattern(refused: str) -> str:
    """Text without the refused characters (of a character class) and without blanks at either end."""
    return rf"^[^\s{refused}](?:[^{refused}]*[^\s{refused}])?$"


_ID, _WORD, _NAME = (_pattern(_CONTROL + more) for more in (",;", ";", ""))
_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]*$"

NAMED_PATTERNS = {
    _ID: ("Id", "a name without comma, semicolon, control characters, or blanks at either end"),
    _WORD: ("Word", "a word without semicolon, control characters, or blanks at either end"),
    _NAME: ("Name", "a name without control characters, or blanks at either end"),
    _TEXT: ("Text", "text without control characters other than tab and line feed"),
}
"""Kinds of text by pattern: what each is called, and what it asks for in words."""


def well_formed(text: str, *, an_id: bool) -> bool:
    """Whether text can be an id, or a free word."""
    return len(text) <= 200 and re.fullmatch((_ID if an_id else _WORD)[1:-1], text) is not None


Id = Annotated[str, Field(min_length=1, max_length=200, pattern=_ID)]
"""A name without comma, semicolon, control characters or outer blanks; unique over the whole instance."""

Word = Annotated[str, Field(min_length=1, max_length=200, pattern=_WORD)]
"""A free word by which rows are selected; without semicolon, control characters or outer blanks."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_NAME)]
"""A name for people."""

Text = Annotated[str, Field(max_length=20_000, pattern=_TEXT)]
"""Free text of several lines."""

Amount = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Premium = Annotated[float, Field(gt=-1)]
Period = Annotated[int, Field(ge=0)]
Many = Annotated[tuple[T, ...], Field(strict=False)]
"""A list in files, a tuple in memory."""


def periods(years: float, period_years: float) -> int:
    """Years as a number of whole periods, ⌊years/Δ + ½⌋; a term is besides at least one (model.md §4)."""
    return math.floor(years / period_years + 0.5)


def at(series: float | tuple[float, ...], period: int) -> float:
    """The value of a Series in one period (unit of the series)."""
    return series[period] if isinstance(series, tuple) else series
