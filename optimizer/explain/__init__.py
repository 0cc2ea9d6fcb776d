"""Why an instance cannot be met, in the planner's words.

Elastic relaxation: every rule that somebody laid down may give way, and the smallest set that makes the instance
feasible is the answer: the fewest rules, and among as many the least weight (amounts in sizes of the rules, weighed by
:mod:`optimizer.explain.rules`). Each comes with its amount, with the rules it cannot hold together with, and with what
of the world is exhausted. Physics (balances, availability, capacities, tiers) is never relaxed.

An instance of model.md cannot be unbounded (everything that earns is limited); :func:`runaway` still says which
variables would grow, should one ever be.
"""

from __future__ import annotations

import threading

from models.faults import SolverFailed
from models.options import Options
from models.plan import Relaxation
from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.explain.elastic import NOTHING, Elastic, OutOfTime, Relaxed
from optimizer.explain.funds import funds
from optimizer.explain.limits import exhausted, short_of_cash, used_up, where
from optimizer.explain.ray import runaway
from optimizer.explain.rules import Index, Rule, policy
from optimizer.explain.search import conflict, smallest
from optimizer.explain.words import listed, sentence, when, years

SECONDS = 60.0
"""Most that an explanation may take."""
LEAST_SECONDS = 5.0
"""What it may take even where the time limit of the solve leaves less: never just "infeasible"."""


def relaxations(
    data: Data,
    arrays: Arrays,
    options: Options,
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
) -> tuple[Relaxation, ...]:
    """The smallest set of relaxations that makes an infeasible instance feasible, with amounts; the heaviest first.

    ``seconds`` is what is left of a time limit. If time runs out, or ``stop`` is set, the answer says that it may not be
    the smallest.

    Raises :class:`models.faults.SolverFailed` if relaxing all rules does not help, or if nothing need be relaxed.
    """
    index = Index(arrays)
    rules = [*policy(data, index), *funds(data, index)]
    budget = SECONDS if seconds is None else min(SECONDS, max(LEAST_SECONDS, seconds))
    elastic = Elastic(arrays, rules, options, budget, stop)
    relaxed, proven = smallest(elastic)
    if relaxed is None:
        if proven:
            raise SolverFailed("the instance is infeasible, and relaxing all of its rules does not mend it.")
        return (_unknown(rules),)
    if not relaxed.used:
        raise SolverFailed("HiGHS called an instance infeasible that it could solve with nothing relaxed.")
    order = sorted(relaxed.used, key=lambda g: (-relaxed.x[elastic.first + g] * rules[g].weight, g))
    told = [_tell(data, index, elastic, relaxed, g) for g in order]
    if not proven:
        words = f"{told[-1].words} The search was stopped early: fewer or smaller relaxations may do."
        told[-1] = told[-1].model_copy(update={"words": words})
    return tuple(told)


def _tell(data: Data, index: Index, elastic: Elastic, relaxed: Relaxed, g: int) -> Relaxation:
    rule, share = elastic.rules[g], float(relaxed.x[elastic.first + g])
    places = sorted(range(len(rule.places)), key=lambda p: -rule.places[p].amount)
    more: list[str] = []
    by: int | None = None
    try:
        outcome = elastic.least(g, relaxed)
        if outcome is not None:
            places = where(elastic, g, outcome) or places
            limits = exhausted(data, elastic, outcome)
            more += [f"Exhausted: {listed(limits)}."] if limits else []
            if rule.kind == "cash" and outcome.x is not None:
                by = short_of_cash(data, index, outcome)
                at_limit = used_up(data, index, elastic.rules, outcome.x, by) if by is not None else ""
                more = [f"Used up: {at_limit}.", *more] if at_limit else more
        others = conflict(elastic, elastic.every - relaxed.used, frozenset({g}))
        if others:
            more.insert(0, f"In conflict with: {listed([elastic.rules[h].name for h in sorted(others)])}.")
    except OutOfTime:
        more.append("What it conflicts with was not found in time.")
    nodes = [rule.places[p].node for p in places] if by is None else [by]
    known = [n for n in nodes if n is not None]
    amount = share * rule.places[places[0]].amount
    return Relaxation(
        family=rule.family,
        item=rule.item,
        year=data.instance.horizon.start_year + data.period(known[0]) * data.years_per_period if known else None,
        amount=amount,
        unit=rule.unit,
        words=" ".join([sentence(rule, share, amount, when(data, rule, known)), *more]),
    )


def _unknown(rules: list[Rule]) -> Relaxation:
    """What can be said when time ran out before any relaxation was found."""
    families = list(dict.fromkeys(rule.family for rule in rules))
    words = (
        "No plan meets all rules at once. Time ran out before it was found which of them have to give way;"
        f" laid down are {listed(families)}."
    )
    return Relaxation(family="unknown", item="", amount=0.0, unit="", words=words)


__all__ = ["NOTHING", "SECONDS", "relaxations", "runaway", "years"]
