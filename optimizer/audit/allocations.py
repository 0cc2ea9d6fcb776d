"""Rule 9 of model.md §4: how expected planned spend is split, and the risk of the countries it goes to."""

from __future__ import annotations

from dataclasses import dataclass

from models.instance import Where
from optimizer.audit.case import Case
from optimizer.audit.effects import named_commodities, named_countries
from optimizer.audit.spend import Spend


@dataclass(frozen=True)
class _Item:
    """One agreement, offer or project with its expected undiscounted spend, USD."""

    category: str
    id: str
    country: str
    commodities: frozenset[str]
    usd: float


def allocations(case: Case, spend: Spend) -> None:
    """Bounds of every allocation, in USD and as shares, and the exposure limit."""
    items = _items(case, spend)
    everything = sum(item.usd for item in items)
    floor, check = case.world.dollars, case.ledger
    for rule in case.instance.allocations:
        part = sum(item.usd for item in items if _selected(case, rule.where, item))

        def name(*_: int, rule_id: str = rule.id) -> str:
            return rule_id

        if rule.min is not None:
            check.at_most("allocations", "spend < min", "USD", rule.min, part, name=name, floor=floor)
        if rule.max is not None:
            check.at_most("allocations", "spend > max", "USD", part, rule.max, name=name, floor=floor)
        if rule.min_share is not None:
            least = rule.min_share * everything
            check.at_most("allocations", "spend < min_share", "USD", least, part, name=name, floor=floor)
        if rule.max_share is not None:
            most = rule.max_share * everything
            check.at_most("allocations", "spend > max_share", "USD", part, most, name=name, floor=floor)
    limit = case.instance.risk.exposure_limit
    if limit is not None:
        risk = {c.id: c.risk for c in case.instance.countries}
        exposed = sum(risk[item.country] * item.usd for item in items)
        scale = max(limit, *risk.values(), 1e-9)
        check.at_most(
            "allocations",
            "risk of countries × spend > exposure_limit × spend",
            "USD × risk",
            exposed,
            limit * everything,
            name=lambda *_: "exposure_limit",
            floor=floor * scale,
        )


def _items(case: Case, spend: Spend) -> list[_Item]:
    expected = case.world.expected
    items = [
        _Item("agreement", a.id, a.country, frozenset({a.commodity}), float(usd))
        for a, usd in zip(case.instance.agreements, expected(spend.agreements), strict=True)
    ]
    items += [
        _Item("spot", o.id, o.country, frozenset({o.commodity}), float(usd))
        for o, usd in zip(case.instance.spot, expected(spend.spot), strict=True)
    ]
    items += [
        _Item("project", k.id, k.country, frozenset(k.outputs), float(usd))
        for k, usd in zip(case.instance.projects, expected(spend.projects), strict=True)
    ]
    return items


def _selected(case: Case, where: Where, item: _Item) -> bool:
    """All filled fields agree; the country is the item's own, not those it passes through."""
    places = named_countries(case.instance, frozenset(where.countries), frozenset(where.groups))
    goods = named_commodities(case.instance, frozenset(where.commodities), frozenset(where.materials))
    return (
        (not where.categories or item.category in where.categories)
        and (goods is None or bool(goods & item.commodities))
        and (places is None or item.country in places)
        and (not where.members or item.id in where.members)
    )
