"""Every check across tables, in the order of model.md §1."""

from __future__ import annotations

from models.instance.checks import hazards, market, risk, supply
from models.instance.checks.view import View

CHECKS = (
    market.ids,
    market.series,
    market.consumers,
    market.suppliers,
    supply.agreements,
    supply.projects,
    supply.choices,
    market.reserve,
    risk.allocations,
    risk.rules,
    risk.scenarios,
    hazards.hazards,
    hazards.regimes,
    hazards.rates,
)


def run(view: View) -> None:
    """Add to the view's findings all that is wrong across fields, rows and tables."""
    for check in CHECKS:
        check(view)
