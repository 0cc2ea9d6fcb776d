"""Where the reserve lies, what is in it, and what may stand in for a commodity."""

from __future__ import annotations

from pydantic import Field

from models.instance.base import Amount, Id, Row, Share


class Depot(Row):
    """A place that holds stock."""

    id: Id
    country: Id
    capacity: Amount | None = Field(default=None, description="m³; no limit if absent")
    outturn: Amount | None = Field(
        default=None, description="most that can be taken out, t/year; no limit if absent"
    )
    optional: bool = Field(default=False, description="opened only if the plan says so")
    opening_cost: Amount = Field(default=0.0, description="USD, in period 0, if optional and opened")
    handling_cost: Amount = Field(default=0.0, description="USD/t in or out")


class OpeningStock(Row):
    """What the reserve holds before the first period."""

    commodity: Id
    depot: Id
    quantity: Amount = Field(description="t")


class Substitution(Row):
    """A demand eased by using another commodity."""

    id: Id
    demand: Id = Field(description="the demand eased")
    commodity: Id = Field(description="what is used instead")
    ratio: float = Field(default=1.0, gt=0, description="t used per t eased")
    max_share: Share = Field(description="most of the demand that can be eased")
    cost: Amount = Field(default=0.0, description="USD per t eased")
