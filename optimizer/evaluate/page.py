"""An evaluation as a page of text."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from optimizer.evaluate.evaluation import Evaluation
from optimizer.summary.words import columns, count, figures, percent, usd, wrap

WAYS = {
    "tree": "one tree, decisions as the tree unfolds",
    "foresight": "each scenario known from its first event on (a bound: no plan of operations does better)",
    "rolling": "period by period, not knowing what comes",
}
MONEY = {
    "objective": "objective",
    "expected_cost": "expected cost",
    "expected_loss": "expected loss",
    "cvar": "CVaR of the loss",
    "largest_loss": "largest loss",
    "price_of_foresight": "price of not knowing, paired by scenario",
}


TOLD = 3
"""Stories on the page; the table has all."""
BOUNDS = {
    "stochastic": "the plan on its own scenarios",
    "wait_and_see": "knowing each scenario from the first day",
    "evpi": "value of perfect information (EVPI)",
    "expected_value_plan": "commitments made for the mean scenario",
    "vss": "value of the stochastic solution (VSS)",
    "lower_bound": "no plan is below (samples)",
    "plan_on_samples": "the plan on the same samples",
    "commitments_gap": "what other commitments could save",
    "plan_rolling": "the plan, not knowing what comes",
    "optimality_gap": "distance to the best plan",
}


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain data."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def page(evaluation: Evaluation) -> str:
    """The evaluation in words and tables."""
    title = f"{evaluation.instance}: the plan on other scenarios"
    lines = [title, "-" * len(title), *_head(evaluation), ""]
    for way in evaluation.ways:
        part = {name: t[t["way"] == way] for name, t in evaluation.tables.items() if "way" in t.columns}
        if not part["summary"].empty:
            lines += _way(way, part)
    if "bounds" in evaluation.tables:
        lines += _bounds(evaluation.tables["bounds"])
    return "\n".join([*lines, *(line for note in evaluation.notes for line in wrap(note))]).rstrip() + "\n"


def _head(evaluation: Evaluation) -> list[str]:
    if evaluation.drawn is not None:
        rate = "" if evaluation.rate is None else f", rate {evaluation.rate}"
        said = f"{count(evaluation.drawn, 'scenario')} drawn from the hazards, seed {evaluation.seed}{rate}."
    else:
        said = "Scenarios as given."
    if evaluation.interrupted:
        said += " Stopped early: what follows rests on the scenarios evaluated by then."
    return wrap(said)


def _way(way: str, part: dict[str, pd.DataFrame]) -> list[str]:
    summary = part["summary"].set_index("measure")
    heading = f"{way}: {WAYS[way]}"
    lines = [heading, "-" * len(heading)]
    value = {str(k): float(v) for k, v in summary["value"].items()}
    error = {str(k): float(v) for k, v in summary["standard_error"].astype(float).items()}
    asked, evaluated = value.get("asked", 0.0), value.get("evaluated", 0.0)
    if not evaluated:
        return [*lines, *wrap(f"None of {asked:,.0f} scenarios were evaluated."), ""]
    lines += columns(
        [[words, usd(value[name]), _error(error[name])] for name, words in MONEY.items() if name in value],
        "lrr",
        head=("", "USD", "standard error"),
    )
    lines += wrap(_counts(value, int(evaluated)))
    lines += _broken(part["broken"])
    segments = part["segments"]
    if not segments.empty:
        lines += ["", *columns(
            [[r["segment"], percent(r["probability_of_shortage"]), usd(r["expected_loss"])]
             for r in records(segments)],
            "lrr", head=("segment", "short with probability", "expected loss, USD"),
        )]  # fmt: skip
    quantiles = part["quantiles"]
    lines += ["", *columns([[percent(r["probability"]), usd(r["loss"])] for r in records(quantiles)],
                           "rr", head=("of scenarios", "lose at most, USD"))]  # fmt: skip
    if not part["worst"].empty:
        lines += ["", "  The worst:"]
    for r in records(part["worst"].head(TOLD)):
        name = r["scenario"] or "undisturbed"
        told = f"{r['rank']}. {name} ({percent(r['probability'])}): {r['story']}"
        lines += wrap(told, indent="  ", hanging="   ")
    return [*lines, ""]


def _money(value: float) -> str:
    return usd(value) if math.isfinite(value) else "no plan"


def _span(low: float, high: float) -> str:
    if not math.isfinite(high):
        return f"{usd(low)} or more" if math.isfinite(low) and low > 0 else "rules cannot be kept"
    return f"{usd(low)} to {usd(high)}"


def _error(error: float) -> str:
    return "" if not math.isfinite(error) else f"± {usd(error)}"


def _counts(value: dict[str, float], evaluated: int) -> str:
    said = f"{count(evaluated, 'different scenario')}, {value.get('exact', 0):,.0f} solved exactly."
    broken = int(value.get("rules_broken", 0))
    if broken:
        said += f" Rules are broken in {broken:,} of them: their figures are those of the least breach."
    return said


def _broken(broken: pd.DataFrame) -> list[str]:
    if broken.empty:
        return []
    rows = [
        [
            r["rule"],
            r["item"],
            f"{r['scenarios']:,}",
            percent(r["probability"]),
            f"{figures(r['largest'])} {r['unit']}",
        ]
        for r in records(broken)
    ]
    head = ("not kept", "", "scenarios", "probability", "at most by")
    return ["", *columns(rows, "llrrr", head=head, shrink=(0, 1))]


def _bounds(bounds: pd.DataFrame) -> list[str]:
    heading = "What can be said about the best plan"
    rows = [
        [BOUNDS.get(r["measure"], r["measure"]), _money(r["value"]), _span(r["low"], r["high"])]
        for r in records(bounds)
    ]
    return [heading, "-" * len(heading), *columns(rows, "lrr", head=("", "USD", "interval")), ""]
