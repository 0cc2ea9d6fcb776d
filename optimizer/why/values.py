"""What binds: marginal values grouped for planners, from the duals of a small step.

A limit's price times its size is what it costs in all, its rent: that is what limits are ranked by, because
one more tonne of terbium always outprices one more tonne of tungsten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimizer.marginals import NOISE
from optimizer.marginals.table import BOUNDS, ROWS, Price
from optimizer.marginals.units import Index
from optimizer.why.ground import Ground

LIMIT_OF = {"volume_max": "volume", "capacity_max": "capacity", "run_max": "run"}
"""Rows whose size is the value of a variable, not their right-hand side."""


GIVEN = ("market", "private_stock")
"""Limits of the world."""


@dataclass(frozen=True)
class Limit:
    """One row or bound that costs something."""

    kind: str
    item: str
    id: str
    """Of the agreement, offer, project, commodity it is about."""
    year: float | None
    value: float
    """USD per unit."""
    rent: float
    """USD: its price times its size."""
    unit: str
    materials: tuple[str, ...]


def limits(ground: Ground) -> list[Limit]:
    """Every row and bound with a price, as :mod:`optimizer.marginals` tells them."""
    arrays, loose = ground.arrays, ground.loose
    rows, columns, x = loose.row_duals, loose.column_duals, loose.x
    if rows is None or columns is None or x is None:
        return []
    decided = {arrays.columns[j]: bool(x[j] > 0.5) for j in ground.integers}
    found: list[Limit] = []
    for i in np.flatnonzero(np.abs(rows[: len(arrays.rows)]) > NOISE).tolist():
        name, key = arrays.rows[i]
        if name not in ROWS or name == "pool":
            continue
        high = arrays.row_upper[i]
        size = high if np.isfinite(high) else arrays.row_lower[i]
        if name in LIMIT_OF:
            size = x[ground.column[LIMIT_OF[name], key]]
        found += _limit(ground, ROWS[name], key, abs(float(rows[i])), abs(float(size)), decided)
    for j in np.flatnonzero(columns < -NOISE).tolist():
        name, key = arrays.columns[j]
        if name in BOUNDS and np.isfinite(arrays.upper[j]):
            found += _limit(ground, BOUNDS[name], key, -float(columns[j]), float(x[j]), decided)
    return found


def _limit(
    ground: Ground, price: Price, key: Index, dual: float, size: float, decided: dict[tuple[str, Index], bool]
) -> Iterator[Limit]:
    data = ground.data
    per_unit = price.per_unit(data, key)
    if per_unit <= 0 or not price.chosen(data, key, decided):
        return
    item = price.item(data, key)
    year = None if price.node is None else ground.period_year(data.period(key[price.node]))
    of = _about(ground, price.kind, key)
    yield Limit(
        kind=price.kind,
        item=item,
        id=of,
        year=year,
        value=dual * ground.money / per_unit,
        rent=dual * size * ground.money,
        unit=price.unit,
        materials=_materials(ground, of),
    )


def _about(ground: Ground, kind: str, key: Index) -> str:
    """The id a limit is about: a commodity where it has one."""
    risk = ground.instance.risk
    match kind:
        case "cover":
            return risk.cover[key[0]].commodity
        case "shares":
            return str(key[1])
        case "service":
            return str(key[1])
        case "envelope" | "exposure" | "cvar_limit" | "expected_loss_limit" | "emissions_limit":
            return kind
        case _:
            return str(key[0])


def _materials(ground: Ground, of: str) -> tuple[str, ...]:
    data = ground.data
    goods: list[str] = []
    if of in data.commodities:
        goods = [of]
    elif of in data.items:
        row = data.items[of]
        goods = list(row.outputs) if hasattr(row, "outputs") else [row.commodity]
    elif of in data.demand_rows:
        goods = [data.demand_rows[of].commodity]
    elif of in data.substitutions:
        goods = [data.demand_rows[data.substitutions[of].demand].commodity]
    return tuple(dict.fromkeys(data.commodities[c].material for c in goods))


def binding(found: list[Limit]) -> pd.DataFrame:
    """Limits by kind and item: price in the year it is highest, years, rent over all years; dearest first."""
    groups: dict[tuple[str, str], list[Limit]] = defaultdict(list)
    for limit in found:
        groups[limit.kind, limit.item].append(limit)
    rows: list[dict[str, Any]] = []
    for (kind, item), members in groups.items():
        by_year: dict[float | None, float] = defaultdict(float)
        for limit in members:
            by_year[limit.year] += limit.value
        peak = max(by_year, key=lambda y: (by_year[y], -(y or 0.0)))
        rows.append(
            {
                "kind": kind,
                "item": item,
                "rent_usd": sum(limit.rent for limit in members),
                "value_usd": by_year[peak],
                "unit": members[0].unit,
                "year": peak,
                "years": len(by_year) if peak is not None else 0,
                "value_all_years_usd": sum(by_year.values()),
            }
        )
    rows.sort(key=lambda r: (-r["rent_usd"], r["kind"], r["item"]))
    return pd.DataFrame(rows, columns=list(BINDING))


BINDING = ("kind", "item", "rent_usd", "value_usd", "unit", "year", "years", "value_all_years_usd")


def materials(found: list[Limit]) -> pd.DataFrame:
    """By material: the limit that costs most, and its share of what all limits on it cost.

    What commerce supplies and consumers hold is left out: nobody decides on it, and it would come first.
    """
    groups: dict[str, dict[tuple[str, str], list[Limit]]] = defaultdict(lambda: defaultdict(list))
    for limit in found:
        for material in limit.materials if limit.kind not in GIVEN else ():
            groups[material][limit.kind, limit.item].append(limit)
    rows: list[dict[str, Any]] = []
    for material, items in groups.items():
        rents = {key: sum(limit.rent for limit in members) for key, members in items.items()}
        kind, item = max(rents, key=lambda key: (rents[key], key))
        members = items[kind, item]
        peak = max(members, key=lambda limit: limit.value)
        all_ = sum(rents.values())
        rows.append(
            {
                "material": material,
                "kind": kind,
                "item": item,
                "rent_usd": rents[kind, item],
                "share": rents[kind, item] / all_ if all_ > 0 else 0.0,
                "value_usd": sum(limit.value for limit in members if limit.year == peak.year),
                "unit": peak.unit,
                "year": peak.year,
            }
        )
    rows.sort(key=lambda r: (-r["rent_usd"], r["material"]))
    return pd.DataFrame(
        rows, columns=["material", "kind", "item", "rent_usd", "share", "value_usd", "unit", "year"]
    )
