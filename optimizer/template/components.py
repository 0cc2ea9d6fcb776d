"""Groups of commodities that only money and depots join: a programme falls apart into them."""

from __future__ import annotations

from models.instance import Instance

JOINING = -1
"""Number of what belongs to no group: money, running sums, depots."""


def components(instance: Instance) -> list[frozenset[str]]:
    """Commodities tied by projects, industries and substitutions, in the order of the instance."""
    group = {c.id: {c.id} for c in instance.commodities}

    def tie(ids: list[str]) -> None:
        merged = set().union(*(group[m] for m in ids))
        group.update(dict.fromkeys(merged, merged))

    for k in instance.projects:
        tie([*k.inputs, *k.outputs])
    for j in instance.industries:
        tie(list(j.needs))
    commodity = {q.id: q.commodity for q in instance.demand}
    for u in instance.substitutions:
        tie([commodity[u.demand], u.commodity])
    return list(dict.fromkeys(frozenset(members) for members in group.values()))


def component_of(instance: Instance, groups: list[frozenset[str]]) -> dict[str, int]:
    """Number of the group by id of a commodity or of anything that belongs to one."""
    found = {m: number for number, group in enumerate(groups) for m in group}
    found |= {q.id: found[q.commodity] for q in instance.demand}
    found |= {o.id: found[o.commodity] for o in instance.spot}
    found |= {a.id: found[a.commodity] for a in instance.agreements}
    found |= {u.id: found[u.demand] for u in instance.substitutions}
    found |= {k.id: found[next(iter(k.outputs))] for k in instance.projects}
    found |= {j.id: found[next(iter(j.needs))] for j in instance.industries if j.needs}
    return found
