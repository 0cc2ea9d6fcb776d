r"""Commit: what is decided now and holds in every scenario.

Sets      a in AGREEMENT, k in PROJECT with ``capacity``, d in DEPOT that is optional, τ in starts,
          t in PERIOD
Data      min, max       range of volume or capacity          [units of m per year; units of k per year]
          lead[k]        periods from start to operation      [periods]
Declares  sign[a,τ], build[k,τ], open[d]                      [yes/no]
          volume[a,τ]                                         [units of m per year, >= 0]
          capacity[k,τ]                                       [units of k per year, >= 0]
Meets     money.py (what falls due), contracts.py, projects.py, stock.py
"""

from __future__ import annotations

from models.instance import Project
from optimizer.formulation.base import Formulation, Relation, amounts, decisions, rows, total


def add(m: Formulation) -> None:
    """Declare commitments, their rules, and what falls due."""
    data = m.data
    m.AGREEMENT = list(data.agreements)
    m.PROJECT = list(data.projects)
    m.SIGNING = [(a.id, s) for a in data.agreements.values() for s in sorted(set(a.starts))]
    m.BUILDABLE = [k.id for k in data.projects.values() if k.capacity]
    m.BUILDING = [(k, s) for k in m.BUILDABLE for s in sorted(set(data.projects[k].starts))]
    m.OPTIONAL = [d.id for d in data.depots.values() if d.optional]

    decisions(m, "sign", m.SIGNING)
    amounts(m, "volume", m.SIGNING)
    decisions(m, "build", m.BUILDING)
    amounts(m, "capacity", m.BUILDING)
    decisions(m, "open", m.OPTIONAL)

    rows(m, "sign_once", m.AGREEMENT, sign_once)
    rows(m, "volume_min", m.SIGNING, volume_min)
    rows(m, "volume_max", m.SIGNING, volume_max)
    rows(m, "build_once", m.BUILDABLE, build_once)
    rows(m, "capacity_min", m.BUILDING, capacity_min)
    rows(m, "capacity_max", m.BUILDING, capacity_max)
    rows(m, "sign_requires", agreements_requiring(m), sign_requires)
    rows(m, "build_requires", projects_requiring(m), build_requires)
    choices = {c.id: c for c in data.instance.choices}
    rows(m, "choose_min", [c for c in choices if choices[c].min is not None], choose_min)
    rows(m, "choose_max", [c for c in choices if choices[c].max is not None], choose_max)
    falls_due(m)


def sign_once(m: Formulation, a: str) -> Relation:
    r"""An agreement is signed at most once.

    .. math:: \sum_\tau sign_{a,\tau} \le 1
    """
    return total(m, (m.sign[a, s] for s in sorted(set(m.data.agreements[a].starts)))) <= 1


def volume_min(m: Formulation, a: str, s: int) -> Relation:
    r"""A signed agreement has at least its smallest volume.

    .. math:: min_a\,sign_{a,\tau} \le volume_{a,\tau}
    """
    row = m.data.agreements[a]
    return m.volume[a, s] >= m.data.tonnes(row.commodity, row.volume.min) * m.sign[a, s]


def volume_max(m: Formulation, a: str, s: int) -> Relation:
    r"""Nothing is contracted that is not signed, and no more than offered.

    .. math:: volume_{a,\tau} \le max_a\,sign_{a,\tau}
    """
    row = m.data.agreements[a]
    return m.volume[a, s] <= m.data.tonnes(row.commodity, row.volume.max) * m.sign[a, s]


def build_once(m: Formulation, k: str) -> Relation:
    r"""A project is built at most once.

    .. math:: \sum_\tau build_{k,\tau} \le 1
    """
    return total(m, (m.build[k, s] for s in sorted(set(m.data.projects[k].starts)))) <= 1


def capacity_min(m: Formulation, k: str, s: int) -> Relation:
    r"""A project that is built has at least its smallest capacity.

    .. math:: min_k\,build_{k,\tau} \le capacity_{k,\tau}
    """
    size = m.data.projects[k].capacity
    return m.capacity[k, s] >= m.data.activity(k, size.min if size else 0.0) * m.build[k, s]


def capacity_max(m: Formulation, k: str, s: int) -> Relation:
    r"""No capacity without building, and no more than there is room for.

    .. math:: capacity_{k,\tau} \le max_k\,build_{k,\tau}
    """
    size = m.data.projects[k].capacity
    return m.capacity[k, s] <= m.data.activity(k, size.max if size else 0.0) * m.build[k, s]


def needs_build(m: Formulation, required: tuple[str, ...]) -> list[str]:
    """Required projects that do not operate already: those with ``capacity``, existing capacity or not."""
    return [k for k in dict.fromkeys(required) if m.data.projects[k].capacity]


