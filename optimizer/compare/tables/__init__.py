"""A comparison as pandas tables: long, one row per key; USD, t, years, shares as fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from models import descriptions as described
from models.alternatives import Alternative
from optimizer.compare.sweep import Solved
from optimizer.compare.tables.changes import commitments, entering
from optimizer.compare.tables.figures import Figures
from optimizer.compare.tables.matrix import regret
from optimizer.compare.trial import Verdict
from optimizer.tables.frame import concat

DESCRIPTIONS = described.COMPARISON
"""Every table in the order in which it is written, with one line on what it holds."""

ALTERNATIVES = {
    "alternative": "str", "envelope": "float64", "status": "str", "objective": "float64", "bound": "float64",
    "gap": "float64", "relative_gap": "float64", "expected_cost": "float64", "expected_loss": "float64",
    "cvar": "float64", "drawn_expected": "float64", "drawn_most": "float64", "planned_spend": "float64",
    "domestic_share": "float64", "allied_share": "float64", "emissions": "float64",
    "marginal_dollar": "float64", "seconds": "float64", "reused": "str",
}  # fmt: skip
DIFFERENCES = {
    "alternative": "str", "measure": "str", "unit": "str", "value": "float64", "baseline_value": "float64",
    "difference": "float64",
}  # fmt: skip
MEASURES = {
    "envelope": "USD", "objective": "USD", "expected_cost": "USD", "expected_loss": "USD", "cvar": "USD",
    "drawn_expected": "USD", "drawn_most": "USD", "planned_spend": "USD", "domestic_share": "share",
    "allied_share": "share", "emissions": "tCO2e", "marginal_dollar": "USD per USD",
}  # fmt: skip
SHORTAGES = {
    "alternative": "str", "segment": "str", "probability_of_shortage": "float64", "expected_loss": "float64",
}  # fmt: skip
COVER = {
    "alternative": "str", "commodity": "str", "days_when_hit": "float64", "days_at_end": "float64",
}  # fmt: skip
CONCENTRATION = {
    "alternative": "str", "commodity": "str", "tonnes": "float64", "hhi": "float64",
    "largest_country": "str", "largest_share": "float64",
}  # fmt: skip


def comparison_tables(
    alternatives: Sequence[Alternative],
    solved: Mapping[str, Solved],
    baseline: str,
    verdict: Verdict | None,
) -> dict[str, pd.DataFrame]:
    """Every table of :data:`DESCRIPTIONS`, of the alternatives that are solved; regret is empty without a
    verdict."""
    there = [a for a in alternatives if a.name in solved]
    figures = {a.name: Figures(a, solved[a.name]) for a in there}
    whole = table((f.row() for f in figures.values()), ALTERNATIVES)
    short = table((row for f in figures.values() for row in f.shortages()), SHORTAGES)
    return {
        "alternatives": whole,
        "differences": differences(whole, short, baseline),
        "shortages": short,
        "cover": table((row for f in figures.values() for row in f.cover()), COVER),
        "concentration": table((row for f in figures.values() for row in f.concentration()), CONCENTRATION),
        "commitments": commitments(there, solved),
        "entering": entering(there, solved, baseline),
        "regret": regret(there, solved, verdict or {}),
    }


def table(rows: object, columns: dict[str, str]) -> pd.DataFrame:
    """Rows as a table with these columns and types."""
    return concat([pd.DataFrame(list(rows), columns=list(columns))], columns)  # type: ignore[call-overload]  # any iterable of records


def differences(whole: pd.DataFrame, short: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Every figure less that of the baseline; without a plan on either side the difference is empty."""
    long = [
        whole[["alternative"]].assign(measure=measure, unit=unit, value=whole[measure])
        for measure, unit in MEASURES.items()
    ]
    for column, unit in (("probability_of_shortage", "share"), ("expected_loss", "USD")):
        measure = [f"{column}:{segment}" for segment in short["segment"]]
        long.append(short[["alternative"]].assign(measure=measure, unit=unit, value=short[column]))
    rows = pd.concat(long, ignore_index=True)
    base = rows[rows["alternative"] == baseline].set_index("measure")["value"]
    rows["baseline_value"] = rows["measure"].map(base).astype("float64")
    rows["difference"] = rows["value"] - rows["baseline_value"]
    order = {name: i for i, name in enumerate(whole["alternative"])}
    measures = {name: i for i, name in enumerate(dict.fromkeys(rows["measure"]))}
    place = rows["alternative"].map(order) * len(measures) + rows["measure"].map(measures)
    rows = rows.loc[place.sort_values(kind="stable").index]
    return concat([rows], DIFFERENCES)
