"""What the agency may commit to: agreements, projects, and choices between them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from models.instance.base import Amount, Id, Many, Name, Period, Premium, Row, Series, Share, Word


class FixedPrice(Row):
    """A price that does not move."""

    kind: Literal["fixed"] = Field(description="fixed, or index")
    value: Series = Field(description="price, for kind fixed [USD/t]")


class IndexPrice(Row):
    """The reference price plus a premium, kept between a floor and a ceiling."""

    kind: Literal["index"] = Field(description="fixed, or index")
    premium: Premium = Field(
        default=0.0, description="on top of the reference price, for kind index [× reference price]"
    )
    floor: Series | None = Field(
        default=None, description="least price, for kind index; none if absent [USD/t]"
    )
    ceiling: Series | None = Field(default=None, description="most, for kind index; none if absent [USD/t]")


class Range(Row):
    """What may be contracted or built, if anything is."""

    min: Amount = Field(default=0.0, description="least, if any [t/year]")
    max: Amount = Field(description="most [t/year]")


class Agreement(Row):
    """A purchase agreement (offtake); an option is a prepayment with take_or_pay 0."""

    id: Id = Field(description="a name for the agreement")
    supplier: Name = Field(description="as people read it")
    country: Id = Field(description="id of the country of origin")
    via: Many[Id] = Field(default=(), description="countries it passes through")
    commodity: Id = Field(description="id of a commodity")
    starts: Many[Period] = Field(
        default=(0,), min_length=1, description="periods in which deliveries may begin [period from 0]"
    )
    term_years: float = Field(gt=0, description="how long it runs; at least one period [years]")
    volume: Range = Field(description="contracted at full ramp [t/year]")
    ramp: Many[Share] = Field(
        default=(1.0,), min_length=1, description="factor by contract year; the last one lasts [share]"
    )
    take_or_pay: Share = Field(
        default=0.0, description="part of the contracted tonnes paid in any case [share]"
    )
    price: Annotated[FixedPrice | IndexPrice, Field(discriminator="kind")] = Field(
        description="what a tonne costs"
    )
    signing_cost: Amount = Field(default=0.0, description="at the start [USD]")
    prepayment: Amount = Field(
        default=0.0, description="at the start, per t/year contracted [USD per t/year]"
    )
    additional: Share = Field(default=1.0, description="part that is not taken away from consumers [share]")
    requires: Many[Id] = Field(default=(), description="projects that must operate before deliveries start")
    emissions: Amount = Field(default=0.0, description="of what is delivered [tCO₂e/t]")


class Support(Row):
    """A price floor on the owner's tonnes, with a share of the upside."""

    commodity: Id = Field(description="id of an output of the project")
    strike: Series = Field(description="the price supported [USD/t]")
    upside_share: Share = Field(
        default=0.0, description="the agency's part of prices above the strike [share]"
    )
    upside_cap: Amount | None = Field(
        default=None, description="most the agency receives; no limit if absent [USD/year]"
    )


class Project(Row):
    """A mine, separation plant, refinery, recycler, deep-sea collector ..."""

    id: Id = Field(description="a name for the project")
    kind: Word = Field(description="free word: mine, processing, recycling, deep_sea ...")
    country: Id = Field(description="id of the country it stands in")
    via: Many[Id] = Field(default=(), description="countries its output passes through")
    inputs: dict[Id, Amount] = Field(default={}, description="commodity: used per t of activity [t/t]")
    outputs: dict[Id, Amount] = Field(
        min_length=1, description="commodity: made per t of activity, joint products [t/t]"
    )
    existing_capacity: Series = Field(default=0.0, description="activity that is possible already [t/year]")
    capacity: Range | None = Field(
        default=None, description="activity that may be added; nothing can be built if absent [t/year]"
    )
    starts: Many[Period] = Field(
        default=(0,), min_length=1, description="periods in which building may begin [period from 0]"
    )
    lead_years: Amount = Field(default=0.0, description="from start to operation [years]")
    ramp: Many[Share] = Field(
        default=(1.0,), min_length=1, description="factor by operating year; the last one lasts [share]"
    )
    capex_fixed: Amount = Field(default=0.0, description="cost of building at all [USD]")
    capex_per_unit: Amount = Field(default=0.0, description="cost of capacity [USD per t/year]")
    spend_profile: Many[Share] | None = Field(
        default=None, description="capex by period from the start; evenly over the lead if absent [share]"
    )
    public_share: Share = Field(default=1.0, description="part of capex the agency pays [share]")
    offtake_share: Share = Field(default=1.0, description="the agency's part of activity σ [share]")
    opex: Series = Field(default=0.0, description="cost of activity [USD/t]")
    must_run: bool = Field(default=False, description="runs at capacity, whatever the agency wants")
    support: Support | None = Field(default=None, description="price floor for the owner; needs must_run")
    requires: Many[Id] = Field(default=(), description="projects that must operate before this one")
    emissions: Amount = Field(default=0.0, description="of activity [tCO₂e/t]")


class Choice(Row):
    """At least min, at most max of the members are chosen."""

    id: Id = Field(description="a name for the choice")
    members: Many[Id] = Field(
        min_length=1, description="ids of agreements, of projects with a capacity, of optional depots"
    )
    min: int | None = Field(default=None, ge=0, description="least number chosen; no limit if absent")
    max: int | None = Field(default=None, ge=0, description="most chosen; no limit if absent")
