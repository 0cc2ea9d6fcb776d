"""Commitments by period: tonnes contracted, capacity built, money due (model.md §4, rules 2, 4, 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.instance import Project
from optimizer.audit.arrays import Array, ramp_at
from optimizer.audit.world import World


@dataclass(frozen=True)
class Taken:
    """A signed agreement or a funded project: its row in the instance's table, start, t/year."""

    row: int
    start: int
    size: float


@dataclass(frozen=True)
class Committed:
    """Commitments by period; rows are the rows of the instance's tables."""

    contracted: Array  # (agreements, T), t in the period before availability: Q of rule 2
    built: Array  # (projects, T), t of activity per year, ramped, without existing capacity
    open: Array  # (depots,), 1 where stock may lie
    agreements_due: Array  # (agreements, T), USD
    projects_due: Array  # (projects, T), USD
    depots_due: Array  # (T,), USD


def spread(world: World, signed: Sequence[Taken], built: Sequence[Taken], opened: Sequence[int]) -> Committed:
    """All commitments by period."""
    case = world.instance
    depots_due = np.zeros(world.periods)
    depots_due[0] = sum(case.depots[d].opening_cost for d in opened)
    return Committed(
        contracted=_contracted(world, signed),
        built=_built(world, built),
        open=np.array([1.0 if not d.optional or i in opened else 0.0 for i, d in enumerate(case.depots)]),
        agreements_due=_agreements_due(world, signed),
        projects_due=_projects_due(world, built),
        depots_due=depots_due,
    )


def _contracted(world: World, signed: Sequence[Taken]) -> Array:
    """Q[a,t] = Δ Σ_{τ ≤ t < τ+term} ramp · volume[a,τ]."""
    total = np.zeros((len(world.instance.agreements), world.periods))
    for taken in signed:
        agreement = world.instance.agreements[taken.row]
        term = max(1, world.lead(agreement.term_years))
        for t in range(taken.start, min(taken.start + term, world.periods)):
            ramp = ramp_at(agreement.ramp, t - taken.start, world.length)
            total[taken.row, t] += world.length * ramp * taken.size
    return total


def _built(world: World, built: Sequence[Taken]) -> Array:
    """Σ_{τ+lead ≤ t} ramp · capacity[k,τ]."""
    total = np.zeros((len(world.instance.projects), world.periods))
    for taken in built:
        project = world.instance.projects[taken.row]
        first = taken.start + world.lead(project.lead_years)
        for t in range(first, world.periods):
            total[taken.row, t] += ramp_at(project.ramp, t - first, world.length) * taken.size
    return total


def _agreements_due(world: World, signed: Sequence[Taken]) -> Array:
    due = np.zeros((len(world.instance.agreements), world.periods))
    for taken in signed:
        agreement = world.instance.agreements[taken.row]
        due[taken.row, taken.start] += agreement.signing_cost + agreement.prepayment * taken.size
    return due


def _projects_due(world: World, built: Sequence[Taken]) -> Array:
    """public_share · capex by spend_profile; what would fall beyond the horizon is due in its last period."""
    due = np.zeros((len(world.instance.projects), world.periods))
    for taken in built:
        project = world.instance.projects[taken.row]
        capex = project.public_share * (project.capex_fixed + project.capex_per_unit * taken.size)
        for i, share in enumerate(_profile(world, project)):
            due[taken.row, min(taken.start + i, world.periods - 1)] += share * capex
    return due


def _profile(world: World, project: Project) -> Sequence[float]:
    if project.spend_profile is not None:
        return project.spend_profile
    years = max(1, world.lead(project.lead_years))
    return [1.0 / years] * years
