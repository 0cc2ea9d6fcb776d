"""Which duals are told, in which unit and in which words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optimizer.data import Data
from optimizer.marginals import units


@dataclass(frozen=True)
class Price:
    """How the dual of a row or of an upper bound reads."""

    kind: str
    unit: str
    words: str
    """With {item}, {when}, {value}."""
    item: Callable[[Data, units.Index], str]
    per_unit: Callable[[Data, units.Index], float]
    """Natural units per unit of the right-hand side or bound; 0 where there is nothing to tell."""
    node: int | None = None
    """Position of the node in the index; values are told apart by year, scenarios are added up."""
    chosen: Callable[[Data, units.Index, units.Decisions], bool] = lambda *_: True
    """Whether it is about something that is signed, built or open; more of anything else is worth nothing."""


ROWS: dict[str, Price] = {
    "envelope": Price(
        "envelope", "USD", "One more dollar of envelope saves {value}.", units.named("envelope"), units.money
    ),
    "pool": Price(
        "commodity",
        "t",
        "One more tonne of {item} in the reserve {when} saves {value}.",
        units.first,
        units.tonnes,
        1,
    ),
    "market_max": Price(
        "market",
        "t",
        "One more tonne of {item} in commerce {when} saves {value}.",
        units.first,
        units.tonnes,
        1,
    ),
    "release_gap": Price(
        "release",
        "t",
        "One more tonne of {item} that may be released {when} saves {value}.",
        units.first,
        units.tonnes,
        1,
    ),
    "private_once": Price(
        "private_stock",
        "t",
        "One more tonne of {item} held by consumers saves {value}.",
        units.first,
        units.tonnes,
    ),
    "cover": Price(
        "cover",
        "t",
        "Cover of {item}: one tonne less to hold {when} saves {value}.",
        units.cover,
        units.covered,
        1,
    ),
    "service": Price(
        "service",
        "t",
        "Service of {item}: one tonne less owed {when} saves {value}.",
        units.second,
        units.demanded,
        2,
    ),
    "service_industry": Price(
        "service",
        "USD of output",
        "Service of industry {item}: one more dollar of output that may be cut {when} saves {value}.",
        units.second,
        units.made,
        2,
    ),
    "share": Price(
        "shares", "t", "Share of {item}: one tonne more saves {value}.", units.share, units.shared
    ),
    "hhi": Price(
        "concentration",
        "t",
        "Concentration of {item}: one tonne of leeway along every path saves {value}.",
        units.concentrated,
        units.shared,
    ),
    "even": Price(
        "concentration",
        "t",
        "Concentration of {item}: one tonne more from any one country along every path saves {value}.",
        units.concentrated,
        units.shared,
    ),
    "chance": Price(
        "chance",
        "t",
        "Chance of service of {item}: one tonne less owed {when} saves {value}.",
        units.second,
        units.demanded,
        2,
    ),
    "chance_industry": Price(
        "chance",
        "USD of output",
        "Chance of service of industry {item}: one more dollar of output cut {when} saves {value}.",
        units.second,
        units.made,
        2,
    ),
    "allocation_min": Price(
        "allocations",
        "USD",
        "Allocation {item}: one dollar less to spend at least saves {value}.",
        units.first,
        units.money,
    ),
    "allocation_max": Price(
        "allocations",
        "USD",
        "Allocation {item}: one dollar more to spend at most saves {value}.",
        units.first,
        units.money,
    ),
    "allocation_min_share": Price(
        "allocations",
        "USD",
        "Allocation {item}: one dollar below its least share saves {value}.",
        units.first,
        units.money,
    ),
    "allocation_max_share": Price(
        "allocations",
        "USD",
        "Allocation {item}: one dollar above its largest share saves {value}.",
        units.first,
        units.money,
    ),
    "exposure": Price(
        "exposure",
        "USD of risk-weighted spend",
        "Exposure: one more dollar of risk-weighted spend saves {value}.",
        units.named("exposure_limit"),
        units.money,
    ),
    "cvar_limit": Price(
        "cvar_limit",
        "USD",
        "One more dollar of CVaR allowed saves {value}.",
        units.named("cvar_limit"),
        units.money,
    ),
    "expected_loss_limit": Price(
        "expected_loss_limit",
        "USD",
        "One more dollar of expected loss allowed saves {value}.",
        units.named("expected_loss_limit"),
        units.money,
    ),
    "emissions_limit": Price(
        "emissions_limit",
        "tCO2e",
        "One more tonne of CO2e allowed saves {value}.",
        units.named("emissions_limit"),
        units.emissions,
    ),
    "depot_capacity": Price(
        "depot",
        "m³",
        "One more m³ in depot {item} {when} saves {value}.",
        units.first,
        units.room,
        1,
        units.opened,
    ),
    "depot_outturn": Price(
        "outturn",
        "t",
        "One more tonne out of depot {item} {when} saves {value}.",
        units.first,
        units.given_out,
        1,
    ),
    "volume_max": Price(
        "agreement",
        "t/year",
        "One more tonne a year on offer under {item} saves {value}.",
        units.first,
        units.contracted,
        chosen=units.signed_then,
    ),
    "volume_min": Price(
        "least volume",
        "t/year",
        "One tonne a year less to contract at least under {item} saves {value}.",
        units.first,
        units.contracted,
        chosen=units.signed_then,
    ),
    "capacity_max": Price(
        "project",
        "t/year",
        "One more tonne a year of room to build {item} saves {value}.",
        units.first,
        units.active,
        chosen=units.built_then,
    ),
    "capacity_min": Price(
        "least capacity",
        "t/year",
        "One tonne a year less to build at least of {item} saves {value}.",
        units.first,
        units.active,
        chosen=units.built_then,
    ),
    "run_max": Price(
        "activity",
        "t",
        "One more tonne of activity at {item} {when} saves {value}.",
        units.first,
        units.active,
        1,
        units.there,
    ),
    "take_or_pay": Price(
        "take-or-pay",
        "t",
        "Take-or-pay of {item}: one tonne less to pay {when} saves {value}.",
        units.first,
        units.contracted,
        1,
        units.signed,
    ),
}
BOUNDS: dict[str, Price] = {
    "drawn": Price(
        "source", "USD", "One more dollar in all from source {item} saves {value}.", units.first, units.money
    ),
    "draw": Price(
        "source",
        "USD",
        "One more dollar from source {item} {when} saves {value}.",
        units.first,
        units.money,
        1,
    ),
    "spot": Price(
        "spot", "t", "One more tonne on offer at {item} {when} saves {value}.", units.tier, units.offered, 2
    ),
    "substitute": Price(
        "substitution",
        "t",
        "One more tonne eased by {item} {when} saves {value}.",
        units.first,
        units.eased,
        1,
    ),
    "sale": Price(
        "sale",
        "t",
        "One more tonne of {item} that may be sold {when} saves {value}.",
        units.first,
        units.tonnes,
        1,
    ),
    "upside": Price(
        "upside",
        "USD",
        "One more dollar of upside from {item} {when} saves {value}.",
        units.first,
        units.money,
        1,
    ),
}
