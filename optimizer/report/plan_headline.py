"""The headline of a plan."""

from __future__ import annotations

import math

import pandas as pd

from models.instance import Instance
from models.plan import Plan
from optimizer.report.sections import Card, proof
from optimizer.summary.words import count, percent, usd
from optimizer.tables.money import ALL


def _funds(tables: dict[str, pd.DataFrame]) -> pd.Series | None:
    funding = tables["funding"].set_index("source")
    return funding.T[ALL] if ALL in funding.index else None


def lead(instance: Instance, plan: Plan, tables: dict[str, pd.DataFrame]) -> str:
    """The plan in a few sentences."""
    made, risk = plan.commitments, plan.risk
    assert made is not None, "called for plans only"
    whole = _funds(tables)
    amount = float(whole["amount_usd"]) if whole is not None else float("nan")
    money = f"Of {usd(amount)} USD" if math.isfinite(amount) else "Without a limit on money"
    spent = float(tables["spend"]["usd"].sum())
    drawn = (
        f", {usd(float(whole['expected_drawn_usd']))} USD of it from the budget" if whole is not None else ""
    )
    parts = [
        count(len(made.agreements), "agreement") + " signed",
        count(len(made.projects), "project") + " funded",
        count(_held_count(tables), "commodity", "commodities") + " held",
    ]
    left = f" The expected loss that is left is {usd(risk.expected_loss)} USD." if risk is not None else ""
    return (
        f"{money}, over {count(instance.horizon.periods, 'period')} from {instance.horizon.start_year}:"
        f" {', '.join(parts)}. The plan spends {usd(spent)} USD in expectation{drawn}; what the reserve sells"
        f" and releases pays for the rest.{left}"
    )


def _held_count(tables: dict[str, pd.DataFrame]) -> int:
    flows = tables["flows"]
    return int(flows.loc[flows["stock_t"] > 0, "commodity"].nunique())


def cards(instance: Instance, plan: Plan, tables: dict[str, pd.DataFrame]) -> list[Card]:
    """Spent, drawn, held, risk left, proof."""
    whole, risk, flows = _funds(tables), plan.risk, tables["flows"]
    cards = [
        Card("Spent", f"{usd(float(tables['spend']['usd'].sum()))} USD", "expected, undiscounted, all years")
    ]
    if whole is not None:
        amount, most = float(whole["amount_usd"]), float(whole["largest_drawn_usd"])
        of = f" of {usd(amount)} ({percent(most / amount)})" if math.isfinite(amount) and amount > 0 else ""
        cards.append(
            Card(
                "Drawn at most", f"{usd(most)} USD",
                f"on the dearest path{of}; {usd(float(whole['expected_drawn_usd']))} expected",
            )
        )  # fmt: skip
    peak = flows.groupby("name")["stock_days"].max().sort_values(ascending=False)
    longest = (
        f"longest: {peak.index[0]}, {peak.iloc[0]:,.0f} days of use" if len(peak) and peak.iloc[0] > 0 else ""
    )
    held = _held_count(tables)
    cards.append(Card("Held", count(held, "commodity", "commodities"), longest or "in the reserve"))
    if risk is not None:
        cards.append(
            Card("Risk left", f"{usd(risk.expected_loss)} USD",
                 f"expected loss; {usd(risk.cvar)} is the mean of the worst {percent(1 - risk.cvar_alpha)}")
        )  # fmt: skip
    proved, of = proof(plan.relative_gap) if plan.relative_gap is not None else ("no bound", "of the best")
    passed = plan.certificate is not None and plan.certificate.passed
    audited = (
        "audited: meets every rule"
        if passed
        else "not audited"
        if plan.certificate is None
        else "NOT feasible"
    )
    cards.append(Card("Proof", proved, f"{of}; {audited}"))
    return cards
