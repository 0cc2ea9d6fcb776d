"""Money: envelope, sources, and how it may be split."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from models.instance.base import Amount, Id, Many, Row, Series, Share, Word


class Source(Row):
    """Where money comes from."""

    id: Id = Field(description="a name for the source")
    kind: Literal["appropriation", "loan", "private"] = Field(
        description="only loans are repaid and bear interest"
    )
    amount: Amount | None = Field(
        default=None, description="most that can be drawn in all; no limit if absent [USD]"
    )
    available: Series | None = Field(
        default=None, description="most that can be drawn in a period; no limit if absent [USD/period]"
    )
    rate: Amount = Field(default=0.0, description="interest of a loan [1/year]")
    fee: Share = Field(default=0.0, description="part of each draw kept by the lender [share]")


class Budget(Row):
    """What may be spent. Without sources the envelope is one appropriation; without either there are
    only opening_cash and proceeds. No budget at all: money is not limited."""

    envelope: Amount | None = Field(
        default=None, description="most that may be drawn from all sources; no limit if absent [USD]"
    )
    opening_cash: Amount = Field(default=0.0, description="at hand before the first period [USD]")
    sources: Many[Source] | None = Field(default=None, description="where money comes from")

    @field_validator("sources", mode="after")
    @classmethod
    def _none_if_empty(cls, value: tuple[Source, ...] | None) -> tuple[Source, ...] | None:
        return value or None


class Where(Row):
    """A selector of planned spend. An empty list selects everything; filled ones must all agree;
    countries and groups together name one set, commodities and materials another."""

    categories: Many[Literal["agreement", "spot", "project"]] = Field(
        default=(), description="agreement, spot, project"
    )
    commodities: Many[Id] = Field(default=(), description="ids; a project counts by any output")
    materials: Many[Word] = Field(default=(), description="as in commodities")
    countries: Many[Id] = Field(default=(), description="ids; the own country, not via")
    groups: Many[Word] = Field(default=(), description="as in countries")
    members: Many[Id] = Field(default=(), description="ids of agreements, spot offers, projects")


class Allocation(Row):
    """A rule on expected planned spend, undiscounted."""

    id: Id = Field(description="a name for the rule")
    where: Where = Field(description="the spend it is about")
    min: Amount | None = Field(default=None, description="least; no limit if absent [USD]")
    max: Amount | None = Field(default=None, description="most; no limit if absent [USD]")
    min_share: Share | None = Field(default=None, description="least part of all planned spend [share]")
    max_share: Share | None = Field(default=None, description="most of all planned spend [share]")
