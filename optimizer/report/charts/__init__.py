"""One picture per file: ``data(tables)``, ``chart(tables)`` and ``words(tables)`` from tidy tables alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pandas as pd

from optimizer.report.charts import (
    dollar,
    entering,
    exceedance,
    frontier,
    gap,
    materials,
    money,
    regret,
    reserve,
    segments,
    sourcing,
    targets,
    timeline,
)
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


SHORT = "Which consumers run short, how probably, and what that costs them."
PLAN = (
    _picture("timeline", timeline, "A bar per commitment; projects are built first and then run."),
    _picture(
        "sourcing",
        sourcing,
        "From left to right: who delivers, in what form, of which material, and where the tonnes of that"
        " material end. The width is money, so that all materials compare.",
    ),
    _picture("reserve", reserve, "Days that the expected stock would last at undisturbed use."),
    _picture(
        "targets",
        targets,
        "The target holds in calm years only, so the expected stock, crises included, may lie below it; the"
        " least stock where it holds may not.",
    ),
    _picture(
        "money", money, "What is drawn from each source and what the reserve earns, and what it is spent on."
    ),
    _picture("materials", materials, "The dearest first. What belongs to no material is left out."),
    _picture("exceedance", exceedance, "Each step is a scenario."),
    _picture("segments", segments, SHORT),
)
"""Pictures of a plan."""
COMPARISON = (
    _picture("frontier", frontier, "To the right: dearer; downwards: less risk. Steep parts are worth most."),
    _picture(
        "dollar",
        dollar,
        "Above 0 more money would pay for itself; at 0 more money buys nothing worth having.",
    ),
    _picture("entering", entering, "Read along a row: from which alternative on an item is worth its money."),
    _picture("segments", segments, SHORT),
    _picture(
        "regret",
        regret,
        "A row that is pale throughout is a plan that is good whichever alternative comes true.",
    ),
)
"""Pictures of a comparison."""
EVALUATION = (
    _picture(
        "exceedance",
        exceedance,
        "Under scenarios it was not made for, beside those it was made for.",
    ),
    _picture("segments", segments, SHORT),
)
"""Pictures of an evaluation."""
SEARCH = _picture(
    "gap", gap, "A plan is proved as good as asked for once the lines are as near as the gap that was asked."
)
"""Picture of a search, while it runs and afterwards; from the table ``progress`` of a job."""
BY_KIND = {"plan": PLAN, "comparison": COMPARISON, "evaluation": EVALUATION}
