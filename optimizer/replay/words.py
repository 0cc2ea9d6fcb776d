"""Effects in a planner's words: who supplies less of what, which prices rise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.instance import Effect, Instance
from optimizer.summary.words import figures, percent

CHANNELS = {
    "market": "in commerce",
    "spot": "on the spot market",
    "agreement": "under agreements",
    "project": "from projects",
    "depot": "from depots",
}
MOST = 8
"""Things named in a sentence; how many more there are is told."""


@dataclass(frozen=True)
class Names:
    """How ids are called."""

    places: Mapping[str, str]
    goods: Mapping[str, str]

    @classmethod
    def of(cls, instance: Instance) -> Names:
        """Those of an instance."""
        return cls({c.id: c.name for c in instance.countries}, {c.id: c.name for c in instance.commodities})


def plain(id: str) -> str:
    """An id as words: underscores as blanks."""
    return id.replace("_", " ").strip()


def sentences(effects: Iterable[Effect], names: Names) -> list[str]:
    """One sentence for all effects of a kind that hit the same place through the same channels."""
    together: dict[tuple[object, ...], list[Effect]] = {}
    for e in effects:
        key = (e.kind, e.countries, e.groups, e.members, e.channels, e.segments)
        together.setdefault(key, []).append(e)
    order = {"supply": 0, "price": 1, "demand": 2}
    groups = sorted(together.values(), key=lambda g: (order[g[0].kind], bool(g[0].channels)))
    return [_sentence(group, names) for group in groups]


def _sentence(group: Sequence[Effect], names: Names) -> str:
    first = group[0]
    if first.kind == "supply":
        return _supply(group, names)
    told = [f"{_goods(same, names)} × {figures(factor)}" for factor, same in _by_factor(group)]
    if first.kind == "price":
        return f"Prices: {'; '.join(told)}."
    of = f"Demand of {listed([plain(s) for s in first.segments])}" if first.segments else "Demand"
    return f"{of}: {'; '.join(told)}."


def _supply(group: Sequence[Effect], names: Names) -> str:
    first = group[0]
    groups = [f"{plain(g)} countries" for g in first.groups]
    whose = [*(names.places.get(c, c) for c in first.countries), *groups, *map(plain, first.members)]
    through = listed([CHANNELS[c] for c in first.channels])
    who = f"From {listed(whose)}{' ' + through if through else ''}" if whose else through.capitalize()
    told = []
    for factor, same in _by_factor(group):
        what, whole = _goods(same, names), any(not (e.materials or e.commodities) for e in same)
        if factor == 0:
            told.append("nothing" if whole else f"no {what}")
        elif factor < 1:
            told.append(f"{percent(1 - factor)} less{' of' if whole else ''} {what}")
        else:
            told.append(f"{what} × {figures(factor)}")
    return f"{who or 'Supply'}: {'; '.join(told)}."


def _by_factor(group: Sequence[Effect]) -> list[tuple[float, list[Effect]]]:
    """Effects that multiply by the same, the harshest first."""
    found: dict[float, list[Effect]] = {}
    for e in group:
        found.setdefault(e.factor, []).append(e)
    return sorted(found.items(), key=lambda item: -abs(item[0] - 1))


def _goods(effects: Sequence[Effect], names: Names) -> str:
    goods = [
        *(plain(m) for e in effects for m in e.materials),
        *(names.goods.get(c, plain(c)) for e in effects for c in e.commodities),
    ]
    if not goods or any(not (e.materials or e.commodities) for e in effects):
        return "everything"
    return listed(list(dict.fromkeys(goods)))


def listed(items: Sequence[str], most: int = MOST) -> str:
    """a, b and c; beyond ``most`` how many more."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most:,} more"
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)
