"""A cheap stand-in for the loss of a scenario: what would be short if the agency did nothing.

By commodity and period: demand and needs of industries after effects, less what commerce and plants that
exist bring after effects; what is missing fills the shortage tiers, cheapest first. No stock, no
substitution, no purchases, and an industry's loss is counted for each of its commodities as if it were alone:
this ranks and groups scenarios, it does not value them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.instance import Instance, Scenario, at
from optimizer.scenarios.states import Conditions, Reals, conditions


def proxy_losses(instance: Instance, scenarios: Sequence[Scenario]) -> Reals:
    """Loss [scenario, period, commodity] in USD, discounted; its sum is the proxy loss of the scenario."""
    held = conditions(instance, scenarios)
    number = {m.id: i for i, m in enumerate(instance.commodities)}
    horizon = instance.horizon
    found = np.zeros((len(scenarios), horizon.periods, len(number)))
    for t in range(horizon.periods):
        years = horizon.period_years * (1 + instance.discount_rate) ** (-t * horizon.period_years)
        found[:, t] = years * _period(instance, held, number, t)[held.at[:, t]]
    return found


def _period(instance: Instance, held: Conditions, number: dict[str, int], t: int) -> Reals:
    """USD a year [set, commodity]."""
    sets = len(held.market)
    supply, need = np.zeros((sets, len(number))), np.zeros((sets, len(number)))
    for i, row in enumerate(instance.market):
        supply[:, number[row.commodity]] += at(row.quantity, t) * held.market[:, i]
    for i, k in enumerate(instance.projects):
        existing = at(k.existing_capacity, t) * (1 - k.offtake_share)
        for commodity, output in k.outputs.items():
            supply[:, number[commodity]] += existing * output * held.projects[:, i]
    tiers: dict[int, list[tuple[float, Reals]]] = {}  # by commodity: USD/t, t/yr by set
    for i, q in enumerate(instance.demand):
        m, wanted = number[q.commodity], at(q.quantity, t) * held.demand[:, i]
        need[:, m] += wanted
        tiers.setdefault(m, []).extend((at(tier.cost, t), tier.share * wanted) for tier in q.shortage_cost)
    for i, j in enumerate(instance.industries):
        for commodity, series in j.needs.items():
            m, needed = number[commodity], at(series, t)
            if needed > 0:
                wanted, output = needed * held.industries[:, i], at(j.output, t)
                need[:, m] += wanted
                tiers.setdefault(m, []).extend(
                    (tier.factor * output / needed, tier.share * wanted) for tier in j.loss
                )
    short = np.maximum(need - supply, 0.0)
    loss = np.zeros_like(short)
    for m, several in tiers.items():
        left = short[:, m].copy()
        for cost, room in sorted(several, key=lambda tier: tier[0]):
            filled = np.minimum(left, room)
            loss[:, m] += cost * filled
            left -= filled
    return loss
