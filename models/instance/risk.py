"""Risk: rules, scenarios, and what the plan is judged by."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.instance.base import Amount, Id, Many, Period, Row, Share, Word


class ShareRule(Row):
    """At most max_share of what enters the reserve may come from (or via) these countries."""

    countries: Many[Id] = ()
    groups: Many[Word] = ()
    commodities: Many[Id] = Field(default=(), description="each of these; each of all if none is named")
    max_share: Share


class CoverRule(Row):
    """Days of demand that stock must cover in calm."""

    commodity: Id
    segments: Many[Word] = Field(default=(), description="all if none is named")
    days: Amount = Field(description="days of annual demand, without effects")
    from_period: Period = 0
    rebuild_periods: Period = Field(default=1, description="calm periods allowed for rebuilding")


class ServiceRule(Row):
    """A share of demand that is served at every node."""

    segment: Word
    commodities: Many[Id] = ()
    min_fraction: Share


class Risk(Row):
    """Rules on risk. Absent limits do not bind."""

    shares: Many[ShareRule] = ()
    exposure_limit: Amount | None = Field(
        default=None, description="spend-weighted country risk, scale of countries.risk"
    )
    cover: Many[CoverRule] = ()
    service: Many[ServiceRule] = ()
    cvar_limit: Amount | None = Field(default=None, description="USD")
    expected_loss_limit: Amount | None = Field(default=None, description="USD")
    emissions_limit: Amount | None = Field(default=None, description="expected tCO2e")


class Effect(Row):
    """What an event does while it is in force: multiplies availability, price or demand by factor."""

    kind: Literal["supply", "price", "demand"]
    factor: Amount
    countries: Many[Id] = Field(default=(), description="supply only")
    groups: Many[Word] = Field(default=(), description="supply only")
    members: Many[Id] = Field(default=(), description="spot, agreement, project, depot ids; supply only")
    channels: Many[Literal["market", "spot", "agreement", "project", "depot"]] = Field(
        default=(), description="supply only"
    )
    commodities: Many[Id] = ()
    materials: Many[Word] = ()
    segments: Many[Word] = Field(default=(), description="demand only")


class Event(Row):
    """Effects in force in periods start ... start+duration-1."""

    id: Id
    start: Period
    duration: int = Field(ge=1, description="periods")
    effects: Many[Effect] = ()


class Scenario(Row):
    """One way the horizon may unfold."""

    id: Id
    probability: Share
    events: Many[Event] = ()


class Objective(Row):
    """Weights of model.md §5."""

    cost_weight: Amount = Field(default=1.0, description="w_c")
    loss_weight: Amount = Field(default=1.0, description="w_l")
    cvar_weight: Share = Field(default=0.0, description="λ")
    cvar_alpha: float = Field(default=0.95, ge=0, lt=1, description="α")
