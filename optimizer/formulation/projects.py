r"""Projects: mines, refineries, recyclers and collectors at work, and the price floors that carry them.

Sets      k in PROJECT, n in NODE where there is or may be capacity
Data      avail[k,n]                availability after effects                     [1]
          yields[k,m], uses[k,m]    units of m made, used per unit of k
          σ                         the agency's share of activity                 [1]
          strike, reference         of the supported commodity                     [money per unit of m]
Declares  run[k,n]                                                                 [units of k, >= 0]
          upside[k,n]                                                              [money, >= 0]
Meets     pool.py, consumers.py (owners sell), money.py, allocations.py, shares.py
"""

from __future__ import annotations

from models.instance import Project, Support, at
from optimizer.formulation.base import Formulation, Relation, amounts, rows


def add(m: Formulation) -> None:
    """Declare activity, its limits, support and upside; record what it brings and costs."""
    data = m.data
    m.OPERATION = [
        (k, n)
        for k in m.PROJECT
        for n in m.NODE
        if at(data.projects[k].existing_capacity, data.period(n)) > 0
        or operating_starts(m, k, data.period(n))
    ]
    amounts(m, "run", m.OPERATION)
    rows(m, "run_max", [(k, n) for k, n in m.OPERATION if not data.projects[k].must_run], run_max)
    rows(m, "run_must", [(k, n) for k, n in m.OPERATION if data.projects[k].must_run], run_must)

    m.SHARED = [(k, n) for k, n in m.OPERATION if sharing(data.projects[k])]
    amounts(m, "upside", m.SHARED, lambda k, n: upside_limit(m, k))
    rows(m, "upside_share", m.SHARED, upside_share)
    for k, n in m.OPERATION:
        record(m, data.projects[k], n)
    for k, n in m.SHARED:
        m.ledger.proceeds[n].append(m.upside[k, n])


def operating_starts(m: Formulation, k: str, t: int) -> list[int]:
    """Starts with which new capacity operates in period t."""
    project = m.data.projects[k]
    if not project.capacity:
        return []
    return [s for s in sorted(set(project.starts)) if s + m.data.lead(project) <= t]


def able(m: Formulation, k: str, n: int) -> Relation:
    r"""What the project can do at the node.

    .. math:: able_{k,n} = avail_{k,n}\,\Delta\,\Big(existing_{k,t}
              + \sum_{\tau+lead_k \le t} ramp_{k,t-\tau-lead_k}\,capacity_{k,\tau}\Big)
    """
    data, project = m.data, m.data.projects[k]
    t, lead = data.period(n), data.lead(project)
    scale = data.avail("projects", k, n) * data.years_per_period
    there = scale * data.activity(k, at(project.existing_capacity, t))
    return there + sum(
        scale * data.by_year(project.ramp, t, s + lead) * m.capacity[k, s] for s in operating_starts(m, k, t)
    )


def run_max(m: Formulation, k: str, n: int) -> Relation:
    r"""Activity stays within capacity.

    .. math:: run_{k,n} \le able_{k,n}
    """
    return m.run[k, n] <= able(m, k, n)


def run_must(m: Formulation, k: str, n: int) -> Relation:
    r"""A project that must run does so at capacity.

    .. math:: run_{k,n} = able_{k,n}
    """
    return m.run[k, n] == able(m, k, n)


def sharing(k: Project) -> bool:
    """Whether the agency shares in prices above the strike."""
    return k.support is not None and k.support.upside_share > 0


def support_of(m: Formulation, k: str) -> Support:
    """The support of a project that has one."""
    support = m.data.projects[k].support
    assert support is not None, f"{k} has support"
    return support


def upside_limit(m: Formulation, k: str) -> float | None:
    r"""The cap on what the agency receives.

    .. math:: upside_{k,n} \le \Delta\,upside\_cap_k

    No bound without a cap.
    """
    cap = support_of(m, k).upside_cap
    return None if cap is None else m.data.usd(cap) * m.data.years_per_period


def owners_tonnes(m: Formulation, k: Project, c: str) -> float:
    """Units of m the owner sells per unit of activity: (1-σ)·output."""
    return (1 - k.offtake_share) * m.data.yields(k, c)


def upside_share(m: Formulation, k: str, n: int) -> Relation:
    r"""The agency's share of what the owner earns above the strike.

    .. math:: upside_{k,n} \le upside\_share_k\,\max(0, price_{m,n} - strike_k)\,
              (1-\sigma_k)\,output_{k,m}\,run_{k,n}

    m is the supported commodity.
    """
    data, project, support = m.data, m.data.projects[k], support_of(m, k)
    above = data.price(support.commodity, n) - strike(m, support, n)
    tonnes = owners_tonnes(m, project, support.commodity)
    return m.upside[k, n] <= support.upside_share * max(0.0, above) * tonnes * m.run[k, n]


def strike(m: Formulation, support: Support, n: int) -> float:
    """Money per unit of the supported commodity."""
    return m.data.per_tonne(support.commodity, at(support.strike, m.data.period(n)))


def record(m: Formulation, k: Project, n: int) -> None:
    r"""What a project brings, takes, sells and costs, per node.

    .. math:: spend_{k,n} = \big(\sigma_k\,opex_{k,t}
              + \max(0, strike_k - price_{m,n})\,(1-\sigma_k)\,output_{k,m}\big)\,run_{k,n}

    The agency brings σ of the inputs, receives σ of the outputs and pays σ of the opex; below the strike it
    pays the difference on the owner's tonnes of the supported commodity m.
    """
    data, ledger, run = m.data, m.ledger, m.run[k.id, n]
    share = k.offtake_share
    cost = share * data.per_activity(k.id, at(k.opex, data.period(n)))
    if k.support:
        below = strike(m, k.support, n) - data.price(k.support.commodity, n)
        cost += max(0.0, below) * owners_tonnes(m, k, k.support.commodity)
    ledger.spend[k.id, n].append(cost * run)
    for c in k.outputs:
        if share > 0:
            ledger.enters[c, n].append((k.id, share * data.yields(k, c) * run))
        if share < 1:
            ledger.owners[c, n].append(owners_tonnes(m, k, c) * run)
    for c in k.inputs:
        if share > 0:
            ledger.leaves[c, n].append(share * data.uses(k, c) * run)
    if k.emissions:
        ledger.emissions[n].append(k.emissions * data.units.activity[k.id] / data.units.emissions * run)
