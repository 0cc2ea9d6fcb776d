"""What one more unit of something scarce would save, from the duals of the LP with yes/no decisions fixed.

A dual says what a small step is worth while the yes/no decisions stay as they are; a large step, or one that would
change them, may be worth more. At a corner several values may be right at once; HiGHS gives one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from models.plan import MarginalValue
from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.highs import Outcome

NOISE = 1e-7
"""Scaled duals below this are HiGHS's tolerance, not a price."""


@dataclass(frozen=True)
class Price:
    """How the dual of a row or bound reads."""

    kind: str
    unit: str
    item: Callable[[Data, tuple], str]  # type: ignore[type-arg]
    """What the row is about."""
    per_unit: Callable[[Data, tuple], float]  # type: ignore[type-arg]
    """Natural units per unit of the row's right-hand side."""
    words: str
    """With {item}, {when}, {value}."""
    node: int | None = None
    """Position of the node in the index; the years are told apart by it."""
    period: int | None = None
    """Position of the period in the index, instead of a node."""


def _first(_: Data, key: tuple) -> str:  # type: ignore[type-arg]
    return str(key[0])


def _one(_: Data, __: tuple) -> float:  # type: ignore[type-arg]
    return 1.0


def _money(data: Data, _: tuple) -> float:  # type: ignore[type-arg]
    return data.units.money


def _tonnes(data: Data, key: tuple) -> float:  # type: ignore[type-arg]
    return data.units.tonnes[key[0]]


def _demanded(data: Data, key: tuple) -> float:  # type: ignore[type-arg]
    return data.units.tonnes[data.demand_rows[key[1]].commodity]


def _covered(data: Data, key: tuple) -> str:  # type: ignore[type-arg]
    rule = data.instance.risk.cover[key[0]]
    return f"{rule.commodity} ({'+'.join(rule.segments) or 'all segments'}, {rule.days:g} days)"


def _covered_tonnes(data: Data, key: tuple) -> float:  # type: ignore[type-arg]
    return data.units.tonnes[data.instance.risk.cover[key[0]].commodity]


def _named(data: Data, key: tuple) -> str:  # type: ignore[type-arg]
    rule = data.instance.risk.shares[key[0]]
    return f"{key[1]} from {'+'.join((*rule.countries, *rule.groups)) or 'anywhere'}"


def _room(data: Data, key: tuple) -> float:  # type: ignore[type-arg]
    return data.depots[key[0]].capacity or 1.0


def _given_out(data: Data, key: tuple) -> float:  # type: ignore[type-arg]
    limit = (data.depots[key[0]].outturn or 0.0) * data.avail("depots", key[0], key[1]) * data.years_per_period
    return limit if limit > 0 else 1.0


