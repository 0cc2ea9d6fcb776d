"""Tables of the report: headings with units, figures as people write them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pandas as pd

from optimizer.summary.words import figures, percent, printable, tonnes, usd, year

MOST = 400
"""Rows of a table in the report; the rest is in the folder."""

SHARES = ("probability", "share", "relative_gap", "hhi_share")
MONEY = ("_usd", "usd")
YEARS = ("year", "first_year", "end_year", "from_year", "to_year", "start_year")


@dataclass(frozen=True)
class Grid:
    """A table as text: headings, rows, the columns that stand to the right, what it shows."""

    caption: str
    head: list[str]
    rows: list[list[str]]
    right: frozenset[int] = frozenset()
    note: str = ""
    folded: bool = False
    about: list[str] = field(default_factory=list)


def grid(
    table: pd.DataFrame, caption: str, *, folded: bool = False, most: int = MOST, where: str = ""
) -> Grid:
    """A table of data as text. Columns tell their units: ``_usd``, ``_t``, ``_days``, shares, years."""
    numeric = frozenset(n for n, c in enumerate(table.columns) if pd.api.types.is_numeric_dtype(table[c]))
    rows = [
        [cell(value, str(column)) for value, column in zip(row, table.columns, strict=True)]
        for row in table.head(most).itertuples(index=False)
    ]
    left = len(table) - len(rows)
    note = f"{left:,} more rows{f' in {where}' if where else ''}." if left > 0 else ""
    return Grid(caption, [heading(str(c)) for c in table.columns], rows, numeric, note, folded)


def heading(column: str) -> str:
    """``expected_loss_usd`` as "expected loss, USD"."""
    for suffix, unit in (("_usd", ", USD"), ("_t", ", t"), ("_days", ", days")):
        if column.endswith(suffix):
            return column.removesuffix(suffix).replace("_", " ") + unit
    return {"usd": "USD", "days": "days"}.get(column, column.replace("_", " "))


def cell(value: object, column: str) -> str:
    """One value as text, in the unit that its column tells."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    number = float(value)  # type: ignore[arg-type]  # what is left in a table are numbers
    if column in YEARS:
        return year(number)
    if column.endswith(MONEY):
        return usd(number)
    if column.endswith("_t"):
        return tonnes(number).removesuffix(" t")
    if any(word in column for word in SHARES):
        return percent(number)
    if column.endswith("days"):
        return f"{number:,.0f}"
    return figures(number, 4)
