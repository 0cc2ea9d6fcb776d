"""Options that can be bought by the tonne, and where their prices stand in the programme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.instance import Agreement, Project, Spot
from optimizer.compile import Vector
from optimizer.why.ground import Ground, Option

USED = 1e-7
"""Scaled amounts below this are not used."""

Entry = tuple[int, int, float]
"""Row, or -1 for the cost; column; what one unit of price adds to the coefficient."""


@dataclass(frozen=True)
class Lever:
    """Something bought by the tonne: a tier of a spot offer, an option without least size or fixed cost."""

    kind: str
    """agreement, spot or project"""
    id: str
    tier: int | None
    columns: NDArray[np.int64]
    """Of what is paid for."""
    weights: Vector
    """What one unit of price costs in expectation, discounted, per unit of each."""
    most: float
    """All there is: Σ weights · limits."""
    entries: tuple[Entry, ...]
    price: float
    """What is asked now, in ``unit``."""
    unit: str
    """USD/t, premium, or USD per t/year of capacity."""
    natural: float
    """``unit`` per unit of price in the programme."""
    open: tuple[tuple[int, float], ...] = ()
    """Yes/no columns and what they have to be; that alone costs nothing."""


def spot_lever(ground: Ground, offer: Spot) -> Lever | None:
    """The cheapest tier of an offer that is not used anywhere; None if all are or nothing is on offer."""
    data = ground.data
    for tier in range(len(offer.tiers)):
        keys = [(n, ground.column["spot", (offer.id, tier, n)]) for n in data.nodes]
        if any(ground.x[j] > USED for _, j in keys):
            continue
        open_ = [(n, j) for n, j in keys if data.probability(n) > 0 and ground.arrays.upper[j] > USED]
        priced = {j: data.price(offer.commodity, n) for n, j in keys}
        weights = np.array([_weight(ground, n) * priced[j] for n, j in open_])
        if not open_ or weights.max() <= 0:
            continue
        limits = np.array([ground.arrays.upper[j] for _, j in open_])
        return Lever(
            kind="spot",
            id=offer.id,
            tier=tier,
            columns=np.array([j for _, j in open_], dtype=np.int64),
            weights=weights,
            most=float(weights @ limits),
            entries=tuple(_paid(ground, offer.id, [(n, j, priced[j]) for n, j in keys])),
            price=offer.tiers[tier].premium,
            unit="premium",
            natural=1.0,
        )
    return None


def agreement_levers(ground: Ground, agreement: Agreement) -> list[Lever]:
    """An unsigned agreement without least volume and signing cost, once per start; empty for any other."""
    if agreement.volume.min > 0 or agreement.signing_cost > 0 or not _free(ground, agreement):
        return []
    data, a = ground.data, agreement.id
    scale = data.units.tonnes[agreement.commodity]
    levers = []
    for start in sorted(set(agreement.starts)):
        nodes = [n for n in data.nodes if start <= data.period(n) < start + data.term(agreement)]
        keys = [(n, ground.column["deliver", (a, n)]) for n in nodes]
        keys += [(n, ground.column["untaken", (a, n)]) for n in nodes if agreement.take_or_pay > 0]
        counted = [(n, j) for n, j in keys if data.probability(n) > 0]
        weights = np.array([_weight(ground, n) for n, _ in counted])
        limits = [
            _weight(ground, n)
            * data.rate(agreement.commodity, agreement.volume.max)
            * data.avail("agreements", a, n)
            * data.by_year(agreement.ramp, data.period(n), start)
            for n in nodes
        ]
        if sum(limits) <= 0:
            continue
        price = sum(_weight(ground, n) * data.unit_price(agreement, n) for n in nodes)
        natural = ground.money / scale
        levers.append(
            Lever(
                kind="agreement",
                id=a,
                tier=None,
                columns=np.array([j for _, j in counted], dtype=np.int64),
                weights=weights,
                most=sum(limits),
                entries=tuple(_paid(ground, a, [(n, j, 1.0) for n, j in keys])),
                price=price / sum(_weight(ground, n) for n in nodes) * natural,
                unit="USD/t",
                natural=natural,
                open=_only(ground, a, ground.column["sign", (a, start)]),
            )
        )
    return levers


def project_levers(ground: Ground, project: Project) -> list[Lever]:
    """A project without least capacity and fixed capex that is not built, once per start; empty otherwise."""
    size = project.capacity
    if size is None or size.min > 0 or size.max <= 0 or project.capex_fixed > 0 or project.public_share <= 0:
        return []
    if not _free(ground, project):
        return []
    data, k = ground.data, project.id
    levers = []
    for start in sorted(set(project.starts)):
        j = ground.column["capacity", (k, start)]
        natural = ground.money / data.units.activity[k]
        levers.append(
            Lever(
                kind="project",
                id=k,
                tier=None,
                columns=np.array([j], dtype=np.int64),
                weights=np.ones(1),
                most=data.activity(k, size.max),
                entries=tuple(_capex(ground, project, start, j)),
                price=project.capex_per_unit,
                unit="USD per t/year",
                natural=natural,
                open=_only(ground, k, ground.column["build", (k, start)]),
            )
        )
    return levers


def _free(ground: Ground, row: Agreement | Project) -> bool:
    """Whether nothing of it is paid for now (it may be signed for nothing) and no rule counts heads."""
    in_choice = any(row.id in choice.members for choice in ground.instance.choices)
    waits = any(ground.data.projects[k].capacity for k in row.requires)
    chosen = [ground.key(j)[1] for j in _columns(ground, row.id)]
    if isinstance(row, Project):
        used = [ground.column.get(("capacity", key)) for key in chosen]
    else:
        paid = ("deliver", "untaken")
        used = [ground.column.get((name, (row.id, n))) for name in paid for n in ground.data.nodes]
        used += [ground.column.get(("volume", key)) for key in chosen if row.prepayment > 0]
    idle = all(ground.x[j] <= USED for j in used if j is not None)
    return idle and not in_choice and not waits


def _columns(ground: Ground, id_: str) -> tuple[int, ...]:
    return ground.options_on_offer[id_].columns


def _only(ground: Ground, id_: str, column: int) -> tuple[tuple[int, float], ...]:
    """An option chosen by one of its columns."""
    return tuple((j, float(j == column)) for j in _columns(ground, id_))


def _weight(ground: Ground, n: int) -> float:
    data = ground.data
    return data.probability(n) * data.discount(data.period(n))


def _paid(ground: Ground, item: str, paid: list[tuple[int, int, float]]) -> Iterator[Entry]:
    """Where one unit of price stands that is paid per unit of column j at node n, times a factor."""
    data, cost_weight = ground.data, ground.instance.objective.cost_weight
    spending = ground.row.get(("spending", (item,)))
    for n, j, factor in paid:
        if cost_weight > 0 and data.probability(n) > 0:
            yield -1, j, cost_weight * _weight(ground, n) * factor
        cash = ground.row.get(("cash_balance", (n,)))
        if cash is not None:
            yield cash, j, ground.coefficient(cash, ("cash", (n,))) * factor
        if spending is not None and data.probability(n) > 0:
            sign = ground.coefficient(spending, ("spent", (item,)))
            yield spending, j, -sign * data.probability(n) * factor


def _capex(ground: Ground, project: Project, start: int, j: int) -> Iterator[Entry]:
    """Where one unit of capex per unit stands: in what falls due, and in planned spend."""
    spending = ground.row.get(("spending", (project.id,)))
    due = {t: share * project.public_share for t, share in due_shares(ground, project, start).items()}
    for t, share in due.items():
        row = ground.row["falling_due", (t,)]
        yield row, j, -ground.coefficient(row, ("due", (t,))) * share
    if spending is not None:
        yield spending, j, -ground.coefficient(spending, ("spent", (project.id,))) * sum(due.values())


def paid(ground: Ground, option: Option, x: Vector) -> float:
    """What one unit of an option's price costs in a solution, expected and discounted, times w_c.

    Of an agreement a unit of price per unit of its commodity; of a project or depot a unit of money on what
    the agency pays to build or open it.
    """
    data, cost_weight = ground.data, ground.instance.objective.cost_weight
    if option.kind == "agreement":
        tonnes = sum(
            _weight(ground, n) * x[j]
            for name in ("deliver", "untaken")
            for n in data.nodes
            if (j := ground.column.get((name, (option.id, n)))) is not None
        )
        return float(cost_weight * tonnes)
    if option.kind == "depot":
        return float(cost_weight * sum(x[j] for j in option.columns))
    project = data.projects[option.id]
    total = 0.0
    for j in option.columns:
        start = ground.arrays.columns[j][1][1]
        shares = due_shares(ground, project, start)
        total += x[j] * sum(share * data.discount(t) for t, share in shares.items())
    return float(cost_weight * total)


def due_shares(ground: Ground, project: Project, start: int) -> dict[int, float]:
    """Share of capex that is paid in each period (model.md §4, money)."""
    spread = max(1, ground.data.lead(project))
    due: dict[int, float] = {}
    for i, share in enumerate(project.spend_profile or (1.0 / spread,) * spread):
        t = min(start + i, ground.data.periods - 1)
        due[t] = due.get(t, 0.0) + share
    return due
