"""What a part of the report says: headline, sections of sentences, tables and pictures."""

from __future__ import annotations

from dataclasses import dataclass, field

from optimizer.report.charts import Picture
from optimizer.report.grid import Grid
from optimizer.report.parts import Part
from optimizer.summary.words import percent

EXACT = 1e-6
"""Relative gap that is rounding."""


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


def reproduce(id: str, part: Part, command: str) -> Section:
    """What a folder of tables tells of how it was made."""
    facts = part.facts
    points = []
    if facts.get("fingerprint"):
        points.append(f"Fingerprint of the instance (SHA-256): {facts['fingerprint']}")
    for name in ("options", "versions"):
        told = facts.get(name)
        if isinstance(told, dict) and told:
            words = ", ".join(f"{key} {value}" for key, value in told.items() if value is not None)
            points.append(f"{name.capitalize()}: {words}")
    for name in ("drawn", "seed", "rate"):
        if facts.get(name) is not None:
            points.append(f"{name.capitalize()}: {facts[name]}")
    points += [str(note) for note in facts.get("notes") or ()]
    return Section(
        f"{id}-reproduce", "How to reproduce", [f"Folder: {part.folder.name}"], points, code=command
    )


def proof(gap: float) -> tuple[str, str]:
    """A relative gap as a figure of the headline and the words below it."""
    if gap <= EXACT:
        return "optimal", "no plan is better, to a millionth"
    return f"within {percent(gap)}", "of the best possible"
