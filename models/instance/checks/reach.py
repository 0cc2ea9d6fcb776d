"""Whether an effect selects any row at all (model.md §1, Selectors and Effects at a node)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.instance.risk import Effect

if TYPE_CHECKING:
    from models.instance import Instance


class Reach:
    """The rows of an instance as effects see them."""

    def __init__(self, instance: Instance) -> None:
        self.groups: dict[str, set[str]] = {}
        for c in instance.countries:
            self.groups.setdefault(c.group, set()).add(c.id)
        self.materials: dict[str, set[str]] = {}
        for m in instance.commodities:
            self.materials.setdefault(m.material, set()).add(m.id)
        self.instance = instance
        # channel, id, countries, commodities (None: a depot, which has none)
        self.rows: list[tuple[str, str, set[str], set[str] | None]] = [
            *(("market", "", {r.country, *r.via}, {r.commodity}) for r in instance.market),
            *(("spot", r.id, {r.country, *r.via}, {r.commodity}) for r in instance.spot),
            *(("agreement", r.id, {r.country, *r.via}, {r.commodity}) for r in instance.agreements),
            *(("project", r.id, {r.country, *r.via}, set(r.outputs)) for r in instance.projects),
            *(("depot", r.id, {r.country}, None) for r in instance.depots),
        ]

    def any(self, effect: Effect) -> bool:
        """Whether the effect selects a row."""
        goods = set(effect.commodities).union(*(self.materials.get(m, set()) for m in effect.materials))
        if effect.kind == "price":
            return bool(goods) or not (effect.commodities or effect.materials)
        if effect.kind == "demand":
            return self._demand(effect, goods)
        places = set(effect.countries).union(*(self.groups.get(g, set()) for g in effect.groups))
        members, channels = set(effect.members), set(effect.channels)
        named = bool(effect.commodities or effect.materials)
        for channel, name, countries, commodities in self.rows:
            if channels and channel not in channels:
                continue
            if members and name not in members:
                continue
            if (effect.countries or effect.groups) and not countries & places:
                continue
            if named and (not commodities & goods if commodities is not None else channel not in channels):
                continue
            return True
        return False

    def _demand(self, effect: Effect, goods: set[str]) -> bool:
        segments = set(effect.segments)
        named = bool(effect.commodities or effect.materials)
        if any(
            (not segments or q.segment in segments) and (not named or q.commodity in goods)
            for q in self.instance.demand
        ):
            return True
        return not named and any(not segments or j.segment in segments for j in self.instance.industries)
