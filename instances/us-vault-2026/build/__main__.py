"""Build the tables of this case from ``sources/``: ``python instances/us-vault-2026/build``.

Variants go to a folder of their own with ``--out``; the committed tables hold the defaults.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import agreements
import commodities
import demand
import market
import money
import projects
import scenarios
import shortage
import spot
from tables import Assumptions, Ledger, Options

HOME = Path(__file__).resolve().parent.parent
sys.path.append(str(HOME.parents[1]))  # the project itself, where it is not installed

from models.files import write  # noqa: E402
from models.instance import Instance  # noqa: E402

DESCRIPTION = (
    "A 12 billion USD reserve of critical minerals for the United States, 2027-2036, in USD of 2026. Built "
    "from the cited tables in sources/; where each number comes from is in sources/provenance.csv. Read "
    "results to 2033."
)


def instance(options: Options, ledger: Ledger) -> dict[str, Any]:
    """The whole case as the tables of an instance."""
    a = Assumptions()
    levels = commodities.prices(options)
    totals = demand.quantities(a, options)
    supply = market.build(a, totals, ledger)
    tiers = shortage.build(a, options, totals, supply, levels=levels, ledger=ledger)
    return {
        "schema_version": "1",
        "name": "us-vault-2026",
        "description": DESCRIPTION,
        "discount_rate": a["discount_rate"],
        "horizon": {"start_year": a.start, "periods": a.periods, "period_years": a["period_years"]},
        "countries": money.countries(ledger),
        "commodities": commodities.build(a, options, spot.reach(a, options, totals), ledger),
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
        "risk": money.risk(a, ledger),
        "scenarios": scenarios.build(a, options, ledger),
        "objective": money.objective(a, ledger),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=HOME, help="folder to write to (default: the case itself)"
    )
    parser.add_argument(
        "--with-copper",
        action="store_true",
        help="add copper, a base metal that would take most of the money",
    )
    parser.add_argument(
        "--flat-prices", action="store_true", help="keep the prices of 2026 instead of letting them fall"
    )
    parser.add_argument(
        "--shortage-factor",
        type=float,
        default=1.0,
        help="all shortage costs times this (0.3 and 3 are worth a look)",
    )
    parser.add_argument(
        "--announcement-rate", type=float, help="announcements a year (0.43 by default; 0.75, 1.75)"
    )
    return parser.parse_args()


def main() -> None:
    """Build and write."""
    args = _arguments()
    options = Options(args.with_copper, args.flat_prices, args.shortage_factor, args.announcement_rate)
    ledger = Ledger()
    case = instance(options, ledger)
    args.out.mkdir(parents=True, exist_ok=True)
    write(Instance.model_validate(case), args.out)
    provenance = args.out / "sources"
    provenance.mkdir(exist_ok=True)
    ledger.write(provenance / "provenance.csv")


if __name__ == "__main__":
    main()
