r"""Objective: expected cost, and the loss in expectation and in the tail.

Data      w_c, w_l, λ          weights                                          [1]
          terminal_factor      worth of final stock, × reference price          [1]
Meets     money.py (outlay, finance), loss.py, stock.py
"""

from __future__ import annotations

import pyomo.environ as pyo

from optimizer.formulation.base import Formulation, Term, total
from optimizer.formulation.loss import cvar, expected_loss
from optimizer.formulation.money import finance, operating_outlay


def add(m: Formulation) -> None:
    r"""Minimise weighted cost and loss.

    .. math:: \min\; w_c\,cost + w_l\,\big((1-\lambda)\,E[L] + \lambda\,CVaR_\alpha\big)
    """
    # Compiled as a second row of costs, so that every plan can be asked what it costs.
    goal = m.data.instance.objective
    terms: list[Term] = []
    if goal.cost_weight > 0:
        terms += [goal.cost_weight * term for term in cost(m)]
    if goal.loss_weight > 0 and goal.cvar_weight < 1:
        terms += [goal.loss_weight * (1 - goal.cvar_weight) * term for term in expected_loss(m)]
    if goal.loss_weight > 0 and goal.cvar_weight > 0:
        terms += [goal.loss_weight * goal.cvar_weight * term for term in cvar(m)]
    m.objective = pyo.Objective(expr=total(m, terms))
    m.expected_cost = pyo.Objective(expr=total(m, cost(m)))


def cost(m: Formulation) -> list[Term]:
    r"""Expected discounted cost less the worth of final stock; money.

    .. math:: cost = \sum_n \pi(n)\,\delta(t(n))\,(outlay_n + finance_n - proceeds_n) - terminal
    """
    data = m.data
    terms = [
        data.discount(t) * sum(data.probability(n) for n in m.NODE if data.period(n) == t) * m.due[t]
        for t in m.PERIOD
    ]
    for n in m.NODE:
        weight = data.probability(n) * data.discount(data.period(n))
        if weight > 0:
            terms += [weight * term for term in operating_outlay(m, n) + finance(m, n)]
            terms += [-weight * term for term in m.ledger.proceeds[n]]
    return terms + [-1.0 * term for term in terminal_worth(m)]


def terminal_worth(m: Formulation) -> list[Term]:
    r"""What is left at the end is worth a share of the last reference price.

    .. math:: terminal = \delta(T) \sum_m terminal\_factor_m\,reference_{m,T-1}
              \sum_{n:\,t(n)=T-1} \pi(n) \sum_d stock_{m,d,n}
    """
    data, last = m.data, m.data.periods - 1
    worth = {
        c: row.terminal_factor * data.reference(c, last) * data.discount(data.periods)
        for c, row in data.commodities.items()
    }
    ends = [n for n in m.NODE if data.period(n) == last and data.probability(n) > 0]
    return [
        worth[c] * data.probability(n) * m.stock[c, d, n]
        for c in m.COMMODITY
        if worth[c]
        for d in m.DEPOT
        for n in ends
    ]
