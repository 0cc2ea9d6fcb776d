"""What the agency may commit to: agreements, projects, and choices between them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from models.instance.base import Amount, Id, Many, Name, Period, Premium, Row, Series, Share, Word


class FixedPrice(Row):
    """A price that does not move."""

    kind: Literal["fixed"]
    value: Series = Field(description="USD/t")


class IndexPrice(Row):
    """The reference price plus a premium, kept between a floor and a ceiling."""

    kind: Literal["index"]
    premium: Premium = Field(default=0.0, description="share of the reference price on top")
    floor: Series | None = Field(default=None, description="USD/t")
    ceiling: Series | None = Field(default=None, description="USD/t")


class Range(Row):
    """What may be contracted or built, if anything is."""

    min: Amount = Field(default=0.0, description="t/year")
    max: Amount = Field(description="t/year")


class Agreement(Row):
    """A purchase agreement (offtake); an option is a prepayment with take_or_pay 0."""

    id: Id
    supplier: Name
    country: Id
    via: Many[Id] = ()
    commodity: Id
    starts: Many[Period] = Field(
        default=(0,), min_length=1, description="periods in which deliveries may begin"
    )
    term_years: float = Field(gt=0, description="years")
    volume: Range = Field(description="t/year at full ramp")
    ramp: Many[Share] = Field(
        default=(1.0,), min_length=1, description="factor by contract year; the last lasts"
    )
    take_or_pay: Share = Field(default=0.0, description="share of the contracted tonnes paid in any case")
    price: Annotated[FixedPrice | IndexPrice, Field(discriminator="kind")]
    signing_cost: Amount = Field(default=0.0, description="USD, at the start")
    prepayment: Amount = Field(default=0.0, description="USD per t/year contracted, at the start")
    additional: Share = Field(default=1.0, description="share that is not taken away from consumers")
    requires: Many[Id] = Field(default=(), description="projects that must operate before deliveries start")
    emissions: Amount = Field(default=0.0, description="tCO2e/t")


class Support(Row):
    """A price floor on the owner's tonnes, with a share of the upside."""

    commodity: Id
    strike: Series = Field(description="USD/t")
    upside_share: Share = Field(default=0.0, description="the agency's share of prices above the strike")
    upside_cap: Amount | None = Field(default=None, description="most the agency receives, USD/year")


class Project(Row):
    """A mine, separation plant, refinery, recycler, deep-sea collector ..."""

    id: Id
    kind: Word = Field(description="mine, processing, recycling, deep_sea ...")
    country: Id
    via: Many[Id] = ()
    inputs: dict[Id, Amount] = Field(default={}, description="commodity: t per t of activity")
    outputs: dict[Id, Amount] = Field(
        min_length=1, description="commodity: t per t of activity (joint products)"
    )
    existing_capacity: Series = Field(default=0.0, description="t of activity/year there already")
    capacity: Range | None = Field(default=None, description="t of activity/year that may be built")
    starts: Many[Period] = Field(
        default=(0,), min_length=1, description="periods in which building may begin"
    )
    lead_years: Amount = Field(default=0.0, description="years from start to operation")
    ramp: Many[Share] = Field(
        default=(1.0,), min_length=1, description="factor by operating year; the last lasts"
    )
    capex_fixed: Amount = Field(default=0.0, description="USD")
    capex_per_unit: Amount = Field(default=0.0, description="USD per t/year of capacity")
    spend_profile: Many[Share] | None = Field(
        default=None,
        description="fractions of capex by period from the start; evenly over the lead if absent",
    )
    public_share: Share = Field(default=1.0, description="share of capex the agency pays")
    offtake_share: Share = Field(default=1.0, description="the agency's share of activity σ")
    opex: Series = Field(default=0.0, description="USD/t of activity")
    must_run: bool = Field(default=False, description="runs at capacity, whatever the agency wants")
    support: Support | None = None
    requires: Many[Id] = Field(default=(), description="projects that must operate before this one")
    emissions: Amount = Field(default=0.0, description="tCO2e/t of activity")


class Choice(Row):
    """At least min, at most max of the members are chosen."""

    id: Id
    members: Many[Id] = Field(min_length=1, description="agreement, project, depot ids")
    min: int | None = Field(default=None, ge=0)
    max: int | None = Field(default=None, ge=0)
