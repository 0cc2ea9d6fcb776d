"""Hazards: what scenarios are sampled from. The plan never reads them (docs/scenarios.md states the law)."""

from __future__ import annotations

from pydantic import Field

from models.instance.base import Amount, Id, Many, Period, Row, Share
from models.instance.risk import Effect


class Level(Row):
    """How severe an announcement turns out to be, drawn when it starts and kept until it ends."""

    id: Id = Field(description="a name of at most 80 characters, once in the hazard")
    probability: Share = Field(default=1.0, description="those of a hazard sum to 1 [share]")
    effects: Many[Effect] = Field(default=(), description="what it does while it is in force")


class Dated(Row):
    """A start on a known date, besides the rate: a truce that lapses, a ban announced beforehand."""

    period: Period = Field(description="when it starts, unless in force already [period from 0]")
    probability: Share = Field(default=1.0, description="that it does start then [share]")
    level: Id | None = Field(default=None, description="id of one of the levels; drawn if none is named")


class Hazard(Row):
    """Announcements of one country, or outages there, that start at a rate and end at a rate."""

    id: Id = Field(description="a name of at most 80 characters, such as ban_gallium")
    country: Id = Field(description="id of a country; its regime multiplies the rates")
    rate: Amount = Field(default=0.0, description="how often it starts while it is not in force [1/year]")
    after: Many[Id] = Field(default=(), description="ids of hazards that bring it about or make it likelier")
    after_rate: Amount | None = Field(
        default=None, description="rate instead, if any of these was in force the period before [1/year]"
    )
    ending_rate: Amount = Field(
        description="how often it ends once it was in force for a period; 0: never [1/year]"
    )
    becomes: Id | None = Field(default=None, description="id of the hazard that starts when it ends")
    becomes_probability: Share = Field(default=1.0, description="that this one does start [share]")
    replaces: Many[Id] = Field(
        default=(), description="ids of hazards whose effects it takes the place of while it is in force"
    )
    dated: Dated | None = Field(default=None, description="a start on a known date")
    levels: Many[Level] = Field(min_length=1, max_length=100, description="how severe it may be")


class CountryRegime(Row):
    """Relations with a country: calm or tense, alike for all its hazards."""

    country: Id = Field(description="id of a country; one row each")
    tense_rate: Amount = Field(description="how often calm turns tense [1/year]")
    calm_rate: Amount = Field(description="how often tense turns calm [1/year]")
    tense_at_start: Share = Field(
        default=0.0, description="probability of being tense in the first period [share]"
    )
    calm_factor: Amount = Field(
        default=1.0, description="multiplies the rates of its hazards while calm [factor]"
    )
    tense_factor: Amount = Field(description="multiplies the rates of its hazards while tense [factor]")


class HazardRate(Row):
    """A named view of how often announcements come: what sampling is asked for by name."""

    id: Id = Field(description="a name, such as high")
    factor: Amount = Field(description="multiplies the rates of the hazards selected [factor]")
    hazards: Many[Id] = Field(default=(), description="ids; all if none is named")
