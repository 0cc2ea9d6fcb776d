"""Money: envelope, sources, and how it may be split."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from models.instance.base import Amount, Id, Many, Row, Series, Share, Word


class Source(Row):
    """Where money comes from."""

    id: Id
    kind: Literal["appropriation", "loan", "private"]
    amount: Amount | None = Field(
        default=None, description="most that can be drawn in all, USD; no limit if absent"
    )
    available: Series | None = Field(
        default=None, description="most that can be drawn per period, USD; no limit if absent"
    )
    rate: Amount = Field(default=0.0, description="interest per year; only loans bear it")
    fee: Share = Field(default=0.0, description="share of each draw kept by the lender")


class Budget(Row):
    """What may be spent. Without sources the envelope is one appropriation; without either there are
    only opening_cash and proceeds. No budget at all: money is not limited."""

    envelope: Amount | None = Field(default=None, description="most that may be drawn from all sources, USD")
    opening_cash: Amount = Field(default=0.0, description="USD")
    sources: Many[Source] | None = None

    @field_validator("sources", mode="after")
    @classmethod
    def _none_if_empty(cls, value: tuple[Source, ...] | None) -> tuple[Source, ...] | None:
        return value or None


class Where(Row):
    """A selector of planned spend. An empty list selects everything; filled ones must all agree;
    countries and groups together name one set, commodities and materials another."""

    categories: Many[Literal["agreement", "spot", "project"]] = ()
    commodities: Many[Id] = ()
    materials: Many[Word] = ()
    countries: Many[Id] = ()
    groups: Many[Word] = ()
    members: Many[Id] = Field(default=(), description="agreement, spot or project ids")


class Allocation(Row):
    """A rule on expected planned spend, undiscounted."""

    id: Id
    where: Where
    min: Amount | None = Field(default=None, description="USD")
    max: Amount | None = Field(default=None, description="USD")
    min_share: Share | None = Field(default=None, description="of all planned spend")
    max_share: Share | None = Field(default=None, description="of all planned spend")
