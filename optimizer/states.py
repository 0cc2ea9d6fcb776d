"""What the effects in force do: availability, prices, demand, calm (model.md §1, "Effects at a node").

A state depends only on the effects in force in one period, so nodes with the same effects share one. All
factors are multipliers; natural units never appear here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.instance import Effect, Instance
from optimizer.tree import Signature, Tree

Factors = NDArray[np.float64]


@dataclass(frozen=True)
class State:
    """Multipliers under one set of effects, in the order of the instance's tables."""

    market: Factors
    spot: Factors
    agreements: Factors
    projects: Factors
    depots: Factors
    price: Factors
    demand: Factors
    industries: Factors
    calm: NDArray[np.bool_]
    """By commodity: nothing that concerns it is hit."""


class Selector:
    """Which rows an effect hits. Masks are computed once per effect."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.countries_of = {
            group: {c.id for c in instance.countries if c.group == group}
            for group in {c.group for c in instance.countries}
        }
        self.material = {c.id: c.material for c in instance.commodities}

    def countries(self, countries: Iterable[str], groups: Iterable[str]) -> set[str] | None:
        """Countries and groups together name one set; None selects every country."""
        named = set(countries).union(*(self.countries_of.get(g, set()) for g in groups))
        return named if named or tuple(countries) or tuple(groups) else None

    def commodities(self, commodities: Iterable[str], materials: Iterable[str]) -> set[str] | None:
        """Commodities and materials together name one set; None selects every commodity."""
        wanted = set(materials)
        named = set(commodities) | {c for c, material in self.material.items() if material in wanted}
        return named if named or tuple(commodities) or wanted else None

    def supply(self, effect: Effect) -> dict[str, NDArray[np.bool_]]:
        """Rows of market, spot, agreements, projects and depots that a supply effect hits."""
        i = self.instance
        places = self.countries(effect.countries, effect.groups)
        goods = self.commodities(effect.commodities, effect.materials)
        members, channels = set(effect.members), set(effect.channels)

        def place(country: str, via: tuple[str, ...] = ()) -> bool:
            return places is None or country in places or any(c in places for c in via)

        def good(*commodities: str) -> bool:
            return goods is None or any(c in goods for c in commodities)

        def open_to(channel: str) -> bool:
            return not channels or channel in channels

        def member(row: str) -> bool:
            return not members or row in members

        named_depots = "depot" in channels or (not channels and goods is None)
        hits = {
            "market": [
                open_to("market") and not members and place(r.country, r.via) and good(r.commodity)
                for r in i.market
            ],
            "spot": [
                open_to("spot") and member(r.id) and place(r.country, r.via) and good(r.commodity)
                for r in i.spot
            ],
            "agreements": [
                open_to("agreement") and member(r.id) and place(r.country, r.via) and good(r.commodity)
                for r in i.agreements
            ],
            "projects": [
                open_to("project") and member(r.id) and place(r.country, r.via) and good(*r.outputs)
                for r in i.projects
            ],
            "depots": [named_depots and member(r.id) and place(r.country) for r in i.depots],
        }
        return {table: np.array(rows, dtype=bool) for table, rows in hits.items()}

    def price(self, effect: Effect) -> NDArray[np.bool_]:
        """Commodities whose reference price a price effect multiplies."""
        goods = self.commodities(effect.commodities, effect.materials)
        return np.array([goods is None or c.id in goods for c in self.instance.commodities], dtype=bool)

    def demand(self, effect: Effect) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Demand rows and industries that a demand effect multiplies."""
        i = self.instance
        goods = self.commodities(effect.commodities, effect.materials)
        segments = set(effect.segments)
        rows = [
            (not segments or q.segment in segments) and (goods is None or q.commodity in goods)
            for q in i.demand
        ]
        industries = [goods is None and (not segments or j.segment in segments) for j in i.industries]
        return np.array(rows, dtype=bool), np.array(industries, dtype=bool)

    @cached_property
    def concerns(self) -> dict[str, NDArray[np.bool_]]:
        """By table, commodity × row: whose change ends the calm of a commodity."""
        i = self.instance

        def matrix(rows: list[set[str]]) -> NDArray[np.bool_]:
            return np.array([[c.id in row for row in rows] for c in i.commodities], dtype=bool).reshape(
                len(i.commodities), len(rows)
            )

        return {
            "market": matrix([{r.commodity} for r in i.market]),
            "spot": matrix([{r.commodity} for r in i.spot]),
            "agreements": matrix([{r.commodity} for r in i.agreements]),
            "projects": matrix([set(r.outputs) for r in i.projects]),
            "demand": matrix([{r.commodity} for r in i.demand]),
            "industries": matrix([set(r.needs) for r in i.industries]),
        }

    def state(self, effects: Iterable[Effect]) -> State:
        """The multipliers when these effects are in force together."""
        i = self.instance
        factors: dict[str, Factors] = {
            "market": np.ones(len(i.market)),
            "spot": np.ones(len(i.spot)),
            "agreements": np.ones(len(i.agreements)),
            "projects": np.ones(len(i.projects)),
            "depots": np.ones(len(i.depots)),
            "price": np.ones(len(i.commodities)),
            "demand": np.ones(len(i.demand)),
            "industries": np.ones(len(i.industries)),
        }
        for effect in effects:
            if effect.kind == "supply":
                for table, hit in self.supply(effect).items():
                    factors[table][hit] *= effect.factor
            elif effect.kind == "price":
                factors["price"][self.price(effect)] *= effect.factor
            else:
                rows, industries = self.demand(effect)
                factors["demand"][rows] *= effect.factor
                factors["industries"][industries] *= effect.factor
        hit = factors["price"] != 1
        for table, concerned in self.concerns.items():
            hit = hit | (concerned & (factors[table] != 1)).any(axis=1)
        return State(**factors, calm=~hit)


def states(instance: Instance, tree: Tree) -> list[State]:
    """The state at each node; nodes with the same effects in force share one object."""
    selector = Selector(instance)
    known: dict[Signature, State] = {}
    for node in tree.nodes:
        if node.in_force not in known:
            known[node.in_force] = selector.state(tree.effects[key] for key in node.in_force)
    return [known[node.in_force] for node in tree.nodes]
