"""The tabs of a plan: their addresses, and the report's pictures on each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from models.faults import NoSuchFile

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.report.charts import Picture

TABS = {
    "": "Overview",
    "money": "Money",
    "commitments": "Commitments",
    "sourcing": "Sourcing",
    "reserve": "Reserve",
    "scenarios": "Scenarios",
    "reasons": "Reasons",
    "assumptions": "Assumptions",
    "downloads": "Downloads",
}
WITHOUT_PLAN = ("", "assumptions", "downloads")
"""Those there are where nothing meets all rules."""
PICTURES = {
    "": ("exceedance",),
    "money": ("money", "materials"),
    "commitments": ("timeline",),
    "sourcing": ("sourcing",),
    "reserve": ("reserve", "targets"),
    "scenarios": ("segments",),
}
"""By tab, names of pictures of :data:`optimizer.report.charts.PLAN`."""
BY_MATERIAL = ("sourcing", "reserve")
"""Tabs that can be looked at by material."""


@dataclass(frozen=True)
class Place:
    """Where a plan's pages are."""

    job: str
    alternative: str | None = None

    @property
    def base(self) -> str:
        """Address of the first page, without a query."""
        return f"/jobs/{self.job}/plan"

    def address(self, path: str = "", choice: Mapping[str, str | None] | None = None) -> str:
        """Address of a page, a picture or a file below; ``choice`` is told in the query."""
        query = {"alternative": self.alternative, **(choice or {})}
        told = urlencode({name: value for name, value in query.items() if value})
        return self.base + (f"/{path}" if path else "") + (f"?{told}" if told else "")

    def tabs(self, there: bool) -> list[tuple[str, str]]:
        """Addresses and names of the tabs; ``there``: there is a plan, not only the reason why not."""
        return [(self.address(t), name) for t, name in TABS.items() if there or t in WITHOUT_PLAN]


def pictures() -> dict[str, Picture]:
    """Pictures of a plan by name: those of the report, and those of scenarios."""
    from optimizer.report.charts import PLAN, Picture, replay

    year = Picture("replay", replay.TITLE, replay.BELOW, replay.data, replay.chart, replay.words)
    return {picture.name: picture for picture in (*PLAN, year)}


def picture(name: str) -> Picture:
    """One of them. Raises NoSuchFile."""
    found = pictures().get(name)
    if found is None:
        raise NoSuchFile(f"There is no chart {name[:80]!r}.")
    return found


def each(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, their cells as attributes."""
    yield from table.itertuples(index=False)
