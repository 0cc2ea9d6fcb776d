"""Ids of an instance, what they are, and what comes near to one that is not there."""

from __future__ import annotations

import difflib

from models.faults import UnknownItem
from models.instance import Instance

MOST = 5
"""Near matches that are named."""


def kinds(instance: Instance) -> dict[str, str]:
    """What each id is: agreement, project, depot, spot, commodity, demand, industry, substitution, country,
    group, material, source, scenario, choice or allocation; ids of tables come before free words."""
    budget = instance.budget
    found: dict[str, str] = {}
    for kind, ids in (
        ("agreement", [r.id for r in instance.agreements]),
        ("project", [r.id for r in instance.projects]),
        ("depot", [r.id for r in instance.depots]),
        ("spot", [r.id for r in instance.spot]),
        ("commodity", [r.id for r in instance.commodities]),
        ("demand", [r.id for r in instance.demand]),
        ("industry", [r.id for r in instance.industries]),
        ("substitution", [r.id for r in instance.substitutions]),
        ("country", [r.id for r in instance.countries]),
        ("source", [f.id for f in (budget.sources or ())] if budget else []),
        ("choice", [r.id for r in instance.choices]),
        ("allocation", [r.id for r in instance.allocations]),
        ("scenario", [r.id for r in instance.scenarios]),
        ("material", [r.material for r in instance.commodities]),
        ("group", [r.group for r in instance.countries]),
        ("envelope", ["envelope"] if budget and budget.envelope is not None else []),
    ):
        for id_ in ids:
            found.setdefault(id_, kind)
    return found


def kind_of(instance: Instance, item: str) -> str:
    """What an id is. Raises UnknownItem with near matches."""
    known = kinds(instance)
    if item in known:
        return known[item]
    lower = {id_.lower(): id_ for id_ in known}
    near = [lower[id_] for id_ in difflib.get_close_matches(item.lower(), list(lower), n=MOST, cutoff=0.5)]
    near += [id_ for id_ in known if item and item.lower() in id_.lower() and id_ not in near]
    raise UnknownItem(
        f"{item!r}. Near to it: {', '.join(near[:MOST])}." if near else f"{item!r}. Nothing comes near."
    )
