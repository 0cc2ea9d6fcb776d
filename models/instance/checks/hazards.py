"""Hazards, regimes of countries, named rates."""

from __future__ import annotations

from models.instance.checks.risk import check_effect
from models.instance.checks.rules import distinct, inside, whole
from models.instance.checks.view import View
from models.instance.hazards import Hazard
from models.instance.shape import Path

LONGEST = 80
"""Characters of an id: sampled events are named after hazard, level and year."""


def hazards(view: View) -> None:
    """Hazards with their levels, and how they lead to each other."""
    rows = list(view.each("hazards", view.instance.hazards))
    for path, hazard in rows:
        if len(hazard.id) > LONGEST:
            view.findings.add((*path, "id"), hazard.id, f"an id of at most {LONGEST} characters")
        view.refer((*path, "country"), hazard.country, "countries")
        _others(view, path, hazard)
        _dated(view, path, hazard)
        _levels(view, path, hazard)
    _circles(view, rows)


def _others(view: View, path: Path, hazard: Hazard) -> None:
    for field, names in (("after", hazard.after), ("replaces", hazard.replaces)):
        view.refer_all((*path, field), names, "hazards")
        distinct(view, (*path, field), names)
        for number, name in enumerate(names):
            if name == hazard.id:
                view.findings.add((*path, field, number), name, "another hazard than this one")
    if hazard.after and hazard.after_rate is None:
        view.findings.add((*path, "after_rate"), None, "a rate, as the hazard has an after [1/year]")
    if hazard.after_rate is not None and not hazard.after:
        view.findings.add((*path, "after"), [], "ids of hazards, as the hazard has an after_rate")
    if hazard.becomes is not None:
        view.refer((*path, "becomes"), hazard.becomes, "hazards")
        if hazard.becomes == hazard.id:
            allowed = "another hazard than this one; a lower ending_rate makes it last"
            view.findings.add((*path, "becomes"), hazard.becomes, allowed)
    elif hazard.becomes_probability != 1:
        allowed = "nothing, as the hazard has no becomes"
        view.findings.add((*path, "becomes_probability"), hazard.becomes_probability, allowed)


def _dated(view: View, path: Path, hazard: Hazard) -> None:
    if hazard.dated is None:
        return
    inside(view, (*path, "dated", "period"), hazard.dated.period)
    names = [level.id for level in hazard.levels]
    if hazard.dated.level is not None and hazard.dated.level not in names:
        allowed = f"one of its levels: {', '.join(names)}"
        view.findings.add((*path, "dated", "level"), hazard.dated.level, allowed)


def _levels(view: View, path: Path, hazard: Hazard) -> None:
    whole(view, (*path, "levels"), [level.probability for level in hazard.levels], "probabilities")
    seen: set[str] = set()
    for number, level in enumerate(hazard.levels):
        if len(level.id) > LONGEST:
            allowed = f"an id of at most {LONGEST} characters"
            view.findings.add((*path, "levels", number, "id"), level.id, allowed)
        if level.id in seen:
            view.findings.add((*path, "levels", number, "id"), level.id, "an id used once in the hazard")
        seen.add(level.id)
        for i, effect in enumerate(level.effects):
            check_effect(view, (*path, "levels", number, "effects", i), effect)


def _circles(view: View, rows: list[tuple[Path, Hazard]]) -> None:
    """Hazards that replace each other in a circle would all do nothing."""
    replaces = {hazard.id: hazard.replaces for _, hazard in rows}
    for path, hazard in rows:
        reached: set[str] = set()
        ahead = [name for name in hazard.replaces if name != hazard.id]
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                ahead += replaces.get(name, ())
        if hazard.id in reached:
            allowed = "hazards of which none replaces this one in turn: none of them would do anything"
            view.findings.add((*path, "replaces"), list(hazard.replaces), allowed)


def regimes(view: View) -> None:
    """One regime for a country."""
    seen: set[str] = set()
    for path, row in view.each("regimes", view.instance.regimes):
        view.refer((*path, "country"), row.country, "countries")
        if row.country in seen:
            view.findings.add((*path, "country"), row.country, "each country once")
        seen.add(row.country)


def rates(view: View) -> None:
    """Named rates."""
    for path, row in view.each("hazard_rates", view.instance.hazard_rates):
        view.refer_all((*path, "hazards"), row.hazards, "hazards")
        distinct(view, (*path, "hazards"), row.hazards)
