"""The whole case: every table, from the cited sources."""

from __future__ import annotations

from typing import Any

import agreements
import commodities
import demand
import hazards
import market
import money
import projects
import scenarios
import shortage
import spot
from tables import Assumptions, Ledger, Options

DESCRIPTION = (
    "A 12 billion USD reserve of critical minerals for the United States, 2027-2036, in USD of 2026. Built "
    "from the cited tables in sources/; where each number comes from is in sources/provenance.csv. Read "
    "results to 2033."
)


def instance(options: Options, ledger: Ledger) -> dict[str, Any]:
    """The whole case as the tables of an instance."""
    a = Assumptions(options.assume)
    levels = commodities.prices(options)
    totals = demand.quantities(a, options)
    supply = market.build(a, totals, ledger)
    # Shortage costs are calibrated on the shares as tabled: a variant of the shares must not move them.
    tabled = market.build(Assumptions((*options.assume, ("china_share_factor", 1))), totals, Ledger())
    tiers = shortage.build(a, options, totals, tabled, levels=levels, ledger=ledger)
    return {
        "schema_version": "1",
        "name": "us-vault-2026",
        "description": DESCRIPTION,
        "discount_rate": a["discount_rate"],
        "horizon": {"start_year": a.start, "periods": a.periods, "period_years": a["period_years"]},
        "countries": money.countries(ledger),
        "commodities": commodities.build(a, options, spot.reach(options, totals), ledger),
        "private_stock": demand.private_stock(a, totals, ledger),
        "demand": demand.build(totals, tiers, ledger),
        "market": supply,
        "spot": spot.build(a, options, totals, ledger),
        "agreements": agreements.build(a, levels, ledger),
        "projects": projects.build(a, options, levels, ledger),
        "choices": projects.choices(ledger),
        "depots": money.depots(a, ledger),
        "opening_stock": money.opening_stock(ledger),
        "substitutions": money.substitutions(ledger),
        "budget": money.budget(a, ledger),
        "allocations": money.allocations(a, ledger),
        "risk": money.risk(a, options, ledger),
        "scenarios": scenarios.build(a, options, ledger),
        "hazards": hazards.build(a, options, ledger),
        "regimes": hazards.regimes(ledger),
        "hazard_rates": hazards.rates(a, options, ledger),
        "objective": money.objective(a, ledger),
    }
