"""What is committed, and what enters and leaves from one alternative to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from models.alternatives import Alternative
from optimizer.compare.reuse import envelope_alone
from optimizer.compare.sweep import Solved
from optimizer.tables.frame import concat

COMMITMENTS = {
    "alternative": "str", "kind": "str", "id": "str", "start_year": "float64", "amount": "float64",
    "unit": "str",
}  # fmt: skip
ENTERING = {
    "kind": "str", "id": "str", "alternative": "str", "change": "str", "amount_before": "float64",
    "amount": "float64", "unit": "str",
}  # fmt: skip
SAME = 1e-6
"""Relative difference below which an amount has not changed."""

Amounts = dict[tuple[str, str, float], tuple[float, str]]
"""(kind, id, year of the start): amount and unit."""


def amounts(alternative: Alternative, solved: Solved) -> Amounts:
    """What a plan commits to: t/year, m³ for a depot."""
    made = solved.plan.commitments
    if made is None:
        return {}
    first = float(alternative.instance.horizon.start_year)
    room = {d.id: d.capacity or 0.0 for d in alternative.instance.depots}
    found: Amounts = {("agreement", a.id, a.year): (a.volume, "t/year") for a in made.agreements}
    found |= {("project", k.id, k.year): (k.capacity, "t/year") for k in made.projects}
    return found | {("depot", d.id, first): (room[d.id], "m³") for d in made.depots}


def commitments(there: Sequence[Alternative], solved: Mapping[str, Solved]) -> pd.DataFrame:
    """One row per commitment."""
    rows = [
        (a.name, kind, member, year, amount, unit)
        for a in there
        for (kind, member, year), (amount, unit) in amounts(a, solved[a.name]).items()
    ]
    return concat([pd.DataFrame(rows, columns=list(COMMITMENTS))], COMMITMENTS)


def predecessors(there: Sequence[Alternative], baseline: str) -> dict[str, str]:
    """What each alternative is told apart from: the next smaller envelope if nothing else differs, else the
    baseline. The smallest envelope of the baseline's own row has none."""
    before: dict[str, str] = {}
    for a in there:
        chain = [b for b in there if b.name != a.name and envelope_alone(a, b)]
        smaller = [b for b in chain if (b.envelope or 0.0) < (a.envelope or 0.0)]
        if smaller:
            before[a.name] = max(smaller, key=lambda b: b.envelope or 0.0).name
        elif a.name != baseline and baseline not in {b.name for b in chain}:
            before[a.name] = baseline
    return before


def entering(there: Sequence[Alternative], solved: Mapping[str, Solved], baseline: str) -> pd.DataFrame:
    """What changes on going to ``alternative``; another start is a leaving and an entering."""
    by_name = {a.name: a for a in there}
    rows: list[tuple[str, str, str, str, float, float, str]] = []
    for name, before in predecessors(there, baseline).items():
        if (
            before not in by_name
            or solved[name].plan.commitments is None
            or solved[before].plan.commitments is None
        ):
            continue
        old, new = amounts(by_name[before], solved[before]), amounts(by_name[name], solved[name])
        for at in sorted(old.keys() | new.keys()):
            was, unit = old.get(at, (0.0, ""))
            now, unit = new.get(at, (0.0, unit))
            if at not in old:
                change = "enters"
            elif at not in new:
                change = "leaves"
            elif abs(now - was) > SAME * max(now, was):
                change = "grows" if now > was else "shrinks"
            else:
                continue
            rows.append((at[0], at[1], name, change, was, now, unit))
    return concat([pd.DataFrame(rows, columns=list(ENTERING))], ENTERING)
