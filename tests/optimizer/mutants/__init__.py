"""Wrong optimizers, by part of model.md, and what tells them from the right one."""

from __future__ import annotations

from optimizer.data import Data
from optimizer.formulation import money
from tests.optimizer.mutants.base import Mutation
from tests.optimizer.mutants.finance import FINANCE
from tests.optimizer.mutants.reserve import RESERVE
from tests.optimizer.mutants.risk import RISK
from tests.optimizer.mutants.rules import RULES
from tests.optimizer.mutants.supply import SUPPLY
from tests.optimizer.mutants.world import WORLD

MUTATIONS = (*WORLD, *SUPPLY, *RESERVE, *FINANCE, *RISK, *RULES)

EQUIVALENT = (
    Mutation(
        "the ceiling of an index price comes before its floor: no instance has a floor above its ceiling",
        "4.8", Data.unit_price,
        "price = max(price, self.per_tonne(a.commodity, at(a.price.floor, t)))",
        "price = min(price, self.per_tonne(a.commodity, at(a.price.ceiling, t)))\n"
        "        price = max(price, self.per_tonne(a.commodity, at(a.price.floor, t)))\n"
        "        return price",
        "supply/corridor",
    ),
    Mutation(
        "the envelope holds at leaves only: what has been drawn never falls",
        "4.8", money.add,
        "limited = m.NODE if", "limited = list(m.data.tree.leaves()) if",
        "finance/envelope",
    ),
)  # fmt: skip
"""Wrong by the letter of model.md, but no instance can tell."""

ROWS = {
    "sign_once": "supply/once",
    "volume_min": "supply/least-volume",
    "volume_max": "supply/once",
    "build_once": "supply/once",
    "capacity_min": "supply/least-capacity",
    "capacity_max": "supply/once",
    "sign_requires": "supply/expansion-required",
    "build_requires": "supply/project-requires",
    "choose_min": "supply/choice-of-depot",
    "choose_max": "supply/choice-of-project",
    "contracted": "supply/once",
    "take_or_pay": "supply/untaken",
    "run_max": "supply/once",
    "run_must": "reserve/scrap-forced",
    "upside_share": "supply/upside",
    "stock_balance": "reserve/stock-loss",
    "depot_capacity": "reserve/stowage",
    "depot_outturn": "reserve/outturn",
    "consumers": "reserve/tiers",
    "market_max": "world/effects-multiply",
    "eased_max": "reserve/eased-once",
    "private_once": "reserve/tiers",
    "pool": "supply/term",
    "scrap_max": "reserve/scrap-no-more",
    "release_gap": "reserve/gap",
    "falling_due": "supply/signing",
    "drawn_sum": "finance/amount",
    "debt": "finance/loan",
    "cash_balance": "finance/opening-cash",
    "envelope": "finance/envelope",
    "spending": "finance/categories",
    "spending_all": "finance/least-share",
    "allocation_min": "finance/floor",
    "allocation_max": "finance/members",
    "allocation_min_share": "finance/least-share",
    "allocation_max_share": "finance/largest-share",
    "exposure": "finance/exposure",
    "imbalance_sum": "risk/share",
    "share": "risk/share",
    "cover": "risk/cover",
    "service": "risk/service",
    "service_industry": "risk/service-industry",
    "acquired_sum": "rules/concentration",
    "hhi": "rules/concentration",
    "even": "rules/concentration-of-three",
    "chance": "rules/chance",
    "chance_industry": "rules/chance-industry",
    "kept_before": "rules/chance",
    "chance_reached": "rules/chance",
    "cum_sum": "risk/tail",
    "beyond": "risk/tail",
    "expected_loss_limit": "risk/loss-limit",
    "cvar_limit": "risk/cvar-limit",
    "emissions_limit": "risk/emissions-expected",
}
"""What notices if a constraint is left out."""

IMPLIED = {
    "cut_max": "tiers of an industry's loss are shares that sum to 1, and each cut stays within its tier"
}
"""Constraints of model.md that others imply, and why."""

BOUNDS = {
    "spot": "world/members",
    "short": "reserve/tiers",
    "cut": "reserve/industry",
    "substitute": "reserve/substitute",
    "sale": "reserve/sale",
    "upside": "supply/upside",
    "draw": "finance/available",
    "drawn": "finance/amount",
}
"""What notices if a variable loses its upper bound."""
