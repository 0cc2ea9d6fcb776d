"""What the effects in force at a node multiply (model.md §1, "Selectors" and "Effects at a node")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from models.instance import Instance
from optimizer.audit.arrays import Array, Ints, Mask, OfCommodity
from optimizer.audit.tree import Selector, Tree, nodes_in_force


@dataclass(frozen=True)
class Multipliers:
    """All of shape (rows of the table, nodes); 1 where nothing is in force."""

    market: Array
    spot: Array
    agreements: Array
    projects: Array
    depots: Array
    price: Array  # per commodity
    demand: Array
    industries: Array


@dataclass(frozen=True)
class _Supplier:
    """Anything a supply effect may hit."""

    channel: str
    id: str | None  # market rows have none
    countries: frozenset[str]
    commodities: frozenset[str]


def multipliers(instance: Instance, tree: Tree) -> Multipliers:
    """Availability of every supplier, and multipliers of price and demand, at every node."""
    suppliers = _suppliers(instance)
    supply = np.ones((len(suppliers), tree.size))
    price = np.ones((len(instance.commodities), tree.size))
    demand = np.ones((len(instance.demand), tree.size))
    industries = np.ones((len(instance.industries), tree.size))
    reach = _Reach(instance, suppliers)
    for number, (nodes, times) in nodes_in_force(tree).items():
        selector, factor = tree.effects[number]
        power = factor**times
        for target, rows in zip((supply, price, demand, industries), reach.of(selector), strict=True):
            if len(rows):
                target[np.ix_(rows, nodes)] *= power
    sizes = [len(instance.market), len(instance.spot), len(instance.agreements), len(instance.projects)]
    market, spot, agreements, projects, depots = np.split(supply, np.cumsum(sizes))
    return Multipliers(market, spot, agreements, projects, depots, price, demand, industries)


def _suppliers(instance: Instance) -> list[_Supplier]:
    def row(channel: str, key: str | None, places: tuple[str, ...], goods: Iterable[str]) -> _Supplier:
        return _Supplier(channel, key, frozenset(places), frozenset(goods))

    return [
        *(row("market", None, (r.country, *r.via), [r.commodity]) for r in instance.market),
        *(row("spot", o.id, (o.country, *o.via), [o.commodity]) for o in instance.spot),
        *(row("agreement", a.id, (a.country, *a.via), [a.commodity]) for a in instance.agreements),
        *(row("project", k.id, (k.country, *k.via), k.outputs) for k in instance.projects),
        *(row("depot", d.id, (d.country,), []) for d in instance.depots),
    ]


Reached = tuple[Ints, Ints, Ints, Ints]
"""Row numbers of suppliers, commodities, demand rows, industries."""

NONE: Ints = np.zeros(0, dtype=np.int64)


class _Reach:
    """Rows that a selector selects: suppliers, commodities (price), demand, industries."""

    def __init__(self, instance: Instance, suppliers: list[_Supplier]) -> None:
        self._instance = instance
        self._suppliers = suppliers
        self._known: dict[Selector, Reached] = {}

    def of(self, selector: Selector) -> Reached:
        """Row numbers in the four tables; a kind reaches only its own."""
        if selector not in self._known:
            self._known[selector] = self._find(selector)
        return self._known[selector]

    def _find(self, selector: Selector) -> Reached:
        kind, countries, groups, members, channels, commodities, materials, segments = selector
        places = named_countries(self._instance, countries, groups)
        goods = named_commodities(self._instance, commodities, materials)
        if kind == "supply":
            return _rows(_hit(s, places, members, channels, goods) for s in self._suppliers), NONE, NONE, NONE
        if kind == "price":
            return NONE, _rows(goods is None or m.id in goods for m in self._instance.commodities), NONE, NONE
        demand = _rows(
            (goods is None or q.commodity in goods) and (not segments or q.segment in segments)
            for q in self._instance.demand
        )
        industries = _rows(
            goods is None and (not segments or j.segment in segments) for j in self._instance.industries
        )
        return NONE, NONE, demand, industries


def _rows(selected: Iterable[bool]) -> Ints:
    return np.flatnonzero(np.fromiter(selected, dtype=bool))


def named_countries(
    instance: Instance, countries: frozenset[str], groups: frozenset[str]
) -> frozenset[str] | None:
    """The one set that countries and groups name together; None selects everything."""
    if not countries and not groups:
        return None
    return countries | {c.id for c in instance.countries if c.group in groups}


def named_commodities(
    instance: Instance, commodities: frozenset[str], materials: frozenset[str]
) -> frozenset[str] | None:
    """The one set that commodities and materials name together; None selects everything."""
    if not commodities and not materials:
        return None
    return commodities | {m.id for m in instance.commodities if m.material in materials}


def _hit(
    supplier: _Supplier,
    places: frozenset[str] | None,
    members: frozenset[str],
    channels: frozenset[str],
    goods: frozenset[str] | None,
) -> bool:
    if places is not None and not places & supplier.countries:
        return False
    if members and supplier.id not in members:
        return False
    if channels and supplier.channel not in channels:
        return False
    if goods is None:
        return True
    if supplier.channel == "depot":
        return "depot" in channels
    return bool(goods & supplier.commodities)


def calm(instance: Instance, by: Multipliers) -> Mask:
    """Whether a commodity is calm at a node: nothing that concerns it is multiplied; (commodities, nodes)."""
    row = {m.id: i for i, m in enumerate(instance.commodities)}
    quiet: Mask = by.price == 1.0
    tables: tuple[tuple[Sequence[OfCommodity], Array], ...] = (
        (instance.market, by.market),
        (instance.spot, by.spot),
        (instance.agreements, by.agreements),
        (instance.demand, by.demand),
    )
    for table, values in tables:
        for item, value in zip(table, values, strict=True):
            quiet[row[item.commodity]] &= value == 1.0
    for project, value in zip(instance.projects, by.projects, strict=True):
        for commodity in project.outputs:
            quiet[row[commodity]] &= value == 1.0
    for industry, value in zip(instance.industries, by.industries, strict=True):
        for commodity in industry.needs:
            quiet[row[commodity]] &= value == 1.0
    return quiet
