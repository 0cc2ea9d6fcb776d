"""Who consumes, who supplies, at what price: countries, commodities, demand, market, spot."""

from __future__ import annotations

from pydantic import Field

from models.instance.base import Amount, Id, Many, Name, Premium, Row, Series, Share, Word


class Horizon(Row):
    """The years planned for."""

    start_year: int = Field(ge=1900, le=2200, description="first calendar year")
    periods: int = Field(ge=1, le=200, description="number of periods T")
    period_years: float = Field(default=1.0, gt=0, le=50, description="length of a period Δ, years")


class Country(Row):
    """A country, or any place that supplies, refines or stores."""

    id: Id = Field(description="ISO 3166 alpha-3 where there is one; free otherwise (ROW, the seabed area)")
    name: Name
    group: Word = Field(description="free word: domestic, ally, partner, neutral, adversary ...")
    risk: Amount = Field(default=0.0, description="risk score for risk.exposure_limit, any scale")


class Commodity(Row):
    """One material at one stage (ore, concentrate, oxide, metal, magnet)."""

    id: Id
    name: Name
    material: Word
    stage: Word
    price: Series = Field(description="reference price, USD/t")
    storage_cost: Amount = Field(default=0.0, description="USD/t/year")
    loss_rate: float = Field(default=0.0, ge=0, lt=1, description="share of stock lost, per year")
    stowage: Amount = Field(default=1.0, description="room needed, m³/t")
    sale_limit: Series = Field(default=0.0, description="most the reserve may sell in calm, t/year")
    sale_factor: Amount = Field(default=0.0, description="proceeds of a sale, × reference price")
    release_factor: Amount = Field(default=0.0, description="proceeds of a release, × reference price")
    terminal_factor: Amount = Field(default=0.0, description="worth of final stock, × reference price")
    disposal_cost: Amount = Field(default=0.0, description="cost of scrapping, USD/t")


class PrivateStock(Row):
    """What consumers hold themselves, used once."""

    commodity: Id
    quantity: Amount = Field(description="t")


class ShortageTier(Row):
    """One step of a shortage-cost curve."""

    share: Share = Field(description="share of the demand in this tier")
    cost: Series = Field(description="cost of not being served, USD/t")


class Demand(Row):
    """What one segment consumes of one commodity."""

    id: Id
    commodity: Id
    segment: Word = Field(description="free word: defense, essential, general ...")
    quantity: Series = Field(description="t/year")
    shortage_cost: Many[ShortageTier] = Field(
        min_length=1, description="tiers; shares sum to 1, costs non-decreasing"
    )


class LossTier(Row):
    """One step of an industry's loss curve."""

    share: Share = Field(description="share of the output in this tier")
    factor: Amount = Field(description="USD lost per USD of output cut")


class Industry(Row):
    """A sector that needs several commodities in fixed proportion."""

    id: Id
    segment: Word
    output: Series = Field(description="USD/year")
    needs: dict[Id, Series] = Field(min_length=1, description="commodity: t/year at full output")
    loss: Many[LossTier] = Field(min_length=1, description="tiers; shares sum to 1, factors non-decreasing")


class Market(Row):
    """What commerce supplies to consumers without the agency."""

    commodity: Id
    country: Id
    via: Many[Id] = Field(default=(), description="countries it passes through, e.g. where it is refined")
    quantity: Series = Field(description="t/year")


class SpotTier(Row):
    """One step of an offer: a quantity and what it costs above the reference price."""

    quantity: Series = Field(description="t/year")
    premium: Premium = Field(description="share of the reference price on top")


class Spot(Row):
    """What the agency may buy at short notice."""

    id: Id
    commodity: Id
    country: Id
    via: Many[Id] = ()
    tiers: Many[SpotTier] = Field(min_length=1, description="premiums non-decreasing (own price impact)")
    additional: Share = Field(default=1.0, description="share that is not taken away from consumers")
    emissions: Amount = Field(default=0.0, description="tCO2e/t")
