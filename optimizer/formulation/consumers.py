r"""Consumers: what they need, what they buy from commerce, and what they go without.

Sets      m in COMMODITY, q in DEMAND, j in INDUSTRY, u in SUBSTITUTION, i in tiers (from 0), n in NODE
Data      demand[q,n], needs[j,m,n]   after effects                              [units of m]
          market·avail                what commerce supplies                     [units of m]
          μ                           share of commerce that is left             [1]
Declares  bought[m,n], private[m,n]                                              [units of m, >= 0]
          short[q,i,n], substitute[u,n]      units of the commodity demanded     [units of m, >= 0]
          cut[j,i,n]                                                             [share of output, 0..1]
Meets     pool.py (release), contracts.py and spot.py (diverted), projects.py (owners' sales), loss.py,
          service.py
"""

from __future__ import annotations

from optimizer.formulation.base import Formulation, Relation, Term, amounts, rows, total


def add(m: Formulation) -> None:
    r"""Declare what consumers do and its limits. A tier of cuts is a share of the output.

    .. math:: cut_{j,i,n} \le share_{j,i}
    """
    data = m.data
    m.DEMAND = list(data.demand_rows)
    m.INDUSTRY = list(data.industries)
    m.SUBSTITUTION = list(data.substitutions)
    m.SHORTAGE = [
        (q, i, n) for q in m.DEMAND for i in range(len(data.demand_rows[q].shortage_cost)) for n in m.NODE
    ]
    m.CUT = [(j, i, n) for j in m.INDUSTRY for i in range(len(data.industries[j].loss)) for n in m.NODE]
    m.EASED = [(u, n) for u in m.SUBSTITUTION for n in m.NODE]
    m.PRIVATE = [(c, n) for c, held in data.private_stock.items() if held > 0 for n in m.NODE]
    every = [(c, n) for c in m.COMMODITY for n in m.NODE]

    amounts(m, "bought", every)
    amounts(m, "private", m.PRIVATE)
    amounts(m, "short", m.SHORTAGE, lambda q, i, n: tier_limit(m, q, i, n))
    amounts(m, "cut", m.CUT, lambda j, i, n: data.industries[j].loss[i].share)
    amounts(m, "substitute", m.EASED, lambda u, n: substitute_limit(m, u, n))
    rows(m, "market_max", every, market_max)
    eased = list(dict.fromkeys(u.demand for u in data.substitutions.values()))
    rows(m, "eased_max", [(q, n) for q in eased for n in m.NODE], eased_max)
    rows(m, "cut_max", [(j, n) for j in m.INDUSTRY for n in m.NODE], cut_max)
    held = [c for c, quantity in data.private_stock.items() if quantity > 0]
    rows(m, "private_once", [(c, n) for c in held for n in data.tree.leaves()], private_once)


def add_balance(m: Formulation) -> None:
    """Declare the balance, once releases (pool.py) are there."""
    rows(m, "consumers", [(c, n) for c in m.COMMODITY for n in m.NODE], consumers)


def tier_limit(m: Formulation, q: str, i: int, n: int) -> float:
    r"""A tier is a share of the demand.

    .. math:: short_{q,i,n} \le share_{q,i}\,\Delta\,demand_{q,n}
    """
    row = m.data.demand_rows[q]
    return row.shortage_cost[i].share * m.data.demand(row, n)


def substitute_limit(m: Formulation, u: str, n: int) -> float:
    r"""Only a share of a demand can be eased.

    .. math:: substitute_{u,n} \le max\_share_u\,\Delta\,demand_{q(u),n}
    """
    row = m.data.substitutions[u]
    return row.max_share * m.data.demand(m.data.demand_rows[row.demand], n)


def used_instead(m: Formulation, c: str, n: int) -> list[Term]:
    """Units of c that substitutes use at the node: ratio·substitute."""
    users = [u for u, row in m.data.substitutions.items() if row.commodity == c]
    return [m.data.exchange(u) * m.substitute[u, n] for u in users]


def substitutes(m: Formulation, q: str, n: int) -> list[Term]:
    """What eases one demand at the node."""
    return [m.substitute[u, n] for u, row in m.data.substitutions.items() if row.demand == q]


def shortages(m: Formulation, q: str, n: int) -> list[Term]:
    """All tiers of one demand at the node."""
    return [m.short[q, i, n] for i in range(len(m.data.demand_rows[q].shortage_cost))]


def cuts(m: Formulation, j: str, n: int) -> list[Term]:
    """All tiers of one industry at the node."""
    return [m.cut[j, i, n] for i in range(len(m.data.industries[j].loss))]


def consumers(m: Formulation, c: str, n: int) -> Relation:
    r"""Whatever is consumed comes from commerce, from the reserve or from consumers' own stock.

    .. math:: \Delta\,\Big(\sum_q demand_{q,n} + \sum_j needs_{j,m,n}\,(1 - \sum_i cut_{j,i,n})\Big)
              - \sum_{q,i} short_{q,i,n} - \sum_{u\ eases\ q} substitute_{u,n}
              + \sum_{u\ uses\ m} ratio_u\,substitute_{u,n} = bought_{m,n} + release_{m,n} + private_{m,n}

    q over the demand of m.
    """
    data = m.data
    wanted = data.consumption(c, n)
    spared = [data.needs(j.id, c, n) * term for j in data.needing[c] for term in cuts(m, j.id, n)]
    for q in data.demand_of[c]:
        spared += shortages(m, q.id, n) + substitutes(m, q.id, n)
    supplied = [m.bought[c, n], m.release[c, n]]
    if (c, n) in m.private:
        supplied.append(m.private[c, n])
    return total(m, supplied) + total(m, spared) - total(m, used_instead(m, c, n)) == wanted


def market_max(m: Formulation, c: str, n: int) -> Relation:
    r"""Commerce sells what it has; what the agency takes from it, it lacks, as far as it has any.

    .. math:: bought_{m,n} \le \Delta \sum market\,avail + \sum_k (1-\sigma_k)\,output_{k,m}\,run_{k,n}
              - \mu_{m,n} \Big(\sum_a (1-additional_a)\,deliver_{a,n}
              + \sum_{o,i} (1-additional_o)\,spot_{o,i,n}\Big)

    a and o over agreements and offers in m; μ = Σ market·avail / Σ market, 0 without market rows.
    """
    taken = [m.data.market_availability(c, n) * term for term in m.ledger.diverted[c, n]]
    sold_by_owners = total(m, m.ledger.owners[c, n])
    return m.bought[c, n] - sold_by_owners + total(m, taken) <= m.data.market(c, n)


def eased_max(m: Formulation, q: str, n: int) -> Relation:
    r"""No more is missing or eased than is demanded.

    .. math:: \sum_i short_{q,i,n} + \sum_u substitute_{u,n} \le \Delta\,demand_{q,n}
    """
    gone = shortages(m, q, n) + substitutes(m, q, n)
    return total(m, gone) <= m.data.demand(m.data.demand_rows[q], n)


def cut_max(m: Formulation, j: str, n: int) -> Relation:
    r"""No more than the whole output is cut.

    .. math:: \sum_i cut_{j,i,n} \le 1
    """
    return total(m, cuts(m, j, n)) <= 1


def private_once(m: Formulation, c: str, leaf: int) -> Relation:
    r"""What consumers hold themselves is used once along any path.

    .. math:: \sum_{n \in path(leaf)} private_{m,n} \le private\ stock_m
    """
    return total(m, (m.private[c, n] for n in m.data.tree.path(leaf))) <= m.data.private_stock[c]
