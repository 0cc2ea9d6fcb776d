"""Risk: rules, scenarios, and what the plan is judged by."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.instance.base import Amount, Id, Many, Period, Row, Share, Word


class ShareRule(Row):
    """At most max_share of what enters the reserve may come from (or via) these countries."""

    countries: Many[Id] = Field(default=(), description="ids")
    groups: Many[Word] = Field(default=(), description="as in countries")
    commodities: Many[Id] = Field(
        default=(), description="ids; the rule holds for each, for all if none is named"
    )
    max_share: Share = Field(description="most of what enters in calm [share]")


class CoverRule(Row):
    """Days of demand that stock must cover in calm."""

    commodity: Id = Field(description="id of a commodity")
    segments: Many[Word] = Field(default=(), description="as in demand; all if none is named")
    days: Amount = Field(description="of annual demand, without effects [days]")
    from_period: Period = Field(default=0, description="first period in which the rule holds [period from 0]")
    rebuild_periods: Period = Field(default=1, description="calm periods allowed for rebuilding [periods]")


class ServiceRule(Row):
    """A share of demand that is served at every node."""

    segment: Word = Field(description="as in demand and industries")
    commodities: Many[Id] = Field(default=(), description="ids; all, and industries too, if none is named")
    min_fraction: Share = Field(description="least part served [share]")


class ConcentrationRule(Row):
    """No few countries supply most: the Herfindahl-Hirschman index of what enters the reserve is bounded."""

    commodities: Many[Id] = Field(
        default=(), description="ids; the rule holds for each, for all if none is named"
    )
    hhi: float = Field(
        gt=0, le=1, description="most sum of squared shares by own country of what enters in calm [index]"
    )


class ChanceRule(Row):
    """A share of demand that is served from beginning to end in scenarios of a given probability."""

    segment: Word = Field(description="as in demand and industries")
    commodities: Many[Id] = Field(default=(), description="ids; all, and industries too, if none is named")
    min_fraction: Share = Field(default=1.0, description="least part served [share]")
    probability: Share = Field(description="least probability of the scenarios in which it is [share]")


class Risk(Row):
    """Rules on risk. Absent limits do not bind."""

    shares: Many[ShareRule] = Field(default=(), description="dependence on countries")
    exposure_limit: Amount | None = Field(
        default=None, description="most spend-weighted country risk [scale of countries.risk]"
    )
    cover: Many[CoverRule] = Field(default=(), description="days of demand in stock")
    service: Many[ServiceRule] = Field(default=(), description="floors on what is served")
    concentration: Many[ConcentrationRule] = Field(default=(), description="how few countries may supply")
    chance: Many[ChanceRule] = Field(default=(), description="floors on what is served most probably")
    cvar_limit: Amount | None = Field(default=None, description="most CVaR of the loss [USD]")
    expected_loss_limit: Amount | None = Field(default=None, description="most expected loss [USD]")
    emissions_limit: Amount | None = Field(default=None, description="most expected emissions [tCO₂e]")


class Effect(Row):
    """What an event does while it is in force: multiplies availability, price or demand by factor."""

    kind: Literal["supply", "price", "demand"] = Field(description="what is multiplied")
    factor: Amount = Field(description="by what it is multiplied [factor]")
    countries: Many[Id] = Field(default=(), description="ids; supply only: the own country or any in via")
    groups: Many[Word] = Field(default=(), description="as in countries; supply only")
    members: Many[Id] = Field(default=(), description="ids of spot, agreement, project, depot; supply only")
    channels: Many[Literal["market", "spot", "agreement", "project", "depot"]] = Field(
        default=(), description="market, spot, agreement, project, depot; supply only"
    )
    commodities: Many[Id] = Field(default=(), description="ids; all kinds")
    materials: Many[Word] = Field(default=(), description="as in commodities; all kinds")
    segments: Many[Word] = Field(default=(), description="as in demand and industries; demand only")


class Event(Row):
    """Effects in force in periods start ... start+duration-1."""

    id: Id = Field(description="a name, once in the scenario")
    start: Period = Field(description="first period in force [period from 0]")
    duration: int = Field(ge=1, description="how long it lasts [periods]")
    effects: Many[Effect] = Field(default=(), description="what it does")


class Scenario(Row):
    """One way the horizon may unfold."""

    id: Id = Field(description="a name for the scenario")
    probability: Share = Field(description="what all scenarios leave is the undisturbed one [share]")
    events: Many[Event] = Field(default=(), description="what happens")


class Objective(Row):
    """Weights of the objective."""

    cost_weight: Amount = Field(default=1.0, description="weight of cost w_c [factor]")
    loss_weight: Amount = Field(default=1.0, description="weight of loss w_l [factor]")
    cvar_weight: Share = Field(default=0.0, description="part of CVaR in the loss λ [share]")
    cvar_alpha: float = Field(default=0.95, ge=0, lt=1, description="confidence level α of CVaR [share]")
