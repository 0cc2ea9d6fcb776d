"""The formulation of model.md §3 to §5, one constraint family per file, in the order in which they are added.

1. :mod:`commit`       sign, build, open; requires; choices
2. :mod:`contracts`    deliveries and take-or-pay
3. :mod:`spot`         tiers of spot offers
4. :mod:`projects`     activity, support and upside
5. :mod:`stock`        depots
6. :mod:`consumers`    commerce, shortage, substitution, cuts
7. :mod:`pool`         the reserve's balance, release, sale, scrap
8. :mod:`money`        what falls due, sources, cash
9. :mod:`allocations`  splits of planned spend, exposure
10. :mod:`shares`      shares by country of what enters the reserve
11. :mod:`cover`       days of cover in calm
12. :mod:`service`     shares of demand served
13. :mod:`chance`      shares of demand served with a probability
14. :mod:`concentration` few countries do not supply most
15. :mod:`loss`        loss by scenario, CVaR, limits
16. :mod:`objective`

Families meet only through variables of model.md §3 and the :class:`~optimizer.formulation.base.Ledger`.
"""

from __future__ import annotations

from optimizer.data import Data
from optimizer.formulation import (
    allocations,
    chance,
    commit,
    concentration,
    consumers,
    contracts,
    cover,
    loss,
    money,
    objective,
    pool,
    projects,
    service,
    shares,
    spot,
    stock,
)
from optimizer.formulation.base import Formulation

__all__ = ["FAMILIES", "Formulation", "build"]

FAMILIES = (
    commit,
    contracts,
    spot,
    projects,
    stock,
    consumers,
    pool,
    money,
    allocations,
    shares,
    cover,
    service,
    chance,
    concentration,
    loss,
)


def build(data: Data) -> Formulation:
    """The whole formulation as a Pyomo model, in the units of ``data``."""
    m = Formulation(data)
    for family in FAMILIES:
        family.add(m)
    consumers.add_balance(m)
    objective.add(m)
    return m
