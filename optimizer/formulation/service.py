r"""Service: a share of demand is served at every node; substitutes count as served.

Sets      r in SERVICE (position in risk.service), q in DEMAND or j in INDUSTRY of its segment, n in NODE
Data      min_fraction                                                          [1]
Meets     consumers.py
"""

from __future__ import annotations

from collections.abc import Mapping

from models.instance import ChanceRule, ServiceRule
from optimizer.formulation.base import Formulation, Index, Relation, rows, total
from optimizer.formulation.consumers import cuts, shortages


def add(m: Formulation) -> None:
    """Declare the rows of each rule."""
    m.services = dict(enumerate(m.data.instance.risk.service))
    served, kept = owed(m, m.services)
    rows(m, "service", served, service)
    rows(m, "service_industry", kept, service_industry)


def owed(m: Formulation, rules: Mapping[int, ServiceRule] | Mapping[int, ChanceRule]) -> tuple[Index, Index]:
    """Demand rows and industries that rules concern, at every node: (r, q, n) and (r, j, n)."""
    served = [
        (r, q.id, n)
        for r, rule in rules.items()
        for q in m.data.instance.demand
        if q.segment == rule.segment and (not rule.commodities or q.commodity in rule.commodities)
        for n in m.NODE
    ]
    kept = [
        (r, j.id, n)
        for r, rule in rules.items()
        for j in m.data.instance.industries
        if j.segment == rule.segment and not rule.commodities
        for n in m.NODE
    ]
    return served, kept


def service(m: Formulation, r: int, q: str, n: int) -> Relation:
    r"""At most the rest of a demand is short.

    .. math:: \sum_i short_{q,i,n} \le (1-min\_fraction_r)\,\Delta\,demand_{q,n}
    """
    allowed = (1 - m.services[r].min_fraction) * m.data.demand(m.data.demand_rows[q], n)
    return total(m, shortages(m, q, n)) <= allowed


def service_industry(m: Formulation, r: int, j: str, n: int) -> Relation:
    r"""At most the rest of an industry's output is cut.

    .. math:: \sum_i cut_{j,i,n} \le 1 - min\_fraction_r
    """
    return total(m, cuts(m, j, n)) <= 1 - m.services[r].min_fraction
