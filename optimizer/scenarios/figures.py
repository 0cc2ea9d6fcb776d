"""What was sampled, in figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from models.instance import Instance, Scenario
from optimizer.scenarios.paths import Simulation
from optimizer.scenarios.states import conditions


def announcements(simulation: Simulation) -> pd.DataFrame:
    """By hazard: starts per path, and periods in force per path, over all simulated paths.

    A hazard that another becomes starts like any other. Columns hazard, starts, periods.
    """
    in_force = simulation.levels > 0
    edge = np.zeros((len(simulation), 1, in_force.shape[2]), dtype=bool)
    starts = in_force & ~np.concatenate([edge, in_force[:, :-1]], axis=1)
    return pd.DataFrame(
        {
            "hazard": list(simulation.hazards),
            "starts": starts.sum(axis=(0, 1)) / len(simulation),
            "periods": in_force.sum(axis=(0, 1)) / len(simulation),
        }
    )


def years_hit(instance: Instance, scenarios: Sequence[Scenario]) -> pd.DataFrame:
    """By material: expected years over the horizon in which one of its commodities is not calm.

    Columns material, years; the most often hit first. Calm as in model.md §1.
    """
    held = conditions(instance, scenarios)
    p = np.array([scenario.probability for scenario in scenarios])
    material = np.array([m.material for m in instance.commodities])
    rows = []
    for name in dict.fromkeys(material.tolist()):
        hit = np.any(~held.calm[:, material == name], axis=1)
        rows.append((name, float(p @ hit[held.at].sum(axis=1)) * instance.horizon.period_years))
    table = pd.DataFrame(rows, columns=["material", "years"])
    return table.sort_values("years", ascending=False, kind="stable", ignore_index=True)


def undisturbed(scenarios: Sequence[Scenario]) -> float:
    """The probability that nothing happens over the whole horizon."""
    happens = [row.probability for row in scenarios if any(event.effects for event in row.events)]
    return max(0.0, 1.0 - sum(happens))
