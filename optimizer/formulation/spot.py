r"""Spot: what is bought at short notice, each tier dearer than the one before.

Sets      o in OFFER, i in its tiers (from 0), n in NODE
Data      limit[o,i,n]    Δ·quantity·avail                       [units of m]
          price[o,i,n]    reference·(1 + premium)                [money per unit of m]
Declares  spot[o,i,n]                                            [units of m, >= 0]
Meets     pool.py, consumers.py, money.py, allocations.py, shares.py
"""

from __future__ import annotations

from optimizer.formulation.base import Formulation, amounts


def add(m: Formulation) -> None:
    r"""Declare spot purchases with their limit as a bound; record what they bring and cost.

    .. math:: spot_{o,i,n} &\le \Delta\,quantity_{o,i,t(n)}\,avail_{o,n} \\
              spend_{o,n} &= \sum_i price_{o,i,n}\,spot_{o,i,n}
    """
    data, ledger = m.data, m.ledger
    m.OFFER = list(data.offers)
    m.PURCHASE = [(o, i, n) for o in m.OFFER for i in range(len(data.offers[o].tiers)) for n in m.NODE]
    amounts(m, "spot", m.PURCHASE, lambda o, i, n: data.spot_limit(data.offers[o], i, n))
    for o, i, n in m.PURCHASE:
        offer = data.offers[o]
        c = offer.commodity
        ledger.spend[o, n].append(data.spot_price(offer, i, n) * m.spot[o, i, n])
        ledger.enters[c, n].append((o, m.spot[o, i, n]))
        if offer.additional < 1:
            ledger.diverted[c, n].append((1 - offer.additional) * m.spot[o, i, n])
        if offer.emissions:
            scale = data.units.tonnes[c] / data.units.emissions
            ledger.emissions[n].append(offer.emissions * scale * m.spot[o, i, n])
