"""What the tables of results hold: one line on each, in the order in which they are written.

Kept apart from what makes them, so that the service can tell without loading a solver.
"""

from __future__ import annotations

PLAN: dict[str, str] = {
    "overview": "The plan in one row: status, objective, bound, gap, expected loss, CVaR",
    "commitments": "What is signed, funded and opened, alike in every scenario",
    "funding": "By source: what there is, what is drawn, what it costs",
    "money": "Expected money in and out by year, and the cash left",
    "spend": "Expected spend by year, line by line",
    "spend_by_category": "Expected spend by year and category",
    "spend_by_material": "Expected spend by year and material; projects split by value of output",
    "spend_by_country": "Expected spend by year and country",
    "spend_by_group": "Expected spend by year and group of countries",
    "flows": "Expected tonnes by year and commodity: needs, supply, stock, shortage",
    "cover": "Stock against target by cover rule and year, over the nodes at which the rule holds",
    "segments": "Probability of any shortage and expected loss by segment",
    "concentration": "By rule on concentration and commodity: the largest index of what enters in calm",
    "chance": "By rule on the chance of service: the probability with which it is kept",
    "scenarios": "Loss and money drawn by scenario, worst first",
    "scenario_shortages": "What is short in each scenario",
    "scenario_cover": "Days of stock by scenario and commodity when its supply is first hit",
    "marginal_values": "What one more unit of each limit would save",
    "relaxations": "What must give way to make an infeasible instance feasible",
    "certificate": "Largest residual by constraint family, as the audit found it",
    "effort": "Seconds by phase of the solve",
    "nodes": "The scenario tree",
    "deliveries": "By node: tonnes delivered and left untaken under agreements",
    "spot": "By node: spot purchases",
    "activity": "By node: activity of projects",
    "pool": "By node: tonnes consumers buy, the reserve releases, private stock gives, sales, scrap",
    "stock": "By node: tonnes into, out of and held in each depot",
    "substitutions": "By node: tonnes of demand eased",
    "shortages": "By node: tonnes short by demand and tier, undiscounted loss",
    "cuts": "By node: share of output cut by industry and tier, undiscounted loss",
    "cash": "By node: draws, repayments and debt by source; cash left over (source empty)",
}
"""Of a plan; made by :mod:`optimizer.tables`."""

COMPARISON: dict[str, str] = {
    "alternatives": "Each alternative in one row: money, objective, bound, risk, shares, marginal dollar",
    "differences": "Every figure of each alternative less that of the baseline",
    "shortages": "Probability of any shortage and expected loss by segment",
    "cover": "Days of stock when supply is first hit, and at the end of the horizon",
    "concentration": "Where what enters the reserve comes from: tonnes, HHI, the largest country",
    "commitments": "What each alternative signs, funds and opens",
    "entering": "What enters and leaves from one envelope to the next, or from the baseline",
    "regret": "What each plan's commitments come to under the rules of the others",
}
"""Of a comparison; made by :mod:`optimizer.compare.tables`."""

EVALUATION: dict[str, str] = {
    "summary": "Every measure of each way of evaluating, with its standard error",
    "scenarios": "Probability, loss, cost and value by scenario; whether every rule is kept in it",
    "quantiles": "Losses by probability",
    "exceedance": "Probability of more than a loss",
    "worst": "The worst scenarios in words: what happened when, what was short, what the reserve did",
    "segments": "Probability of any shortage and expected loss by segment",
    "broken": "Rules that the plan does not keep: in how many scenarios, how likely, by how much",
    "bounds": "What knowing the future would be worth, and how far from the best plan",
}
"""Of an evaluation; made by :mod:`optimizer.evaluate`."""

BATCH: dict[str, str] = {"batch": "One row for each instance: status, figures of its plan, or what failed"}
"""Of a batch."""

BY_KIND: dict[str, dict[str, str]] = {
    "solve": PLAN,
    "compare": COMPARISON,
    "evaluate": EVALUATION,
    "batch": BATCH,
    "sample": {},
}
"""By kind of job."""
