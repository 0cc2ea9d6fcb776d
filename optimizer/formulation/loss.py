r"""Loss: what shortages cost, in expectation and in the tail.

Sets      n in NODE, s over leaves of paths with probability > 0 (scenarios that share a leaf share a loss)
Data      cost of tiers, of substitutes, of cut output                          [money per unit]
          δ(t), π(n), α                                                         [1]
Declares  cum[n]       discounted loss up to and including n                    [money, >= 0]
          eta          the α-quantile of loss                                   [money, >= 0]
          excess[s]    loss beyond eta                                          [money, >= 0]
Meets     consumers.py, objective.py

``cum`` and ``excess`` exist only where CVaR matters. eta >= 0 loses nothing: losses are >= 0.
"""

from __future__ import annotations

import pyomo.environ as pyo

from models.instance import at
from optimizer.formulation.base import Formulation, Relation, Term, amounts, rows, total


def add(m: Formulation) -> None:
    """Record the loss of each node; declare CVaR and the limits on risk, if there are any."""
    data, risk, goal = m.data, m.data.instance.risk, m.data.instance.objective
    record(m)
    m.tail_matters = risk.cvar_limit is not None or (goal.cvar_weight > 0 and goal.loss_weight > 0)
    m.ENDS = {n: p for n, p in data.tree.leaves().items() if p > 0} if m.tail_matters else {}
    if m.tail_matters:
        amounts(m, "cum", m.NODE)
        rows(m, "cum_sum", m.NODE, cum_sum)
        m.eta = pyo.Var(bounds=(0, None))
        amounts(m, "excess", list(m.ENDS))
        rows(m, "beyond", list(m.ENDS), beyond)
    rows(m, "cvar_limit", ["limit"] if risk.cvar_limit is not None else [], cvar_limit)
    rows(
        m,
        "expected_loss_limit",
        ["limit"] if risk.expected_loss_limit is not None else [],
        expected_loss_limit,
    )
    rows(m, "emissions_limit", ["limit"] if risk.emissions_limit is not None else [], emissions_limit)


def record(m: Formulation) -> None:
    r"""The loss of each node, undiscounted.

    .. math:: loss_n = \sum_{q,i} cost_{q,i,t}\,short_{q,i,n} + \sum_u cost_u\,substitute_{u,n}
              + \sum_{j,i} \Delta\,output_{j,n}\,factor_{j,i}\,cut_{j,i,n}
    """
    data, loss = m.data, m.ledger.loss
    for q, i, n in m.SHORTAGE:
        row = data.demand_rows[q]
        cost = data.per_tonne(row.commodity, at(row.shortage_cost[i].cost, data.period(n)))
        if cost:
            loss[n].append(cost * m.short[q, i, n])
    for u, n in m.EASED:
        cost = data.per_tonne(
            data.demand_rows[data.substitutions[u].demand].commodity, data.substitutions[u].cost
        )
        if cost:
            loss[n].append(cost * m.substitute[u, n])
    for j, i, n in m.CUT:
        cost = data.output(j, n) * data.industries[j].loss[i].factor
        if cost:
            loss[n].append(cost * m.cut[j, i, n])


def cum_sum(m: Formulation, n: int) -> Relation:
    r"""Discounted loss along the path.

    .. math:: cum_n = cum_{pa(n)} + \delta(t)\,loss_n, \qquad L_s = cum_{leaf(s)}
    """
    parent = m.data.parent(n)
    before = 0.0 if parent is None else m.cum[parent]
    discount = m.data.discount(m.data.period(n))
    return m.cum[n] == before + total(m, (discount * term for term in m.ledger.loss[n]))


def beyond(m: Formulation, s: int) -> Relation:
    r"""Loss beyond the quantile.

    .. math:: excess_s \ge L_s - \eta
    """
    return m.excess[s] >= m.cum[s] - m.eta


def expected_loss(m: Formulation) -> list[Term]:
    r"""E[L] as terms.

    .. math:: E[L] = \sum_s p_s\,L_s = \sum_n \pi(n)\,\delta(t(n))\,loss_n
    """
    data = m.data
    weight = {n: data.probability(n) * data.discount(data.period(n)) for n in m.NODE}
    return [weight[n] * term for n in m.NODE if weight[n] > 0 for term in m.ledger.loss[n]]


def cvar(m: Formulation) -> list[Term]:
    r"""CVaR as terms, over all scenarios with p > 0, the undisturbed one too.

    .. math:: CVaR_\alpha = \min_\eta \eta + \sum_s p_s\,(L_s-\eta)^+ / (1-\alpha)
    """
    beyond_alpha = 1 - m.data.instance.objective.cvar_alpha
    return [1.0 * m.eta] + [p / beyond_alpha * m.excess[s] for s, p in m.ENDS.items()]


def cvar_limit(m: Formulation, _: str) -> Relation:
    r"""The tail is bounded.

    .. math:: CVaR_\alpha \le cvar\_limit
    """
    return total(m, cvar(m)) <= m.data.usd(m.data.instance.risk.cvar_limit or 0.0)


def expected_loss_limit(m: Formulation, _: str) -> Relation:
    r"""The expected loss is bounded.

    .. math:: E[L] \le expected\_loss\_limit
    """
    return total(m, expected_loss(m)) <= m.data.usd(m.data.instance.risk.expected_loss_limit or 0.0)


def emissions_limit(m: Formulation, _: str) -> Relation:
    r"""Expected emissions of deliveries, spot and project activity are bounded.

    .. math:: \sum_n \pi(n) \Big(\sum_a emissions_a\,deliver_{a,n} + \sum_{o,i} emissions_o\,spot_{o,i,n}
              + \sum_k emissions_k\,run_{k,n}\Big) \le emissions\_limit
    """
    data = m.data
    terms = [
        data.probability(n) * term
        for n in m.NODE
        if data.probability(n) > 0
        for term in m.ledger.emissions[n]
    ]
    return total(m, terms) <= (data.instance.risk.emissions_limit or 0.0) / data.units.emissions
