"""Risk figures as the plan reports them, against the losses recomputed."""

from __future__ import annotations

from collections import Counter

import numpy as np

from models.plan import Plan
from optimizer.audit import flows
from optimizer.audit.arrays import Array
from optimizer.audit.case import Case
from optimizer.audit.loss import Losses
from optimizer.audit.objective import Value, named
from optimizer.audit.tree import UNDISTURBED


def risk_figures(case: Case, plan: Plan, value: Value, loss: Losses) -> None:
    """Expected loss, CVaR, expected cost, losses of scenarios and segments as reported."""
    risk, check, floor = plan.risk, case.ledger, case.world.dollars
    if risk is None:
        check.fault("objective", "risk", "no risk figures are reported")
        return
    alpha = case.instance.objective.cvar_alpha
    check.equal(
        "objective", "wrong level", "", risk.cvar_alpha, alpha, name=named("cvar_alpha"), floor=1.0, size=1.0
    )
    for field, given, own, size in (
        ("expected_loss", risk.expected_loss, loss.expected, loss.expected),
        ("cvar", risk.cvar, loss.cvar, loss.cvar),
        ("expected_cost", risk.expected_cost, value.cost, value.cost_size),
    ):
        check.equal(
            "objective", "not the recomputed one", "USD", given, own, name=named(field), floor=floor,
            size=abs(given) + abs(size),
        )  # fmt: skip
    _scenarios(case, plan, loss)
    _segments(case, plan, loss)


def _scenarios(case: Case, plan: Plan, loss: Losses) -> None:
    risk, check = plan.risk, case.ledger
    given = () if risk is None else risk.scenarios
    known = [s for s in given if s.id in loss.per_scenario]
    for s in given:
        if s.id not in loss.per_scenario:
            check.fault("objective", f"scenario {s.id}", "no such scenario")
    reported = Counter(s.id for s in known)
    for key, times in reported.items():
        if times > 1:
            check.fault("objective", f"scenario {key}", f"reported {times} times")
    for key in loss.per_scenario.keys() - reported.keys() - {UNDISTURBED}:
        check.fault("objective", f"scenario {key}", "its loss is not reported")
    if case.tree.chance[UNDISTURBED] > 1e-9 and UNDISTURBED not in reported:
        check.fault("objective", "undisturbed scenario", "its loss is not reported")

    def name(i: int) -> str:
        return f"scenario {known[i].id or '(undisturbed)'}"

    own = np.array([loss.per_scenario[s.id] for s in known])
    floor = case.world.dollars
    check.equal(
        "objective", "wrong loss", "USD", np.array([s.loss for s in known]), own, name=name, floor=floor
    )
    chance = np.array([case.tree.chance[s.id] for s in known])
    check.equal(
        "objective",
        "wrong probability",
        "",
        np.array([s.probability for s in known]),
        chance,
        name=name,
        floor=1e-3,
    )


def _segments(case: Case, plan: Plan, loss: Losses) -> None:
    """Expected shortage of segments, and the probability of any at all.

    That probability jumps where a shortage is just 1e-6 of demand: it lies between those for 1e-5 and 1e-7.
    """
    low, high = (_probabilities(case, threshold) for threshold in (1e-5, 1e-7))
    check = case.ledger
    given = () if plan.risk is None else plan.risk.segments
    if given:
        for missing in loss.per_segment.keys() - {s.segment for s in given}:
            check.fault("objective", f"segment {missing}", "its risk is not reported")
    for segment in given:
        name = named(f"segment {segment.segment}")
        if segment.segment not in loss.per_segment:
            check.fault("objective", name(), "no such segment")
            continue
        own = float(case.world.expected(loss.per_segment[segment.segment]))
        usd = segment.expected_shortage
        check.equal(
            "objective", "wrong expected shortage", "USD", usd, own, name=name, floor=case.world.dollars
        )
        chance = segment.probability_of_shortage
        least, most = low[segment.segment], high[segment.segment]
        says = "wrong probability of shortage"
        check.equal(
            "objective", says, "", chance, float(np.clip(chance, least, most)), name=name, floor=1.0, size=1.0
        )


def _probabilities(case: Case, threshold: float) -> dict[str, float]:
    """Per segment the probability that a demand row is short, or an industry cut, beyond the threshold."""
    world = case.world
    hit: dict[str, Array] = {}
    short, cut = flows.short(case), flows.cut(case)
    for i, q in enumerate(case.instance.demand):
        missing = short[i] > threshold * world.length * world.demand[i]
        hit[q.segment] = np.maximum(hit.get(q.segment, np.zeros(world.nodes)), missing)
    for i, j in enumerate(case.instance.industries):
        hit[j.segment] = np.maximum(hit.get(j.segment, np.zeros(world.nodes)), cut[i] > threshold)
    paths = {segment: case.tree.accumulate(values) for segment, values in hit.items()}
    return {
        segment: float(case.tree.probability[world.leaves] @ (values[world.leaves] > 0))
        for segment, values in paths.items()
    }
