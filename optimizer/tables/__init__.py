"""A plan as pandas tables. Natural units; columns carry them in their names (``_t``, ``_usd``, ``_days``)."""

from __future__ import annotations

import pandas as pd

from models import descriptions as described
from models.instance import Instance
from models.plan import Plan
from optimizer.tables import flows as flow
from optimizer.tables import money, operations, risk, rules, spend
from optimizer.tables.frame import Frame

DESCRIPTIONS = described.PLAN
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
