"""A comparison in words and figures, at most 96 columns wide. Money in USD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from models.plan import Plan
from optimizer.compare.store import Comparison
from optimizer.summary.words import WIDTH, columns, count, figures, percent, usd, wrap

RULES = (
    "source", "allocations", "exposure", "shares", "cover", "service", "cvar_limit", "expected_loss_limit",
    "emissions_limit", "depot", "outturn", "release", "sale", "agreement", "project", "spot",
)  # fmt: skip
"""Kinds of marginal value that say what limits a plan, in the order in which a planner can move them."""
MOST = 5
CHANGES = ("enters", "leaves", "grows", "shrinks")


def summary(comparison: Comparison) -> str:
    """The alternatives in a row each, what enters and leaves, what binds, and regret."""
    parts = [
        _head(comparison),
        ("What enters and leaves", _entering(comparison)),
        ("What limits the plans where the envelope does not", _slack(comparison)),
        ("Without a plan", _without(comparison)),
        ("Regret", _regret(comparison)),
    ]
    blocks = ["\n".join([title, "-" * len(title), *lines]) for title, lines in parts if lines]
    return "\n\n".join(blocks) + "\n"


def _head(c: Comparison) -> tuple[str, list[str]]:
    table = c.tables["alternatives"]
    limited = bool(table["envelope"].notna().any())
    head = ["alternative", "envelope", "drawn", "cost", "loss", "CVaR", "objective", "gap", "a dollar saves"]
    rows = []
    for row in table.to_dict("records"):
        name = str(row["alternative"]) + (" *" if row["alternative"] == c.baseline else "")
        if pd.isna(row["objective"]):
            rows.append([name, _usd(row["envelope"]), "", "", "", "", str(row["status"]), "", ""])
            continue
        money = [_usd(row[k]) for k in ("envelope", "drawn_most", "expected_cost", "expected_loss", "cvar")]
        gap = "" if pd.isna(row["relative_gap"]) else percent(row["relative_gap"])
        saves = "" if pd.isna(row["marginal_dollar"]) else figures(row["marginal_dollar"])
        rows.append([name, *money, _usd(row["objective"]), gap, saves])
    if not limited:
        head, rows = [head[0], *head[2:]], [[r[0], *r[2:]] for r in rows]
    lines = columns(rows, "l" + "r" * (len(head) - 1), head=head)
    dollar = "of the envelope" if limited else "of the source where it saves most"
    lines += wrap(
        "* baseline. Drawn: on the dearest path. Cost, loss and objective: expected and discounted. Last"
        f" column: what one more dollar {dollar} saves, USD of objective."
    )
    done = count(len(table), "alternative")
    title = f"{c.name}: {done} compared" if not c.missing else f"{c.name}: {done} so far"
    if c.missing:
        lines += wrap(f"Not finished: {', '.join(c.missing)}.")
    return title, lines


def _usd(value: Any) -> str:
    return "" if pd.isna(value) else usd(float(value))


def _entering(c: Comparison) -> list[str]:
    table = c.tables["entering"]
    lines: list[str] = []
    for name, part in table.groupby("alternative", sort=False):
        said = []
        for change in CHANGES:
            rows = part[part["change"] == change]
            if len(rows):
                said.append(f"{change}: {', '.join(_item(change, row) for row in rows.to_dict('records'))}")
        lines += wrap(f"{name} · {'; '.join(said)}", hanging="    ")
    return lines


def _item(change: str, row: dict[Any, Any]) -> str:
    amount, before = figures(row["amount"]), figures(row["amount_before"])
    match change:
        case "enters":
            return f"{row['id']} {amount} {row['unit']}"
        case "leaves":
            return str(row["id"])
        case _:
            return f"{row['id']} {before} → {amount} {row['unit']}"


def _slack(c: Comparison) -> list[str]:
    """Once for all alternatives that it is the same for."""
    said: dict[tuple[str, ...], list[str]] = {}
    for row in c.tables["alternatives"].to_dict("records"):
        if not row["marginal_dollar"] > 0 and not pd.isna(row["objective"]):
            told = tuple(binding(c.plans[str(row["alternative"])]))
            said.setdefault(told, []).append(str(row["alternative"]))
    lines = []
    for told, names in said.items():
        lines += wrap(f"{', '.join(names)}:")
        lines += [line for words in told or ("No rule binds.",) for line in wrap(f"- {words}", "  ", "  ")]
    return lines


def binding(plan: Plan) -> list[str]:
    """The limit that is worth most of every kind that binds, in words; the first few kinds."""
    found = []
    for kind in RULES:
        best = max((v for v in plan.marginal_values if v.kind == kind), key=lambda v: v.value, default=None)
        if best is not None and best.value > 0:
            found.append(best.words)
    return found[:MOST]


def _without(c: Comparison) -> list[str]:
    lines = []
    for name, plan in c.plans.items():
        if plan.commitments is None:
            told = [r.words for r in plan.relaxations[:2]] or [f"status {plan.status}"]
            more = len(plan.relaxations) - 2
            told += [f"… and {more} more"] if more > 0 else []
            lines += wrap(f"{name}: {' '.join(told)}", hanging="    ")
    return lines


def _regret(c: Comparison) -> list[str]:
    table = c.tables["regret"]
    if table.empty:
        return []
    names = list(dict.fromkeys(table["judged_by"]))
    cells = {
        (str(r["plan_of"]), str(r["judged_by"])): usd(r["regret"]) if r["feasible"] else "–"
        for r in table.to_dict("records")
    }
    plans = list(dict.fromkeys(table["plan_of"].astype(str)))
    rows = _alike({p: tuple(cells.get((p, q), "") for q in names) for p in plans})
    across = _alike({q: tuple(cells.get((p[0], q), "") for p in rows) for q in names})
    body = [[_named(p), *(cells.get((p[0], q[0]), "") for q in across)] for p in rows]
    head = ["plan of \\ judged by", *map(_named, across)]
    widest = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    if sum(widest) + 2 * len(widest) > WIDTH:
        lines = _largest(c)
    else:
        lines = columns(body, "l" + "r" * len(across), head=head)
    lines += wrap(
        "What a plan's commitments cost more than the best plan under the rules of the column; operations"
        " are found anew. –: they cannot meet those rules (tables/regret says why)."
    )
    return lines


def _alike(lines: dict[str, tuple[str, ...]]) -> list[list[str]]:
    """Names in groups that have the same line."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, line in lines.items():
        groups.setdefault(line, []).append(name)
    return list(groups.values())


def _named(group: Sequence[str]) -> str:
    return (
        group[0] if len(group) == 1 else f"{group[0]} … {group[-1]}" if len(group) > 2 else ", ".join(group)
    )


def _largest(c: Comparison) -> list[str]:
    """A line per plan where the matrix is too wide: its largest regret."""
    rows = []
    for name, part in c.tables["regret"].groupby("plan_of", sort=False):
        met = part[part["feasible"]]
        worst: dict[Any, Any] = met.sort_values("regret", ascending=False, kind="stable").iloc[0].to_dict()
        fails = len(part) - len(met)
        rows.append(
            [
                str(name),
                usd(worst["regret"]),
                str(worst["judged_by"]) if worst["regret"] > 0 else "",
                str(fails) if fails else "",
            ]
        )
    return columns(rows, "lrlr", head=["plan of", "largest regret", "under", "cannot meet"])
