"""Money, allocations, rules on risk, scenarios."""

from __future__ import annotations

import math

from models.instance.checks.rules import inside, ordered
from models.instance.checks.view import View
from models.instance.risk import Effect
from models.instance.shape import Path

PROBABILITY = 1e-9
"""Probabilities may exceed 1 by this much in all."""

READS = {
    "supply": ("countries", "groups", "members", "channels", "commodities", "materials"),
    "price": ("commodities", "materials"),
    "demand": ("segments", "commodities", "materials"),
}
"""The selector fields that each kind of effect reads (model.md §1)."""

MEMBERS = ("spot", "agreements", "projects", "depots")


def allocations(view: View) -> None:
    """Rules on planned spend."""
    for path, row in view.each("allocations", view.instance.allocations):
        where, at = row.where, (*path, "where")
        check_places(view, at, where.countries, where.groups)
        _goods(view, at, where.commodities, where.materials)
        view.refer_all((*at, "members"), where.members, "agreements", "spot", "projects")
        ordered(view, path, row.min, row.max, ("min", "max"))
        ordered(view, path, row.min_share, row.max_share, ("min_share", "max_share"))


def rules(view: View) -> None:
    """Shares, cover, service, concentration, chance."""
    risk = view.instance.risk
    for path, share in view.each("risk.shares", risk.shares):
        check_places(view, path, share.countries, share.groups)
        view.refer_all((*path, "commodities"), share.commodities, "commodities")
    for path, cover in view.each("risk.cover", risk.cover):
        view.refer((*path, "commodity"), cover.commodity, "commodities")
        view.refer_all((*path, "segments"), cover.segments, "demand", field="segment")
        inside(view, (*path, "from_period"), cover.from_period)
    for path, service in view.each("risk.service", risk.service):
        view.refer((*path, "segment"), service.segment, "demand", "industries", field="segment")
        view.refer_all((*path, "commodities"), service.commodities, "commodities")
    for path, concentration in view.each("risk.concentration", risk.concentration):
        view.refer_all((*path, "commodities"), concentration.commodities, "commodities")
    for path, chance in view.each("risk.chance", risk.chance):
        view.refer((*path, "segment"), chance.segment, "demand", "industries", field="segment")
        view.refer_all((*path, "commodities"), chance.commodities, "commodities")


def scenarios(view: View) -> None:
    """Probabilities, events and their effects."""
    total = math.fsum(s.probability for s in view.instance.scenarios)
    if total > 1 + PROBABILITY:
        view.findings.add(("scenarios", "probability"), total, "probabilities that sum to at most 1")
    # Sampled scenarios share their effects: what was found sound is not checked again.
    sound: set[int] = set()
    for path, scenario in view.each("scenarios", view.instance.scenarios):
        seen: set[str] = set()
        for number, event in enumerate(scenario.events):
            at = (*path, "events", number)
            if event.id in seen:
                view.findings.add((*at, "id"), event.id, "an id used once in the scenario")
            seen.add(event.id)
            inside(view, (*at, "start"), event.start)
            for i, effect in enumerate(event.effects):
                if id(effect) in sound:
                    continue
                before = view.findings.count
                check_effect(view, (*at, "effects", i), effect)
                if view.findings.count == before:
                    sound.add(id(effect))


def check_effect(view: View, path: Path, effect: Effect) -> None:
    """What an effect selects, and whether its kind reads it."""
    reads = READS[effect.kind]
    for field in ("countries", "groups", "members", "channels", "commodities", "materials", "segments"):
        value = getattr(effect, field)
        if value and field not in reads:
            allowed = f"nothing: a {effect.kind} effect reads only {', '.join(reads)}"
            view.findings.add((*path, field), list(value), allowed)
    check_places(view, path, effect.countries, effect.groups)
    _goods(view, path, effect.commodities, effect.materials)
    view.refer_all((*path, "members"), effect.members, *MEMBERS)
    view.refer_all((*path, "segments"), effect.segments, "demand", "industries", field="segment")


def check_places(view: View, path: Path, countries: tuple[str, ...], groups: tuple[str, ...]) -> None:
    """Countries and groups that stand in countries."""
    view.refer_all((*path, "countries"), countries, "countries")
    view.refer_all((*path, "groups"), groups, "countries", field="group")


def _goods(view: View, path: Path, commodities: tuple[str, ...], materials: tuple[str, ...]) -> None:
    view.refer_all((*path, "commodities"), commodities, "commodities")
    view.refer_all((*path, "materials"), materials, "commodities", field="material")
