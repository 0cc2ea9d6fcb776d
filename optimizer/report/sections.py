"""What a part of the report says: headline, sections of sentences, tables and pictures."""

from __future__ import annotations

from dataclasses import dataclass, field

from optimizer.report.charts import Picture
from optimizer.report.grid import Grid


@dataclass(frozen=True)
class Card:
    """A figure of the headline: what it is, the figure, what stands below it."""

    label: str
    figure: str
    note: str


@dataclass(frozen=True)
class Section:
    """A heading with sentences, points, tables and pictures; what is empty is left out."""

    id: str
    title: str
    lines: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    code: str = ""


@dataclass(frozen=True)
class Chapter:
    """One part of the report: a plan, a comparison or an evaluation."""

    id: str
    title: str
    lead: str
    alert: str
    cards: list[Card]
    sections: list[Section]
