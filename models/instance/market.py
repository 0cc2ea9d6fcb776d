"""Who consumes, who supplies, at what price: countries, commodities, demand, market, spot."""

from __future__ import annotations

from pydantic import Field

from models.instance.base import Amount, Id, Many, Name, Premium, Row, Series, Share, Word


class Horizon(Row):
    """The years planned for."""

    start_year: int = Field(ge=1900, le=2200, description="first calendar year")
    periods: int = Field(ge=1, le=200, description="number of periods T")
    period_years: float = Field(default=1.0, ge=0.001, le=50, description="length of a period Δ [years]")


class Country(Row):
    """A country, or any place that supplies, refines or stores."""

    id: Id = Field(description="ISO 3166 alpha-3 where there is one; free otherwise (ROW, the seabed area)")
    name: Name = Field(description="as people read it")
    group: Word = Field(description="free word: domestic, ally, partner, neutral, adversary ...")
    risk: Amount = Field(default=0.0, description="risk score for risk.exposure_limit [any scale]")


class Commodity(Row):
    """One material at one stage (ore, concentrate, oxide, metal, magnet)."""

    id: Id = Field(description="one per material and stage")
    name: Name = Field(description="as people read it")
    material: Word = Field(description="free word: gallium, dysprosium ...")
    stage: Word = Field(description="free word: ore, concentrate, oxide, metal, magnet ...")
    price: Series = Field(description="reference price [USD/t]")
    storage_cost: Amount = Field(default=0.0, description="cost of keeping stock [USD/t/year]")
    loss_rate: float = Field(default=0.0, ge=0, lt=1, description="share of stock lost [1/year]")
    stowage: Amount = Field(default=1.0, description="room needed [m³/t]")
    sale_limit: Series = Field(default=0.0, description="most the reserve may sell, in calm only [t/year]")
    sale_factor: Amount = Field(default=0.0, description="proceeds of a sale [× reference price]")
    release_factor: Amount = Field(default=0.0, description="proceeds of a release [× reference price]")
    terminal_factor: Amount = Field(default=0.0, description="worth of final stock [× reference price]")
    disposal_cost: Amount = Field(default=0.0, description="cost of scrapping [USD/t]")


class PrivateStock(Row):
    """What consumers hold themselves, used once."""

    commodity: Id = Field(description="id of a commodity")
    quantity: Amount = Field(description="rows of one commodity add up [t]")


class ShortageTier(Row):
    """One step of a shortage-cost curve."""

    share: Share = Field(description="part of the demand in this tier [share]")
    cost: Series = Field(description="cost of not being served [USD/t]")


class Demand(Row):
    """What one segment consumes of one commodity."""

    id: Id = Field(description="a name for the row, such as gallium:defense")
    commodity: Id = Field(description="id of a commodity")
    segment: Word = Field(description="free word: defense, essential, general ...")
    quantity: Series = Field(description="what is consumed [t/year]")
    shortage_cost: Many[ShortageTier] = Field(
        min_length=1, description="tiers; shares sum to 1, costs non-decreasing"
    )


class LossTier(Row):
    """One step of an industry's loss curve."""

    share: Share = Field(description="part of the output in this tier [share]")
    factor: Amount = Field(description="lost per USD of output cut [USD/USD]")


class Industry(Row):
    """A sector that needs several commodities in fixed proportion."""

    id: Id = Field(description="a name for the row")
    segment: Word = Field(description="free word, as in demand")
    output: Series = Field(description="full output [USD/year]")
    needs: dict[Id, Series] = Field(
        min_length=1, description="commodity: what full output takes of it [t/year]"
    )
    loss: Many[LossTier] = Field(min_length=1, description="tiers; shares sum to 1, factors non-decreasing")


class Market(Row):
    """What commerce supplies to consumers without the agency."""

    commodity: Id = Field(description="id of a commodity")
    country: Id = Field(description="id of the country of origin")
    via: Many[Id] = Field(default=(), description="countries it passes through, e.g. where it is refined")
    quantity: Series = Field(description="what is supplied [t/year]")


class SpotTier(Row):
    """One step of an offer: a quantity and what it costs above the reference price."""

    quantity: Series = Field(description="what is offered in this tier [t/year]")
    premium: Premium = Field(description="on top of the reference price [× reference price]")


class Spot(Row):
    """What the agency may buy at short notice."""

    id: Id = Field(description="a name for the offer")
    commodity: Id = Field(description="id of a commodity")
    country: Id = Field(description="id of the country of origin")
    via: Many[Id] = Field(default=(), description="countries it passes through")
    tiers: Many[SpotTier] = Field(min_length=1, description="premiums non-decreasing (own price impact)")
    additional: Share = Field(default=1.0, description="part that is not taken away from consumers [share]")
    emissions: Amount = Field(default=0.0, description="of what is bought [tCO₂e/t]")
