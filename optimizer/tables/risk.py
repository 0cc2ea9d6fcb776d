"""What the plan is judged by: scenarios, shortages, cover, marginal values, proof."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.instance import CoverRule
from optimizer.tables.frame import Array, Frame, concat
from optimizer.tables.money import drawn_by_node
from optimizer.tree import UNDISTURBED

UNDISTURBED_NAME = "(undisturbed)"
"""What tables call the scenario in which nothing happens."""


def scenario_name(scenario: str) -> str:
    """A scenario's id, or a word for the undisturbed one."""
    return scenario if scenario != UNDISTURBED else UNDISTURBED_NAME


def overview(f: Frame) -> pd.DataFrame:
    """The plan in one row: status, objective, bound, gap, E, CVaR, counts."""
    plan, risk, made = f.plan, f.plan.risk, f.plan.commitments
    row = {
        "instance": plan.instance,
        "fingerprint": plan.fingerprint,
        "status": plan.status,
        "objective_usd": plan.objective,
        "bound_usd": plan.bound,
        "gap_usd": plan.gap,
        "relative_gap": plan.relative_gap,
        "nodes": plan.nodes,
        "expected_cost_usd": risk.expected_cost if risk else None,
        "expected_loss_usd": risk.expected_loss if risk else None,
        "cvar_usd": risk.cvar if risk else None,
        "cvar_alpha": risk.cvar_alpha if risk else None,
        "agreements": len(made.agreements) if made else 0,
        "projects": len(made.projects) if made else 0,
        "depots": len(made.depots) if made else 0,
        "certificate_passed": plan.certificate.passed if plan.certificate else None,
        "seconds": sum(plan.effort.seconds.values()),
    }
    text = dict.fromkeys(("instance", "fingerprint", "status"), "str")
    whole = dict.fromkeys(("nodes", "agreements", "projects", "depots"), "int64")
    types = {key: text.get(key) or whole.get(key, "float64") for key in row} | {
        "certificate_passed": "boolean"
    }
    return pd.DataFrame([row]).astype(types)


def segments(f: Frame) -> pd.DataFrame:
    """Probability of any shortage and expected loss by segment."""
    types = {"segment": "str", "probability_of_shortage": "float64", "expected_loss_usd": "float64"}
    rows = f.plan.risk.segments if f.plan.risk else ()
    data = [(s.segment, s.probability_of_shortage, s.expected_shortage) for s in rows]
    return concat([pd.DataFrame(data, columns=list(types))], types)


def scenarios(f: Frame) -> pd.DataFrame:
    """Each scenario's probability, loss and money drawn by its end; worst first."""
    types = {"scenario": "str", "probability": "float64", "loss_usd": "float64", "drawn_usd": "float64"}
    rows = f.plan.risk.scenarios if f.plan.risk else ()
    drawn = drawn_by_node(f)
    data = [
        (scenario_name(s.id), s.probability, s.loss, drawn.get(f.tree.leaf.get(s.id, -1), 0.0)) for s in rows
    ]
    table = concat([pd.DataFrame(data, columns=list(types))], types)
    return table.sort_values(["loss_usd", "scenario"], ascending=[False, True], ignore_index=True)


def scenario_cover(f: Frame) -> pd.DataFrame:
    """Days of stock by scenario and commodity at the end of the period before its supply is first hit."""
    types = {"scenario": "str", "probability": "float64", "commodity": "str", "days": "float64"}
    rows = f.plan.risk.scenarios if f.plan.risk else ()
    data = [
        (scenario_name(s.id), s.probability, c, days) for s in rows for c, days in s.days_of_cover.items()
    ]
    return concat([pd.DataFrame(data, columns=list(types))], types)


