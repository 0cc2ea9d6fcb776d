"""The chapter of a comparison."""

from __future__ import annotations

import math

import pandas as pd

from optimizer.report.charts import COMPARISON, Picture
from optimizer.report.charts import dollar as marginal
from optimizer.report.grid import Grid, grid
from optimizer.report.parts import Part
from optimizer.report.sections import Card, Chapter, Section, proof, reproduce
from optimizer.summary.words import count, figures, percent, usd

OVERVIEW = (
    "alternative", "status", "envelope", "objective", "relative_gap", "expected_cost", "expected_loss",
    "cvar", "drawn_most", "marginal_dollar",
)  # fmt: skip
MONEY = {"envelope", "objective", "expected_cost", "expected_loss", "cvar", "drawn_most"}
SHARED = ("share", "fraction", "probability")
"""Units of what is written as a percentage."""
ROUNDING = 1e-9
SHARES = ("alternative", "domestic_share", "allied_share", "emissions")
PLANS = ("optimal", "feasible", "time_limit", "interrupted")


def chapter(part: Part, id: str) -> Chapter:
    """Headline, frontier, what changes, shortages, regret, cover, concentration, how to reproduce."""
    tables = part.tables
    rows = tables["alternatives"]
    sections = [
        Section(
            f"{id}-alternatives",
            "The alternatives",
            _described(part),
            grids=[_overview(rows)],
            pictures=_pictures("frontier", "dollar"),
        ),
        Section(
            f"{id}-changes",
            "What changes",
            grids=_differences(part),
            pictures=_pictures("entering"),
        ),
        Section(f"{id}-shortages", "Shortages", pictures=_pictures("segments")),
        Section(f"{id}-regret", "Regret", pictures=_pictures("regret")),
        Section(f"{id}-sources", "Cover and concentration", grids=_more(tables)),
        reproduce(id, part, "stockpile compare INSTANCE --out comparison"),
    ]
    missing = [str(name) for name in part.facts.get("missing") or ()]
    alert = f"Not finished: {', '.join(missing)}." if missing else ""
    return Chapter(id, f"Comparison: {part.name}", _lead(part, rows), alert, _cards(part, rows), sections)


def _pictures(*names: str) -> list[Picture]:
    by_name = {picture.name: picture for picture in COMPARISON}
    return [by_name[name] for name in names]


def _planned(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["expected_loss"].notna() & rows["expected_cost"].notna()]


def _lead(part: Part, rows: pd.DataFrame) -> str:
    planned = _planned(rows)
    head = f"{count(len(rows), 'alternative')} of {part.name} laid side by side"
    base = part.facts.get("baseline")
    head += f"; differences are taken to {base}." if base else "."
    if len(planned) < 2:
        return head
    by_loss = planned.sort_values("expected_loss", kind="stable")
    low, high = by_loss.iloc[0], by_loss.iloc[-1]
    return (
        f"{head} The expected loss ranges from {usd(low['expected_loss'])} USD ({low['alternative']}, at an"
        f" expected cost of {usd(low['expected_cost'])} USD) to {usd(high['expected_loss'])} USD"
        f" ({high['alternative']}, at {usd(high['expected_cost'])} USD)."
    )


def _cards(part: Part, rows: pd.DataFrame) -> list[Card]:
    planned = _planned(rows)
    cards = [Card("Alternatives", str(len(rows)), f"{len(planned)} with a plan")]
    if planned.empty:
        return cards
    least = planned.sort_values("expected_loss", kind="stable").iloc[0]
    cheap = planned.sort_values("expected_cost", kind="stable").iloc[0]
    cards += [
        Card("Least expected loss", f"{usd(least['expected_loss'])} USD", str(least["alternative"])),
        Card("Least expected cost", f"{usd(cheap['expected_cost'])} USD", str(cheap["alternative"])),
    ]
    worth = marginal.data(part.tables)
    paying = worth[worth["saving_usd"] > 1e-3]
    if len(paying):
        last = paying.iloc[-1]
        cards.append(
            Card("Money still binds at", f"{usd(last['envelope_usd'])} USD",
                 f"the last dollar saves {figures(last['saving_usd'])} USD there")
        )  # fmt: skip
    if "relative_gap" in planned and planned["relative_gap"].notna().any():
        proved, of = proof(float(planned["relative_gap"].max()))
        cards.append(Card("Proof", proved, f"{of}; the widest gap of all"))
    return cards


def _described(part: Part) -> list[str]:
    rows = part.facts.get("alternatives")
    described = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [f"{row['name']}: {row['description']}" for row in described if row.get("description")]


def _named(rows: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    there = rows[[c for c in columns if c in rows]]
    return there.rename(columns={c: f"{c}_usd" for c in MONEY})


def _overview(rows: pd.DataFrame) -> Grid:
    return grid(_named(rows, OVERVIEW), "Alternatives; cost and loss expected and discounted")


def _differences(part: Part) -> list[Grid]:
    """Differences as a matrix: measures by alternatives, each in its own unit."""
    rows = part.tables.get("differences")
    if rows is None or rows.empty:
        return []
    base = str(part.facts.get("baseline", "the baseline"))
    names = [n for n in dict.fromkeys(rows["alternative"]) if n != base]
    told: dict[str, dict[str, str]] = {}
    for measure, unit, alternative, difference in zip(
        rows["measure"], rows["unit"], rows["alternative"], rows["difference"], strict=True
    ):
        what = measured(str(measure), str(unit))
        told.setdefault(what, {})[str(alternative)] = signed(difference, str(unit))
    body = [[what, *(cells.get(n, "") for n in names)] for what, cells in told.items() if any(cells.values())]
    caption = f"Differences to {base}"
    return [Grid(caption, ["measure", *names], body, frozenset(range(1, len(names) + 1)))] if names else []


def measured(measure: str, unit: str) -> str:
    """A measure with its unit; shares are written as percentages."""
    words = measure.replace("_", " ").replace(":", ": ")
    return words if unit in ("", *SHARED) else f"{words}, {unit}"


def signed(value: float, unit: str) -> str:
    """A difference with its sign."""
    if math.isnan(value):
        return ""
    if unit in SHARED:
        text = percent(abs(value)) if abs(value) > ROUNDING else "0"
    else:
        text = usd(abs(value)) if unit.startswith("USD") else figures(abs(value))
    return text if text == "0" else f"{'+' if value > 0 else '−'}{text}"


def _more(tables: dict[str, pd.DataFrame]) -> list[Grid]:
    grids = []
    rows = tables["alternatives"]
    if {"domestic_share", "allied_share"} <= set(rows.columns):
        grids.append(grid(_named(rows, SHARES), "Shares of supply by origin, and emissions in t of CO2"))
    for name, caption, renamed in (
        ("cover", "Days of use held when supply is first hit, and at the end", {}),
        (
            "concentration",
            "Concentration of supply: Herfindahl-Hirschman index (hhi), 0 to 1, and the largest country",
            {"tonnes": "amount_t"},
        ),
    ):
        table = tables.get(name)
        if table is not None and len(table):
            grids.append(grid(table.rename(columns=renamed), caption, folded=True, where=f"tables/{name}"))
    return grids