def agreements_requiring(m: Formulation) -> list[tuple[str, int, str]]:
    """(agreement, start, project it requires)."""
    return [(a, s, k) for a, s in m.SIGNING for k in needs_build(m, m.data.agreements[a].requires)]


def projects_requiring(m: Formulation) -> list[tuple[str, int, str]]:
    """(project, start, project it requires)."""
    return [(k, s, r) for k, s in m.BUILDING for r in needs_build(m, m.data.projects[k].requires)]


def operating_by(m: Formulation, k: str, t: int) -> Relation:
    """Whether project k operates in period t: the sum of build over starts with τ + lead ≤ t."""
    row = m.data.projects[k]
    lead = m.data.lead(row)
    return total(m, (m.build[k, s] for s in sorted(set(row.starts)) if s + lead <= t))


def sign_requires(m: Formulation, a: str, s: int, k: str) -> Relation:
    r"""Deliveries cannot start before the required project operates.

    .. math:: sign_{a,\tau} \le \sum_{\tau'+lead_k \le \tau} build_{k,\tau'}
    """
    return m.sign[a, s] <= operating_by(m, k, s)


def build_requires(m: Formulation, k: str, s: int, r: str) -> Relation:
    r"""A project cannot operate before the one it requires, r.

    .. math:: build_{k,\tau} \le \sum_{\tau'+lead_r \le \tau+lead_k} build_{r,\tau'}
    """
    return m.build[k, s] <= operating_by(m, r, s + m.data.lead(m.data.projects[k]))


def chosen(m: Formulation, choice: str) -> Relation:
    """How many members of a choice are chosen, over all their starts."""
    members = next(c.members for c in m.data.instance.choices if c.id == choice)
    wanted = set(members)
    return total(
        m,
        [m.sign[key] for key in m.SIGNING if key[0] in wanted]
        + [m.build[key] for key in m.BUILDING if key[0] in wanted]
        + [m.open[d] for d in m.OPTIONAL if d in wanted],
    )


def choose_min(m: Formulation, choice: str) -> Relation:
    r"""At least ``min`` members.

    .. math:: min_c \le \sum_{members,\,\tau} (sign, build, open)
    """
    return chosen(m, choice) >= next(c.min for c in m.data.instance.choices if c.id == choice)


def choose_max(m: Formulation, choice: str) -> Relation:
    r"""At most ``max`` members.

    .. math:: \sum_{members,\,\tau} (sign, build, open) \le max_c
    """
    return chosen(m, choice) <= next(c.max for c in m.data.instance.choices if c.id == choice)


def spend_shares(m: Formulation, k: Project, start: int) -> dict[int, float]:
    r"""Share of a project's capex that is paid in each period.

    .. math:: share_{k,\tau,t} = profile_{k,t-\tau} \quad (t < T-1), \qquad
              share_{k,\tau,T-1} = \sum_{\tau+i \ge T-1} profile_{k,i}

    The profile is ``spend_profile``, or even over max(1, lead) periods.
    """
    spread = max(1, m.data.lead(k))
    shares: dict[int, float] = {}
    for i, share in enumerate(k.spend_profile or (1.0 / spread,) * spread):
        t = min(start + i, m.data.periods - 1)
        shares[t] = shares.get(t, 0.0) + share
    return shares


def falls_due(m: Formulation) -> None:
    r"""Signing costs, prepayments, the public share of capex and opening costs, by the period they fall due
    in.

    .. math:: due_{a,t} &= signing\_cost_a\,sign_{a,t} + prepayment_a\,volume_{a,t} \\
              due_{k,t} &= public\_share_k \sum_\tau share_{k,\tau,t}\,
              (capex\_fixed_k\,build_{k,\tau} + capex\_per\_unit_k\,capacity_{k,\tau}) \\
              due_{d,0} &= opening\_cost_d\,open_d
    """
    data, due = m.data, m.ledger.due
    for a, s in m.SIGNING:
        agreement = data.agreements[a]
        if agreement.signing_cost:
            due[a, s].append(data.usd(agreement.signing_cost) * m.sign[a, s])
        if agreement.prepayment:
            due[a, s].append(data.per_tonne(agreement.commodity, agreement.prepayment) * m.volume[a, s])
    for k, s in m.BUILDING:
        project = data.projects[k]
        fixed = data.usd(project.capex_fixed) * project.public_share
        per_unit = data.per_activity(k, project.capex_per_unit) * project.public_share
        for t, share in spend_shares(m, project, s).items():
            if fixed * share:
                due[k, t].append(fixed * share * m.build[k, s])
            if per_unit * share:
                due[k, t].append(per_unit * share * m.capacity[k, s])
    for d in m.OPTIONAL:
        if data.depots[d].opening_cost:
            due[d, 0].append(data.usd(data.depots[d].opening_cost) * m.open[d])
