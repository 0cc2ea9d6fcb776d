"""What is allowed but worth a look (model.md §6, second paragraph)."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from models.faults import Fault
from models.instance.checks.findings import Findings
from models.instance.checks.reach import Reach
from models.instance.risk import Effect, Scenario
from models.instance.shape import shapes

if TYPE_CHECKING:
    from models.instance import Instance

TRUNK = 0.2
"""Below this probability the undisturbed plan is not the one to read."""

FEW = 1e-6
"""Relative distance below 1/hhi at which a number of countries counts as too few."""

Key = tuple[object, ...]


def warnings(instance: Instance) -> list[Fault]:
    """Each as a fault whose ``allowed`` says what follows from the value found."""
    findings = Findings()
    _trunk(instance, findings)
    _foresight(instance, findings)
    _supply(instance, findings)
    _idle(instance, findings)
    _hazards(instance, findings)
    _factors(instance, findings)
    _empty_rules(instance, findings)
    _concentration(instance, findings)
    named = [name for name, shape in shapes(type(instance)).items() if shape.kind in ("table", "record")]
    return findings.faults(instance, named)


def _first(scenario: Scenario) -> int | None:
    """The first period with an effect in force."""
    return min((event.start for event in scenario.events if event.effects), default=None)


def _trunk(instance: Instance, findings: Findings) -> None:
    """The undisturbed scenario and those that have not begun yet."""
    left = max(0.0, 1 - math.fsum(s.probability for s in instance.scenarios))
    begins = [(first, s.probability) for s in instance.scenarios if (first := _first(s)) is not None]
    never = left + math.fsum(s.probability for s in instance.scenarios if _first(s) is None)
    for t in range(instance.horizon.periods):
        trunk = never + math.fsum(p for first, p in begins if first > t)
        if trunk < TRUNK:
            findings.add(
                ("scenarios", "probability"),
                round(trunk, 9),
                f"from period {t} on the undisturbed trunk has a probability below {TRUNK}: "
                "read the expected tables, not the trunk's",
            )
            return


def _key(effect: Effect) -> Key:
    lists = (effect.countries, effect.groups, effect.members, effect.channels)
    goods = (effect.commodities, effect.materials, effect.segments)
    return (effect.kind, effect.factor, *(frozenset(words) for words in (*lists, *goods)))


def _foresight(instance: Instance, findings: Findings) -> None:
    """Scenarios that share no node with another from their first event on: all that follows is known."""
    beginnings = []
    for scenario in instance.scenarios:
        first = _first(scenario)
        if first is not None:
            in_force = [e for e in scenario.events if e.start <= first < e.start + e.duration]
            effects = Counter(_key(effect) for event in in_force for effect in event.effects)
            beginnings.append((first, frozenset(effects.items())))
    shared = Counter(beginnings)
    alone = sum(1 for beginning in beginnings if shared[beginning] == 1)
    if alone * 2 > len(beginnings):
        findings.add(
            ("scenarios", "events"),
            alone,
            f"{alone} of {len(beginnings)} scenarios with events are known to their end from their first "
            "event on, as no other begins like them: let them share beginnings, or the plan knows too much",
        )


def _supply(instance: Instance, findings: Findings) -> None:
    """Demand that nothing can serve."""
    wanted = {q.commodity for q in instance.demand} | {m for j in instance.industries for m in j.needs}
    supplied = {m for k in instance.projects for m in k.outputs}
    supplied.update(row.commodity for row in instance.market)
    supplied.update(row.commodity for row in instance.spot)
    supplied.update(row.commodity for row in instance.agreements)
    supplied.update(row.commodity for row in instance.opening_stock)
    supplied.update(row.commodity for row in instance.private_stock)
    for number, m in enumerate(instance.commodities):
        if m.id in wanted and m.id not in supplied:
            findings.add(("commodities", number, "id"), m.id, "it has demand and no supply at all")


def _idle(instance: Instance, findings: Findings) -> None:
    """Scenarios whose events change nothing."""
    reach = Reach(instance)
    changes: dict[Key, bool] = {}
    for number, scenario in enumerate(instance.scenarios):
        effects = [effect for event in scenario.events for effect in event.effects]
        for effect in effects:
            key = _key(effect)
            if key not in changes:
                changes[key] = effect.factor != 1 and reach.any(effect)
        # One without events is meant to be undisturbed.
        if scenario.events and not any(changes[_key(effect)] for effect in effects):
            allowed = "its events change nothing: their factors are 1, or they select no row"
            findings.add(("scenarios", number, "events"), [e.id for e in scenario.events], allowed)


def _hazards(instance: Instance, findings: Findings) -> None:
    """Hazards that nothing brings about, and effects of theirs that change nothing."""
    reach = Reach(instance)
    followed = {h.becomes for h in instance.hazards if h.becomes_probability > 0}
    for number, h in enumerate(instance.hazards):
        dated = h.dated is not None and h.dated.probability > 0
        if not (h.rate or h.after_rate or dated or h.id in followed):
            allowed = "nothing brings it about: it has no rate, no date, and no other hazard becomes it"
            findings.add(("hazards", number, "rate"), h.rate, allowed)
        for at, level in enumerate(h.levels):
            for i, effect in enumerate(level.effects):
                if effect.factor == 1 or not reach.any(effect):
                    allowed = "it changes nothing: its factor is 1, or it selects no row"
                    findings.add(("hazards", number, "levels", at, "effects", i), effect.kind, allowed)


def _factors(instance: Instance, findings: Findings) -> None:
    """Proceeds above the price."""
    for number, m in enumerate(instance.commodities):
        for field in ("sale_factor", "release_factor"):
            if getattr(m, field) > 1:
                allowed = "above 1 the reserve earns more than the reference price: buying to sell may pay"
                findings.add(("commodities", number, field), getattr(m, field), allowed)


def _empty_rules(instance: Instance, findings: Findings) -> None:
    """Rules that say nothing, or more than was probably meant."""
    for number, choice in enumerate(instance.choices):
        if choice.min is None and choice.max is None:
            findings.add(("choices", number, "min"), None, "with neither min nor max the choice says nothing")
    for number, row in enumerate(instance.allocations):
        if row.min is row.max is row.min_share is row.max_share is None:
            findings.add(("allocations", number, "min"), None, "with no bound the allocation says nothing")
    for number, rule in enumerate(instance.risk.shares):
        if not rule.countries and not rule.groups and rule.max_share < 1:
            allowed = "no country or group is named, so all are: nothing could enter the reserve"
            findings.add(("risk", "shares", number, "countries"), [], allowed)
    for number, chance in enumerate(instance.risk.chance):
        if chance.probability == 0 or chance.min_fraction == 0:
            field = "probability" if chance.probability == 0 else "min_fraction"
            findings.add(("risk", "chance", number, field), 0.0, "with 0 the rule says nothing")


def _concentration(instance: Instance, findings: Findings) -> None:
    """Rules on concentration that leave nothing to acquire: n countries cannot come below an index of 1/n."""
    origins: dict[str, set[str]] = {m.id: set() for m in instance.commodities}
    for offer in instance.spot:
        origins[offer.commodity].add(offer.country)
    for agreement in instance.agreements:
        origins[agreement.commodity].add(agreement.country)
    for project in instance.projects:
        for m, made in project.outputs.items():
            if made > 0 and project.offtake_share > 0:
                origins[m].add(project.country)
    for number, rule in enumerate(instance.risk.concentration):
        for m in dict.fromkeys(rule.commodities or origins):
            count = len(origins[m])
            if 0 < count * rule.hhi < 1 - FEW:
                allowed = (
                    f"below 1/{count}, and {count} {'country' if count == 1 else 'countries'} can supply {m}:"
                    f" nothing of {m} can be acquired"
                )
                findings.add(("risk", "concentration", number, "hhi"), rule.hhi, allowed)
