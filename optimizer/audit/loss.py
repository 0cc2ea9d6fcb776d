"""Rule 13 of model.md §4: losses of the scenarios, their expectation and tail, and emissions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizer.audit import flows
from optimizer.audit.arrays import Array, column
from optimizer.audit.case import Case


@dataclass(frozen=True)
class Losses:
    """USD, discounted."""

    per_segment: dict[
        str, Array
    ]  # segment: (nodes,), what its shortages, substitutes and cuts cost at the node
    per_scenario: dict[str, float]  # L_s, the undisturbed scenario included
    expected: float
    cvar: float


def losses(case: Case) -> Losses:
    """Compute the losses and check the limits on them, and on emissions."""
    per_segment = _per_segment(case)
    at_node = sum(per_segment.values(), start=np.zeros(case.world.nodes))
    so_far = case.tree.accumulate(at_node)
    per_scenario = {s: float(so_far[leaf]) for s, leaf in case.tree.leaf.items()}
    chance = np.array([case.tree.chance[s] for s in per_scenario])
    values = np.array(list(per_scenario.values()))
    expected = float(chance @ values)
    tail = cvar(values, chance, case.instance.objective.cvar_alpha)
    limits, floor = case.instance.risk, case.world.dollars

    def named(text: str) -> Callable[..., str]:
        return lambda *_: text

    check = case.ledger
    if limits.expected_loss_limit is not None:
        limit = limits.expected_loss_limit
        check.at_most(
            "loss", "E[L] > limit", "USD", expected, limit, name=named("expected_loss_limit"), floor=floor
        )
    if limits.cvar_limit is not None:
        check.at_most(
            "loss", "CVaR > limit", "USD", tail, limits.cvar_limit, name=named("cvar_limit"), floor=floor
        )
    _emissions(case)
    return Losses(per_segment, per_scenario, expected, tail)


def cvar(losses: Array, chance: Array, alpha: float) -> float:
    """min_η η + Σ_s p_s·(L_s−η)⁺/(1−α), exactly: the minimum is at one of the losses.

    ``losses`` in any unit, ``chance`` their probabilities, both of shape (scenarios,); scenarios without
    probability do not count.
    """
    order = np.argsort(-losses[chance > 0], kind="stable")
    worst, p = losses[chance > 0][order], chance[chance > 0][order]
    above = np.cumsum(p) * worst
    excess = np.cumsum(p * worst) - above
    return float(np.min(worst + excess / (1.0 - alpha)))


def _per_segment(case: Case) -> dict[str, Array]:
    """δ(t)·(Σ short·cost + Σ substitute·cost + Σ Δ·output·factor·cut), by segment."""
    world, ops, demand = case.world, case.operations, case.instance.demand
    segments = dict.fromkeys([q.segment for q in demand] + [j.segment for j in case.instance.industries])
    result = {segment: np.zeros(world.nodes) for segment in segments}
    row = 0
    for q in demand:
        for tier in q.shortage_cost:
            result[q.segment] += ops["short"][row] * world.series(tier.cost)
            row += 1
    segment_of = {q.id: q.segment for q in demand}
    for i, u in enumerate(case.instance.substitutions):
        result[segment_of[u.demand]] += u.cost * ops["substitute"][i]
    row = 0
    for i, j in enumerate(case.instance.industries):
        for step in j.loss:
            result[j.segment] += world.length * world.output[i] * step.factor * ops["cut"][row]
            row += 1
    return {segment: usd * world.discount for segment, usd in result.items()}


def _emissions(case: Case) -> None:
    """Expected tCO2e of deliveries, spot and project activity ≤ limit."""
    limit = case.instance.risk.emissions_limit
    if limit is None:
        return
    sources = (
        ([a.emissions for a in case.instance.agreements], case.operations["deliver"]),
        ([o.emissions for o in case.instance.spot], flows.spot_by_offer(case)),
        ([k.emissions for k in case.instance.projects], case.operations["run"]),
    )
    at_node = sum(
        ((column(e) * tonnes).sum(axis=0) for e, tonnes in sources), start=np.zeros(case.world.nodes)
    )
    largest = max((factor for factors, _ in sources for factor in factors), default=0.0)
    case.ledger.at_most(
        "loss",
        "emissions > limit",
        "tCO2e",
        float(case.world.expected(at_node)),
        limit,
        name=lambda *_: "emissions_limit",
        floor=largest * float(np.max(case.world.tonnes, initial=0.0)),
    )
