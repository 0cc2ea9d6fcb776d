"""Numbers and tables as text: units, thousands separators, columns that line up."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence

WIDTH = 96
NARROWEST = 8
"""No column is narrowed further."""
_UNIT = re.compile(r"(?<=\d) (?=(?:bn|m|t|d|s|%|USD)\b|%)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Text without anything a terminal would obey: control characters become a question mark."""
    return _CONTROL.sub("?", text)


def figures(value: float, digits: int = 3) -> str:
    """A number with thousands separators and at least ``digits`` significant digits."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    if abs(value) < 1e-3:
        return f"{value:.{digits - 1}e}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)) + 1e-12))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def usd(value: float) -> str:
    """Money: 12.3 bn, 4.56 m, 7,890; the unit is USD and stands in the heading or behind."""
    size = abs(value)
    if size >= 0.9995e9:
        return f"{figures(value / 1e9)} bn"
    if size >= 0.9995e6:
        return f"{figures(value / 1e6)} m"
    return figures(value) if size < 100 else f"{value:,.0f}"


def tonnes(value: float) -> str:
    """Tonnes with their unit."""
    return f"{figures(value) if abs(value) < 1000 else f'{value:,.0f}'} t"


def percent(share: float, digits: int = 2) -> str:
    """A share as a percentage."""
    return f"{figures(100 * share, digits)} %"


def count(number: int, one: str, more: str = "") -> str:
    """How many of something: 1 scenario, 20 scenarios."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def year(value: float) -> str:
    """A calendar year; fractions of a year are shown."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}".rstrip("0")


def cut(text: str, width: int) -> str:
    """Text of at most ``width`` characters."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def columns(
    rows: Sequence[Sequence[str]], align: str, *, head: Sequence[str] = (), shrink: Sequence[int] = (0,)
) -> list[str]:
    """Rows as lines that line up, indented by two; ``align`` has one of l and r per column.

    Where a line would be wider than :data:`WIDTH`, the widest of the columns ``shrink`` give way.
    """
    if not rows:
        return []
    table = [[printable(cell) for cell in row] for row in ([head, *rows] if head else rows)]
    widths = [max(len(row[c]) for row in table) for c in range(len(align))]
    while sum(widths) + 2 * len(widths) > WIDTH:
        widest = max(shrink, key=lambda c: widths[c])
        if widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    lines = []
    for row in table:
        cells = [
            cut(cell, width).rjust(width) if side == "r" else cut(cell, width).ljust(width)
            for cell, width, side in zip(row, widths, align, strict=True)
        ]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return lines


def wrap(text: str, indent: str = "  ", hanging: str = "") -> list[str]:
    """A sentence over as many lines as it needs."""
    # A number and its unit stay on one line.
    glued = _UNIT.sub("\u00a0", printable(text))
    lines = textwrap.wrap(
        glued, WIDTH, initial_indent=indent, subsequent_indent=indent + hanging, break_long_words=False
    )
    return [line.replace("\u00a0", " ") for line in lines] or [""]


def few(items: Sequence[str], most: int, rest: str) -> list[str]:
    """The first ``most`` lines, and how many more there are and where."""
    left = len(items) - most
    return list(items) if left <= 0 else [*items[:most], f"  … and {left:,} more in {rest}"]
