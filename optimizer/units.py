"""Units in which the numbers met by the solver lie near one (model.md §7).

They are powers of ten that follow the instance: written in kg or in thousand USD it gets other units and
nothing else changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.instance import Instance

DISTANCE = 1e4
"""The yearly worth of all demand is about this many units of money."""


def power_of_ten(value: float) -> float:
    """The power of ten nearest to a positive value; 1 for anything else."""
    return 10.0 ** round(math.log10(value)) if value > 0 and math.isfinite(value) else 1.0


@dataclass(frozen=True)
class Units:
    """What one unit of a scaled number is in natural units."""

    money: float
    """USD"""
    tonnes: dict[str, float]
    """t, by commodity"""
    activity: dict[str, float]
    """t of activity, by project"""
    emissions: float
    """tCO2e"""


def choose_units(instance: Instance) -> Units:
    """Units that follow the instance's own size."""
    price = {c.id: mean(c.price) for c in instance.commodities}
    worth = sum(mean(q.quantity) * price[q.commodity] for q in instance.demand)
    worth += sum(mean(j.output) for j in instance.industries)
    if worth <= 0:
        worth = sum(mean(r.quantity) * price[r.commodity] for r in instance.market) or 1e10
    money = power_of_ten(worth / DISTANCE)
    known = [p for p in price.values() if p > 0]
    typical = sorted(known)[len(known) // 2] if known else 1.0
    tonnes = {m: power_of_ten(money / (p if p > 0 else typical)) for m, p in price.items()}
    activity = {}
    for k in instance.projects:
        made = [(x * price[m], tonnes[m] / x) for m, x in k.outputs.items() if x > 0]
        activity[k.id] = power_of_ten(max(made)[1]) if made else 1.0
    limit = instance.risk.emissions_limit
    return Units(money, tonnes, activity, power_of_ten(limit / DISTANCE) if limit else 1.0)


def mean(series: float | tuple[float, ...]) -> float:
    """Mean over the periods of a Series."""
    return sum(series) / len(series) if isinstance(series, tuple) else series
