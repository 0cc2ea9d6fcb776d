"""The chapter of an evaluation."""

from __future__ import annotations

import math

import pandas as pd

from optimizer.report.charts import EVALUATION, Picture
from optimizer.report.comparison import SHARED, measured
from optimizer.report.grid import Grid, grid
from optimizer.report.parts import Part
from optimizer.report.sections import Card, Chapter, Section, reproduce
from optimizer.summary.words import count, figures, percent, usd
from optimizer.tables.risk import UNDISTURBED_NAME

WAYS = {
    "tree": "one tree, decisions as the tree unfolds",
    "foresight": "each scenario known from its first event on, a bound that no operation can beat",
    "rolling": "period by period, not knowing what comes",
}
"""What the ways of following a plan mean; others stand under their own name."""


def chapter(part: Part, id: str) -> Chapter:
    """Headline, figures by way, loss exceedance, segments, worst scenarios, rules broken, bounds."""
    tables = part.tables
    pictures: dict[str, Picture] = {picture.name: picture for picture in EVALUATION}
    sections = [
        Section(
            f"{id}-figures",
            "Figures by way",
            points=[f"{way}: {WAYS[way]}." for way in _ways(tables) if way in WAYS],
            grids=_summary(tables),
        ),
        Section(
            f"{id}-losses",
            "Losses",
            grids=_plain(tables, "quantiles", "Quantiles of the loss"),
            pictures=[pictures["exceedance"], pictures["segments"]],
        ),
        Section(f"{id}-worst", "The worst scenarios", grids=_plain(tables, "worst", "Worst first, in words")),
        Section(f"{id}-broken", "Rules that are not kept", grids=_plain(tables, "broken", "By way and rule")),
        Section(f"{id}-bounds", "What is known of the best plan", grids=_bounds(tables)),
        reproduce(id, part, "stockpile evaluate PLAN --out evaluation"),
    ]
    kept = [s for s in sections if s.grids or s.pictures or s.code]
    stopped = "Stopped early: the figures rest on the scenarios evaluated by then."
    alert = stopped if part.facts.get("interrupted") else ""
    return Chapter(id, f"Evaluation: {part.name}", _lead(part), alert, _cards(tables), kept)


def _ways(tables: dict[str, pd.DataFrame]) -> list[str]:
    return list(dict.fromkeys(tables["summary"]["way"]))


def _figure(tables: dict[str, pd.DataFrame], way: str, measure: str) -> float | None:
    rows = tables["summary"]
    found = rows.loc[(rows["way"] == way) & (rows["measure"] == measure), "value"]
    return float(found.iloc[0]) if len(found) and pd.notna(found.iloc[0]) else None


def _lead(part: Part) -> str:
    tables, facts = part.tables, part.facts
    number = tables["scenarios"]["scenario"].nunique()
    drawn = facts.get("drawn")
    seed = f", seed {facts['seed']}" if facts.get("seed") is not None else ""
    where = f"{drawn:,} draws from the hazards{seed}" if isinstance(drawn, int) else "given scenarios"
    told = []
    for way in _ways(tables):
        loss, tail = _figure(tables, way, "expected_loss"), _figure(tables, way, "cvar")
        if loss is not None and tail is not None:
            told.append(f"{way}: expected loss {usd(loss)} USD, mean of the worst cases {usd(tail)} USD")
    return (
        f"The plan of {part.name} under {count(number, 'scenario')} ({where}): commitments as planned,"
        f" operations chosen anew. {'; '.join(told)}{'.' if told else ''}"
    ).strip()


def _cards(tables: dict[str, pd.DataFrame]) -> list[Card]:
    cards = []
    for way in _ways(tables):
        loss, tail = _figure(tables, way, "expected_loss"), _figure(tables, way, "cvar")
        if loss is not None:
            note = f"mean of the worst cases {usd(tail)}" if tail is not None else ""
            cards.append(Card(f"Expected loss, {way}", f"{usd(loss)} USD", note))
        most = _figure(tables, way, "largest_loss")
        if most is not None:
            cards.append(Card(f"Largest loss, {way}", f"{usd(most)} USD", "of all scenarios"))
    return cards


def _summary(tables: dict[str, pd.DataFrame]) -> list[Grid]:
    rows = tables["summary"]
    ways = _ways(tables)
    error = rows["standard_error"] if "standard_error" in rows else pd.Series(float("nan"), index=rows.index)
    told: dict[str, dict[str, str]] = {}
    for way, measure, unit, value, wide in zip(
        rows["way"], rows["measure"], rows["unit"], rows["value"], error, strict=True
    ):
        text = amount(value, str(unit)) + (
            f" ± {amount(wide, str(unit))}" if pd.notna(wide) and wide > 0 else ""
        )
        told.setdefault(measured(str(measure), str(unit)), {})[str(way)] = text
    body = [[what, *(cells.get(way, "") for way in ways)] for what, cells in told.items()]
    caption = "Figures by way, ± one standard error where scenarios were drawn"
    return [Grid(caption, ["measure", *ways], body, frozenset(range(1, len(ways) + 1)))]


def amount(value: float, unit: str) -> str:
    """A figure in its unit, which stands elsewhere."""
    if math.isnan(value):
        return ""
    if unit.startswith("USD"):
        return usd(value)
    return percent(value) if unit in SHARED else figures(value)


def _plain(tables: dict[str, pd.DataFrame], name: str, caption: str) -> list[Grid]:
    rows = tables.get(name)
    if rows is None or rows.empty:
        return []
    renamed = {"loss": "loss_usd", "cost": "cost_usd", "expected_loss": "expected_loss_usd"}
    rows = rows.rename(columns=renamed)
    if "scenario" in rows:
        rows = rows.assign(scenario=rows["scenario"].where(rows["scenario"] != "", UNDISTURBED_NAME))
    if len(set(rows["way"])) == 1:
        rows = rows.drop(columns="way")
    return [grid(rows, caption, where=f"tables/{name}")]


def _bounds(tables: dict[str, pd.DataFrame]) -> list[Grid]:
    rows = tables.get("bounds")
    if rows is None or rows.empty:
        return []
    body = [
        [measured(str(m), str(u)), *(amount(v, str(u)) for v in (value, low, high))]
        for m, u, value, low, high in zip(
            rows["measure"], rows["unit"], rows["value"], rows["low"], rows["high"], strict=True
        )
    ]
    return [Grid("Bounds, with intervals", ["measure", "value", "low", "high"], body, frozenset({1, 2, 3}))]
