"""The plan in words and figures that a minister's aide can read, at most 96 columns wide.

Money is in USD, undiscounted unless it says otherwise; expectations are over the scenarios.
"""

from __future__ import annotations

import pandas as pd

from models.instance import Instance
from models.plan import Plan
from optimizer.summary import sections
from optimizer.summary.words import columns, count, figures, percent, printable, usd, wrap
from optimizer.tables import plan_tables


def summary(instance: Instance, plan: Plan, tables: dict[str, pd.DataFrame] | None = None) -> str:
    """The text of a plan, or of the reason why there is none.

    ``tables`` are those of :func:`optimizer.tables.plan_tables` if they are there already.
    Raises ValueError if the plan is for another instance.
    """
    tables = plan_tables(instance, plan) if tables is None else tables
    parts = [_head(instance, plan)]
    if plan.commitments is None:
        parts.append(_why_none(plan))
    else:
        parts += [
            ("Money", sections.money(instance, tables)),
            ("Signed", sections.signed(instance, tables)),
            ("Funded", sections.funded(instance, tables)),
            ("Held", sections.held(instance, tables)),
            ("Risk", sections.risk(plan, tables)),
            ("What binds", sections.binding(plan)),
            ("Proof", _proof(plan)),
        ]
    blocks = ["\n".join([title, "-" * len(title), *lines]) for title, lines in parts if lines]
    return "\n\n".join(blocks) + "\n"


_STATUS = {
    "optimal": "optimal plan",
    "feasible": "plan proposed elsewhere, audited",
    "time_limit": "best plan found within the time limit",
    "interrupted": "best plan found before it was interrupted",
}


def _head(instance: Instance, plan: Plan) -> tuple[str, list[str]]:
    there = plan.commitments is not None
    what = _STATUS[plan.status] if there else "no plan"
    lines = []
    if plan.certificate is not None and not plan.certificate.passed:
        lines += wrap(
            "NOT TO BE USED: the audit found that the plan breaks the instance's rules (see Proof)."
        )
    h = instance.horizon
    length = (
        count(h.periods, "year") if h.period_years == 1 else f"{h.periods} × {figures(h.period_years)} years"
    )
    lines += wrap(
        f"{length} from {h.start_year} · {count(len(instance.commodities), 'commodity', 'commodities')}"
        f" · {count(len(instance.scenarios), 'scenario')} · {count(plan.nodes, 'tree node')}"
    )
    if there and plan.objective is not None and plan.risk is not None:
        o, r = instance.objective, plan.risk
        rows: list[tuple[str, float, float]] = [
            ("expected cost", r.expected_cost, o.cost_weight),
            ("expected loss", r.expected_loss, o.loss_weight * (1 - o.cvar_weight)),
            (
                f"CVaR, the mean of the worst {percent(1 - o.cvar_alpha)}",
                r.cvar,
                o.loss_weight * o.cvar_weight,
            ),
        ]
        body = [[name, usd(value), figures(weight)] for name, value, weight in rows]
        head = ["discounted", "USD", "weight in the objective"]
        lines += columns([*body, ["objective", usd(plan.objective), ""]], "lrr", head=head)
    return printable(f"{plan.instance}: {what}"), lines


def _why_none(plan: Plan) -> tuple[str, list[str]]:
    if plan.status == "unbounded":
        words = (
            "The objective falls without limit: some purchase pays for itself more than once. Look for"
            " a sale_factor, release_factor or terminal_factor above what the tonnes cost,"
            " with no limit on either."
        )
        return "Unbounded", wrap(words)
    if plan.status != "infeasible":
        stop = "time limit" if plan.status == "time_limit" else "interruption"
        bound = f" No plan costs less than {usd(plan.bound)} USD." if plan.bound is not None else ""
        return "Stopped", wrap(f"No plan was found before the {stop}; there may be one.{bound}")
    if not plan.relaxations:
        return "Infeasible", wrap("No plan meets all rules at once.")
    lines = wrap("No plan meets all rules at once. The least that would have to give way:")
    for relaxation in plan.relaxations:
        lines += wrap(f"- {relaxation.words}", "  ", "  ")
    return "Infeasible", lines


def _proof(plan: Plan) -> list[str]:
    lines = []
    certificate = plan.certificate
    if certificate is None:
        lines.append("  not audited")
    else:
        worst = certificate.largest
        residual = (
            f"largest residual {figures(worst.residual)} {worst.unit} ({worst.family}, {worst.row};"
            f" {worst.relative:.0e} of its row)"
            if worst is not None and worst.residual > 0
            else "no residual"
        )
        lines += wrap(f"{'feasible' if certificate.passed else 'NOT FEASIBLE'}: {residual}")
        for finding in certificate.findings:
            lines += wrap(f"- {finding}", "  ", "  ")
    if plan.gap is not None and plan.relative_gap is not None:
        # A cent and a millionth are as exact as it gets: less is rounding.
        gap, share = max(0.01, plan.gap), max(1e-6, plan.relative_gap)
        lines += wrap(f"within {usd(gap)} USD ({percent(share)}) of the optimum")
    else:
        lines.append("  no bound: how far it is from the optimum is not known")
    seconds = sum(plan.effort.seconds.values())
    if plan.effort.columns:
        lines += wrap(
            f"{plan.effort.rows:,} rows, {plan.effort.columns:,} columns ({plan.effort.integers:,} integer),"
            f" {plan.effort.nonzeros:,} non-zeros; {figures(seconds)} s"
        )
    return lines


__all__ = ["summary"]