ROWS: dict[str, Price] = {
    "envelope": Price("envelope", "USD", lambda *_: "envelope", _money, "One more dollar of envelope saves {value}."),
    "pool": Price(
        "commodity", "t", _first, _tonnes, "One more tonne of {item} in the reserve {when} saves {value}.", node=1
    ),
    "market_max": Price("market", "t", _first, _tonnes, "One more tonne of {item} in commerce {when} saves {value}.", node=1),
    "cover": Price("cover", "t", _covered, _covered_tonnes, "Cover of {item}: one tonne less to hold {when} saves {value}.", node=1),
    "service": Price("service", "t", lambda d, k: str(k[1]), _demanded, "Service of {item}: one tonne less owed {when} saves {value}.", node=2),
    "service_industry": Price("service", "of output", lambda d, k: str(k[1]), _one, "Service of {item}: leave to cut all its output {when} saves {value}.", node=2),
    "share": Price("shares", "t", _named, lambda d, k: d.units.tonnes[k[1]], "Share of {item}: one tonne more allowed saves {value}."),
    "allocation_min": Price("allocations", "USD", _first, _money, "Allocation {item}: one dollar less to spend at least saves {value}."),
    "allocation_max": Price("allocations", "USD", _first, _money, "Allocation {item}: one dollar more allowed saves {value}."),
    "allocation_min_share": Price("allocations", "USD", _first, _money, "Allocation {item}: one dollar below its least share saves {value}."),
    "allocation_max_share": Price("allocations", "USD", _first, _money, "Allocation {item}: one dollar above its largest share saves {value}."),
    "exposure": Price("exposure", "USD of risk-weighted spend", lambda *_: "exposure_limit", _money, "Exposure: one more dollar of risk-weighted spend saves {value}."),
    "cvar_limit": Price("cvar_limit", "USD", lambda *_: "cvar_limit", _money, "One more dollar of CVaR allowed saves {value}."),
    "expected_loss_limit": Price("expected_loss_limit", "USD", lambda *_: "expected_loss_limit", _money, "One more dollar of expected loss allowed saves {value}."),
    "emissions_limit": Price("emissions_limit", "tCO2e", lambda *_: "emissions_limit", lambda d, _: d.units.emissions, "One more tonne of CO2e allowed saves {value}."),
    "depot_capacity": Price("depot", "m³", _first, _room, "One more m³ in depot {item} {when} saves {value}.", node=1),
    "depot_outturn": Price("outturn", "t", _first, _given_out, "One more tonne out of depot {item} {when} saves {value}.", node=1),
    "volume_max": Price("agreement", "t/year", _first, lambda d, k: d.units.tonnes[d.agreements[k[0]].commodity], "One more tonne a year on offer under {item} saves {value}."),
    "capacity_max": Price("project", "t/year", _first, lambda d, k: d.units.activity[k[0]], "One more tonne a year of room to build {item} saves {value}."),
}  # fmt: skip
BOUNDS: dict[str, Price] = {
    "drawn": Price("source", "USD", _first, _money, "One more dollar in all from source {item} saves {value}."),
    "draw": Price("source", "USD", _first, _money, "One more dollar from source {item} {when} saves {value}.", node=1),
    "spot": Price("spot", "t", _first, lambda d, k: d.units.tonnes[d.offers[k[0]].commodity], "One more tonne on offer at {item} {when} saves {value}.", node=2),
    "sale": Price("sale", "t", _first, _tonnes, "One more tonne of {item} that may be sold {when} saves {value}.", node=1),
}  # fmt: skip


def marginal_values(data: Data, arrays: Arrays, outcome: Outcome) -> tuple[MarginalValue, ...]:
    """Marginal values greater than 0, largest first within each kind.

    ``value`` is USD of objective saved per unit: with objective weights of 1, expected USD of today.
    """
    if outcome.row_duals is None or outcome.column_duals is None:
        return ()
    sums: dict[tuple[str, str, str, float | None], float] = defaultdict(float)
    templates: dict[tuple[str, str, str, float | None], Price] = {}
    equality = arrays.row_lower == arrays.row_upper

    def collect(price: Price, key: tuple, saved: float) -> None:  # type: ignore[type-arg]
        where = (price.kind, price.item(data, key), price.unit, _year(data, price, key))
        sums[where] += saved * data.units.money / price.per_unit(data, key)
        templates[where] = price

    for i, dual in enumerate(outcome.row_duals.tolist()):
        name, key = arrays.rows[i]
        price = ROWS.get(name)
        if price is not None and abs(dual) > NOISE:
            # pool: a tonne given is a right-hand side lowered; other rows are inequalities, relaxed the way they bind.
            collect(price, key, dual if equality[i] else abs(dual))
    for j, dual in enumerate(outcome.column_duals.tolist()):
        name, key = arrays.columns[j]
        price = BOUNDS.get(name)
        if price is not None and dual < -NOISE:
            collect(price, key, -dual)

    found = [
        MarginalValue(
            kind=kind,
            item=item,
            year=year,
            value=value,
            unit=unit,
            words=templates[kind, item, unit, year].words.format(
                item=item, when=f"in {year:g}" if year is not None else "", value=_dollars(value)
            ),
        )
        for (kind, item, unit, year), value in sums.items()
        if value > 0
    ]
    order = {kind: i for i, kind in enumerate(dict.fromkeys(p.kind for p in (*ROWS.values(), *BOUNDS.values())))}
    return tuple(sorted(found, key=lambda v: (order[v.kind], -v.value)))


def _year(data: Data, price: Price, key: tuple) -> float | None:  # type: ignore[type-arg]
    if price.node is None:
        return None
    return data.instance.horizon.start_year + data.period(key[price.node]) * data.years_per_period


def _dollars(value: float) -> str:
    return f"{value:,.0f} USD" if value >= 100 else f"{value:.3g} USD"
