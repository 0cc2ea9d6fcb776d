"""Commitments as values of columns, and arrays in which they are no longer a choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.faults import NoSuchCommitment, NothingToEvaluate
from models.instance import Instance
from models.plan import Commitments, Plan
from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.evaluate.statistics import quantile
from optimizer.keys import Key
from optimizer.units import Units, choose_units

NAMES = ("sign", "volume", "build", "capacity", "open")
"""Variables of model.md §3 that are decided now."""


def commitments_of(plan: Plan) -> Commitments:
    """The commitments of a plan. Raises NothingToEvaluate if it has none (infeasible, stopped)."""
    if plan.commitments is None:
        raise NothingToEvaluate(f"Its status is {plan.status}.")
    return plan.commitments


def fixed_values(
    instance: Instance, commitments: Commitments, units: Units | None = None
) -> dict[Key, float]:
    """Commitments as scaled values by column; what is not named is 0.

    Raises NoSuchCommitment for an id or a start that the instance does not have.
    """
    units = units or choose_units(instance)
    agreements = {a.id: a for a in instance.agreements}
    projects = {k.id: k for k in instance.projects}
    depots = {d.id: d for d in instance.depots}
    values: dict[Key, float] = {}
    unknown: list[str] = []
    for signed in commitments.agreements:
        if signed.id not in agreements or signed.start not in agreements[signed.id].starts:
            unknown.append(f"agreement {signed.id} from period {signed.start}")
            continue
        values["sign", (signed.id, signed.start)] = 1.0
        per = units.tonnes[agreements[signed.id].commodity]
        values["volume", (signed.id, signed.start)] = signed.volume / per
    for built in commitments.projects:
        known = projects.get(built.id)
        if known is None or not known.capacity or built.start not in known.starts:
            unknown.append(f"project {built.id} from period {built.start}")
            continue
        values["build", (built.id, built.start)] = 1.0
        values["capacity", (built.id, built.start)] = built.capacity / units.activity[built.id]
    for opened in commitments.depots:
        if opened.id not in depots or not depots[opened.id].optional:
            unknown.append(f"optional depot {opened.id}")
            continue
        values["open", (opened.id,)] = 1.0
    if unknown:
        raise NoSuchCommitment(f"Unknown here: {', '.join(unknown)}.")
    return values


def fix(data: Data, arrays: Arrays, commitments: Commitments) -> Arrays:
    """The same programme with the commitments fixed. Raises NoSuchCommitment."""
    values = fixed_values(data.instance, commitments, data.units)
    lower, upper, integer = arrays.lower.copy(), arrays.upper.copy(), arrays.integer.copy()
    for j, key in enumerate(arrays.columns):
        if key[0] in NAMES:
            lower[j] = upper[j] = values.get(key, 0.0)
            integer[j] = False
    return replace(arrays, lower=lower, upper=upper, integer=integer)


def plan_quantile(plan: Plan) -> float:
    """The α-quantile of loss of a plan, USD: the largest loss that still has more than 1-α at or above it."""
    if plan.risk is None:
        return 0.0
    rows = [row for row in plan.risk.scenarios if row.probability > 0]
    losses, weights = np.array([row.loss for row in rows]), np.array([row.probability for row in rows])
    return quantile(losses, weights, plan.risk.cvar_alpha)
