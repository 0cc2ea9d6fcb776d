"""Why an instance cannot be met, in the planner's words.

Elastic relaxation: every rule that somebody laid down may give way, and the smallest set that makes the
instance feasible is the answer: the fewest rules, and among as many the least weight (amounts in sizes of the
rules, weighed by :mod:`optimizer.explain.rules`). Each comes with its amount, with the rules it cannot hold
together with, and with what of the world is exhausted or forced. Physics (balances, availability, capacities,
tiers) is never relaxed.

An instance of model.md cannot be unbounded: whatever earns is limited by tonnes that are. Should one ever be,
:func:`runaway` says which variables grow.
"""

from __future__ import annotations

import threading

from models.faults import SolverFailed
from models.options import Options
from models.plan import Relaxation
from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.explain.elastic import Elastic, OutOfTime, Relaxed
from optimizer.explain.funds import funds
from optimizer.explain.limits import EXHAUSTED, FORCED, reasons, short_of_cash, used_up, where
from optimizer.explain.paths import index_reached, left_out, paths
from optimizer.explain.ray import runaway
from optimizer.explain.rules import Index, Rule, policy
from optimizer.explain.search import conflict, smallest
from optimizer.explain.words import listed, sentence, when

SECONDS = 180.0
"""Most that an explanation may take."""
SEARCH_SHARE = 0.7
"""Share of the time for what has to give way; the rest is for why."""
LEAST_SECONDS = 5.0
"""What it may take even where the time limit of the solve leaves less: never just "infeasible"."""

MOST_REASONS = 3
"""Of what is forced and what is exhausted, how many are told."""


def relaxations(
    data: Data,
    arrays: Arrays,
    options: Options,
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
) -> tuple[Relaxation, ...]:
    """The smallest set of relaxations that makes an infeasible instance feasible; the heaviest comes first.

    ``seconds`` is what is left of a time limit. If time runs out, or ``stop`` is set, what is known by
    then is told, and that it may not be the smallest.

    Raises :class:`models.faults.SolverFailed` if relaxing all rules does not help, or none need be relaxed.
    """
    index = Index(arrays)
    rules = [*policy(data, index), *paths(data, index), *funds(data, index)]
    budget = SECONDS if seconds is None else min(SECONDS, max(LEAST_SECONDS, seconds))
    elastic = Elastic(arrays, rules, options, SEARCH_SHARE * budget, stop)
    relaxed, proven = smallest(elastic)
    elastic.deadline += (1 - SEARCH_SHARE) * budget
    if relaxed is None:
        if proven:
            raise SolverFailed("the instance is infeasible, and relaxing all of its rules does not mend it.")
        return (_unknown(rules),)
    if not relaxed.used:
        raise SolverFailed("HiGHS called an instance infeasible that it could solve with nothing relaxed.")
    order = sorted(relaxed.used, key=lambda g: (-relaxed.x[elastic.first + g] * rules[g].weight, g))
    told, complete = zip(*(_tell(data, index, elastic, relaxed, g) for g in order), strict=True)
    *others, last = told
    early = [] if proven else ["The search was stopped early: fewer or smaller relaxations may do."]
    if not all(complete):
        early.append("There was no time to see all that stands against these rules.")
    return (*others, last.model_copy(update={"words": " ".join([last.words, *early])}))


def _tell(data: Data, index: Index, elastic: Elastic, relaxed: Relaxed, g: int) -> tuple[Relaxation, bool]:
    """A relaxation, and whether there was time to see all that stands against it."""
    rule, share = elastic.rules[g], float(relaxed.x[elastic.first + g])
    places = sorted(range(len(rule.places)), key=lambda p: -rule.places[p].amount)
    more: list[str] = []
    by: int | None = None
    complete = True
    x = relaxed.x
    try:
        outcome = elastic.least(g, relaxed)
        if outcome is not None and outcome.x is not None:
            x = outcome.x
            places = where(elastic, g, outcome) or places
            by = short_of_cash(data, index, outcome) if rule.kind == "cash" else None
            at_limit = used_up(data, index, elastic.rules, outcome.x, by) if by is not None else []
            more += [f"Used up: {listed(at_limit)}."] if at_limit else []
            for what, table in (("Forced", FORCED), ("Exhausted", EXHAUSTED)):
                found = reasons(data, elastic, outcome, table)
                more += [f"{what}: {listed(found, MOST_REASONS)}."] if found else []
        others = _against(elastic, relaxed, g)
        more = [f"In conflict with: {listed(others)}.", *more] if others else more
    except OutOfTime:
        complete = False
    more += _known_reason(data, rule)
    nodes = [rule.places[p].node for p in places] if by is None else [by]
    known = [n for n in nodes if n is not None]
    amount = share * rule.places[places[0]].amount
    if rule.kind == "concentration":
        reached, leaf = index_reached(index, rule, x)
        amount, known = max(0.0, reached - rule.level), known[:0] if leaf is None else [leaf]
    if rule.kind == "chance":
        out = [s or "the undisturbed course" for s in left_out(data, index, rule, relaxed.x)]
        more = [f"It is not kept in {listed(out)}.", *more] if out else more
    told = Relaxation(
        family=rule.family,
        item=rule.item,
        year=_year(data, known[0]) if known else None,
        amount=amount,
        unit=rule.unit,
        words=" ".join([sentence(rule, share, amount, when(data, rule, known)), *more]),
    )
    return told, complete


def _against(elastic: Elastic, relaxed: Relaxed, g: int) -> list[str]:
    """Names of the rules that one cannot hold together with, the other relaxed rules aside.

    Cash at large stands behind every rule of money and is named only where no other one is.
    """
    rules = elastic.rules
    cash = frozenset(h for h, rule in enumerate(rules) if rule.kind == "cash") - {g}
    others = conflict(elastic, elastic.every - relaxed.used - cash, cash | {g})
    if cash and not any(rules[h].family == "money" for h in {*others, g}):
        others |= cash if elastic.suffices(elastic.every - others - {g}) else frozenset()
    if rules[g].kind == "cash":
        others = frozenset(h for h in others if rules[h].family != "money")
    return [rules[h].name for h in sorted(others)]


def _known_reason(data: Data, rule: Rule) -> list[str]:
    """What no row with a dual can say, because it is a matter of yes and no."""
    if rule.kind == "cover" and not data.depots:
        return ["There is no depot."]
    if rule.kind not in ("choose_min", "choose_max"):
        return []
    members = next(choice.members for choice in data.instance.choices if choice.id == rule.item)
    if rule.kind == "choose_max":
        stocked = {row.depot for row in data.instance.opening_stock if row.quantity > 0}
        full = sorted(stocked.intersection(members))
        return [f"Opening stock lies in {listed(full)}."] if full else []
    required = {a.id: a.requires for a in data.instance.agreements}
    required |= {k.id: k.requires for k in data.instance.projects}
    waits = [f"{x} for {listed(required[x])}" for x in members if required.get(x)]
    return [f"Waiting to operate: {listed(waits)}."] if waits else []


def _year(data: Data, n: int) -> float:
    return data.instance.horizon.start_year + data.period(n) * data.years_per_period


def _unknown(rules: list[Rule]) -> Relaxation:
    """What can be said when time ran out before any relaxation was found."""
    families = list(dict.fromkeys(rule.family for rule in rules))
    words = (
        "No plan meets all rules at once. Time ran out before it was found which of them have to give way;"
        f" laid down are {listed(families)}."
    )
    return Relaxation(family="unknown", item="", amount=0.0, unit="", words=words)


__all__ = ["LEAST_SECONDS", "SECONDS", "relaxations", "runaway"]
