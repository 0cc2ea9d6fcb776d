"""Rows as a table: Markdown for readers, CSV for everything else; and how time and memory grow."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict

from benchmarks.rows import Row, disagreements

FROM = 100
"""Scenarios from which on growth is told: below, what is done once outweighs what is done per scenario."""
GROWING: dict[str, Callable[[Row], float | None]] = {
    "reading": lambda row: row.reading,
    "building": lambda row: row.building,
    "solving": lambda row: row.solving,
    "total": lambda row: row.total,
    "memory": lambda row: row.peak_mb,
    "floor": lambda row: row.floor,
}


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """b of y = a·x^b by least squares on the logarithms; None for fewer than two different x.

    Points with y = 0 or less are left out.
    """
    logs = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len({x for x, _ in logs}) < 2:
        return None
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def growth(rows: Sequence[Row], family: str, method: str) -> tuple[int, dict[str, float | None]]:
    """Of the solved cases of a family from :data:`FROM` scenarios on: how many, and exponents."""
    used = [
        row
        for row in rows
        if (row.family, row.method, row.status) == (family, method, "solved") and row.scenarios >= FROM
    ]
    told = {
        name: exponent([(row.scenarios, y) for row in used if (y := value(row)) is not None])
        for name, value in GROWING.items()
    }
    return len(used), told


def as_csv(rows: Sequence[Row]) -> str:
    """All there is to know, a line per row; seconds, MB, USD."""
    text = io.StringIO()
    records = [_record(row) for row in rows]
    table = csv.DictWriter(text, list(records[0]) if records else ["case"], lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    return text.getvalue()


def _record(row: Row) -> dict[str, object]:
    record = asdict(row)
    limits = record.pop("limits")
    derived = {"search": row.search, "total": row.total, "gap_usd": row.gap_usd, "gap": row.gap}
    return record | derived | {f"asked_{name}": value for name, value in limits.items()}


def as_markdown(rows: Sequence[Row]) -> str:
    """The tables to read."""
    lines = ["# Benchmarks", ""]
    if not rows:
        return "\n".join([*lines, "Nothing has been measured.", ""])
    limits = rows[0].limits
    lines += [
        f"Asked of every solve: a relative gap of {limits.gap:.3%}, at most {limits.seconds:,.0f} s of wall "
        f"clock and {limits.memory:,.0f} MB, on {limits.threads} thread{'s' if limits.threads > 1 else ''}. "
        "Machines differ and so do runs: read ratios within this table. Columns are explained in "
        "docs/benchmarks.md.",
        "",
    ]
    titles: list[str] = [
        "case",
        "scenarios",
        "nodes",
        "method",
        "status",
        "reading s",
        "building s",
        "solving s",
    ]
    titles += [
        "relaxation s",
        "search s",
        "total s",
        "CPU s",
        "gap",
        "gap USD",
        "objective USD",
        "peak MB",
        "floor s",
    ]
    lines += _header(titles, 5)
    for row in rows:
        seconds = (row.reading, row.building, row.solving, row.relaxation, row.search, row.total, row.cpu)
        status = f"{row.status}: {row.note}" if row.note else row.status
        cells = [
            row.case,
            f"{row.scenarios:,}",
            _number(row.tree_nodes, "{:,.0f}"),
            row.method,
            status.replace("|", "/"),
            *(_number(value, "{:,.2f}") for value in seconds),
            _number(row.gap, "{:.4%}"),
            _number(row.gap_usd, "{:,.0f}"),
            _number(row.objective, "{:,.0f}"),
            _number(row.peak_mb, "{:,.0f}"),
            _number(row.floor, "{:,.3f}"),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "## Growth", "", f"Exponents b of scenarios^b, solved cases from {FROM} scenarios on.", ""]
    lines += _header(("family", "method", "cases", *GROWING), 2)
    for family, method in dict.fromkeys((row.family, row.method) for row in rows if row.family):
        count, told = growth(rows, family, method)
        values = (_number(value, "{:.2f}") for value in told.values())
        lines.append(f"| {family} | {method} | {count} | " + " | ".join(values) + " |")
    wrong = disagreements(rows)
    if wrong:
        lines += ["", "## Disagreements", "", *(f"- {sentence}" for sentence in wrong)]
    versions = sorted({row.versions for row in rows if row.versions})
    lines += ["", *versions, ""]
    return "\n".join(lines)


def _header(titles: Sequence[str], words: int) -> list[str]:
    """The first ``words`` columns are words, the others numbers."""
    rules = ["---" if i < words else "---:" for i in range(len(titles))]
    return ["| " + " | ".join(titles) + " |", "|" + "|".join(rules) + "|"]


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
