"""What a plan rests on and how good it is known to be."""

from __future__ import annotations

import pandas as pd

from models.instance import Instance
from models.plan import Plan
from optimizer.report.grid import grid
from optimizer.report.parts import Part
from optimizer.report.sections import Section
from optimizer.summary.words import count, figures, percent, usd

STATUS = {
    "optimal": "Proved to be within the gap asked for.",
    "feasible": "The gap is larger than asked for, though nothing stopped the search.",
    "time_limit": "The search was stopped by its time limit.",
    "interrupted": "The search was interrupted.",
}


def assumptions(id: str, instance: Instance) -> Section:
    """What the plan rests on, and the warnings of its instance."""
    o, h = instance.objective, instance.horizon
    undisturbed = 1 - sum(s.probability for s in instance.scenarios)
    points = [
        f"{h.periods} periods of {figures(h.period_years)} year{'s' if h.period_years != 1 else ''} from"
        f" {h.start_year}; discount rate {percent(instance.discount_rate)}.",
        f"{count(len(instance.scenarios), 'scenario')}; undisturbed with probability"
        f" {percent(max(0.0, undisturbed))}.",
        f"The objective is {figures(o.cost_weight)} times expected cost plus {figures(o.loss_weight)} times"
        f" loss; of the loss, {percent(1 - o.cvar_weight)} counts by its expectation and"
        f" {percent(o.cvar_weight)} by the mean of the worst {percent(1 - o.cvar_alpha)}.",
        f"{count(len(instance.commodities), 'commodity', 'commodities')},"
        f" {count(len(instance.agreements), 'agreement')},"
        f" {count(len(instance.projects), 'project')} and"
        f" {count(len(instance.spot), 'offer')} of traders.",
        *(f"Warning: {warning}" for warning in instance.warnings()),
    ]
    return Section(f"{id}-assumptions", "Assumptions and warnings", points=points)


def proved(id: str, plan: Plan, tables: dict[str, pd.DataFrame]) -> Section:
    """How good the plan is known to be, and the certificate."""
    lines, points = [STATUS.get(plan.status, plan.status)], []
    if plan.gap is not None and plan.relative_gap is not None:
        lines.append(
            f"No plan is better by more than {usd(max(0.01, plan.gap))} USD"
            f" ({percent(max(1e-6, plan.relative_gap))} of the objective)."
        )
    else:
        lines.append("There is no bound: how far the plan is from the best is not known.")
    if plan.certificate is None:
        lines.append("The plan was not audited.")
        return Section(f"{id}-proof", "Proof", lines)
    passed = "meets" if plan.certificate.passed else "does NOT meet"
    lines.append(
        f"An audit that shares no code with the optimizer recomputed every figure: the plan {passed} every"
        f" rule of the instance within {figures(plan.certificate.tolerance)} of each row."
    )
    points += list(plan.certificate.findings)
    return Section(
        f"{id}-proof", "Proof", lines, points,
        grids=[grid(tables["certificate"], "Certificate: largest residual by family of rules", folded=True)],
    )  # fmt: skip


def reproduced(id: str, part: Part, plan: Plan) -> Section:
    """The command, the fingerprint and the versions."""
    options = plan.options
    words = ["stockpile solve instance.json --out plan", f"--gap {options.relative_gap:g}"]
    words += [f"--time-limit {options.time_limit:g}"] if options.time_limit is not None else []
    words += [f"--threads {options.threads}"] if options.threads else []
    words += [f"--seed {options.seed}"] if options.seed else []
    words += [] if options.marginals else ["--no-marginals"]
    versions = ", ".join(f"{name} {version}" for name, version in plan.effort.versions.items())
    seconds = sum(plan.effort.seconds.values())
    size = (
        f"{plan.effort.rows:,} rows, {plan.effort.columns:,} columns ({plan.effort.integers:,} integer); "
        if plan.effort.columns
        else ""
    )
    return Section(
        f"{id}-reproduce",
        "How to reproduce",
        ["With the file instance.json of this folder of results:"],
        points=[
            f"Fingerprint of the instance (SHA-256): {plan.fingerprint}",
            f"{size}{figures(seconds)} seconds",
            *([f"Versions: {versions}"] if versions else []),
        ],
        code=" ".join(words),
    )
