"""Time and memory against scenarios, both logarithmic, a line per method; the floor is a line of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import altair as alt
import pandas as pd

from benchmarks.registry import METHODS
from benchmarks.rows import Row
from optimizer.report import style

FLOOR = "floor of decompose"
SOLVED, STOPPED = "solved", "stopped at a limit"
COLOURS = dict(
    zip(
        METHODS,
        (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.ORANGE, style.SKY),
        strict=True,
    )
) | {FLOOR: style.BLACK}
HEIGHT, WIDTH = 340, 400
MARGIN = 1.5
"""Factor by which the axis goes beyond the smallest and the largest size."""
ASIDE = 0.08
"""Share of a size by which points at a limit stand apart."""
TITLE = "Seconds and memory against scenarios"
BELOW = (
    "Reading, building and solving of one case to the gap asked for; lines join the cases that were solved"
)


def draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write ``chart.png`` and ``chart.html``, which needs nothing from elsewhere; no paths without points."""
    data = points(rows)
    if data.empty:
        return []
    panels = [
        panel(data[(data["family"] == family) & (data["what"] == what)], f"{family}: {what}")
        for family in data["family"].unique()
        for what in ("seconds", "MB")
    ]
    # One legend for all, which names the methods there are.
    whole = style.styled(alt.concat(*panels, columns=2), TITLE, BELOW)
    paths = [folder / "chart.png", folder / "chart.html"]
    whole.save(paths[0], scale_factor=2)
    whole.save(paths[1], inline=True)
    return paths


def points(rows: Sequence[Row]) -> pd.DataFrame:
    """A row per point: family, what (seconds, MB), method, scenarios, value, end.

    Where a method was stopped for its time, the value is the limit, and more is not known.
    """
    found: list[tuple[str, str, str, int, float, str]] = []
    for row in rows:
        if not row.family:
            continue
        solved = row.status == "solved"
        late = row.status in ("time limit", "out of time")
        seconds = row.total if solved else row.limits.seconds if late else None
        memory = row.peak_mb if solved or late or row.status == "out of memory" else None
        end = SOLVED if solved else STOPPED
        for what, method, value in (
            ("seconds", row.method, seconds),
            ("seconds", FLOOR, row.floor),
            ("MB", row.method, memory),
        ):
            if value is not None and value > 0:
                reached = SOLVED if method == FLOOR else end
                found.append((row.family, what, method, row.scenarios, value, reached))
    return pd.DataFrame(found, columns=["family", "what", "method", "scenarios", "value", "end"])


def panel(data: pd.DataFrame, title: str) -> style.Drawing:
    """One family, one quantity."""
    names = list(COLOURS)
    rank = data["method"].map(names.index) - len(METHODS) / 2
    # Methods that were stopped at the same limit stand beside each other.
    data = data.assign(at=data["scenarios"] * (1 + ASIDE * rank).where(data["end"] == STOPPED, 1.0))
    sizes = sorted(data["scenarios"].unique().tolist())
    across = alt.Scale(type="log", nice=False, domain=[sizes[0] / MARGIN, sizes[-1] * MARGIN])
    tens = [
        10.0**n
        for n in range(
            math.floor(math.log10(data["value"].min())), math.ceil(math.log10(data["value"].max())) + 1
        )
    ]
    up = alt.Scale(type="log", nice=False, domain=[tens[0], max(tens[-1], 10 * tens[0])])
    base = alt.Chart(data).encode(
        x=alt.X("at:Q", title="scenarios", scale=across).axis(
            labelExpr="format(datum.value, ',')", values=sizes, labelFlush=False
        ),
        y=alt.Y("value:Q", title=None, scale=up).axis(labelExpr="format(datum.value, ',~r')", values=tens),
        color=alt.Color("method:N", scale=style.hues(names, COLOURS), legend=style.legend(4)),
    )
    dash = alt.condition(alt.datum.method == FLOOR, alt.value([5, 4]), alt.value([1, 0]))
    lines = base.transform_filter(alt.datum.end == SOLVED).mark_line().encode(strokeDash=dash)
    shape = alt.Shape(
        "end:N",
        scale=alt.Scale(domain=[SOLVED, STOPPED], range=["circle", "triangle-up"]),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    tooltip = ["method:N", "scenarios:Q", alt.Tooltip("value:Q", format=",.3~f"), "end:N"]
    marks = base.mark_point(filled=True, size=60, opacity=1).encode(shape=shape, tooltip=tooltip)
    return alt.layer(lines, marks).properties(width=WIDTH, height=HEIGHT, title=style.titled(title, size=12))
