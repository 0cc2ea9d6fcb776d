r"""Cover: days of demand that stock must reach in calm, and reach again after a crisis.

Sets      r in COVER (position in risk.cover), n in NODE that has been calm long enough
Data      days/365 · annual demand of the named segments, without effects       [units of m]
Meets     stock.py
"""

from __future__ import annotations

from models.instance import CoverRule, at
from optimizer.formulation.base import Formulation, Relation, rows, total


def add(m: Formulation) -> None:
    """Declare the rows of each rule."""
    m.covers = dict(enumerate(m.data.instance.risk.cover))
    rows(m, "cover", [(r, n) for r, rule in m.covers.items() for n in m.NODE if applies(m, rule, n)], cover)


def applies(m: Formulation, rule: CoverRule, n: int) -> bool:
    """From from_period on, where the commodity is calm at the node and its rebuild_periods ancestors.

    Periods before 0 count as calm.
    """
    if m.data.period(n) < rule.from_period:
        return False
    at_: int | None = n
    for _ in range(rule.rebuild_periods + 1):
        if at_ is None:
            return True
        if not m.data.calm(rule.commodity, at_):
            return False
        at_ = m.data.parent(at_)
    return True


def cover(m: Formulation, r: int, n: int) -> Relation:
    r"""Stock over all depots covers the days.

    .. math:: \sum_d stock_{m,d,n} \ge days_r/365 \cdot \sum_{q \in segments} demand_{q,t(n)}
    """
    data, rule = m.data, m.covers[r]
    annual = sum(
        data.tonnes(q.commodity, at(q.quantity, data.period(n)))
        for q in data.instance.demand
        if q.commodity == rule.commodity and (not rule.segments or q.segment in rule.segments)
    )
    return total(m, (m.stock[rule.commodity, d, n] for d in m.DEPOT)) >= rule.days / 365 * annual
