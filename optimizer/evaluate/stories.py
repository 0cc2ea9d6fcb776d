"""A scenario in words: what happened when, what was short, what the reserve did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from models.instance import Effect, Instance, at
from optimizer.evaluate.outcomes import Outcome
from optimizer.summary.words import figures, percent, tonnes, usd, year

MOST = 3
"""Of anything, how many are named."""


def story(instance: Instance, outcome: Outcome) -> str:
    """Three sentences at most."""
    parts = [happened(instance, outcome), short(instance, outcome), reserve(instance, outcome)]
    if outcome.broken:
        names = list(dict.fromkeys(f"{b.rule} ({b.item})" if b.item else b.rule for b in outcome.broken))
        parts.append(f"Not kept: {listed(names)}.")
    return " ".join(part for part in parts if part)


def happened(instance: Instance, outcome: Outcome) -> str:
    """Events in order of their start, those alike in place and time told together."""
    if not outcome.events:
        return "Nothing happened."
    told = []
    for event in sorted(outcome.events, key=lambda e: (e.start, -e.duration)):
        supply = [e for e in event.effects if e.kind == "supply"]
        # What consumers lose comes before what only the agency does.
        commerce = [e for e in supply if not e.channels or "market" in e.channels]
        first = min(commerce or supply or event.effects, key=lambda e: e.factor, default=None)
        if first is None:
            continue
        told.append(f"{when(instance, event.start, event.duration)} {effect(first)}")
    return f"{sentence(told, 4)}." if told else "Nothing happened."


def effect(first: Effect) -> str:
    """One effect: how much of what is cut or lifted, whose, and through which channels if not all."""
    what = listed([*first.materials, *first.commodities] or named(first))
    whose = listed((*first.countries, *first.groups)) if (*first.countries, *first.groups) else ""
    match first.kind:
        case "supply":
            of = f" from {whose}" if whose else ""
            of += (
                f" ({listed(first.channels)} only)"
                if first.channels and what != listed(first.channels)
                else ""
            )
            return f"{percent(1 - first.factor)} less {what}{of}" if first.factor < 1 else f"more {what}{of}"
        case "price":
            return f"prices of {what} × {figures(first.factor)}"
    return f"demand for {listed(first.segments) if first.segments else what} × {figures(first.factor)}"


def named(effect: Effect) -> list[str]:
    """What an effect hits that names no commodity: members, channels, or everything."""
    return list(effect.members or effect.channels) or ["everything"]


def when(instance: Instance, start: int, duration: int) -> str:
    """Years from the start of an event to its end, within the horizon."""
    horizon = instance.horizon
    first = horizon.start_year + start * horizon.period_years
    last = horizon.start_year + (min(start + duration, horizon.periods) - 1) * horizon.period_years
    return year(first) if last == first else f"{year(first)}–{year(last)}"


def short(instance: Instance, outcome: Outcome) -> str:
    """What was short, most loss first."""
    demand = {q.id: q for q in instance.demand}
    missing: dict[str, float] = defaultdict(float)
    cost: dict[str, float] = defaultdict(float)
    for (q, tier, t), amount in outcome.values.get("short", {}).items():
        row = demand[q]
        missing[row.commodity] += amount
        discount = (1 + instance.discount_rate) ** (-t * instance.horizon.period_years)
        cost[row.commodity] += discount * amount * at(row.shortage_cost[tier].cost, t)
    names = {c.id: c.name for c in instance.commodities}
    worst = sorted(missing, key=lambda c: -cost[c])
    parts = [f"{tonnes(missing[c])} of {names[c]} ({usd(cost[c])} USD)" for c in worst]
    lost: dict[str, float] = defaultdict(float)
    for (j, _, _), share in outcome.values.get("cut", {}).items():
        lost[j] += share * instance.horizon.period_years
    parts += [f"{figures(lost[j])} years of output of {j}" for j in sorted(lost, key=lambda j: -lost[j])]
    if not parts:
        return "Nothing was short." if outcome.values else ""
    return f"Short: {listed(parts)}; the loss is {usd(outcome.loss)} USD."


def reserve(instance: Instance, outcome: Outcome) -> str:
    """What the reserve released and bought on the spot market."""
    if not outcome.values:
        return ""
    names = {c.id: c.name for c in instance.commodities}
    offers = {o.id: o.commodity for o in instance.spot}
    released: dict[str, float] = defaultdict(float)
    for (c, _), amount in outcome.values.get("release", {}).items():
        released[c] += amount
    bought: dict[str, float] = defaultdict(float)
    for (o, _, _), amount in outcome.values.get("spot", {}).items():
        bought[offers[o]] += amount
    price = {
        c.id: (c.price if isinstance(c.price, float | int) else c.price[0]) for c in instance.commodities
    }

    def most(amounts: dict[str, float]) -> list[str]:
        order = sorted(amounts, key=lambda c: -amounts[c] * price[c])
        return [f"{tonnes(amounts[c])} of {names[c]}" for c in order]

    parts = [f"released {listed(most(released))}"] if released else ["released nothing"]
    parts += [f"bought {listed(most(bought))} on the spot market"] if bought else []
    return f"The reserve {' and '.join(parts)}."


def listed(items: Iterable[str], most: int = MOST) -> str:
    """a, b and c; beyond ``most`` how many more."""
    every = list(items)
    if len(every) > most:
        return f"{', '.join(every[:most])} and {len(every) - most:,} more"
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}" if every else ""


def sentence(items: Sequence[str], most: int) -> str:
    """Clauses joined by semicolons."""
    left = len(items) - most
    return "; ".join(items[:most]) + (f"; and {left:,} more events" if left > 0 else "")
