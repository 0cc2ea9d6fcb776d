"""Agreements, projects and depots: what it would cost to do without those chosen and to have the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from models.instance import Agreement, Depot, Project
from optimizer.why.flip import Flip, flip, settle
from optimizer.why.ground import Ground, Option

GAP = 1e-4
"""Share of the objective within which a price is settled."""
ITEM_SECONDS = 60.0
"""What the search for one price may take at most."""

COLUMNS = {
    "chosen": ["kind", "id", "name", "commodity", "country", "amount", "unit", "low_usd", "high_usd",
               "proven", "impossible", "better_usd"],
    "not_chosen": ["kind", "id", "name", "commodity", "country", "low_usd", "high_usd", "proven",
                   "impossible", "better_usd", "price_now", "price_unit", "cut_enough", "cut_is_exact"],
}  # fmt: skip


def flips(
    ground: Ground,
    options: Iterable[Option],
    *,
    keep: float = 0.0,
    then: Callable[[], None] = lambda: None,
    gap: float = GAP,
    report: Callable[[int, int], None],
) -> list[Flip]:
    """A price for each option: bounds for all first, then a search for one after the other while time lasts.

    Searched first: what is chosen, then what is nearest to being chosen. ``keep`` seconds are left over.
    ``then`` is done between bounds and searches.
    """
    listed = list(options)
    found: list[Flip] = []
    for option in listed:
        report(len(found), len(listed))
        found.append(flip(ground, option))
    then()
    gap *= abs(ground.best)
    open_ = [i for i, known in enumerate(found) if not known.proven(gap)]
    for i in sorted(open_, key=lambda i: (found[i].forced, found[i].high, i)):
        left = ground.left() - keep
        if left <= 0:
            break
        report(len(listed), len(listed))
        found[i] = settle(ground, found[i], gap, min(left, ITEM_SECONDS))
    return found


def tables(ground: Ground, found: Iterable[Flip]) -> dict[str, pd.DataFrame]:
    """The tables ``chosen``, dearest to do without first, and ``not_chosen``, nearest to the plan first."""
    rows: dict[str, list[dict[str, Any]]] = {"chosen": [], "not_chosen": []}
    for known in found:
        rows["not_chosen" if known.forced else "chosen"].append(_row(ground, known))
    rows["chosen"].sort(key=lambda r: (-r["low_usd"], r["id"]))
    rows["not_chosen"].sort(key=lambda r: (r["high_usd"], r["low_usd"], r["id"]))
    return {name: pd.DataFrame(rows[name], columns=COLUMNS[name]) for name in rows}


def _row(ground: Ground, known: Flip) -> dict[str, Any]:
    option, row = known.option, known.option.row
    amount, unit = size(ground, option)
    price, price_unit, per = asked(ground, option)
    enough = known.high / known.paid * per if known.forced and known.paid > 0 else np.inf
    return {
        "kind": option.kind,
        "id": option.id,
        "name": called(row),
        "commodity": commodity(row),
        "country": row.country,
        "amount": amount,
        "unit": unit,
        "low_usd": ground.usd(known.low),
        "high_usd": ground.usd(known.high),
        "proven": known.proven(GAP * abs(ground.best)),
        "impossible": known.impossible,
        "better_usd": ground.usd(known.better),
        "price_now": price,
        "price_unit": price_unit,
        "cut_enough": enough,
        "cut_is_exact": known.forced and option.kind != "agreement" and known.proven(GAP * abs(ground.best)),
    }


def called(row: Agreement | Project | Depot) -> str:
    """A supplier, a kind of project, or a depot."""
    return row.supplier if isinstance(row, Agreement) else row.kind if isinstance(row, Project) else "depot"


def commodity(row: Agreement | Project | Depot) -> str:
    """What it brings; several outputs are joined by +."""
    if isinstance(row, Agreement):
        return row.commodity
    return "+".join(row.outputs) if isinstance(row, Project) else ""


def size(ground: Ground, option: Option) -> tuple[float, str]:
    """How much of it is in the plan."""
    j = ground.chosen(option)
    units = ground.data.units
    if isinstance(option.row, Agreement):
        key = None if j is None else ("volume", ground.arrays.columns[j][1])
        value = 0.0 if key is None else ground.x[ground.column[key]]
        return float(value * units.tonnes[option.row.commodity]), "t/year"
    if isinstance(option.row, Project):
        key = None if j is None else ("capacity", ground.arrays.columns[j][1])
        value = 0.0 if key is None else ground.x[ground.column[key]]
        return float(value * units.activity[option.id]), "t/year"
    return (option.row.capacity or 0.0) if j is not None else 0.0, "m³"


def asked(ground: Ground, option: Option) -> tuple[float, str, float]:
    """What it asks now, the unit of that, and how many of these one scaled unit of price is.

    Of an agreement the unit price, the mean over expected discounted years; of a project what the agency pays
    to build it at its least size; of a depot what opening costs.
    """
    data, row = ground.data, option.row
    if isinstance(row, Agreement):
        natural = ground.money / data.units.tonnes[row.commodity]
        first = min(row.starts)
        nodes = [n for n in data.nodes if first <= data.period(n) < first + data.term(row)]
        weights = [data.probability(n) * data.discount(data.period(n)) for n in nodes]
        prices = [data.unit_price(row, n) for n in nodes]
        mean = sum(w * p for w, p in zip(weights, prices, strict=True)) / (sum(weights) or 1.0)
        return mean * natural, "USD/t", natural
    if isinstance(row, Project):
        least = row.capacity.min if row.capacity else 0.0
        capex = row.public_share * (row.capex_fixed + row.capex_per_unit * least)
        return capex, "USD", ground.money
    return row.opening_cost, "USD", ground.money
