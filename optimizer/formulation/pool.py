r"""Reserve pool: whatever enters the reserve goes somewhere, and the reserve fills gaps only.

Sets      m in COMMODITY, n in NODE
Data      gap[m,n]         Δ·max(0, Σ demand + Σ needs - Σ market·avail)       [units of m]
          sale_limit       in calm                                              [units of m]
Declares  release[m,n], sale[m,n], scrap[m,n]                                   [units of m, >= 0]
Meets     contracts.py, spot.py, projects.py (what enters), stock.py, consumers.py (releases, substitutes),
          money.py
"""

from __future__ import annotations

from models.instance import Project, at
from optimizer.formulation.base import Formulation, Relation, amounts, rows, total
from optimizer.formulation.consumers import used_instead


def add(m: Formulation) -> None:
    r"""Declare what leaves the reserve, its limits and its proceeds. Sales only in calm.

    .. math:: sale_{m,n} &\le \Delta\,sale\_limit_{m,t(n)}\,[calm_{m,n}] \\
              proceeds_n &= \sum_k upside_{k,n} + \sum_m price_{m,n}\,
              (sale\_factor_m\,sale_{m,n} + release\_factor_m\,release_{m,n})
    """
    data, ledger = m.data, m.ledger
    every = [(c, n) for c in m.COMMODITY for n in m.NODE]
    m.SALE = [
        (c, n) for c, n in every if data.calm(c, n) and at(data.commodities[c].sale_limit, data.period(n)) > 0
    ]
    m.SCRAP = [(c, n) for c, n in every if forced_outputs(m, c, n) or opening(m, c, n) > 0]
    amounts(m, "release", every)
    amounts(m, "sale", m.SALE, lambda c, n: data.rate(c, at(data.commodities[c].sale_limit, data.period(n))))
    amounts(m, "scrap", m.SCRAP)
    for c, n in every:
        ledger.leaves[c, n].append(m.release[c, n])
        if data.commodities[c].release_factor:
            ledger.proceeds[n].append(data.price(c, n) * data.commodities[c].release_factor * m.release[c, n])
    for c, n in m.SALE:
        ledger.leaves[c, n].append(m.sale[c, n])
        ledger.proceeds[n].append(data.price(c, n) * data.commodities[c].sale_factor * m.sale[c, n])
    for c, n in m.SCRAP:
        ledger.leaves[c, n].append(m.scrap[c, n])
        if data.commodities[c].disposal_cost:
            ledger.upkeep[n].append(data.per_tonne(c, data.commodities[c].disposal_cost) * m.scrap[c, n])
    rows(m, "pool", every, pool)
    rows(m, "scrap_max", m.SCRAP, scrap_max)
    rows(m, "release_gap", every, release_gap)


def pool(m: Formulation, c: str, n: int) -> Relation:
    r"""What enters the reserve leaves it, or is stored.

    .. math:: \sum_a deliver_{a,n} + \sum_{o,i} spot_{o,i,n} + \sum_k \sigma_k\,output_{k,m}\,run_{k,n}
              + \sum_d withdraw_{m,d,n}
              = \sum_k \sigma_k\,input_{k,m}\,run_{k,n} + \sum_d inject_{m,d,n}
              + release_{m,n} + sale_{m,n} + scrap_{m,n}

    a and o over agreements and offers in m.
    """
    enters = [term for _, term in m.ledger.enters[c, n]] + [m.withdraw[c, d, n] for d in m.DEPOT]
    leaves = m.ledger.leaves[c, n] + [m.inject[c, d, n] for d in m.DEPOT]
    return total(m, enters) == total(m, leaves)


def release_gap(m: Formulation, c: str, n: int) -> Relation:
    r"""The reserve fills gaps, it does not displace commerce.

    .. math:: release_{m,n} \le \Delta\,\max\Big(0, \sum_q demand_{q,n} + \sum_j needs_{j,m,n}
              - \sum market\,avail\Big) + \sum_u ratio_u\,substitute_{u,n}

    Demand and needs after effects; measured against market rows only; u over substitutions that use m.
    """
    gap = max(0.0, m.data.consumption(c, n) - m.data.market(c, n))
    return m.release[c, n] - total(m, used_instead(m, c, n)) <= gap


def forced(k: Project) -> bool:
    """Whether a project may make what nobody asked for: it must run, or has several outputs."""
    return k.must_run or sum(x > 0 for x in k.outputs.values()) > 1


def forced_outputs(m: Formulation, c: str, n: int) -> list[str]:
    """Projects that may force the commodity on the reserve at the node."""
    return [
        k.id
        for k in m.data.making[c]
        if forced(k) and k.offtake_share > 0 and k.outputs[c] > 0 and (k.id, n) in m.run
    ]


def opening(m: Formulation, c: str, n: int) -> float:
    """Opening stock of the commodity in the first period, 0 later; units of m."""
    if m.data.parent(n) is not None:
        return 0.0
    return sum(quantity for (commodity, _), quantity in m.data.opening.items() if commodity == c)


def scrap_max(m: Formulation, c: str, n: int) -> Relation:
    r"""Nothing is bought to be thrown away.

    .. math:: scrap_{m,n} \le \sum_k \sigma_k\,output_{k,m}\,run_{k,n} + [t(n) = 0] \sum_d opening_{m,d}

    k over projects that must run or have several outputs.
    """
    made = [
        m.data.projects[k].offtake_share * m.data.yields(m.data.projects[k], c) * m.run[k, n]
        for k in forced_outputs(m, c, n)
    ]
    return m.scrap[c, n] - total(m, made) <= opening(m, c, n)
