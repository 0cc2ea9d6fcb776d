"""Text that is safe in a spreadsheet cell, and back.

A spreadsheet takes a text cell that starts with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return for a
formula, in CSV files even between quotes (https://owasp.org/www-community/attacks/CSV_Injection). Such text
is written with an apostrophe in front; text that has its own apostrophes in front of such a character gets
one more, so that reading takes away exactly what writing put there. Numbers are not text: they stay as they
are.
"""

from __future__ import annotations

import re
from typing import TypeVar

T = TypeVar("T")

# Some programs read full-width forms of these signs like the plain ones, and some skip leading blanks.
_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")


def safe(value: T) -> T | str:
    """The value as an exported cell: text that would start a formula gets an apostrophe, nothing else."""
    if isinstance(value, str) and _FORMULA.match(value):
        return "'" + value
    return value


def original(value: T) -> T | str:
    """What :func:`safe` was given."""
    if isinstance(value, str) and value.startswith("'") and _FORMULA.match(value):
        return value[1:]
    return value
