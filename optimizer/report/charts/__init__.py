"""One picture per file: ``data(tables)``, ``chart(tables)`` and ``words(tables)`` from tidy tables alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pandas as pd

from optimizer.report.charts import exceedance, materials, money, reserve, segments, targets, timeline
from optimizer.report.style import Tables


@dataclass(frozen=True)
class Picture:
    """A picture: its name, what it shows, how to read it, its rows, its drawing, itself in a sentence."""

    name: str
    title: str
    about: str
    data: Callable[[Tables], pd.DataFrame]
    chart: Callable[[Tables], Any]
    words: Callable[[Tables], str]


def _picture(name: str, module: ModuleType, about: str) -> Picture:
    return Picture(name, module.TITLE, about, module.data, module.chart, module.words)


PLAN = (
    _picture(
        "money", money, "What is drawn from each source and what the reserve earns, and what it is spent on."
    ),
    _picture("materials", materials, "The dearest materials first; what is common to all is left out."),
    _picture("timeline", timeline, "A bar per commitment; projects are built first and then run."),
    _picture("reserve", reserve, "Days that the expected stock would last at undisturbed use."),
    _picture(
        "targets",
        targets,
        "The target holds in calm years only, so the expected stock, crises included, may lie below it; the"
        " least stock where it holds may not.",
    ),
    _picture(
        "exceedance", exceedance, "Each step is a scenario; its width and height tell what it may cost."
    ),
    _picture("segments", segments, "Which consumers run short, how probably, and what that costs them."),
)
"""Pictures of a plan."""
EVALUATION = (
    _picture(
        "exceedance",
        exceedance,
        "The plan under scenarios it was not made for, beside those it was made for.",
    ),
    _picture("segments", segments, "Which consumers run short, how probably, and what that costs them."),
)
"""Pictures of an evaluation."""
COMPARISON: tuple[Picture, ...] = (
    _picture("segments", segments, "Which consumers run short, how probably, and what that costs them."),
)
"""Pictures of a comparison."""
BY_KIND = {"plan": PLAN, "comparison": COMPARISON, "evaluation": EVALUATION}
