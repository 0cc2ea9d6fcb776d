"""What each plan's commitments come to under the rules of the others, and why they cannot meet some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from models.alternatives import Alternative
from models.alternatives.impose import decided
from optimizer.compare.limits import kind, stricter
from optimizer.compare.reuse import most_drawn
from optimizer.compare.sweep import Solved
from optimizer.compare.trial import Verdict
from optimizer.tables.frame import concat

REGRET = {
    "plan_of": "str", "judged_by": "str", "feasible": "bool", "objective": "float64", "regret": "float64",
    "why": "str",
}  # fmt: skip
MOST = 3
"""Rules named as a reason."""


def regret(there: Sequence[Alternative], solved: Mapping[str, Solved], verdict: Verdict) -> pd.DataFrame:
    """One row per pair that was judged. ``regret`` is at least 0, and 0 where plan and rules are of one."""
    rows: list[tuple[str, str, bool, float | None, float | None, str]] = []
    for p in there:
        for q in there:
            if (p.name, q.name) not in verdict:
                continue
            value, best = verdict[p.name, q.name], solved[q.name].plan.objective
            if isinstance(value, str) or best is None:
                rows.append((p.name, q.name, False, None, None, why(p, solved[p.name], q, str(value))))
            else:
                # What is lower by the LP solver's rounding is as good.
                rows.append((p.name, q.name, True, max(value, best), max(0.0, value - best), ""))
    return concat([pd.DataFrame(rows, columns=list(REGRET))], REGRET)


def why(p: Alternative, solved: Solved, q: Alternative, found_out: str = "") -> str:
    """Why the commitments of p cannot meet the rules of q; ``found_out``: what was found to give way."""
    made = solved.plan.commitments
    assert made is not None, "only commitments are judged"
    mine = {a.id for a in made.agreements} | {k.id for k in made.projects} | {d.id for d in made.depots}
    known = decided(q.instance)
    reasons = [f"{m} does not exist there" for m in sorted(mine - known.keys())]
    starts = {a.id: a.starts for a in q.rules.agreements} | {k.id: k.starts for k in q.rules.projects}
    begun = [(a.id, a.start, a.year) for a in made.agreements]
    begun += [(k.id, k.start, k.year) for k in made.projects]
    reasons += [
        f"{member} cannot start in {year:g} there"
        for member, start, year in begun
        if member in known and start not in starts[member]
    ]
    reasons += [f"{m} is forced there" for m in q.force if m not in mine]
    reasons += [f"{m} is forbidden there" for m in q.forbid if m in mine]
    if q.fix is not None and q.fix != p.fix:
        reasons.append("its own commitments are fixed there")
    if reasons:
        return _listed(reasons)
    if kind(p.rules) != kind(q.rules):
        return found_out or f"these commitments cannot meet the rules or the scenarios of {q.name}"
    limits = stricter(q, p)
    if "envelope" in limits:
        drawn, limit = most_drawn(solved.plan), q.envelope or 0.0
        limits[limits.index("envelope")] = (
            f"the envelope of {limit:,.0f} USD (they draw {drawn:,.0f} USD under their own rules)"
        )
    return f"cannot be met with these commitments: {_listed(limits)}"


def _listed(reasons: Sequence[str]) -> str:
    more = len(reasons) - MOST
    return "; ".join(reasons[:MOST]) + (f"; and {more} more" if more > 0 else "")
