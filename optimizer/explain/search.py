"""The smallest set of rules that must give way, and what each of them conflicts with.

Rules that cannot hold together are a conflict, and every conflict must lose a member: the smallest set to
relax is the smallest that hits every conflict. Conflicts are found one by one, each shrunk until every member
counts (QuickXplain: Junker, AAAI 2004), and hit anew until the rest can hold (Chinneck, "Feasibility and
Infeasibility in Optimization", 2008). Fewest rules first; among as many, the least weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from optimizer.explain.elastic import Elastic, OutOfTime, Relaxed, Rules

NONE: Rules = frozenset()
MOST_COMPARED = 20
"""Sets of the same number of rules whose weights are compared at most."""
FIRST_GAP, FIRST_SHARE = 0.01, 0.4
"""Relative gap of the first answer, and the share of the time it may take."""


def smallest(elastic: Elastic) -> tuple[Relaxed | None, bool]:
    """The smallest set that makes the instance feasible, and whether that is proven.

    None if relaxing every rule does not help (proven), or if nothing was found in time (not proven).
    """
    best: Relaxed | None = None
    used = elastic.every
    try:
        best = elastic.from_fractions()
        used = elastic.every if best is None else best.used
        best = elastic.cheapest(elastic.every, FIRST_GAP, FIRST_SHARE)
        if best is None:
            return None, True
        # An answer of which no member can be spared, to fall back on.
        used, amounts = best.used, best.x[elastic.first :]
        for g in sorted(used, key=lambda g: (amounts[g], g)):
            if len(used) > 1 and elastic.suffices(used - {g}):
                used -= {g}
        # The set of least weight can only be beaten by a smaller one, any other by one as small as well.
        least = used == best.used
        sets = ([] if least and len(used) <= 1 else _fewest(elastic, len(used) - least)) or [used]
        found = [relaxed for relaxed in map(elastic.cheapest, sets) if relaxed is not None]
        best = min(found, key=lambda relaxed: relaxed.weight)
    except OutOfTime:
        return _fewer(elastic, used, best), False
    return best, best.proven


def _fewer(elastic: Elastic, used: Rules, best: Relaxed | None) -> Relaxed | None:
    """The fewest rules found so far, if there is time to see by how much they give way."""
    if best is None or len(used) == len(best.used):
        return best
    try:
        return elastic.known(used) or best
    except OutOfTime:
        return best


def _fewest(elastic: Elastic, most: int) -> list[Rules]:
    """Sets of fewest rules that suffice (several if there are); empty if it takes more than ``most``."""
    conflicts = [conflict(elastic, elastic.every, NONE)]
    size = 1
    while size <= most:
        candidate = next(hitting(conflicts, size), None)
        if candidate is None:
            size += 1
        elif elastic.suffices(candidate):
            candidates = list(dict.fromkeys(hitting(conflicts, size)))
            return [rules for rules in candidates[:MOST_COMPARED] if elastic.suffices(rules)]
        else:
            conflicts.append(conflict(elastic, elastic.every - candidate, NONE))
    return []


def hitting(conflicts: list[Rules], size: int, chosen: Rules = NONE) -> Iterator[Rules]:
    """Sets of at most ``size`` rules that have a member of every conflict; some may come twice."""
    missed = next((members for members in conflicts if not members & chosen), None)
    if missed is None:
        yield chosen
    elif size > 0:
        for g in sorted(missed):
            yield from hitting(conflicts, size - 1, chosen | {g})


def conflict(elastic: Elastic, among: Rules, held: Rules) -> Rules:
    """Rules of ``among`` that cannot hold together with ``held``, every one of them needed for that.

    Rules in neither are relaxed. ``among`` and ``held`` together must be impossible; empty if ``held`` is.
    Where fractions of yes/no decisions would not help either, they are allowed: it is a conflict as well.
    """
    linear = not elastic.possible(elastic.every - among - held)
    enough = elastic.possible if linear else elastic.suffices
    return frozenset(_shrink(lambda kept: enough(elastic.every - kept), held, bool(held), sorted(among)))


def _shrink(can_hold: Callable[[Rules], bool], held: Rules, grown: bool, among: list[int]) -> list[int]:
    if grown and not can_hold(held):
        return []
    if len(among) <= 1:
        return among
    half = len(among) // 2
    later = _shrink(can_hold, held | set(among[:half]), True, among[half:])
    sooner = _shrink(can_hold, held | set(later), bool(later), among[:half])
    return sooner + later
