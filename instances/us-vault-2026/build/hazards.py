"""Hazards: what scenarios can be sampled from, at the rates of ``base_rates.csv``.

A row of ``hazards.csv`` bundles announcements (``a+b``). Its rate is a share of the announcements that cut
supply to US buyers (announcement rate x binding share), or a rate of its own. Levels multiply what is left of
supply in announcements of their own kind (``ban_...``, ``licence_...``); access to spot markets, prices and
demand stay as announced.
"""

from __future__ import annotations

from typing import Any

from scenarios import Effects, binding_rate, effects
from tables import Assumptions, Ledger, Options, Record, Rows, number, optional, read, rounded, words


def _rate(row: Record, share: str, rate: str, binding: float) -> float | None:
    """A yearly rate, given as such or as a share of the binding announcements; None for neither."""
    part = optional(row[share])
    return rounded(part * binding) if part is not None else optional(row[rate])


def _levels(row: Record, known: dict[str, Effects]) -> Rows:
    """The levels of a hazard: the first supply effect of each announcement is the cut at the source."""
    found: Rows = []
    for level in read("hazard_levels"):
        if level["levels"] == row["levels"]:
            multiple = number(level["supply_multiple"])
            several: Effects = []
            for name in row["announcements"].split("+"):
                cut, *rest = known[name]
                kind = name.partition("_")[0] == level["levels"]
                factor = rounded(cut["factor"] * (multiple if kind else 1))
                several += [cut | {"factor": factor}, *rest]
            found.append({"id": level["id"], "probability": number(level["probability"]), "effects": several})
    return found


def _probability(text: str, a: Assumptions) -> float:
    """A number, or the id of an assumption."""
    return number(text) if text[0].isdigit() else a[text]


def build(a: Assumptions, options: Options, ledger: Ledger) -> Rows:
    """Rows of ``hazards``."""
    known = effects(read("announcement_prices"), read("announcement_demand"))
    binding = binding_rate(a, options)
    rows: Rows = []
    for row in read("hazards"):
        hazard: dict[str, Any] = {"id": row["id"], "country": row["country"]}
        hazard["ending_rate"] = number(row["ending_rate"])
        hazard["rate"] = _rate(row, "share", "rate", binding) or 0.0
        if row["after"]:
            hazard["after"] = words(row["after"])
            hazard["after_rate"] = _rate(row, "after_share", "after_rate", binding)
        if row["becomes"]:
            hazard["becomes"] = row["becomes"]
            hazard["becomes_probability"] = number(row["becomes_probability"])
        hazard["replaces"] = words(row["replaces"])
        if row["dated_year"]:
            chance = _probability(row["dated_probability"], a)
            hazard["dated"] = {"period": int(row["dated_year"]) - a.start, "probability": chance}
        hazard["levels"] = _levels(row, known)
        rows.append(hazard)
        formula = f"rate {hazard['rate']:g}, after {hazard.get('after_rate', 0):g}, ends {row['ending_rate']}"
        ledger.note("hazards", row["id"], "rates, levels", row, f"{formula}; {row['note']}")
    for level in read("hazard_levels"):
        ledger.note(
            "hazards.levels", f"{level['levels']} {level['id']}", "probability, supply", level, level["note"]
        )
    return rows


def regimes(ledger: Ledger) -> Rows:
    """Rows of ``regimes``."""
    rows: Rows = []
    for row in read("regimes"):
        rows.append(
            {"country": row["country"]}
            | {key: number(row[key]) for key in ("tense_rate", "calm_rate", "tense_at_start")}
            | {key: number(row[key]) for key in ("calm_factor", "tense_factor")}
        )
        ledger.note("regimes", row["country"], "rates, factors", row, row["note"])
    return rows


def rates(a: Assumptions, options: Options, ledger: Ledger) -> Rows:
    """Rows of ``hazard_rates``: other announcement rates as factors on what is a share of them."""
    base = options.announcement_rate if options.announcement_rate is not None else a["announcement_rate"]
    scaled = [row["id"] for row in read("hazards") if row["share"] or row["after_share"]]
    rows: Rows = []
    for row in read("hazard_rates"):
        factor = rounded(number(row["announcements"]) / base)
        rows.append({"id": row["id"], "factor": factor, "hazards": scaled})
        ledger.note("hazard_rates", row["id"], "factor", row, f"{row['announcements']} / {base:g}")
    return rows
