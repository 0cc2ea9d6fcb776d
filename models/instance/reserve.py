"""Where the reserve lies, what is in it, and what may stand in for a commodity."""

from __future__ import annotations

from pydantic import Field

from models.instance.base import Amount, Id, Row, Share


class Depot(Row):
    """A place that holds stock."""

    id: Id = Field(description="a name for the depot")
    country: Id = Field(description="id of the country it stands in")
    capacity: Amount | None = Field(default=None, description="room; no limit if absent [m³]")
    outturn: Amount | None = Field(
        default=None, description="most that can be taken out; no limit if absent [t/year]"
    )
    optional: bool = Field(default=False, description="opened only if the plan says so; needs a capacity")
    opening_cost: Amount = Field(default=0.0, description="in period 0, if optional and opened [USD]")
    handling_cost: Amount = Field(default=0.0, description="of a tonne in or out [USD/t]")


class OpeningStock(Row):
    """What the reserve holds before the first period."""

    commodity: Id = Field(description="id of a commodity")
    depot: Id = Field(description="id of a depot")
    quantity: Amount = Field(description="rows of one commodity and depot add up [t]")


class Substitution(Row):
    """A demand eased by using another commodity."""

    id: Id = Field(description="a name for the substitution")
    demand: Id = Field(description="id of the demand eased")
    commodity: Id = Field(description="id of the commodity used instead")
    ratio: float = Field(default=1.0, gt=0, description="used per t eased [t/t]")
    max_share: Share = Field(description="most of the demand that can be eased [share]")
    cost: Amount = Field(default=0.0, description="of easing [USD/t]")
