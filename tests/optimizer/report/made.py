"""Small tables of a comparison and of an evaluation, made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from optimizer.tables import plan_tables
from tests.optimizer import handmade

HOSTILE = "</script><script>alert('x')</script><img src=https://evil.example/x onerror=alert(1)>"
"""A name that must stay a name."""


def plan() -> dict[str, pd.DataFrame]:
    """Tables of the plan made by hand."""
    instance = handmade.instance()
    countries = pd.DataFrame(
        [(c.id, c.name, c.group) for c in instance.countries], columns=["id", "name", "group"]
    )
    return {**plan_tables(instance, handmade.plan(instance)), "countries": countries.astype("str")}


def comparison(first: str = "100 m") -> dict[str, pd.DataFrame]:
    """Three budgets of 100, 200 and 300 million USD, and a fourth that has no plan."""
    names = [first, "200 m", "300 m", "none"]
    alternatives = pd.DataFrame(
        {
            "alternative": names,
            "envelope": [100e6, 200e6, 300e6, 1e6],
            "status": ["optimal", "optimal", "optimal", "infeasible"],
            "objective": [700e6, 600e6, 590e6, None],
            "bound": [699e6, 599e6, 589e6, None],
            "gap": [1e6, 1e6, 1e6, None],
            "relative_gap": [0.001, 0.001, 0.002, None],
            "expected_cost": [90e6, 180e6, 200e6, None],
            "expected_loss": [500e6, 300e6, 280e6, None],
            "cvar": [2e9, 1.4e9, 1.4e9, None],
            "drawn_expected": [90e6, 180e6, 200e6, None],
            "drawn_most": [100e6, 200e6, 210e6, None],
            "planned_spend": [95e6, 190e6, 205e6, None],
            "domestic_share": [0.5, 0.25, 0.25, None],
            "allied_share": [0.5, 0.5, 0.5, None],
            "emissions": [10.0, 20.0, 20.0, None],
            "marginal_dollar": [0.9, 0.1, 0.0, None],
            "seconds": [1.0, 1.0, 1.0, 0.1],
            "reused": ["", "", "", ""],
        }
    )
    made = [
        (first, "agreement", "a", 2027.0, 50.0, "t/year"),
        ("200 m", "agreement", "a", 2027.0, 80.0, "t/year"),
        ("200 m", "project", "k", 2028.0, 10.0, "t/year"),
        ("300 m", "project", "k", 2029.0, 10.0, "t/year"),
        ("300 m", "depot", "vault", 2027.0, 1000.0, "m³"),
    ]
    # From 200 m to 300 m agreement a is dropped, project k begins a year later, the depot opens.
    change = [
        ("agreement", "a", "200 m", "grows", 50.0, 80.0, "t/year"),
        ("project", "k", "200 m", "enters", 0.0, 10.0, "t/year"),
        ("agreement", "a", "300 m", "leaves", 80.0, 0.0, "t/year"),
        ("project", "k", "300 m", "leaves", 10.0, 0.0, "t/year"),
        ("project", "k", "300 m", "enters", 0.0, 10.0, "t/year"),
        ("depot", "vault", "300 m", "enters", 0.0, 1000.0, "m³"),
    ]
    planned = names[:3]
    regret = [
        (one, two, one <= two, 600e6, 0.0 if one == two else 25e6, "" if one <= two else "the envelope")
        for one in planned
        for two in planned
    ]
    shortages = [(n, s, 0.5 - 0.1 * k, 200e6 / (k + 1) / (1 + j)) for k, n in enumerate(planned)
                 for j, s in enumerate(("general", "defense"))]  # fmt: skip
    differences = [
        ("200 m", "expected_loss", "USD", 300e6, 500e6, -200e6),
        ("200 m", "domestic_share", "share", 0.25, 0.5, -0.25),
        ("none", "expected_loss", "USD", None, 500e6, None),
    ]
    return {
        "alternatives": alternatives,
        "commitments": pd.DataFrame(
            made, columns=["alternative", "kind", "id", "start_year", "amount", "unit"]
        ),
        "entering": pd.DataFrame(
            change, columns=["kind", "id", "alternative", "change", "amount_before", "amount", "unit"]
        ),
        "regret": pd.DataFrame(
            regret, columns=["plan_of", "judged_by", "feasible", "objective", "regret", "why"]
        ),
        "shortages": pd.DataFrame(
            shortages, columns=["alternative", "segment", "probability_of_shortage", "expected_loss"]
        ),
        "differences": pd.DataFrame(
            differences, columns=["alternative", "measure", "unit", "value", "baseline_value", "difference"]
        ),
        "cover": pd.DataFrame(
            [("200 m", "ga", 40.0, 20.0)],
            columns=["alternative", "commodity", "days_when_hit", "days_at_end"],
        ),
        "concentration": pd.DataFrame(
            [("200 m", "ga", 100.0, 0.68, "AUS", 0.8)],
            columns=["alternative", "commodity", "tonnes", "hhi", "largest_country", "largest_share"],
        ),
    }


def evaluation() -> dict[str, pd.DataFrame]:
    """Nothing lost with 0.6, 4 m USD with 0.3, 10 m USD with 0.1; in a second way half as much again."""
    scenarios, exceedance, summary = [], [], []
    for way, times in (("foresight", 1.0), ("rolling", 1.5)):
        losses = [("s0", 0.6, 0.0), ("s1", 0.3, 4e6 * times), ("s2", 0.1, 10e6 * times)]
        scenarios += [(way, s, p, loss, 1e6, loss + 1e6, True) for s, p, loss in losses]
        exceedance += [(way, 0.0, 0.4), (way, 4e6 * times, 0.1), (way, 10e6 * times, 0.0)]
        summary += [
            (way, "expected_loss", "USD", 2.2e6 * times, 1e5),
            (way, "cvar", "USD", 10e6 * times, None),
            (way, "largest_loss", "USD", 10e6 * times, None),
            (way, "probability_of_loss", "share", 0.4, None),
        ]
    return {
        "summary": pd.DataFrame(summary, columns=["way", "measure", "unit", "value", "standard_error"]),
        "scenarios": pd.DataFrame(
            scenarios, columns=["way", "scenario", "probability", "loss", "cost", "value", "exact"]
        ),
        "exceedance": pd.DataFrame(exceedance, columns=["way", "loss", "probability_of_more"]),
        "quantiles": pd.DataFrame([("foresight", 0.95, 10e6)], columns=["way", "probability", "loss"]),
        "worst": pd.DataFrame(
            [("foresight", 1, "", 0.1, 10e6, "China stops selling.")],
            columns=["way", "rank", "scenario", "probability", "loss", "story"],
        ),
        "segments": pd.DataFrame(
            [("foresight", "general", 0.4, 2.2e6), ("rolling", "general", 0.4, 3.3e6)],
            columns=["way", "segment", "probability_of_shortage", "expected_loss"],
        ),
        "bounds": pd.DataFrame(
            [("optimal_value", "USD", 5e6, 4e6, 6e6)], columns=["measure", "unit", "value", "low", "high"]
        ),
    }


def write(tables: dict[str, pd.DataFrame], folder: Path, mark: str, **facts: object) -> Path:
    """A folder as compare and evaluate write it, CSV only."""
    (folder / "tables").mkdir(parents=True)
    for name, table in tables.items():
        table.to_csv(folder / "tables" / f"{name}.csv", index=False)
    (folder / mark).write_text(json.dumps({"version": 1, "instance": "by hand", **facts}), encoding="utf-8")
    return folder