def scenario_shortages(f: Frame, shortages: pd.DataFrame, cuts: pd.DataFrame) -> pd.DataFrame:
    """Tonnes short and share of output cut by scenario and what is short; undiscounted loss."""
    types = {
        "scenario": "str", "probability": "float64", "kind": "str", "id": "str", "commodity": "str",
        "segment": "str", "short_t": "float64", "cut_periods": "float64", "loss_usd": "float64",
    }  # fmt: skip
    path = pd.DataFrame(
        [
            (scenario_name(s), f.tree.weight[s], node)
            for s, leaf in f.tree.leaf.items()
            for node in f.tree.path(leaf)
        ],
        columns=["scenario", "probability", "node"],
    )
    short = shortages.rename(columns={"demand": "id"}).assign(kind="demand", cut_periods=0.0)
    cut = cuts.rename(columns={"industry": "id", "cut_share": "cut_periods"})
    cut = cut.assign(kind="industry", commodity="", short_t=0.0)
    keys, values = (
        ["scenario", "probability", "kind", "id", "commodity", "segment"],
        ["short_t", "cut_periods", "loss_usd"],
    )
    parts = [
        path.merge(part[[c for c in part.columns if c != "probability"]], on="node")
        .groupby(keys, as_index=False)[values]
        .sum()
        for part in (short, cut)
    ]
    return concat(parts, types).sort_values(["scenario", "kind", "id"], ignore_index=True)


def applies(f: Frame, rule: CoverRule) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Nodes at which a cover rule holds (model.md §4.11)."""
    row = f.commodity[rule.commodity]
    calm = np.array([bool(state.calm[row]) for state in f.states])
    holds = calm & (f.period >= rule.from_period)
    for node in np.flatnonzero(holds):
        at = f.tree.nodes[node].parent
        for _ in range(rule.rebuild_periods):
            if at is None:
                break
            if not calm[at]:
                holds[node] = False
                break
            at = f.tree.nodes[at].parent
    return holds


def cover(f: Frame) -> pd.DataFrame:
    """Stock against target, by cover rule and year, over the nodes at which the rule holds."""
    types = {
        "rule": "int64", "commodity": "str", "segments": "str", "period": "int64", "days": "float64",
        "target_t": "float64", "probability": "float64", "expected_stock_t": "float64",
        "least_stock_t": "float64",
    }  # fmt: skip
    held = f.operation("stock").groupby(["commodity", "node"])["value"].sum()
    rows = []
    for number, rule in enumerate(f.instance.risk.cover, start=1):
        stock: Array = np.zeros(len(f.tree))
        if rule.commodity in held.index.get_level_values("commodity"):
            mine = held.loc[rule.commodity]
            stock[mine.index.to_numpy()] = mine.to_numpy()
        holds = applies(f, rule) & (f.probability > 0)
        use = f.annual_use(rule.commodity, rule.segments)
        for t in range(f.periods):
            here = holds & (f.period == t)
            weight = float(f.probability[here].sum())
            if not here.any():
                continue
            mean = float((f.probability[here] * stock[here]).sum()) / weight
            target = rule.days / 365 * use[t]
            rows.append(
                (
                    number,
                    rule.commodity,
                    ", ".join(rule.segments),
                    t,
                    rule.days,
                    target,
                    weight,
                    mean,
                    stock[here].min(),
                )
            )
    table = concat([pd.DataFrame(rows, columns=list(types))], types)
    table.insert(4, "year", f.year(table["period"]))
    return table if f.plan.commitments else table.iloc[:0]


def marginal_values(f: Frame) -> pd.DataFrame:
    """What one more unit of each limit would save."""
    types = {
        "kind": "str",
        "item": "str",
        "year": "float64",
        "value_usd": "float64",
        "unit": "str",
        "words": "str",
    }
    data = [(v.kind, v.item, v.year, v.value, v.unit, v.words) for v in f.plan.marginal_values]
    return concat([pd.DataFrame(data, columns=list(types))], types)


def relaxations(f: Frame) -> pd.DataFrame:
    """What must give way to make the instance feasible."""
    types = {
        "family": "str",
        "item": "str",
        "year": "float64",
        "amount": "float64",
        "unit": "str",
        "words": "str",
    }
    data = [(r.family, r.item, r.year, r.amount, r.unit, r.words) for r in f.plan.relaxations]
    return concat([pd.DataFrame(data, columns=list(types))], types)


def certificate(f: Frame) -> pd.DataFrame:
    """Largest residual by constraint family, as the audit found it."""
    types = {"family": "str", "residual": "float64", "unit": "str", "relative": "float64", "row": "str"}
    rows = f.plan.certificate.residuals if f.plan.certificate else ()
    data = [(r.family, r.residual, r.unit, r.relative, r.row) for r in rows]
    return concat([pd.DataFrame(data, columns=list(types))], types)


def effort(f: Frame) -> pd.DataFrame:
    """Seconds by phase."""
    types = {"phase": "str", "seconds": "float64"}
    return concat([pd.DataFrame(list(f.plan.effort.seconds.items()), columns=list(types))], types)
