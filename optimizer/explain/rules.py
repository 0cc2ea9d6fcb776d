"""What somebody laid down, rule by rule: what may give way when an instance cannot be met.

Only rules give way: what is asked for (cover, service, allocations, shares, limits, choices) and what money
there is. Physics (balances, availability, capacities, tiers) never has to: with the rules gone nothing need
be bought, built or held, and every shortage is allowed, so there is a plan.

A relaxation is counted in sizes of its rule, so that tonnes, dollars and days compare: 0.1 is a tenth of what
the rule asks for or allows. A rule that allows next to nothing is measured against a hundredth of a year's
worth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from models.instance import CoverRule, ShareRule
from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.keys import Keys
from optimizer.summary.words import figures, percent, usd
from optimizer.units import mean

SMALL = 0.01
"""Share of a year's worth that stands for the size of a rule that allows less."""
Entry = tuple[int, tuple[Any, ...]]
"""Position of a row or column, and its index."""
POLICY, MONEY, CASH, CHOICE = 1.0, 1.0, 2.0, 4.0
"""Price of relaxing a rule by its own size. An envelope or a source says what is missing better than cash at
large; a choice gives way by whole members, the coarsest step there is."""


@dataclass(frozen=True)
class Place:
    """A row or an upper bound through which a rule acts."""

    index: int
    """Of the row, or of the column whose upper bound it is."""
    bound: bool
    step: float
    """The rule's size in the units of the row or bound; negative if it is let go downwards."""
    amount: float
    """The same in natural units."""
    node: int | None = None
    """None if it concerns the whole plan."""


@dataclass(frozen=True)
class Rule:
    """One rule, where it acts and what it is called. Its places give way by the same share of their sizes."""

    kind: str
    """Which sentence it is put in."""
    family: str
    """Of model.md §4."""
    item: str
    name: str
    """With what it asks for or allows: ``envelope (5 m USD)``."""
    unit: str
    level: float
    """What it asks for or allows: days, fraction, USD, tonnes, members."""
    places: tuple[Place, ...]
    weight: float = POLICY


class Index:
    """Rows and columns of the arrays by name and by the beginning of their index."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self._rows, self._columns = _by_name(arrays.rows), _by_name(arrays.columns)
        self._begun: dict[tuple[str, int], dict[tuple[Any, ...], list[Entry]]] = {}

    def rows(self, name: str, where: tuple[Any, ...] = ()) -> list[Entry]:
        """Rows of a name whose index begins with ``where``."""
        begun = self._begun.get((name, len(where)))
        if begun is None:
            begun = self._begun[name, len(where)] = defaultdict(list)
            for i, key in self._rows.get(name, ()):
                begun[key[: len(where)]].append((i, key))
        return begun.get(where, [])

    def columns(self, name: str) -> list[Entry]:
        """Columns of a name."""
        return self._columns.get(name, [])

    def places(
        self,
        name: str,
        size: float | Callable[[Entry], float],
        per_unit: float | Callable[[Entry], float],
        where: tuple[Any, ...] = (),
        node: int | None = None,
    ) -> tuple[Place, ...]:
        """The inequalities of a name whose index begins with ``where``, where the rule has a size.

        ``per_unit`` is natural units per unit of the row; ``node`` the position of the node in the index.
        """
        found = []
        for entry in self.rows(name, where):
            i, key = entry
            step = size(entry) if callable(size) else size
            if step > 0:
                sign = 1.0 if np.isinf(self.arrays.row_upper[i]) else -1.0
                unit = per_unit(entry) if callable(per_unit) else per_unit
                found.append(Place(i, False, sign * step, step * unit, None if node is None else key[node]))
        return tuple(found)

    def side(self, entry: Entry) -> float:
        """The size of the right-hand side of an inequality."""
        low, high = self.arrays.row_lower[entry[0]], self.arrays.row_upper[entry[0]]
        return float(abs(high if np.isinf(low) else low))


def _by_name(keys: Keys) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for i, (name, key) in enumerate(keys):
        found[name].append((i, key))
    return found


class Yardsticks:
    """Sizes for rules that have none of their own."""

    def __init__(self, data: Data) -> None:
        self.data, instance = data, data.instance
        price = {c.id: mean(c.price) for c in instance.commodities}
        worth = sum(mean(q.quantity) * price[q.commodity] for q in instance.demand)
        self.worth = worth + sum(mean(j.output) for j in instance.industries) or data.units.money
        """A year's demand and output, USD."""
        budget = instance.budget
        given = sum(source.amount or 0.0 for source in budget.sources or ()) if budget else 0.0
        self.spend = (budget.envelope if budget else None) or given or self.worth
        """What there is to spend, USD; where that is not limited, a year's worth."""

    def money(self, usd_: float) -> float:
        """A limit in USD, or what stands for its size, as money."""
        return self.data.usd(max(usd_, SMALL * self.worth))

    def part(self, share: float) -> float:
        """A share of what there is to spend, as money."""
        return self.data.usd(max(share, SMALL) * self.spend)

    def tonnes(self, c: str) -> float:
        """A year's consumption of a commodity, units of m."""
        instance = self.data.instance
        year = sum(mean(q.quantity) for q in instance.demand if q.commodity == c)
        year += sum(mean(j.needs[c]) for j in instance.industries if c in j.needs)
        return self.data.tonnes(c, year) or 1.0


