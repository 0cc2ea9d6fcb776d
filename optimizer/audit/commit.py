"""Rule 1 of model.md §4: which commitments may be made together.

sign and build are listed or not, so they are whole by construction; what can go wrong is listing one twice,
outside its starts, outside its volumes, before what it requires, or against a choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.instance import Agreement, Project
from models.plan import Commitments
from optimizer.audit.commitments import Committed, Taken, spread
from optimizer.audit.ledger import Ledger
from optimizer.audit.operations import HUGE
from optimizer.audit.world import World

Allowed = tuple[Sequence[int], float, float]
"""Starts, least and largest t/year."""


def commitments_of(world: World, commitments: Commitments, ledger: Ledger) -> Committed:
    """Check rule 1 and spread the commitments over the periods."""
    case = world.instance
    years = case.horizon.start_year + np.arange(world.periods) * world.length
    allowed: list[Allowed] = [(a.starts, a.volume.min, a.volume.max) for a in case.agreements]
    given = [(a.id, a.start, a.volume, a.year) for a in commitments.agreements]
    signed = _taken([a.id for a in case.agreements], allowed, given, years.tolist(), ledger)
    allowed = [
        (k.starts, k.capacity.min, k.capacity.max) if k.capacity else ((), 0.0, 0.0) for k in case.projects
    ]
    given = [(k.id, k.start, k.capacity, k.year) for k in commitments.projects]
    built = _taken([k.id for k in case.projects], allowed, given, years.tolist(), ledger)
    _first_operation(world, commitments, ledger)
    opened = _opened(world, commitments, ledger)
    _once("sign", [a.id for a in case.agreements], signed, ledger)
    _once("build", [k.id for k in case.projects], built, ledger)
    _required(world, signed, built, ledger)
    _choices(world, signed, built, opened, ledger)
    return spread(world, signed, built, opened)


def _taken(
    ids: list[str],
    allowed: list[Allowed],
    given: list[tuple[str, int, float, float]],
    years: list[float],
    ledger: Ledger,
) -> list[Taken]:
    """Entries as rows of the table; unknown ids and starts outside the horizon cannot be used further."""
    row = {key: i for i, key in enumerate(ids)}
    taken = []
    for key, start, size, year in given:

        def name(*_: int, key: str = key) -> str:
            return key

        if key not in row:
            ledger.fault("bounds", key, "no such agreement or project")
            continue
        starts, least, most = allowed[row[key]]
        if start not in starts:
            choice = ", ".join(map(str, starts)) or "never"
            ledger.fault("commit", key, f"starts in period {start}, allowed: {choice}")
        if not abs(size) <= HUGE:
            ledger.fault("bounds", key, f"{size:g} t/year")
        if not 0 <= start < len(years) or not abs(size) <= HUGE:
            continue
        small = max(0.1 * most, 1e-9)
        ledger.at_most("commit", "less than min", "t/year", least, size, name=name, floor=small)
        ledger.at_most("commit", "more than max", "t/year", size, most, name=name, floor=small)
        ledger.at_most("bounds", "negative", "t/year", -size, 0.0, name=name, floor=small)
        ledger.equal("commit", "wrong year", "years", year, years[start], name=name, floor=1.0, size=1.0)
        taken.append(Taken(row[key], start, size))
    return taken


def _first_operation(world: World, commitments: Commitments, ledger: Ledger) -> None:
    leads = {k.id: world.lead(k.lead_years) for k in world.instance.projects}
    known = [k for k in commitments.projects if k.id in leads]
    first = world.instance.horizon.start_year
    ledger.equal(
        "commit",
        "wrong year of first operation",
        "years",
        np.array([k.operates for k in known]),
        np.array([first + (k.start + leads[k.id]) * world.length for k in known]),
        name=lambda i: known[i].id,
        floor=1.0,
        size=1.0,
    )


def _opened(world: World, commitments: Commitments, ledger: Ledger) -> list[int]:
    row = {d.id: i for i, d in enumerate(world.instance.depots)}
    opened: list[int] = []
    for given in commitments.depots:
        if given.id not in row:
            ledger.fault("bounds", given.id, "no such depot")
        elif not world.instance.depots[row[given.id]].optional:
            ledger.fault("commit", given.id, "opened, but it is not optional")
        elif row[given.id] in opened:
            ledger.fault("commit", given.id, "opened twice")
        else:
            opened.append(row[given.id])
    return opened


def _once(verb: str, ids: list[str], taken: Sequence[Taken], ledger: Ledger) -> None:
    """Σ_τ sign[a,τ] ≤ 1, Σ_τ build[k,τ] ≤ 1."""
    times = np.zeros(len(ids))
    for entry in taken:
        times[entry.row] += 1.0
    ledger.at_most("commit", f"{verb} more than once", "times", times, 1.0, name=lambda i: ids[i], floor=1.0)


def _required(world: World, signed: Sequence[Taken], built: Sequence[Taken], ledger: Ledger) -> None:
    """What a commitment requires must operate when its deliveries, or its operation, start."""
    projects = world.instance.projects
    first = [_first(world, projects, t) for t in built]
    by_id = {k.id: i for i, k in enumerate(projects)}
    wants: list[tuple[Agreement | Project, int]] = [
        (world.instance.agreements[t.row], t.start) for t in signed
    ]
    wants += [(projects[t.row], begins) for t, begins in zip(built, first, strict=True)]
    for wanting, begins in wants:
        for need in wanting.requires:
            row = by_id[need]
            ready = any(t.row == row and at <= begins for t, at in zip(built, first, strict=True))
            if projects[row].capacity is not None and not ready:
                ledger.fault("commit", wanting.id, f"starts in period {begins}, before {need} operates")


def _first(world: World, projects: Sequence[Project], taken: Taken) -> int:
    return taken.start + world.lead(projects[taken.row].lead_years)


def _choices(
    world: World, signed: Sequence[Taken], built: Sequence[Taken], opened: Sequence[int], ledger: Ledger
) -> None:
    case = world.instance
    chosen = [case.agreements[t.row].id for t in signed] + [case.projects[t.row].id for t in built]
    chosen += [case.depots[d].id for d in opened]
    for choice in case.choices:
        count = sum(chosen.count(member) for member in frozenset(choice.members))
        if not (choice.min or 0) <= count <= (len(chosen) if choice.max is None else choice.max):
            ledger.fault("commit", choice.id, f"{count} chosen, allowed: {choice.min or 0} to {choice.max}")
