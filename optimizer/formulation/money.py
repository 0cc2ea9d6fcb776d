r"""Money: what falls due, what is drawn, and the cash that must never be negative.

Sets      f in SOURCE (of which LOAN), n in NODE, t in PERIOD
Data      rate, fee, amount, available, envelope, opening_cash               [1/year, 1, money]
Declares  draw, drawn [f,n], repay, owed [f,n] for loans, cash[n]            [money, >= 0]
          due[t]   commitments falling due                                   [money, >= 0]
Meets     every family through the ledger; objective.py

``due`` and the definition of outlay below are exact reformulations: without them each commitment would stand
in the cash row of every node.
"""

from __future__ import annotations

from models.instance import Source, at
from optimizer.formulation.base import Formulation, Relation, Term, amounts, rows, total

ENVELOPE = "envelope"
"""Id of the one appropriation that stands for an envelope without sources."""


def add(m: Formulation) -> None:
    """Declare what falls due and, if there is a budget, its sources and rules."""
    budget = m.data.instance.budget
    amounts(m, "due", m.PERIOD)
    rows(m, "falling_due", m.PERIOD, falling_due)

    m.sources = {f.id: f for f in sources(m)}
    m.SOURCE = list(m.sources)
    m.LOAN = [f for f in m.SOURCE if m.sources[f].kind == "loan"]
    draws = [(f, n) for f in m.SOURCE for n in m.NODE]
    loans = [(f, n) for f in m.LOAN for n in m.NODE]
    amounts(m, "draw", draws, lambda f, n: draw_limit(m, f, n))
    amounts(m, "drawn", draws, lambda f, n: drawn_limit(m, f))
    amounts(m, "repay", loans)
    amounts(m, "owed", loans)
    rows(m, "drawn_sum", draws, drawn_sum)
    rows(m, "debt", loans, debt)
    if budget is None:
        return
    amounts(m, "cash", m.NODE)
    rows(m, "cash_balance", m.NODE, cash_balance)
    limited = m.NODE if budget.envelope is not None and m.SOURCE else []
    rows(m, "envelope", limited, envelope)


def sources(m: Formulation) -> tuple[Source, ...]:
    """The sources of the budget; an envelope alone is one appropriation of its size."""
    budget = m.data.instance.budget
    if budget is None:
        return ()
    if budget.sources:
        return budget.sources
    if budget.envelope is None:
        return ()
    return (Source(id=ENVELOPE, kind="appropriation", amount=budget.envelope),)


def falling_due(m: Formulation, t: int) -> Relation:
    r"""Signing costs, prepayments, capex and openings that fall due in a period.

    .. math:: due_t = \sum_x due_{x,t}

    x over agreements, projects and optional depots; the terms are those of commit.py.
    """
    return m.due[t] == total(
        m, (term for (_, at_), terms in m.ledger.due.items() if at_ == t for term in terms)
    )


def outlay(m: Formulation, n: int) -> list[Term]:
    r"""What is paid at a node, commitments falling due included; money.

    .. math:: outlay_n = due_{t(n)} + \sum_x spend_{x,n} + upkeep_n
    """
    return [m.due[m.data.period(n)], *operating_outlay(m, n)]


def operating_outlay(m: Formulation, n: int) -> list[Term]:
    """What operations cost at a node: purchases, opex, support, storage, handling, disposal; money."""
    return [term for item in m.data.items for term in m.ledger.spend.get((item, n), ())] + m.ledger.upkeep[n]


def interest(m: Formulation, n: int) -> list[Term]:
    r"""Interest on what was owed at the parent.

    .. math:: interest_n = \sum_f rate_f\,\Delta\,owed_{f,pa(n)}
    """
    parent = m.data.parent(n)
    owing = m.LOAN if parent is not None else []
    return [m.sources[f].rate * m.data.years_per_period * m.owed[f, parent] for f in owing]


def finance(m: Formulation, n: int) -> list[Term]:
    r"""What money itself costs: fees, and interest beyond the discount rate.

    .. math:: finance_n = \sum_f fee_f\,draw_{f,n}
              + [t(n) < T-1]\,\delta(1) \sum_f \max(0, rate_f - discount\_rate)\,\Delta\,owed_{f,n}

    Interest is paid in the period after, at every child; their probabilities sum to the node's, so in
    expectation it may stand with the debt, discounted by one period more.
    """
    data = m.data
    fees = [m.sources[f].fee * m.draw[f, n] for f in m.SOURCE if m.sources[f].fee]
    if data.period(n) == data.periods - 1:
        return fees
    later = data.discount(1) * data.years_per_period
    beyond = {f: later * max(0.0, m.sources[f].rate - data.instance.discount_rate) for f in m.LOAN}
    return fees + [beyond[f] * m.owed[f, n] for f in m.LOAN if beyond[f]]


def draw_limit(m: Formulation, f: str, n: int) -> float | None:
    r"""What a source has to give in a period.

    .. math:: draw_{f,n} \le available_{f,t(n)}
    """
    available = m.sources[f].available
    return None if available is None else m.data.usd(at(available, m.data.period(n)))


def drawn_limit(m: Formulation, f: str) -> float | None:
    r"""What a source has to give in all.

    .. math:: drawn_{f,n} \le amount_f
    """
    amount = m.sources[f].amount
    return None if amount is None else m.data.usd(amount)


def drawn_sum(m: Formulation, f: str, n: int) -> Relation:
    r"""What has been drawn so far; repaying frees no new room.

    .. math:: drawn_{f,n} = drawn_{f,pa(n)} + draw_{f,n}
    """
    parent = m.data.parent(n)
    before = 0.0 if parent is None else m.drawn[f, parent]
    return m.drawn[f, n] == before + m.draw[f, n]


def debt(m: Formulation, f: str, n: int) -> Relation:
    r"""What is owed; debt may stand at the end.

    .. math:: owed_{f,n} = owed_{f,pa(n)} + draw_{f,n} - repay_{f,n}
    """
    parent = m.data.parent(n)
    before = 0.0 if parent is None else m.owed[f, parent]
    return m.owed[f, n] == before + m.draw[f, n] - m.repay[f, n]


def cash_balance(m: Formulation, n: int) -> Relation:
    r"""Cash carried on; it is never negative.

    .. math:: cash_n = cash_{pa(n)} + \sum_f (1-fee_f)\,draw_{f,n} - \sum_f repay_{f,n}
              + proceeds_n - outlay_n - interest_n

    In the first period the opening cash stands for the parent's.
    """
    data, parent = m.data, m.data.parent(n)
    budget = data.instance.budget
    before = data.usd(budget.opening_cash if budget else 0.0) if parent is None else m.cash[parent]
    received = [(1 - m.sources[f].fee) * m.draw[f, n] for f in m.SOURCE] + m.ledger.proceeds[n]
    paid = [*outlay(m, n), *interest(m, n), *(m.repay[f, n] for f in m.LOAN)]
    return m.cash[n] == before + total(m, received) - total(m, paid)


def envelope(m: Formulation, n: int) -> Relation:
    r"""All sources together stay within the envelope.

    .. math:: \sum_f drawn_{f,n} \le envelope
    """
    budget = m.data.instance.budget
    limit = budget.envelope if budget else None
    assert limit is not None, "declared only where there is an envelope"
    return total(m, (m.drawn[f, n] for f in m.SOURCE)) <= m.data.usd(limit)
