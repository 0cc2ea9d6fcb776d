"""Money that may be too little: the envelope, what sources give in all and by period, and cash at large."""

from __future__ import annotations

from models.instance import Budget, Source, at
from optimizer.data import Data
from optimizer.explain.rules import CASH, MONEY, SMALL, Index, Place, Rule, Yardsticks
from optimizer.formulation.money import ENVELOPE
from optimizer.summary.words import usd


def funds(data: Data, index: Index) -> list[Rule]:
    """Rules of money; none where money is not limited."""
    budget = data.instance.budget
    if budget is None:
        return []
    sizes = Yardsticks(data)
    rules = [cash(data, index, budget, sizes)]
    if budget.envelope is not None:
        rules.append(envelope(data, index, budget, sizes))
    for source in budget.sources or ():
        rules += [amount(data, index, source, sizes), *availability(data, index, source, sizes)]
    return [rule for rule in rules if rule.places]


def cash(data: Data, index: Index, budget: Budget, sizes: Yardsticks) -> Rule:
    """More money from nowhere in particular, given at the start: no other money goes further."""
    first = [(i, key[0]) for i, key in index.rows("cash_balance") if data.parent(key[0]) is None]
    own = {key[0]: j for j, key in index.columns("cash")}
    matrix = index.arrays.matrix
    given = sum(source.amount or 0.0 for source in budget.sources or ()) or budget.opening_cash
    size = sizes.money(budget.envelope or given)
    places = tuple(
        # cash = ... + extra: on the side of cash the extra counts against it.
        Place(i, False, -size if matrix[i, own[n]] > 0 else size, size * data.units.money, n)
        for i, n in first
    )
    return Rule("cash", "money", "cash", "money in all", "USD", budget.opening_cash, places, CASH)


def envelope(data: Data, index: Index, budget: Budget, sizes: Yardsticks) -> Rule:
    """All sources together. Without sources the envelope is the one source as well."""
    limit = budget.envelope or 0.0
    size = sizes.money(limit)
    places = index.places("envelope", size, data.units.money, node=0)
    if not budget.sources:
        places += _upper(data, index, "drawn", ENVELOPE, size)
    return Rule("envelope", "money", "envelope", f"envelope ({usd(limit)} USD)", "USD", limit, places, MONEY)


def amount(data: Data, index: Index, source: Source, sizes: Yardsticks) -> Rule:
    """What a source gives in all."""
    limit = source.amount or 0.0
    places = _upper(data, index, "drawn", source.id, sizes.money(limit)) if source.amount is not None else ()
    name = f"source {source.id} ({usd(limit)} USD in all)"
    return Rule("source", "money", source.id, name, "USD", limit, places, MONEY)


def availability(data: Data, index: Index, source: Source, sizes: Yardsticks) -> list[Rule]:
    """What a source gives in each period. Measured in what it gives in all, or in a period on average."""
    if source.available is None:
        return []
    limits = [at(source.available, t) for t in range(data.periods)]
    size = sizes.money(source.amount or sum(limits) / len(limits))
    rules = []
    for t, limit in enumerate(limits):
        year = data.instance.horizon.start_year + t * data.years_per_period
        draws = _upper(data, index, "draw", source.id, size)
        places = tuple(place for place in draws if data.period(place.node or 0) == t)
        name = f"source {source.id} in {year:g} ({usd(limit)} USD)"
        # What is needed late may be drawn early; of periods that serve alike the latest is named.
        weight = MONEY * (1 + SMALL * (data.periods - t) / data.periods)
        rules.append(Rule("availability", "money", source.id, name, "USD", limit, places, weight))
    return rules


def _upper(data: Data, index: Index, name: str, source: str, size: float) -> tuple[Place, ...]:
    usd_ = size * data.units.money
    return tuple(Place(j, True, size, usd_, key[1]) for j, key in index.columns(name) if key[0] == source)
