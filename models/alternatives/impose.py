"""What is forced, forbidden or fixed, written into the instance as choices and ranges.

A plan of the result obeys it by the rules of model.md §4.1 alone: its bound, its audit and the explanation of
an infeasible one need to know of nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from models.faults import FaultyInstance
from models.instance import Agreement, Choice, Id, Instance, Project, Range
from models.instance.base import Amount, Many, Period, Row
from models.instance.checks import check
from models.instance.hints import Hints
from models.instance.shape import Path
from models.plan import Commitments

NEAR = 1e-6
"""Relative distance by which a plan may miss a range through rounding."""

Finding = tuple[Path, object, str]
"""Path within the alternative, value, what is allowed."""


class FixedAgreement(Row):
    """An agreement that is signed as it says."""

    id: Id
    start: Period | None = None
    """Period in which deliveries begin; may be left out where there is only one."""
    volume: Amount
    """t/year at full ramp."""


class FixedProject(Row):
    """A project that is funded as it says."""

    id: Id
    start: Period | None = None
    """Period in which building begins; may be left out where there is only one."""
    capacity: Amount
    """t of activity/year."""


class Fixed(Row):
    """Commitments made beforehand: all of a kind, or the kind is free (None)."""

    agreements: Many[FixedAgreement] | None = None
    projects: Many[FixedProject] | None = None
    depots: Many[Id] | None = None

    @classmethod
    def of(cls, made: Commitments) -> Fixed:
        """All commitments of a plan."""
        return cls(
            agreements=tuple(
                FixedAgreement(id=a.id, start=a.start, volume=a.volume) for a in made.agreements
            ),
            projects=tuple(FixedProject(id=k.id, start=k.start, capacity=k.capacity) for k in made.projects),
            depots=tuple(d.id for d in made.depots),
        )


def decided(instance: Instance) -> dict[str, str]:
    """What the plan says yes or no to: id, and its table."""
    return {
        **{a.id: "agreements" for a in instance.agreements},
        **{k.id: "projects" for k in instance.projects if k.capacity is not None},
        **{d.id: "depots" for d in instance.depots if d.optional},
    }


def faults(
    instance: Instance, force: Sequence[str], forbid: Sequence[str], fix: Fixed | None
) -> list[Finding]:
    """What is wrong with it."""
    hints, known = Hints(), decided(instance)
    found: list[Finding] = []

    def refer(path: Path, value: str, tables: Iterable[str]) -> None:
        fitting = [i for i, table in known.items() if table in tables]
        if value in fitting:
            return
        if value in {k.id for k in instance.projects if k.capacity is None}:
            hint = "; this project has no capacity to build, so nothing is decided about it"
        elif value in {d.id for d in instance.depots if not d.optional}:
            hint = "; this depot is not optional"
        else:
            hint = hints.near(value, fitting)
        names = {
            "agreements": "an agreement",
            "projects": "a project with a capacity",
            "depots": "an optional depot",
        }
        found.append((path, value, f"the id of {' or '.join(names[t] for t in tables)}{hint}"))

    for field, ids in (("force", force), ("forbid", forbid)):
        for number, member in enumerate(ids):
            refer((field, number), member, ("agreements", "projects", "depots"))
            if member in ids[:number]:
                found.append(((field, number), member, "each id once"))
    for number, member in enumerate(forbid):
        if member in force:
            found.append((("forbid", number), member, "an id that is not forced as well"))
    if fix is None:
        return found
    for table, field in (("agreements", "volume"), ("projects", "capacity")):
        rows: dict[str, Agreement | Project] = {r.id: r for r in getattr(instance, table)}
        named: set[str] = set()
        for number, made in enumerate(getattr(fix, table) or ()):
            path: Path = ("fix", table, number)
            refer((*path, "id"), made.id, (table,))
            if made.id in named:
                found.append(((*path, "id"), made.id, "each id once"))
            named.add(made.id)
            if made.id in rows and known.get(made.id) == table:
                found += _fitting(path, made.start, getattr(made, field), field, rows[made.id])
    for number, depot in enumerate(fix.depots or ()):
        refer(("fix", "depots", number), depot, ("depots",))
        if depot in (fix.depots or ())[:number]:
            found.append((("fix", "depots", number), depot, "each id once"))
    fixed = _members(fix)
    for number, member in enumerate(force):
        kind = known.get(member)
        if kind and getattr(fix, kind) is not None and member not in fixed:
            found.append((("force", number), member, f"one of the fixed {kind}, as fix names all of them"))
    for number, member in enumerate(forbid):
        if member in fixed:
            found.append((("forbid", number), member, "an id that is not fixed as well"))
    return found


def _fitting(
    path: Path, start: int | None, size: float, field: str, row: Agreement | Project
) -> list[Finding]:
    found: list[Finding] = []
    starts = sorted(set(row.starts))
    if start is None and len(starts) > 1:
        found.append(((*path, "start"), None, f"one of the starts {', '.join(map(str, starts))}"))
    if start is not None and start not in starts:
        found.append(((*path, "start"), start, f"one of the starts {', '.join(map(str, starts))}"))
    low, high = _range(row)
    if not low - NEAR * low <= size <= high + NEAR * high:
        found.append(((*path, field), size, f"a number between {low:g} and {high:g}"))
    return found


def _range(row: Agreement | Project) -> tuple[float, float]:
    size = row.volume if isinstance(row, Agreement) else row.capacity
    return (size.min, size.max) if size else (0.0, 0.0)


def _members(fix: Fixed) -> set[str]:
    agreements, projects = fix.agreements or (), fix.projects or ()
    return {a.id for a in agreements} | {k.id for k in projects} | set(fix.depots or ())


def impose(instance: Instance, force: Sequence[str], forbid: Sequence[str], fix: Fixed | None) -> Instance:
    """The instance in which it holds. Raises FaultyInstance; see :func:`faults` for better words."""
    if not force and not forbid and fix is None:
        return instance
    taken = {c.id for c in instance.choices} | set(decided(instance))
    choices = list(instance.choices)

    def choose(name: str, members: Iterable[str], **count: int) -> None:
        while name in taken:
            name += "'"
        taken.add(name)
        choices.append(Choice(id=name, members=tuple(members), **count))

    for member in force:
        choose(f"force {member}", [member], min=1)
    for member in forbid:
        choose(f"forbid {member}", [member], max=0)
    change: dict[str, object] = {}
    if fix is not None:
        fixed = _members(fix)
        for table, field in (("agreements", "volume"), ("projects", "capacity")):
            made = {row.id: row for row in getattr(fix, table) or ()}
            change[table] = tuple(
                _pinned(row, made[row.id].start, getattr(made[row.id], field), field)
                if row.id in made
                else row
                for row in getattr(instance, table)
            )
        for table in ("agreements", "projects", "depots"):
            if getattr(fix, table) is None:
                continue
            mine = [i for i, kind in decided(instance).items() if kind == table]
            yes, no = [i for i in mine if i in fixed], [i for i in mine if i not in fixed]
            if yes:
                choose(f"fix {table}", yes, min=len(yes))
            if no:
                choose(f"fix no other {table}", no, max=0)
    whole = instance.model_copy(update={**change, "choices": tuple(choices)})
    wrong = check(whole)
    if wrong:
        raise FaultyInstance(wrong)
    return whole


def _pinned(row: Agreement | Project, start: int | None, size: float, field: str) -> Agreement | Project:
    """A row that can only be taken as it was fixed."""
    low, high = _range(row)
    size = min(max(size, low), high)
    starts = row.starts if start is None else (start,)
    return row.model_copy(update={"starts": tuple(starts), field: Range(min=size, max=size)})
