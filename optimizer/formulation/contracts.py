r"""Contracts: what signed agreements deliver, and what is paid for without being taken.

Sets      a in AGREEMENT, n in NODE with t(n) inside a term
Data      avail[a,n]      availability after effects                       [1]
          ramp            factor by contract year                          [1]
          price[a,n]      fixed, or index between floor and ceiling        [money per unit of m]
Declares  deliver[a,n], untaken[a,n]                                       [units of m, >= 0]
Meets     pool.py (deliveries enter), consumers.py (what is taken from commerce), money.py, allocations.py,
          shares.py
"""

from __future__ import annotations

from optimizer.formulation.base import Formulation, Relation, Term, amounts, rows, total


def add(m: Formulation) -> None:
    r"""Declare deliveries and their limits; record what they bring and cost.

    .. math:: spend_{a,n} = price_{a,n}\,(deliver_{a,n} + untaken_{a,n})
    """
    data, ledger = m.data, m.ledger
    m.DELIVERY = [(a, n) for a in m.AGREEMENT for n in m.NODE if running(m, a, data.period(n))]
    m.TAKE_OR_PAY = [(a, n) for a, n in m.DELIVERY if data.agreements[a].take_or_pay > 0]
    amounts(m, "deliver", m.DELIVERY)
    amounts(m, "untaken", m.TAKE_OR_PAY)
    rows(m, "contracted", m.DELIVERY, contracted)
    rows(m, "take_or_pay", m.TAKE_OR_PAY, take_or_pay)

    untaken = set(m.TAKE_OR_PAY)
    for a, n in m.DELIVERY:
        agreement = data.agreements[a]
        c = agreement.commodity
        price = data.unit_price(agreement, n)
        ledger.spend[a, n].append(price * m.deliver[a, n])
        if (a, n) in untaken:
            ledger.spend[a, n].append(price * m.untaken[a, n])
        ledger.enters[c, n].append((a, m.deliver[a, n]))
        if agreement.additional < 1:
            ledger.diverted[c, n].append((1 - agreement.additional) * m.deliver[a, n])
        if agreement.emissions:
            scale = data.units.tonnes[c] / data.units.emissions
            ledger.emissions[n].append(agreement.emissions * scale * m.deliver[a, n])


def running(m: Formulation, a: str, t: int) -> list[int]:
    """Starts with which the agreement is within its term in period t."""
    agreement = m.data.agreements[a]
    return [s for s in sorted(set(agreement.starts)) if s <= t < s + m.data.term(agreement)]


def volume_now(m: Formulation, a: str, n: int) -> Term:
    r"""avail·Q, what the supplier can deliver at the node.

    .. math:: Q_{a,t} = \Delta \sum_{\tau \le t < \tau+term_a} ramp_{a,t-\tau}\,volume_{a,\tau}
    """
    data, agreement = m.data, m.data.agreements[a]
    t = data.period(n)
    scale = data.avail("agreements", a, n) * data.years_per_period
    return total(m, (scale * data.by_year(agreement.ramp, t, s) * m.volume[a, s] for s in running(m, a, t)))


def contracted(m: Formulation, a: str, n: int) -> Relation:
    r"""Deliveries, and what is paid without being taken, stay within what the supplier can deliver.

    .. math:: deliver_{a,n} + untaken_{a,n} \le avail_{a,n}\,Q_{a,t(n)}

    Without take-or-pay there is no ``untaken``.
    """
    paid = [m.deliver[a, n]]
    if m.data.agreements[a].take_or_pay > 0:
        paid.append(m.untaken[a, n])
    return total(m, paid) <= volume_now(m, a, n)


def take_or_pay(m: Formulation, a: str, n: int) -> Relation:
    r"""The share θ of what the supplier can deliver is paid, taken or not.

    .. math:: \theta_a\,avail_{a,n}\,Q_{a,t(n)} \le deliver_{a,n} + untaken_{a,n}
    """
    theta = m.data.agreements[a].take_or_pay
    return m.deliver[a, n] + m.untaken[a, n] >= theta * volume_now(m, a, n)