def policy(data: Data, index: Index) -> list[Rule]:
    """Everything asked for or forbidden that is not money."""
    sizes = Yardsticks(data)
    families: list[Iterator[Rule]] = [
        covers(data, index),
        services(data, index),
        shares(data, index, sizes),
        allocations(data, index, sizes),
        limits(data, index, sizes),
        choices(data, index),
    ]
    return [rule for family in families for rule in family if rule.places]


def called_cover(rule: CoverRule) -> str:
    """As in: ga (90 days of defense)."""
    of = f" of {' + '.join(rule.segments)}" if rule.segments else ""
    return f"{rule.commodity} ({figures(rule.days)} days{of})"


def called_share(rule: ShareRule, c: str) -> str:
    """As in: ga from CHN + adversary (at most 30 %)."""
    places = " + ".join((*rule.countries, *rule.groups)) or "anywhere"
    return f"{c} from {places} (at most {percent(rule.max_share)})"


def covers(data: Data, index: Index) -> Iterator[Rule]:
    """Days of stock: its size is the stock asked for."""
    for r, rule in enumerate(data.instance.risk.cover):
        places = index.places("cover", index.side, data.units.tonnes[rule.commodity], (r,), 1)
        item = called_cover(rule)
        yield Rule("cover", "cover", item, f"cover of {item}", "t", rule.days, places)


def services(data: Data, index: Index) -> Iterator[Rule]:
    """Shares of demand served and of output kept: their size is what is to be served."""
    for r, rule in enumerate(data.instance.risk.service):
        least, floor = rule.min_fraction, f"at least {percent(rule.min_fraction)}"
        for q in data.instance.demand:
            owed = partial(_owed, data, least)
            places = index.places("service", owed, data.units.tonnes[q.commodity], (r, q.id), 2)
            yield Rule("service", "service", q.id, f"service of {q.id} ({floor})", "t", least, places)
        for j in data.instance.industries:
            places = index.places("service_industry", least, partial(_made, data), (r, j.id), 2)
            name = f"service of industry {j.id} ({floor})"
            yield Rule("service_industry", "service", j.id, name, "USD of output", least, places)


def _owed(data: Data, least: float, entry: Entry) -> float:
    _, (_, q, n) = entry
    return least * data.demand(data.demand_rows[q], n)


def _made(data: Data, entry: Entry) -> float:
    _, (_, j, n) = entry
    return data.output(j, n) * data.units.money


def shares(data: Data, index: Index, sizes: Yardsticks) -> Iterator[Rule]:
    """Shares by country: measured in a year's consumption of the commodity."""
    for r, rule in enumerate(data.instance.risk.shares):
        for c in dict.fromkeys(rule.commodities or data.commodities):
            places = index.places("share", sizes.tonnes(c), data.units.tonnes[c], (r, c), 2)
            item = called_share(rule, c)
            yield Rule("share", "shares", item, f"share of {item}", "t", rule.max_share, places)


def allocations(data: Data, index: Index, sizes: Yardsticks) -> Iterator[Rule]:
    """Splits of planned spend, and its exposure."""
    sides = ("min", "at least"), ("max", "at most"), ("min_share", "at least"), ("max_share", "at most")
    for rule in data.instance.allocations:
        for side, words in sides:
            level = getattr(rule, side)
            if level is None:
                continue
            share = side.endswith("share")
            size = sizes.part(level) if share else sizes.money(level)
            places = index.places(f"allocation_{side}", size, data.units.money, (rule.id,))
            of = f"{percent(level)} of spend" if share else f"{usd(level)} USD"
            name = f"allocation {rule.id} ({words} {of})"
            yield Rule(f"allocation_{side}", "allocations", rule.id, name, "USD", level, places)
    limit = data.instance.risk.exposure_limit
    if limit is not None:
        size = sizes.part(limit)
        places = index.places("exposure", size, data.units.money)
        name, unit = f"exposure limit ({figures(limit)})", "USD of risk-weighted spend"
        yield Rule("exposure", "allocations", "exposure_limit", name, unit, limit, places)


def limits(data: Data, index: Index, sizes: Yardsticks) -> Iterator[Rule]:
    """Limits on loss and emissions."""
    risk = data.instance.risk
    for field, words in (("cvar_limit", "CVaR limit"), ("expected_loss_limit", "limit on expected loss")):
        level = getattr(risk, field)
        if level is not None:
            size = sizes.money(level)
            places = index.places(field, size, data.units.money)
            yield Rule(field, "loss", field, f"{words} ({usd(level)} USD)", "USD", level, places)
    level = risk.emissions_limit
    if level is not None:
        scaled = max(level, 1.0) / data.units.emissions
        places = index.places("emissions_limit", scaled, data.units.emissions)
        name = f"emissions limit ({figures(level)} tCO2e)"
        yield Rule("emissions_limit", "loss", "emissions_limit", name, "tCO2e", level, places)


def choices(data: Data, index: Index) -> Iterator[Rule]:
    """How many members are chosen: the size is one member, whatever is asked for."""
    for choice in data.instance.choices:
        for side, words in (("min", "at least"), ("max", "at most")):
            level = getattr(choice, side)
            if level is not None:
                places = index.places(f"choose_{side}", 1.0, 1.0, (choice.id,))
                name = f"choice {choice.id} ({words} {level})"
                yield Rule(f"choose_{side}", "commit", choice.id, name, "members", level, places, CHOICE)
