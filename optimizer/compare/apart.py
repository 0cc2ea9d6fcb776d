"""Plans that were found apart, laid side by side: what needs no solve, and what therefore is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from models.alternatives import Alternative
from models.faults import Fault, FaultyAlternatives
from models.instance import Instance
from models.plan import Plan
from optimizer.compare.limits import kind, stricter, weights
from optimizer.compare.reuse import envelope_alone
from optimizer.compare.sweep import Solved
from optimizer.compare.tables import comparison_tables
from optimizer.summary.words import usd

REGRET = (
    "Regret: each plan would have to be solved again under the rules of the others. A comparison solved"
    " together tells it."
)
NEAR = (
    "Whether a plan found for one could be improved by what was found for another: they were solved apart, so"
    " within the gaps a larger envelope may even show a higher objective."
)
MOST = 4


@dataclass(frozen=True)
class Apart:
    """Plans side by side that no common search has found."""

    tables: dict[str, pd.DataFrame]
    """Those of a comparison; regret is empty."""
    differ: tuple[str, ...]
    """What is different about the instances, in words; empty if they are one."""
    unknown: tuple[str, ...]
    """What cannot be said without a solve, in words."""


def apart(named: Sequence[tuple[str, Instance, Plan]], baseline: str | None = None) -> Apart:
    """Lay plans side by side that were found apart: name, instance and plan of each.

    ``baseline``: the one that differences are taken to, the first if none. Raises FaultyAlternatives (none at
    all, a name twice, an unknown baseline) and ValueError (a plan of another instance).
    """
    base = _checked([name for name, _, _ in named], baseline)
    for name, instance, plan in named:
        if plan.fingerprint != instance.fingerprint():
            raise ValueError(f"the plan of {name!r} is not for the instance beside it")
    rows = [Alternative(name, instance) for name, instance, _ in named]
    solved = {name: Solved(plan, sum(plan.effort.seconds.values())) for name, _, plan in named}
    first = next(row for row in rows if row.name == base)
    others = [row for row in rows if row.name != base]
    differ = tuple(words for row in others if (words := difference(first, row)))
    unknown = [REGRET]
    if len({row.rules.fingerprint() for row in rows}) > 1:
        unknown.append(NEAR)
    if len({weights(row) for row in rows}) > 1:
        unknown.append("Which objective is better: cost and risk are weighed differently in these instances.")
    return Apart(comparison_tables(rows, solved, base, None), differ, tuple(unknown))


def _checked(names: Sequence[str], baseline: str | None) -> str:
    wrong = [Fault("plans", "", "", 0, "at least one plan")] if not names else []
    twice = sorted({name for name in names if names.count(name) > 1})
    wrong += [Fault("plans", "", "name", name, "each name once") for name in twice]
    if baseline is not None and baseline not in names:
        wrong.append(Fault("plans", "", "baseline", baseline, f"one of {', '.join(names)}"))
    if wrong:
        raise FaultyAlternatives(wrong)
    return names[0] if baseline is None else baseline


def difference(one: Alternative, other: Alternative) -> str:
    """How the instance of another differs from that of one, in a sentence; nothing if it does not."""
    if one.rules.fingerprint() == other.rules.fingerprint():
        return ""
    if envelope_alone(one, other):
        mine, theirs = (usd(a.envelope or 0.0) for a in (one, other))
        both = f"{other.name} has an envelope of {theirs} USD, {one.name} one of {mine} USD"
        return f"{both}; nothing else differs."
    if kind(one.rules) == kind(other.rules):
        more, less = stricter(other, one), stricter(one, other)
        said = [f"is stricter about {_listed(more)}"] if more else []
        said += [f"allows more in {_listed(less)}"] if less else []
        return f"{other.name} {' and '.join(said) or 'weighs cost and risk differently'} than {one.name}."
    tables = [
        name.replace("_", " ")
        for name in type(one.rules).model_fields
        if name not in ("schema_version", "name", "description")
        and getattr(one.rules, name) != getattr(other.rules, name)
    ]
    where = f" in {_listed(tables)}" if tables else " in name or description alone"
    return f"{other.name} is solved for another instance than {one.name}: they differ{where}."


def _listed(items: Sequence[str]) -> str:
    left = len(items) - MOST
    return ", ".join(items[:MOST]) + (f" and {left} more" if left > 0 else "")
