"""A plan as pandas tables. Natural units; columns carry them in their names (``_t``, ``_usd``, ``_days``)."""

from __future__ import annotations

import pandas as pd

from models.instance import Instance
from models.plan import Plan
from optimizer.tables import flows as flow
from optimizer.tables import money, operations, risk, rules, spend
from optimizer.tables.frame import Frame

DESCRIPTIONS: dict[str, str] = {
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
"""Every table in the order in which it is written, with one line on what it holds."""


def plan_tables(instance: Instance, plan: Plan) -> dict[str, pd.DataFrame]:
    """Every table of :data:`DESCRIPTIONS`. All are there for every plan; without a plan most are empty.

    Raises ValueError if the plan is for another instance.
    """
    f = Frame(instance, plan)
    there = plan.commitments is not None
    lines = spend.expected(f)
    node = operations.per_node(f)
    by_year, funding, balance = flow.flows(f), money.funding(f), money.sources_and_uses(f, lines)
    tables = {
        "overview": risk.overview(f),
        "commitments": operations.commitments(f, lines),
        "funding": funding if there else funding.iloc[:0],
        "money": balance if there else balance.iloc[:0],
        "spend": lines,
        **money.totals(f, lines),
        "flows": by_year if there else by_year.iloc[:0],
        "cover": risk.cover(f),
        "segments": risk.segments(f),
        "concentration": rules.concentration(f),
        "chance": rules.chance(f),
        "scenarios": risk.scenarios(f),
        "scenario_shortages": risk.scenario_shortages(f, node["shortages"], node["cuts"]),
        "scenario_cover": risk.scenario_cover(f),
        "marginal_values": risk.marginal_values(f),
        "relaxations": risk.relaxations(f),
        "certificate": risk.certificate(f),
        "effort": risk.effort(f),
        "nodes": f.nodes.assign(
            scenarios=[
                len(through.get(n, ())) for through in [f.tree.scenarios()] for n in range(len(f.tree))
            ]
        ),
        **node,
    }
    assert list(tables) == list(DESCRIPTIONS), "every table is described, in order"
    return tables
