"""Scenarios: announcements that hit bundles of materials, on paths that share their beginnings.

An event of ``scenarios.csv`` is written ``announcement+announcement@year x duration``. Two scenarios with
the same events up to a year share the nodes up to that year, so how long an event will last is not known
while it lasts.

Probability of a scenario = P(first event in its years) x P(second announcement, or none) x its share. The
first event in 2027 is the lapse of the suspension. Later ones arrive with the hazard h = 1 - exp(-rate x
binding share) a year: P(first event in years i..j) = P(none before i) x (1 - (1 - h)^(j - i + 1)). A harder
second announcement comes within n years with 1 - exp(-rate x binding share x severe share x n). What is left
over is undisturbed.
"""

from __future__ import annotations

from math import exp
from typing import Any

from tables import Assumptions, Ledger, Options, Record, Rows, Table, number, optional, read, rounded, words

Effects = list[dict[str, Any]]


def binding_rate(a: Assumptions, options: Options) -> float:
    """Announcements a year that cut supply to US buyers."""
    rate = options.announcement_rate if options.announcement_rate is not None else a["announcement_rate"]
    return rate * a["binding_share"]


def second_probability(text: str, a: Assumptions, options: Options) -> float:
    """P(harder second announcement within ``text`` years); 0 for an empty cell."""
    years = optional(text)
    return 0.0 if years is None else 1 - exp(-binding_rate(a, options) * a["severe_share"] * years)


def first_event_probabilities(a: Assumptions, options: Options) -> dict[str, float]:
    """P(first event) by the years of ``first_events.csv``."""
    hazard = 1 - exp(-binding_rate(a, options))
    none_before, found = 1.0, {}
    for row in read("first_events"):
        span = int(row["to_year"]) - int(row["from_year"]) + 1
        chance = a["lapse_probability"] if row["method"] == "lapse" else 1 - (1 - hazard) ** span
        found[row["first_event"]] = none_before * chance
        none_before *= 1 - chance
    return found


def _supply(row: Record) -> Effects:
    """Supply cut at the source, and the agency's own access to the spot market wherever the material is
    traded."""
    where = {"countries": words(row["countries"]), "materials": words(row["materials"])}
    cut: Effects = [
        {"kind": "supply", "factor": number(row["supply_factor"])} | {k: v for k, v in where.items() if v}
    ]
    access = optional(row["spot_factor"])
    if access is not None:
        spot = {"kind": "supply", "factor": access, "channels": ["spot"]}
        cut.append(spot | ({"materials": where["materials"]} if where["materials"] else {}))
    return cut


def effects(prices: Table, surges: Table) -> dict[str, Effects]:
    """Effects of each announcement."""
    found = {row["id"]: _supply(row) for row in read("announcements")}
    for row in prices:
        selector = {"materials": words(row["materials"])} if row["materials"] else {}
        found[row["announcement"]].append({"kind": "price", "factor": number(row["factor"])} | selector)
    for row in surges:
        selector = {"segments": [row["segment"]]}
        found[row["announcement"]].append({"kind": "demand", "factor": number(row["factor"])} | selector)
    return found


def _event(
    text: str, number_in_path: int, known: dict[str, Effects], a: Assumptions, shift: int
) -> dict[str, Any]:
    """``names@year x duration`` as an event, ``shift`` years later; ``end`` lasts to the end of the
    horizon."""
    names, when = text.split("@")
    year, length = when.split("x")
    start = int(year) + shift - a.start
    return {
        "id": f"event_{number_in_path}",
        "start": start,
        "duration": a.periods - start if length == "end" else int(length),
        "effects": [effect for name in names.split("+") for effect in known[name]],
    }


def build(a: Assumptions, options: Options, ledger: Ledger) -> Rows:
    """Rows of ``scenarios``.

    Shares are of the paths of a group with a second announcement, or of those without; they may sum to less
    than 1, the rest stays undisturbed.
    """
    known = effects(read("announcement_prices"), read("announcement_demand"))
    first = first_event_probabilities(a, options)
    table = read("scenarios")
    spans = {row["first_event"] for row in read("first_events") if row["from_year"] != row["to_year"]}
    again: dict[str, float] = {}
    rows: Rows = []
    for key, chance in first.items():
        group = [row for row in table if row["first_event"] == key]
        for kind in (True, False):
            given = sum(number(row["share"]) for row in group if bool(row["second_years"]) == kind)
            if given > 1 + 1e-9:
                raise ValueError(f"scenarios.csv: shares of {key} sum to {given}")
        again[key] = max(second_probability(row["second_years"], a, options) for row in group)
        ledger.note(
            "scenarios",
            key,
            "probability of the first event",
            "first_events.csv and assumptions.csv",
            f"{chance:.4f}",
            quality="derived",
        )
    for row in table:
        shift = int(a["span_shift"]) if row["first_event"] in spans else 0
        parts = enumerate(row["events"].split(","), start=1)
        events = [_event(text, i, known, a, shift) for i, text in parts]
        second = again[row["first_event"]]
        given = second if row["second_years"] else 1 - second
        chance = first[row["first_event"]] * given * number(row["share"])
        rows.append({"id": row["id"], "probability": rounded(chance, 6), "events": events})
        ledger.note(
            "scenarios",
            row["id"],
            "events, share",
            row,
            f"P(first event {row['first_event']}) x {given:.4f} x {row['share']}; {row['note']}",
        )
    for row in read("announcements"):
        ledger.note("scenarios.effects", row["id"], "supply", row, row["note"] or "table value")
    for row in read("announcement_prices") + read("announcement_demand"):
        ledger.note(
            "scenarios.effects", row["announcement"], "price or demand", row, row["note"] or "table value"
        )
    return rows
