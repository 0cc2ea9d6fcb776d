"""Objective (model.md §5), bound and gap: what the plan reports against what it amounts to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.plan import Plan
from optimizer.audit.arrays import Array
from optimizer.audit.case import Case
from optimizer.audit.loss import Losses
from optimizer.audit.spend import Spend


@dataclass(frozen=True)
class Value:
    """USD, discounted, expected."""

    cost: float  # the bracket behind w_c
    objective: float
    cost_size: float  # absolute terms of the bracket
    size: float  # absolute terms of the objective


def value(case: Case, spend: Spend, finance: Array, held: Array, loss: Losses) -> Value:
    """w_c·(outlay + finance − proceeds − worth of the final stock) + w_l·((1−λ)·E[L] + λ·CVaR)."""
    world, weights = case.world, case.instance.objective
    present = world.discount
    paid = float(world.expected(present * (spend.outlay + finance)))
    earned = float(world.expected(present * spend.proceeds))
    worth = sum(
        m.terminal_factor
        * float(np.broadcast_to(m.price, (world.periods,))[-1])
        * float(held[i][:, world.leaves].sum(axis=0) @ case.tree.probability[world.leaves])
        for i, m in enumerate(case.instance.commodities)
    )
    worth *= world.final_discount
    risk = (1 - weights.cvar_weight) * loss.expected + weights.cvar_weight * loss.cvar
    cost, cost_size = paid - earned - worth, abs(paid) + abs(earned) + abs(worth)
    return Value(
        cost=cost,
        objective=weights.cost_weight * cost + weights.loss_weight * risk,
        cost_size=cost_size,
        size=weights.cost_weight * cost_size + weights.loss_weight * abs(risk),
    )


def objective(case: Case, plan: Plan, value: Value) -> None:
    """The reported objective is the recomputed one, the bound is not above it, and the gap is theirs."""
    check, floor = case.ledger, case.world.dollars
    if plan.objective is None:
        check.fault("objective", "objective", "none is reported")
        return
    size = value.size + abs(plan.objective)
    name = named("objective")
    check.equal(
        "objective",
        "not the recomputed one",
        "USD",
        plan.objective,
        value.objective,
        name=name,
        floor=floor,
        size=size,
    )
    if plan.bound is None:
        if plan.status == "optimal":
            check.fault("objective", "bound", "an optimal plan needs one")
        for field, given in (("gap", plan.gap), ("relative_gap", plan.relative_gap)):
            if given is not None:
                check.fault("objective", field, "reported without a bound")
        return
    lowest = min(plan.objective, value.objective)
    check.at_most(
        "objective",
        "above the objective",
        "USD",
        plan.bound,
        lowest,
        name=named("bound"),
        floor=floor,
        size=size,
    )
    gap = plan.objective - plan.bound
    if plan.gap is not None:
        check.equal(
            "objective", "not objective − bound", "USD", plan.gap, gap, name=named("gap"), floor=floor,
            size=abs(plan.objective) + abs(plan.bound),
        )  # fmt: skip
    if plan.relative_gap is not None and plan.objective != 0.0:
        share = gap / abs(plan.objective)
        check.equal(
            "objective", "not (objective − bound) / |objective|", "", plan.relative_gap, share,
            name=named("relative_gap"), floor=1.0, size=1.0 + abs(share),
        )  # fmt: skip
        if plan.status == "optimal":
            wanted = plan.options.relative_gap
            check.at_most(
                "objective", "wider than asked for, yet called optimal", "", share, wanted,
                name=named("status"), floor=1.0, size=1.0 + abs(share),
            )  # fmt: skip


def named(text: str) -> Callable[..., str]:
    """A row that is one thing, whatever the index."""
    return lambda *_: text
