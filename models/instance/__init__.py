"""The instance of model.md §1: all tables together, checked across tables."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from models.instance.base import Id, Many, Name, Row, Series, Text, at
from models.instance.checks import check, parse, warnings
from models.instance.hazards import CountryRegime, Dated, Hazard, HazardRate, Level
from models.instance.market import (
    Commodity,
    Country,
    Demand,
    Horizon,
    Industry,
    LossTier,
    Market,
    PrivateStock,
    ShortageTier,
    Spot,
    SpotTier,
)
from models.instance.money import Allocation, Budget, Source, Where
from models.instance.reserve import Depot, OpeningStock, Substitution
from models.instance.risk import (
    ChanceRule,
    ConcentrationRule,
    CoverRule,
    Effect,
    Event,
    Objective,
    Risk,
    Scenario,
    ServiceRule,
    ShareRule,
)
from models.instance.supply import Agreement, Choice, FixedPrice, IndexPrice, Project, Range, Support

if TYPE_CHECKING:
    import pandas as pd

    from models.faults import Fault


class Instance(Row):
    """Everything a plan is made from. Natural units: t, t/year, USD, USD/t, years, fractions."""

    schema_version: Literal["1"] = Field(description="version of this format: 1, as text")
    name: Name = Field(description="as people read it")
    description: Text = Field(default="", description="free text of several lines")
    discount_rate: float = Field(default=0.0, ge=0, lt=10, description="of cost and loss [1/year]")
    horizon: Horizon = Field(description="the years planned for")
    countries: Many[Country] = Field(default=(), description="places that supply, refine or store")
    commodities: Many[Commodity] = Field(default=(), description="materials by stage")
    private_stock: Many[PrivateStock] = Field(default=(), description="what consumers hold themselves")
    demand: Many[Demand] = Field(default=(), description="what is consumed")
    industries: Many[Industry] = Field(default=(), description="sectors that need several commodities")
    market: Many[Market] = Field(default=(), description="what commerce supplies without the agency")
    spot: Many[Spot] = Field(default=(), description="what may be bought at short notice")
    agreements: Many[Agreement] = Field(default=(), description="purchase agreements that may be signed")
    projects: Many[Project] = Field(default=(), description="plants that exist or may be co-funded")
    choices: Many[Choice] = Field(default=(), description="how many of some options are chosen")
    depots: Many[Depot] = Field(default=(), description="places that hold stock")
    opening_stock: Many[OpeningStock] = Field(default=(), description="what the reserve holds at first")
    substitutions: Many[Substitution] = Field(default=(), description="what may stand in for a commodity")
    budget: Budget | None = Field(default=None, description="money; not limited if absent")
    allocations: Many[Allocation] = Field(default=(), description="how spend may be split")
    risk: Risk = Field(default=Risk(), description="rules on risk")
    scenarios: Many[Scenario] = Field(default=(), description="ways the horizon may unfold")
    hazards: Many[Hazard] = Field(default=(), description="what scenarios are sampled from")
    regimes: Many[CountryRegime] = Field(default=(), description="how relations with countries change")
    hazard_rates: Many[HazardRate] = Field(default=(), description="other rates of hazards, by name")
    objective: Objective = Field(default=Objective(), description="what is minimised")

    @field_validator("risk", "objective", mode="before")
    @classmethod
    def _absent_is_default(cls, value: Any) -> Any:
        return {} if value is None else value

    @model_validator(mode="after")
    def _across_tables(self) -> Instance:
        faults = check(self)
        if faults:
            raise PydanticCustomError("faults", "{text}", {"text": "; ".join(map(str, faults))})
        return self

    @classmethod
    def parse(cls, raw: Any) -> Instance:
        """An instance from plain data (dicts, lists, numbers, strings).

        Raises :class:`models.faults.FaultyInstance` with every fault of every table at once.
        """
        return parse(cls, raw)

    @classmethod
    def from_tables(cls, tables: dict[str, pd.DataFrame]) -> Instance:
        """An instance from pandas tables, one per table of model.md §1 and one per nested list.

        Raises :class:`models.faults.FaultyInstance` with every fault of every table at once.
        """
        from models.tables import read_tables

        reading = read_tables(tables)
        return parse(cls, reading.raw, before=reading.findings, place=reading.place)

    def tables(self) -> dict[str, pd.DataFrame]:
        """The same instance as pandas tables; :meth:`from_tables` reads them back."""
        from models.tables import to_tables

        return to_tables(self)

    def warnings(self) -> list[Fault]:
        """What is allowed but worth a look (model.md §6, second paragraph)."""
        return warnings(self)

    def segments(self) -> tuple[str, ...]:
        """Segments of demand rows, then of industries, each once."""
        return tuple(
            dict.fromkeys([*(q.segment for q in self.demand), *(j.segment for j in self.industries)])
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data, without fields that have their default value."""
        return {"schema_version": self.schema_version, **self.model_dump(mode="json", exclude_defaults=True)}

    def fingerprint(self) -> str:
        """SHA-256 of the content (hex), independent of file format and of defaults written out."""
        text = self.__class__.model_dump_json(self, exclude_defaults=True)
        return hashlib.sha256(text.encode()).hexdigest()


__all__ = [
    "Agreement",
    "Allocation",
    "Budget",
    "ChanceRule",
    "Choice",
    "Commodity",
    "ConcentrationRule",
    "Country",
    "CountryRegime",
    "CoverRule",
    "Dated",
    "Demand",
    "Depot",
    "Effect",
    "Event",
    "FixedPrice",
    "Hazard",
    "HazardRate",
    "Horizon",
    "Id",
    "IndexPrice",
    "Industry",
    "Instance",
    "Level",
    "LossTier",
    "Market",
    "Objective",
    "OpeningStock",
    "PrivateStock",
    "Project",
    "Range",
    "Risk",
    "Scenario",
    "Series",
    "ServiceRule",
    "ShareRule",
    "ShortageTier",
    "Source",
    "Spot",
    "SpotTier",
    "Substitution",
    "Support",
    "Where",
    "at",
]
