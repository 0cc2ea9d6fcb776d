"""Countries, commodities, demand, industries, market, spot, depots, stock, substitutions."""

from __future__ import annotations

from models.instance.checks.rules import climbing, whole
from models.instance.checks.view import OWNERS, View
from models.instance.shape import Path, series_of

WITH_SERIES = (
    "commodities",
    "demand",
    "industries",
    "market",
    "spot",
    "agreements",
    "projects",
    "budget.sources",
)
"""The tables with a Series in them."""


def ids(view: View) -> None:
    """Every id once over the whole instance."""
    seen: dict[str, Path] = {}
    for name in OWNERS:
        for path, row in view.each(name, view.table(name)):
            first = seen.setdefault(row.id, path)
            if first is not path:
                where = f"{'.'.join(map(str, first[:-1]))}, row {int(first[-1]) + 1}"
                allowed = f"an id used once in the whole instance; it stands in {where} already"
                view.findings.add((*path, "id"), row.id, allowed)


def series(view: View) -> None:
    """A Series that is a list has one number per period."""
    if view.horizon is None:
        return
    periods = view.horizon.periods
    for name in WITH_SERIES:
        for path, row in view.each(name, view.table(name)):
            for inner, value in series_of(row):
                if isinstance(value, tuple) and len(value) != periods:
                    numbers = f"{len(value)} number{'s' if len(value) > 1 else ''}"
                    allowed = f"one number, or one per period: {periods} of them"
                    view.findings.add((*path, *inner), numbers, allowed)


def consumers(view: View) -> None:
    """Private stock, demand, industries, substitutions."""
    instance = view.instance
    for path, stock in view.each("private_stock", instance.private_stock):
        view.refer((*path, "commodity"), stock.commodity, "commodities")
    for path, q in view.each("demand", instance.demand):
        view.refer((*path, "commodity"), q.commodity, "commodities")
        whole(view, (*path, "shortage_cost"), [tier.share for tier in q.shortage_cost], "shares")
        climbing(view, (*path, "shortage_cost"), "cost", [tier.cost for tier in q.shortage_cost])
    for path, j in view.each("industries", instance.industries):
        for commodity in j.needs:
            view.refer((*path, "needs", commodity), commodity, "commodities")
        whole(view, (*path, "loss"), [tier.share for tier in j.loss], "shares")
        climbing(view, (*path, "loss"), "factor", [tier.factor for tier in j.loss])
    commodity_of = {q.id: q.commodity for q in instance.demand}
    for path, u in view.each("substitutions", instance.substitutions):
        view.refer((*path, "demand"), u.demand, "demand")
        view.refer((*path, "commodity"), u.commodity, "commodities")
        if commodity_of.get(u.demand) == u.commodity:
            allowed = f"another commodity than the one the demand {u.demand!r} is for"
            view.findings.add((*path, "commodity"), u.commodity, allowed)


def suppliers(view: View) -> None:
    """Market rows and spot offers."""
    for path, row in view.each("market", view.instance.market):
        view.refer((*path, "commodity"), row.commodity, "commodities")
        view.refer((*path, "country"), row.country, "countries")
        view.refer_all((*path, "via"), row.via, "countries")
    for path, o in view.each("spot", view.instance.spot):
        view.refer((*path, "commodity"), o.commodity, "commodities")
        view.refer((*path, "country"), o.country, "countries")
        view.refer_all((*path, "via"), o.via, "countries")
        climbing(view, (*path, "tiers"), "premium", [tier.premium for tier in o.tiers])


def reserve(view: View) -> None:
    """Depots and what lies in them."""
    instance = view.instance
    for path, d in view.each("depots", instance.depots):
        view.refer((*path, "country"), d.country, "countries")
        if d.optional and d.capacity is None:
            view.findings.add((*path, "capacity"), None, "a capacity in m³, as the depot is optional")
    stowage = {m.id: m.stowage for m in instance.commodities}
    filled = {d.id: 0.0 for d in instance.depots}
    last: dict[str, Path] = {}
    for path, stock in view.each("opening_stock", instance.opening_stock):
        view.refer((*path, "commodity"), stock.commodity, "commodities")
        view.refer((*path, "depot"), stock.depot, "depots")
        if stock.depot in filled:
            filled[stock.depot] += stowage.get(stock.commodity, 0.0) * stock.quantity
            last[stock.depot] = path
    for d in instance.depots:
        if d.capacity is not None and filled[d.id] > d.capacity * (1 + 1e-9):
            allowed = f"stock that fits into {d.id!r}: room for {d.capacity:g} m³, {filled[d.id]:g} m³ in all"
            row = next(s for p, s in view.each("opening_stock", instance.opening_stock) if p == last[d.id])
            view.findings.add((*last[d.id], "quantity"), row.quantity, allowed)
