"""What the pages of a plan show, from the plan and its tables: figures, sentences, grids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api.web.plan.rooms import PICTURES, Place, each, pictures

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from api.web.plan.opened import Opened
    from optimizer.report.grid import Grid
    from optimizer.report.sections import Card


@dataclass(frozen=True)
class Chart:
    """A picture as the page shows it: where its specification is, itself in a sentence, its rows."""

    name: str
    spec: str
    title: str
    summary: str
    about: str
    rows: Grid | None


@dataclass(frozen=True)
class Point:
    """A line of the overview: what it is about, the sentence, where more of it is."""

    title: str
    words: str
    more: str


@dataclass(frozen=True)
class Overview:
    """The first page of a plan."""

    lead: str
    alert: str
    cards: list[Card]
    proof: list[str]
    points: list[Point] = field(default_factory=list)


MEANINGS = (
    ("Expected", "The average over all scenarios, each counted by how probable it is."),
    ("Loss", "What consumers lose for want of supply, in USD of today. It is no money of the agency."),
    (
        "Expected loss, CVaR",
        "The loss on average, and the loss on average in the worst cases only. A plan that lowers the second"
        " guards against disasters.",
    ),
    (
        "Drawn",
        "Money taken from the budget. The plan also spends what the reserve earns by sales and releases.",
    ),
    (
        "Bound and gap",
        "No plan that keeps the rules can be better than the bound, whoever makes it. The gap is how far this"
        " one is from it at most.",
    ),
    (
        "Audit",
        "A second program, which shares nothing with the first, has checked every rule from the data alone.",
    ),
    ("Scenario", "One way in which the years may go: which supplies are cut, when, and for how long."),
)
"""Words of the pages, explained."""


def overview(opened: Opened, place: Place) -> Overview:
    """Of a plan that is there."""
    return opened.view(lambda: _overview(opened, place), "overview", place)


def _overview(opened: Opened, place: Place) -> Overview:
    from optimizer.report.charts import tree
    from optimizer.report.plan_headline import cards, lead
    from optimizer.report.plan_proof import proved

    instance, plan, tables = opened.instance, opened.plan, opened.tables
    refused = plan.certificate is not None and not plan.certificate.passed
    alert = (
        "Not to be used: the audit found that this plan breaks the rules of its instance." if refused else ""
    )
    by_name = pictures()
    said = {name: by_name[name].words(tables) for name in ("timeline", "money", "reserve", "segments")}
    points = [
        Point("Commitments", said["timeline"], place.address("commitments")),
        Point("Money", said["money"], place.address("money")),
        Point("Reserve", said["reserve"], place.address("reserve")),
        Point("Shortages", said["segments"], place.address("scenarios")),
        Point("Scenarios", tree.words(opened.unfolded()), place.address("scenarios")),
    ]
    proof = proved("proof", plan, tables)
    return Overview(
        lead(instance, plan, tables),
        alert,
        cards(instance, plan, tables),
        [*proof.lines, *proof.points],
        points,
    )


@dataclass(frozen=True)
class Worst:
    """A scenario that costs most: its name, figures, what is short, where it is replayed."""

    name: str
    probability: float
    loss: float
    short: str
    address: str


def worst(opened: Opened, place: Place) -> list[Worst]:
    """The scenarios of the largest loss, five at most."""
    return opened.view(lambda: _worst(opened, place), "worst", place)


def _worst(opened: Opened, place: Place) -> list[Worst]:
    from optimizer.replay.words import listed
    from optimizer.summary.words import tonnes

    tables = opened.tables
    names = {c.id: c.name for c in opened.instance.commodities}
    short = tables["scenario_shortages"].sort_values("loss_usd", ascending=False)
    found: list[Worst] = []
    for r in each(tables["scenarios"]):
        if len(found) == 5 or r.loss_usd <= 0:
            break
        mine = short[short["scenario"] == r.scenario].groupby(
            ["kind", "commodity"], sort=False, as_index=False
        )
        told = [
            f"{tonnes(s.short_t)} of {names.get(str(s.commodity), str(s.commodity))}"
            for s in each(mine[["short_t"]].sum())
            if s.kind == "demand"
        ]
        told += [
            f"output of {i}"
            for i in short.loc[(short["scenario"] == r.scenario) & (short["kind"] == "industry"), "id"]
        ]
        address = place.address("scenarios", {"scenario": str(r.scenario)})
        found.append(
            Worst(str(r.scenario), float(r.probability), float(r.loss_usd), listed(told, 3), address)
        )
    return found


def lead(opened: Opened, tab: str) -> str:
    """The sentence on top of a tab."""
    from optimizer.report.plan_grids import on_offer

    match tab:
        case "commitments":
            return on_offer(opened.instance, opened.tables["commitments"])
        case "money":
            return (
                "Money is USD, not discounted, and expected: the average over all scenarios, each counted by"
                " how probable it is."
            )
        case "sourcing":
            return "Where the plan buys, in what form, for which material, and what becomes of it."
        case "reserve":
            return "What is held at the end of each year, and how long it would last at undisturbed use."
    return ""


def charts(opened: Opened, place: Place, tab: str, choice: Mapping[str, str]) -> list[Chart]:
    """The report's pictures of a tab, of what is chosen."""
    tables = opened.of_material(choice.get("material", ""))
    return [chart(opened, place, name, choice, tables) for name in PICTURES.get(tab, ())]


def chart(
    opened: Opened, place: Place, name: str, choice: Mapping[str, str], tables: Mapping[str, pd.DataFrame]
) -> Chart:
    """One of them."""
    from optimizer.report.grid import grid

    picture = pictures()[name]

    def make() -> tuple[str, Grid]:
        rows = grid(picture.data(tables), f"Table: {picture.title.lower()}", folded=True)
        return picture.words(tables), rows

    words, rows = opened.view(make, "chart", name, *sorted(choice.items()))
    return Chart(
        name,
        place.address(f"charts/{name}.json", choice),
        picture.title,
        words,
        picture.about,
        rows,
    )  # fmt: skip


def grids(opened: Opened, tab: str, material: str = "") -> list[Grid]:
    """The report's tables of a tab."""
    return opened.view(lambda: _grids(opened, tab, material), "grids", tab, material)


def _grids(opened: Opened, tab: str, material: str) -> list[Grid]:
    from optimizer.report import plan_grids as made

    tables = opened.of_material(material)
    match tab:
        case "money":
            spent = [made.by_year(tables, "category")]
            drawn = [made.by_source(tables)] if len(tables["funding"]) else []
            return [made.funding(tables), *drawn, *spent]
        case "commitments":
            return made.commitments(tables)
        case "sourcing":
            return [made.supply(tables), made.by_year(tables, "country")]
        case "reserve":
            return [made.held(tables), made.targets(tables)]
        case "scenarios":
            return [made.segments(tables)]
    return []
