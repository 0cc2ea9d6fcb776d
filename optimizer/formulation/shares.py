r"""Shares: no more than a share of what enters the reserve comes from, or through, named countries.

Sets      r in RULE (position in risk.shares), m in COMMODITY it concerns, n in NODE
Data      max_share                                                             [1]
Declares  imbalance[r,m,n]  named tonnes less max_share of all, summed along    [units of m, free]
                            the path over calm nodes
Meets     the ledger: what enters the reserve
"""

from __future__ import annotations

import pyomo.environ as pyo

from models.instance import ShareRule
from optimizer.formulation.base import Formulation, Relation, Term, rows, total
from optimizer.states import Selector


def add(m: Formulation) -> None:
    """Declare the running imbalance and its end."""
    data = m.data
    m.rules = dict(enumerate(data.instance.risk.shares))
    concerned = [
        (r, c) for r, rule in m.rules.items() for c in dict.fromkeys(rule.commodities or m.COMMODITY)
    ]
    m.RUNNING = [(r, c, n) for r, c in concerned for n in m.NODE]
    m.named = {r: set(named_items(m, rule)) for r, rule in m.rules.items()}
    m.imbalance = pyo.Var(m.RUNNING)
    rows(m, "imbalance_sum", m.RUNNING, imbalance_sum)
    rows(m, "share", [(r, c, n) for r, c in concerned for n in data.tree.leaves()], share)


def named_items(m: Formulation, rule: ShareRule) -> list[str]:
    """Agreements, offers and projects whose country or via is in the named set."""
    places = Selector(m.data.instance).countries(rule.countries, rule.groups)
    return [x for x, row in m.data.items.items() if places is None or {row.country, *row.via} & places]


def imbalance_sum(m: Formulation, r: int, c: str, n: int) -> Relation:
    r"""Named tonnes less their share of all, summed over the path's calm nodes.

    .. math:: imbalance_{r,m,n} = imbalance_{r,m,pa(n)}
              + [calm_{m,n}]\,\Big(\sum_{x\ named} enters_{x,m,n} - max\_share_r \sum_x enters_{x,m,n}\Big)

    ``enters`` is what an agreement, offer or project x brings into the reserve: deliver, spot, σ·output·run.
    """
    parent = m.data.parent(n)
    before = 0.0 if parent is None else m.imbalance[r, c, parent]
    entering = m.ledger.enters[c, n] if m.data.calm(c, n) else []
    limit = m.rules[r].max_share
    terms: list[Term] = [((1.0 if x in m.named[r] else 0.0) - limit) * term for x, term in entering]
    return m.imbalance[r, c, n] == before + total(m, terms)


def share(m: Formulation, r: int, c: str, leaf: int) -> Relation:
    r"""Along every path, the named share is kept.

    .. math:: imbalance_{r,m,leaf} \le 0
    """
    return 1.0 * m.imbalance[r, c, leaf] <= 0
