"""Years in the names of columns: ``quantity[2027]`` is the quantity of the period that begins in 2027."""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(r"(.+)\[(.*)\]")


def label(start_year: int, period_years: float, period: int) -> str:
    """The calendar year in which a period begins, with decimals where periods are not whole years."""
    return f"{start_year + period * period_years:.4f}".rstrip("0").rstrip(".")


def labels(horizon: Any) -> list[str] | None:
    """The years of a horizon given as plain data; None where it is not well-formed."""
    if not isinstance(horizon, dict):
        return None
    start, count, step = horizon.get("start_year"), horizon.get("periods"), horizon.get("period_years", 1.0)
    if not (isinstance(start, int) and isinstance(count, int) and isinstance(step, int | float)):
        return None
    if not (1 <= count <= 1_000 and 0 < step <= 1_000 and abs(start) < 10_000):  # NaN fails as well
        return None
    return [label(start, step, t) for t in range(count)]


def split(name: str) -> tuple[str, str | None]:
    """Field and year of a column; no year for a plain one."""
    found = _NAME.fullmatch(name)
    return (found[1], found[2].strip()) if found else (name, None)


def period(year: str, years: list[str] | None) -> int | None:
    """The period that begins in a year, however the year is written; None if there is none."""
    try:
        wanted = float(year)
        return next((t for t, y in enumerate(years or ()) if abs(float(y) - wanted) < 1e-4), None)
    except ValueError:
        return None
