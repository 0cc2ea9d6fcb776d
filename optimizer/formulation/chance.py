r"""Chance: a share of demand is served from beginning to end in scenarios of a given probability.

Sets      r in CHANCE (position in risk.chance), q in DEMAND or j in INDUSTRY of its segment, n in NODE
Data      min_fraction, probability, p                                          [1]
Declares  kept[r,n]   whether the rule is kept at the node and before; yes/no   [0..1]
                      in the last period
Meets     service.py, consumers.py

Rows and commodities are those of a service rule. Where the rule is not kept, all may be missing: that is the
largest shortage there is, so nothing is cut off. Only the last node of a path is a decision: its ancestors
are kept wherever one of their leaves is, and gain nothing from being kept otherwise.
"""

from __future__ import annotations

import pyomo.environ as pyo

from optimizer.formulation.base import Formulation, Relation, rows, total
from optimizer.formulation.consumers import cuts, shortages
from optimizer.formulation.service import owed

SAME = 1e-9
"""Probabilities that reach what is asked for within this reach it."""


def add(m: Formulation) -> None:
    """Declare where each rule is kept, and the rows of each."""
    data = m.data
    m.chances = dict(enumerate(data.instance.risk.chance))
    m.kept = pyo.Var(
        [(r, n) for r in m.chances for n in m.NODE],
        domain=lambda _, r, n: pyo.UnitInterval if data.tree.children.get(n) else pyo.Binary,
    )
    served, running = owed(m, m.chances)
    rows(m, "chance", served, chance)
    rows(m, "chance_industry", running, chance_industry)
    later = [n for n in m.NODE if data.parent(n) is not None]
    rows(m, "kept_before", [(r, n) for r in m.chances for n in later], kept_before)
    rows(m, "chance_reached", list(m.chances), chance_reached)


def chance(m: Formulation, r: int, q: str, n: int) -> Relation:
    r"""Where the rule is kept, at most the rest of a demand is short.

    .. math:: \sum_i short_{q,i,n} \le (1 - min\_fraction_r\,kept_{r,n})\,\Delta\,demand_{q,n}
    """
    wanted = m.data.demand(m.data.demand_rows[q], n)
    return total(m, shortages(m, q, n)) + m.chances[r].min_fraction * wanted * m.kept[r, n] <= wanted


def chance_industry(m: Formulation, r: int, j: str, n: int) -> Relation:
    r"""Where the rule is kept, at most the rest of an industry's output is cut.

    .. math:: \sum_i cut_{j,i,n} \le 1 - min\_fraction_r\,kept_{r,n}
    """
    return total(m, cuts(m, j, n)) + m.chances[r].min_fraction * m.kept[r, n] <= 1


def kept_before(m: Formulation, r: int, n: int) -> Relation:
    r"""Kept at a node only if kept all the way to it.

    .. math:: kept_{r,n} \le kept_{r,pa(n)}
    """
    return m.kept[r, n] <= m.kept[r, m.data.parent(n)]


def chance_reached(m: Formulation, r: int) -> Relation:
    r"""The scenarios in which the rule is kept to the end are probable enough.

    .. math:: \sum_{leaf} p_{leaf}\,kept_{r,leaf} \ge probability_r

    Sums within 1e-9 of the probability count as reached.
    """
    ends = [p * m.kept[r, leaf] for leaf, p in m.data.tree.leaves().items() if p > 0]
    return total(m, ends) >= m.chances[r].probability - SAME
