"""What an alternative does instead, as tables and in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from models.plan import Plan
from optimizer.summary.words import usd
from optimizer.why.near import Alternative


def changes(base: Plan, other: Plan) -> list[tuple[str, str, str, float | None]]:
    """What another plan does instead: (what, kind, id, year), what it adds before what it leaves."""
    there, here = _decided(other), _decided(base)
    added = [
        (VERBS[kind][0], kind, id_, year) for (kind, id_), year in there.items() if (kind, id_) not in here
    ]
    moved = [
        (f"{VERBS[kind][0]} at another time", kind, id_, year)
        for (kind, id_), year in there.items()
        if (kind, id_) in here and here[kind, id_] != year
    ]
    left = [
        (VERBS[kind][1], kind, id_, year) for (kind, id_), year in here.items() if (kind, id_) not in there
    ]
    return [*added, *moved, *left]


VERBS = {
    "agreement": ("signs", "does not sign"),
    "project": ("builds", "does not build"),
    "depot": ("opens", "does not open"),
}


def _decided(plan: Plan) -> dict[tuple[str, str], float | None]:
    c = plan.commitments
    if c is None:
        return {}
    return (
        {("agreement", a.id): a.year for a in c.agreements}
        | {("project", k.id): k.year for k in c.projects}
        | {("depot", d.id): None for d in c.depots}
    )


def tables(base: Plan, found: list[Alternative]) -> dict[str, pd.DataFrame]:
    """The tables ``alternatives`` and ``alternative_changes``."""
    rows: list[dict[str, Any]] = []
    details: list[dict[str, Any]] = []
    for number, alternative in enumerate(found, start=1):
        plan = alternative.plan
        assert plan.risk is not None, "a plan has figures"
        assert base.risk is not None, "a plan has figures"
        extra = (plan.objective or 0.0) - (base.objective or 0.0)
        rows.append(
            {
                "alternative": number,
                "objective_usd": plan.objective,
                "extra_usd": extra,
                "extra_share": extra / abs(base.objective) if base.objective else 0.0,
                "distance": alternative.distance,
                "furthest_proven": alternative.proven,
                "expected_cost_usd": plan.risk.expected_cost,
                "expected_cost_difference_usd": plan.risk.expected_cost - base.risk.expected_cost,
                "expected_loss_usd": plan.risk.expected_loss,
                "expected_loss_difference_usd": plan.risk.expected_loss - base.risk.expected_loss,
                "cvar_usd": plan.risk.cvar,
                "cvar_difference_usd": plan.risk.cvar - base.risk.cvar,
                "words": words(base, plan),
            }
        )
        details += [
            {"alternative": number, "change": what, "kind": kind, "id": id_, "year": year}
            for what, kind, id_, year in changes(base, plan)
        ]
    columns = ["alternative", "change", "kind", "id", "year"]
    return {
        "alternatives": pd.DataFrame(rows, columns=list(rows[0]) if rows else ["alternative"]),
        "alternative_changes": pd.DataFrame(details, columns=columns),
    }


def words(base: Plan, plan: Plan) -> str:
    """As in: signs X instead of Y; costs 3 m more; CVaR 20 m less."""
    assert plan.risk is not None, "a plan has figures"
    assert base.risk is not None, "a plan has figures"
    found = changes(base, plan)
    parts = []
    for kind, (yes, no) in VERBS.items():
        added = [id_ for what, k, id_, _ in found if k == kind and what == yes]
        left = [id_ for what, k, id_, _ in found if k == kind and what == no]
        if added and left:
            parts.append(f"{yes} {', '.join(added)} instead of {', '.join(left)}")
        elif added or left:
            parts.append(f"{yes} {', '.join(added)}" if added else f"{no} {', '.join(left)}")
    parts += [f"{id_} from another year" for what, _, id_, _ in found if what.endswith("another time")]
    figures = [
        ("objective", plan.objective or 0.0, base.objective or 0.0),
        ("expected cost", plan.risk.expected_cost, base.risk.expected_cost),
        ("expected loss", plan.risk.expected_loss, base.risk.expected_loss),
        ("CVaR", plan.risk.cvar, base.risk.cvar),
    ]
    for name, value, before in figures:
        change = value - before
        same = abs(change) <= 1e-6 * max(abs(value), abs(before))
        parts.append(
            f"{name} the same" if same else f"{name} {usd(abs(change))} {'more' if change > 0 else 'less'}"
        )
    return "; ".join(parts) + "."
