"""The smallest set of rules that must give way, and what each of them conflicts with.

Rules that cannot hold together are a conflict, and every conflict must lose a member: the smallest set to
relax is the smallest that hits every conflict. Conflicts are found one by one, each shrunk until every member
counts (QuickXplain: Junker, AAAI 2004), and hit anew until the rest can hold (Chinneck, "Feasibility and
Infeasibility in Optimization", 2008). Fewest rules first; among as many, the least weight.
"""

from __future__ import annotations

from collections.abc import Iterator

from optimizer.explain.elastic import Elastic, OutOfTime, Relaxed, Rules

NONE: Rules = frozenset()
MOST_COMPARED = 20
"""Sets of the same number of rules whose weights are compared at most."""


def smallest(elastic: Elastic) -> tuple[Relaxed | None, bool]:
    """The smallest set that makes the instance feasible, and whether that is proven.

    None if relaxing every rule does not help (proven), or if nothing was found in time (not proven).
    """
    best: Relaxed | None = None
    try:
        best = elastic.cheapest(elastic.every)
        # One rule of least weight is the smallest set there is: several that weigh less are ruled out.
        if best is None or len(best.used) <= 1:
            return best, best is None or best.proven
        fewer = _fewest(elastic, len(best.used))
    except OutOfTime:
        return best, False
    return (fewer, fewer.proven) if fewer is not None else (best, best.proven)


def _fewest(elastic: Elastic, enough: int) -> Relaxed | None:
    """The least weight among the sets of fewest rules; None if no set of fewer than ``enough`` will do."""
    conflicts = [conflict(elastic, elastic.every, NONE)]
    size = 1
    while size < enough:
        candidate = next(hitting(conflicts, size), None)
        if candidate is None:
            size += 1
        elif elastic.suffices(candidate):
            break
        else:
            conflicts.append(conflict(elastic, elastic.every - candidate, NONE))
    else:
        return None
    found = []
    for number, candidate in enumerate(dict.fromkeys(hitting(conflicts, size))):
        if number < MOST_COMPARED and elastic.suffices(candidate):
            relaxed = elastic.cheapest(candidate)
            found += [relaxed] if relaxed is not None else []
    return min(found, key=lambda relaxed: relaxed.weight, default=None)


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
    """
    return frozenset(_shrink(elastic, held, bool(held), sorted(among)))


def _shrink(elastic: Elastic, held: Rules, grown: bool, among: list[int]) -> list[int]:
    if grown and not elastic.suffices(elastic.every - held):
        return []
    if len(among) <= 1:
        return among
    half = len(among) // 2
    later = _shrink(elastic, held | set(among[:half]), True, among[half:])
    sooner = _shrink(elastic, held | set(later), bool(later), among[:half])
    return sooner + later
