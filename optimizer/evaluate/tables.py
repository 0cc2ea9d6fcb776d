"""The tables of an evaluation. USD discounted, shares as fractions, one row per key."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models.instance import Instance
from optimizer.evaluate import statistics as st
from optimizer.evaluate.outcomes import Outcomes
from optimizer.evaluate.rules import Broken
from optimizer.evaluate.stories import story

COLUMNS: dict[str, tuple[str, ...]] = {
    "summary": ("way", "measure", "unit", "value", "standard_error"),
    "scenarios": ("way", "scenario", "probability", "loss", "cost", "value", "exact", "kept"),
    "quantiles": ("way", "probability", "loss"),
    "exceedance": ("way", "loss", "probability_of_more"),
    "worst": ("way", "rank", "scenario", "probability", "loss", "story"),
    "segments": ("way", "segment", "probability_of_shortage", "expected_loss"),
    "broken": ("way", "rule", "item", "scenarios", "probability", "largest", "unit"),
    "bounds": ("measure", "unit", "value", "low", "high"),
}
"""Columns by table; ``kept``: every rule is kept in the scenario."""


@dataclass
class Way:
    """What one way of evaluating came to."""

    name: str
    outcomes: Outcomes
    drawn: int | None
    """Draws behind the scenarios; None: they are the whole distribution, probabilities as given."""
    eta: float
    """Quantile of loss from which the tail of a scenario's value is measured, USD."""
    asked: int
    """Scenarios (draws, if drawn) that were to be evaluated."""
    seconds: float = 0.0
    overall: tuple[Broken, ...] = ()
    """Rules about the whole distribution that are not kept."""
    differences: tuple[tuple[str, st.Estimate], ...] = field(default=())
    """Differences to another way, by scenario: measure, mean and its error."""


def tables(instance: Instance, ways: list[Way]) -> dict[str, pd.DataFrame]:
    """Every table but ``bounds``, all ways one below the other."""
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in COLUMNS if name != "bounds"}
    for way in ways:
        for name, rows in _of(instance, way).items():
            frame = pd.DataFrame(rows, columns=list(COLUMNS[name][1:]))
            frame.insert(0, "way", way.name)
            parts[name].append(frame)
    return {
        name: pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS[name]))
        for name, frames in parts.items()
    }


def _of(instance: Instance, way: Way) -> dict[str, list[tuple[object, ...]] | pd.DataFrame]:
    found = way.outcomes
    weight, loss, cost = found.probability, found.loss, found.cost
    goal = instance.objective
    by_scenario = pd.DataFrame(
        {
            "scenario": found.ids,
            "probability": weight,
            "loss": loss,
            "cost": cost,
            "value": st.values(loss, cost, goal, way.eta),
            "exact": found.exact.astype(bool),
            "kept": found.kept.astype(bool),
        }
    )
    at, more = st.exceedance(loss, weight) if len(found) else (np.empty(0), np.empty(0))
    return {
        "summary": summary_rows(instance, way),
        "scenarios": by_scenario,
        "quantiles": [(p, st.quantile(loss, weight, p)) for p in st.LEVELS if len(found)],
        "exceedance": list(zip(at.tolist(), more.tolist(), strict=True)),
        "worst": [
            (rank, o.id, o.probability, o.loss, story(instance, o)) for rank, o in enumerate(found.worst(), 1)
        ],
        "segments": list(
            zip(
                found.segments,
                np.minimum(1.0, found.probability_missing()).tolist(),
                found.expected_by_segment().tolist(),
                strict=True,
            )
        ),
        "broken": broken_rows(way),
    }


def summary_rows(instance: Instance, way: Way) -> list[tuple[object, ...]]:
    """(measure, unit, value, standard error); errors only where scenarios were drawn."""
    found, goal = way.outcomes, instance.objective
    rows: list[tuple[object, ...]] = [
        ("asked", "scenarios", float(way.asked), None),
        ("evaluated", "scenarios", float(len(found)), None),
    ]
    if not len(found):
        return rows
    weight, loss, cost = found.probability, found.loss, found.cost
    drawn = None if way.drawn is None else max(1, round(way.drawn * float(weight.sum())))

    def row(measure: str, unit: str, estimate: st.Estimate) -> None:
        rows.append((measure, unit, estimate.value, estimate.error))

    row("expected_loss", "USD", st.mean(loss, weight, drawn))
    row("cvar", "USD", st.tail(loss, weight, goal.cvar_alpha, drawn))
    row("expected_cost", "USD", st.mean(cost, weight, drawn))
    row("objective", "USD", objective(instance, way))
    rows.append(("largest_loss", "USD", float(loss.max()), None))
    row("probability_of_loss", "share", st.mean((loss > 1.0).astype(float), weight, drawn))
    broken = st.mean(1.0 - found.kept, weight, drawn)
    rows += [
        ("probability_evaluated", "share", min(1.0, float(weight.sum())), None),
        ("exact", "scenarios", float(found.exact.sum()), None),
        ("rules_broken", "scenarios", float((1.0 - found.kept).sum()), None),
    ]
    row("probability_of_broken_rules", "share", broken)
    rows += [("limits_broken", "rules", float(len(way.overall)), None), ("seconds", "s", way.seconds, None)]
    rows += [(name, "USD", estimate.value, estimate.error) for name, estimate in way.differences]
    return rows


def objective(instance: Instance, way: Way) -> st.Estimate:
    """The objective over the scenarios there are, the tail measured from their own quantile; USD."""
    found, goal = way.outcomes, instance.objective
    weight, loss = found.probability, found.loss
    drawn = None if way.drawn is None else max(1, round(way.drawn * float(weight.sum())))
    own = st.quantile(loss, weight, goal.cvar_alpha)
    result = st.mean(st.values(loss, found.cost, goal, own), weight, drawn)
    told = goal.cvar_weight * goal.loss_weight == 0 or st.enough(goal.cvar_alpha, drawn)
    return result if told else st.Estimate(result.value, None)


def broken_rows(way: Way) -> list[tuple[object, ...]]:
    """(rule, item, scenarios, probability, largest, unit); rules about all scenarios come first."""
    total = len(way.outcomes)
    rows: list[tuple[object, ...]] = [(b.rule, b.item, total, 1.0, b.amount, b.unit) for b in way.overall]
    counts = sorted(way.outcomes.broken.items(), key=lambda entry: (-entry[1].probability, entry[0]))
    return rows + [(*key, c.scenarios, c.probability, c.largest, c.unit) for key, c in counts]
