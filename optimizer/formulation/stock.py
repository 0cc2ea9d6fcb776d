r"""Stock: what each depot holds, node by node.

Sets      m in COMMODITY, d in DEPOT, n in NODE (n knows its parent)
Data      keep[m]         share surviving one period            [1]
          opening[m,d]    stock before the first period         [units of m]
          stowage[m]      room needed                           [m³ per unit of m]
Declares  stock, inject, withdraw [m,d,n]                       [units of m, >= 0]
Meets     pool.py (withdraw in, inject out), money.py (storage, handling), cover.py, objective.py
"""

from __future__ import annotations

from optimizer.formulation.base import Formulation, Relation, amounts, rows, total


def add(m: Formulation) -> None:
    r"""Declare stocks and their limits; record storage and handling.

    .. math:: upkeep_n = \sum_{m,d} \big(storage\_cost_m\,\Delta\,stock_{m,d,n}
              + handling\_cost_d\,(inject_{m,d,n} + withdraw_{m,d,n})\big)
              + \sum_m disposal\_cost_m\,scrap_{m,n}
    """
    data, upkeep = m.data, m.ledger.upkeep
    m.STORE = [(c, d, n) for c in m.COMMODITY for d in m.DEPOT for n in m.NODE]
    for name in ("stock", "inject", "withdraw"):
        amounts(m, name, m.STORE)
    rows(m, "stock_balance", m.STORE, stock_balance)
    limited = [d for d in m.DEPOT if data.depots[d].capacity is not None]
    rows(m, "depot_capacity", [(d, n) for d in limited for n in m.NODE], depot_capacity)
    rows(
        m,
        "depot_outturn",
        [(d, n) for d in m.DEPOT for n in m.NODE if outturn(m, d, n) is not None],
        depot_outturn,
    )
    for c, d, n in m.STORE:
        storage = data.per_tonne(c, data.commodities[c].storage_cost) * data.years_per_period
        if storage:
            upkeep[n].append(storage * m.stock[c, d, n])
        handling = data.per_tonne(c, data.depots[d].handling_cost)
        if handling:
            upkeep[n] += [handling * m.inject[c, d, n], handling * m.withdraw[c, d, n]]


def stock_balance(m: Formulation, c: str, d: str, n: int) -> Relation:
    r"""What survives from the parent, plus what goes in, less what comes out.

    .. math:: stock_{m,d,n} = (1-loss\_rate_m)^\Delta\,stock_{m,d,pa(n)} + inject_{m,d,n} - withdraw_{m,d,n}

    In the first period the opening stock stands for the parent's.
    """
    parent = m.data.parent(n)
    before = m.data.opening.get((c, d), 0.0) if parent is None else m.stock[c, d, parent]
    return m.stock[c, d, n] == m.data.keep(c) * before + m.inject[c, d, n] - m.withdraw[c, d, n]


def depot_capacity(m: Formulation, d: str, n: int) -> Relation:
    r"""Stock fits into the depot, if it is open.

    .. math:: \sum_m stowage_m\,stock_{m,d,n} \le capacity_d\,open_d

    open is 1 where the depot is not optional. The row is divided by the capacity unless that is 0.
    """
    depot = m.data.depots[d]
    room = depot.capacity or 0.0
    per = 1.0 / room if room > 0 else 1.0
    filled = total(
        m,
        (
            m.data.commodities[c].stowage * m.data.units.tonnes[c] * per * m.stock[c, d, n]
            for c in m.COMMODITY
            if m.data.commodities[c].stowage > 0
        ),
    )
    return filled <= (room * per * m.open[d] if depot.optional else room * per)


def outturn(m: Formulation, d: str, n: int) -> float | None:
    """Most that a depot can give out at a node, t; None if there is no limit."""
    avail, limit = m.data.avail("depots", d, n), m.data.depots[d].outturn
    if limit is not None:
        return limit * m.data.years_per_period * avail
    return 0.0 if avail == 0 else None


def depot_outturn(m: Formulation, d: str, n: int) -> Relation:
    r"""Withdrawals stay within what the depot can give out; a closed one without a limit gives nothing.

    .. math:: \sum_m withdraw_{m,d,n} \le outturn_d\,\Delta\,avail_{d,n}

    Tonnes of all commodities together; the row is divided by its right-hand side unless that is 0.
    """
    limit = outturn(m, d, n) or 0.0
    per = 1.0 / limit if limit > 0 else 1.0
    return total(m, (m.data.units.tonnes[c] * per * m.withdraw[c, d, n] for c in m.COMMODITY)) <= limit * per
