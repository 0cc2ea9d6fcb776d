"""What one more tonne a year of each offer is worth, all its years together: from duals of a small step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pandas as pd

from models.instance import at
from optimizer.marginals import NOISE
from optimizer.why.ground import Ground

Row = dict[str, Any]
OFFER_KINDS = ["agreement", "project", "spot", "market"]


def offers(ground: Ground) -> pd.DataFrame:
    """What one more t/year of each offer, in all its years, is worth: signed volume, spot tiers, capacity,
    and supply of commerce by group of countries; 0 where more would not be used."""
    rows = [*_volumes(ground), *_capacities(ground), *_depths(ground), *_supply(ground)]
    rows.sort(key=lambda r: (OFFER_KINDS.index(r["kind"]), -r["value_usd"], r["id"]))
    return pd.DataFrame(rows, columns=["kind", "id", "what", "commodity", "group", "value_usd", "unit"])


def _group(ground: Ground, country: str) -> str:
    return next(c.group for c in ground.instance.countries if c.id == country)


def _volumes(ground: Ground) -> Iterator[Row]:
    duals = ground.loose.row_duals
    assert duals is not None, "optimal"
    for option in ground.options_on_offer.values():
        j = ground.chosen(option)
        if option.kind != "agreement" or j is None:
            continue
        _, (a, s) = ground.arrays.columns[j]
        commodity = ground.data.agreements[a].commodity
        value = _clean(duals[ground.row["volume_max", (a, s)]]) * ground.money
        yield {
            "kind": "agreement", "id": a, "what": "volume", "commodity": commodity,
            "group": _group(ground, ground.data.agreements[a].country),
            "value_usd": value / ground.data.units.tonnes[commodity], "unit": "t/year",
        }  # fmt: skip


def _capacities(ground: Ground) -> Iterator[Row]:
    data, duals = ground.data, ground.loose.row_duals
    assert duals is not None, "optimal"
    for k, project in data.projects.items():
        option = ground.options_on_offer.get(k)
        j = None if option is None else ground.chosen(option)
        made = next(iter(project.outputs))
        value = 0.0
        if j is not None:
            value += _clean(duals[ground.row["capacity_max", ground.arrays.columns[j][1]]])
        if any(at(project.existing_capacity, t) > 0 for t in range(data.periods)):
            # More of what is there already: the right-hand side of what it may run at every node.
            for n in data.nodes:
                row = ground.row.get(("run_max", (k, n)), ground.row.get(("run_must", (k, n))))
                if row is not None:
                    scale = data.avail("projects", k, n) * data.years_per_period
                    must = ("run_must", (k, n)) in ground.row
                    sign = ground.coefficient(row, ("run", (k, n)))
                    value += (-float(duals[row]) * sign if must else _clean(duals[row])) * scale
        elif j is None:
            continue
        yield {
            "kind": "project", "id": k, "what": "capacity", "commodity": made,
            "group": _group(ground, project.country),
            "value_usd": value * ground.money / data.units.activity[k], "unit": "t/year",
        }  # fmt: skip


def _depths(ground: Ground) -> Iterator[Row]:
    data, duals = ground.data, ground.loose.column_duals
    assert duals is not None, "optimal"
    for o, offer in data.offers.items():
        for tier in range(len(offer.tiers)):
            value = 0.0
            for n in data.nodes:
                j = ground.column["spot", (o, tier, n)]
                value += (
                    max(0.0, -_clean(duals[j], signed=True))
                    * data.avail("spot", o, n)
                    * data.years_per_period
                )
            yield {
                "kind": "spot", "id": o, "what": f"tier {tier}", "commodity": offer.commodity,
                "group": _group(ground, offer.country),
                "value_usd": value * ground.money / data.units.tonnes[offer.commodity], "unit": "t/year",
            }  # fmt: skip


def _supply(ground: Ground) -> Iterator[Row]:
    """One more t/year of commerce from each group, spread over its rows as they are.

    More commerce can be bought, narrows the gap the reserve may fill, and moves the share of commerce that is
    left (μ), by which the agency's own purchases take from it.
    """
    data, instance = ground.data, ground.instance
    for commodity, members in data.market_rows.items():
        groups: dict[str, list[int]] = defaultdict(list)
        for i in members:
            groups[_group(ground, instance.market[i].country)].append(i)
        for group, rows in groups.items():
            value = sum(_one_more(ground, commodity, rows, n) for n in data.nodes)
            yield {
                "kind": "market", "id": f"{commodity} from {group}", "what": "supply", "commodity": commodity,
                "group": group, "value_usd": value * ground.money / data.units.tonnes[commodity],
                "unit": "t/year",
            }  # fmt: skip


def _one_more(ground: Ground, commodity: str, rows: list[int], n: int) -> float:
    data, duals, x = ground.data, ground.loose.row_duals, ground.loose.x
    assert duals is not None, "optimal"
    assert x is not None, "optimal"
    t = data.period(n)
    whole = [at(ground.instance.market[i].quantity, t) for i in rows]
    share = [q / sum(whole) if sum(whole) > 0 else 1.0 / len(whole) for q in whole]
    avail = sum(s * float(data.states[n].market[i]) for s, i in zip(share, rows, strict=True))
    more = avail * data.years_per_period
    row = ground.row["market_max", (commodity, n)]
    price = _clean(duals[row])
    value = price * more
    if data.consumption(commodity, n) > data.market(commodity, n):
        value -= _clean(duals[ground.row["release_gap", (commodity, n)]]) * more
    supply = data.market(commodity, n, hit=False)
    if price > 0 and supply > 0:
        left = data.market_availability(commodity, n)
        taken = _taken(ground, row, n) / left if left > 0 else 0.0
        value -= price * taken * (avail - left) * data.years_per_period / supply
    return value


def _taken(ground: Ground, row: int, n: int) -> float:
    """What the agency takes from commerce at a node, in the units of the commodity."""
    whole = ground.by_row.indices[ground.by_row.indptr[row] : ground.by_row.indptr[row + 1]]
    values = ground.by_row.data[ground.by_row.indptr[row] : ground.by_row.indptr[row + 1]]
    x = ground.x
    return float(
        sum(
            v * x[j]
            for j, v in zip(whole, values, strict=True)
            if ground.arrays.columns[j][0] in ("deliver", "spot")
        )
    )


def _clean(dual: float, signed: bool = False) -> float:
    """The price of an inequality, or a reduced cost as it is; HiGHS's tolerance is no price."""
    if abs(dual) <= NOISE:
        return 0.0
    return float(dual) if signed else abs(float(dual))
