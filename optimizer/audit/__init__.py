"""A plan checked from the instance alone.

Nothing here is shared with the formulation, the solver or the extraction: the scenario tree is grown again,
every constraint of model.md §4 is evaluated, stock, debt, cash, losses and objective are computed again from
the free decisions and compared with what the plan reports. Marginal values, the days of cover reported per
scenario, and effort are not audited.
"""

from __future__ import annotations

import numpy as np

from models.instance import Instance
from models.plan import Certificate, Commitments, Plan
from optimizer.audit.allocations import allocations
from optimizer.audit.case import Case
from optimizer.audit.chance import chance
from optimizer.audit.commit import commitments_of
from optimizer.audit.concentration import concentration
from optimizer.audit.consumers import consumers
from optimizer.audit.cover import cover, service
from optimizer.audit.ledger import FAMILIES, Ledger, finite, largest
from optimizer.audit.loss import losses
from optimizer.audit.match import match
from optimizer.audit.money import money
from optimizer.audit.objective import objective, value
from optimizer.audit.operations import read
from optimizer.audit.pool import pool
from optimizer.audit.reported import risk_figures
from optimizer.audit.shares import shares
from optimizer.audit.spend import spend
from optimizer.audit.stock import stock
from optimizer.audit.supply import contracts, projects, spot
from optimizer.audit.tree import grow
from optimizer.audit.world import World

__all__ = ["FAMILIES", "audit"]


def audit(instance: Instance, plan: Plan, tolerance: float = 1e-6) -> Certificate:
    """Check a plan against its instance.

    ``tolerance`` is the relative residual allowed: a violation divided by the size of the terms of its row
    (see :mod:`optimizer.audit.ledger`). The certificate names the worst row of every family, in natural
    units.

    Raises ValueError when the plan has no commitments: there is nothing to audit.
    """
    if plan.commitments is None:
        raise ValueError(f"the plan has no commitments (status {plan.status}): there is nothing to audit")
    ledger = Ledger(tolerance)
    # Absurd figures may overflow; what is then no number counts as a violation, so nothing is hidden.
    with np.errstate(over="ignore", invalid="ignore"):
        worth = _check(instance, plan, plan.commitments, ledger)
    residuals = ledger.residuals()
    findings = ledger.findings()
    return Certificate(
        passed=not findings,
        tolerance=tolerance,
        residuals=residuals,
        largest=largest(residuals),
        objective=finite(worth),
        objective_difference=finite(0.0 if plan.objective is None else plan.objective - worth),
        bound=plan.bound,
        findings=findings,
    )


def _check(instance: Instance, plan: Plan, commitments: Commitments, ledger: Ledger) -> float:
    """All families in turn; the recomputed objective, USD."""
    tree = grow(instance)
    matched = match(instance, tree, plan, ledger)
    world = World(instance, tree)
    committed = commitments_of(world, commitments, ledger)
    operations = read(world, plan, matched, ledger)
    case = Case(instance, tree, world, committed, operations, matched, ledger)

    contracts(case)
    spot(case)
    projects(case)
    pool(case)
    held = stock(case)
    consumers(case)
    spent = spend(case, held)
    finance = money(case, spent)
    allocations(case, spent)
    shares(case)
    cover(case, held)
    service(case)
    concentration(case, plan)
    chance(case, plan)
    loss = losses(case)
    worth = value(case, spent, finance, held, loss)
    objective(case, plan, worth)
    risk_figures(case, plan, worth, loss)
    return worth.objective
