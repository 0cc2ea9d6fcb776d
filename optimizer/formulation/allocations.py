r"""Allocations: how planned spend is split, in expectation over the tree, undiscounted.

Sets      x in ITEM (agreements, spot offers, projects), rules of ``allocations``
Data      π(n), risk[country]                                                   [1]
Declares  spent[x]   expected planned spend                                     [money, >= 0]
          spent_all                                                             [money, >= 0]
Meets     the ledger: what contracts.py, spot.py, projects.py and commit.py spend
"""

from __future__ import annotations

import pyomo.environ as pyo

from models.instance import Agreement, Allocation, Project, Spot, Where
from optimizer.formulation.base import Formulation, Relation, Term, amounts, rows, total
from optimizer.states import Selector


def add(m: Formulation) -> None:
    r"""Declare expected spend and the rules on it, if there are any.

    .. math:: spent\_all = \sum_x spent_x
    """
    instance = m.data.instance
    rules = {rule.id: rule for rule in instance.allocations}
    m.ITEM = list(m.data.items) if rules or instance.risk.exposure_limit is not None else []
    amounts(m, "spent", m.ITEM)
    rows(m, "spending", m.ITEM, spending)
    if not m.ITEM:
        return
    m.spent_all = pyo.Var(bounds=(0, None))
    m.spending_all = pyo.Constraint(expr=m.spent_all == total(m, (m.spent[x] for x in m.ITEM)))
    m.selected = {rule.id: selected(m, rule.where) for rule in rules.values()}
    rows(m, "allocation_min", given(rules, "min"), lambda m, r: spend(m, r) >= m.data.usd(rules[r].min))
    rows(m, "allocation_max", given(rules, "max"), lambda m, r: spend(m, r) <= m.data.usd(rules[r].max))
    rows(m, "allocation_min_share", given(rules, "min_share"), lambda m, r: at_least(m, rules[r]))
    rows(m, "allocation_max_share", given(rules, "max_share"), lambda m, r: at_most(m, rules[r]))
    rows(m, "exposure", ["limit"] if instance.risk.exposure_limit is not None else [], exposure)


def given(rules: dict[str, Allocation], field: str) -> list[str]:
    """Rules that have a field."""
    return [r for r, rule in rules.items() if getattr(rule, field) is not None]


def spending(m: Formulation, x: str) -> Relation:
    r"""Expected planned spend on an item, commitments falling due included.

    .. math:: spent_x = \sum_n \pi(n)\,(spend_{x,n} + due_{x,t(n)})
    """
    data = m.data
    terms: list[Term] = []
    for n in m.NODE:
        if data.probability(n) > 0:
            terms += [data.probability(n) * term for term in m.ledger.spend.get((x, n), ())]
    for t in m.PERIOD:
        terms += m.ledger.due.get((x, t), ())
    return m.spent[x] == total(m, terms)


def spend(m: Formulation, rule: str) -> Term:
    r"""Expected planned spend on what a rule selects, S(where), at least ``min`` and at most ``max``.

    .. math:: min_r \le S(where_r) \le max_r, \qquad S(where) = \sum_{x \in where} spent_x
    """
    return total(m, (m.spent[x] for x in m.selected[rule]))


def at_least(m: Formulation, rule: Allocation) -> Relation:
    r"""A share of all planned spend at least.

    .. math:: min\_share\,S(all) \le S(where)
    """
    return rule.min_share * m.spent_all <= spend(m, rule.id)


def at_most(m: Formulation, rule: Allocation) -> Relation:
    r"""A share of all planned spend at most.

    .. math:: S(where) \le max\_share\,S(all)
    """
    return spend(m, rule.id) <= rule.max_share * m.spent_all


def exposure(m: Formulation, _: str) -> Relation:
    r"""Spend-weighted country risk, by the item's own country.

    .. math:: \sum_x risk_{country(x)}\,spent_x \le exposure\_limit\,\sum_x spent_x
    """
    risk = {c.id: c.risk for c in m.data.instance.countries}
    at_risk = {x: risk[m.data.items[x].country] for x in m.ITEM}
    weighted = total(m, (at_risk[x] * m.spent[x] for x in m.ITEM if at_risk[x]))
    return weighted <= m.data.instance.risk.exposure_limit * m.spent_all


def selected(m: Formulation, where: Where) -> list[str]:
    """Items a rule selects. A project is selected by commodity if any of its outputs is."""
    selector = Selector(m.data.instance)
    places = selector.countries(where.countries, where.groups)
    goods = selector.commodities(where.commodities, where.materials)
    category = (
        dict.fromkeys(m.AGREEMENT, "agreement")
        | dict.fromkeys(m.OFFER, "spot")
        | dict.fromkeys(m.PROJECT, "project")
    )

    def made(row: Agreement | Spot | Project) -> set[str]:
        return set(row.outputs) if isinstance(row, Project) else {row.commodity}

    return [
        x
        for x in m.ITEM
        if (not where.categories or category[x] in where.categories)
        and (not where.members or x in where.members)
        and (places is None or m.data.items[x].country in places)
        and (goods is None or made(m.data.items[x]) & goods)
    ]
