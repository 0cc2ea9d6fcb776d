"""Rule 14 of model.md §4: how much of what enters the reserve in calm few countries may supply.

The Herfindahl-Hirschman index is Σ q² / (Σ q)², q being the tonnes by own country. It is compared as
lengths, |q| ≤ √hhi · Σ q in tonnes, and a residual is judged by half of the right-hand side: a relative
residual within the tolerance says that the index is at most hhi · (1 + tolerance). Where less is acquired
than the least size of a row (see :mod:`optimizer.audit.ledger`), the residual is judged by that size.
"""

from __future__ import annotations

import numpy as np

from models.plan import Plan
from optimizer.audit import flows
from optimizer.audit.arrays import Array
from optimizer.audit.case import Case

LITTLE = 1e-3
"""Share of the least size of a row above which an index has to be reported."""


def concentration(case: Case, plan: Plan) -> None:
    """|q| ≤ √hhi · Σ q per commodity, tonnes added up along every path."""
    rules, world = case.instance.risk.concentration, case.world
    reported = {} if plan.risk is None else {(c.rule, c.commodity): c for c in plan.risk.concentration}
    complete = not reported
    ids, leaves = list(world.goods), world.leaves
    by_country = _along(case) if rules else {}
    for number, rule in enumerate(rules):
        for m in dict.fromkeys(rule.commodities or ids):
            row = world.goods[m]
            acquired = np.array([tonnes[row] for tonnes in by_country.values()]).reshape(-1, len(leaves))
            length, total = np.sqrt((acquired**2).sum(axis=0)), acquired.sum(axis=0)

            def name(leaf: int, m: str = m) -> str:
                return f"{m} · path to {case.node(int(leaves[leaf]))}"

            case.ledger.at_most(
                "concentration",
                f"more concentrated than an index of {rule.hhi:g}",
                "t",
                length,
                np.sqrt(rule.hhi) * total,
                name=name,
                floor=float(world.tonnes[row]),
                size=0.5 * np.sqrt(rule.hhi) * total,
            )
            told = reported.pop((number, m), None)
            # Of a path on which next to nothing is acquired the index says next to nothing.
            index = np.divide(length, total, out=np.zeros_like(length), where=total > 0) ** 2
            least = float(index[total > LITTLE * world.tonnes[row]].max(initial=0.0))
            if told is not None:
                case.ledger.equal(
                    "concentration",
                    "wrong index",
                    "",
                    told.hhi,
                    float(np.clip(told.hhi, least, index.max(initial=0.0))),
                    name=lambda *_, m=m: m,
                    floor=1.0,
                    size=1.0,
                )
            elif not complete:
                case.ledger.fault("concentration", m, "its index is not reported")
    for number, m in reported:
        case.ledger.fault("concentration", f"{m} · rule {number}", "no such rule")


def _along(case: Case) -> dict[str, Array]:
    """Calm tonnes by own country, added up from root to leaf; each (commodities, leaves)."""
    world, instance = case.world, case.instance
    shape = (len(world.goods), world.nodes)
    entering: dict[str, Array] = {}

    def of(country: str) -> Array:
        return entering.setdefault(country, np.zeros(shape))

    for agreement, deliver in zip(instance.agreements, case.operations["deliver"], strict=True):
        of(agreement.country)[world.goods[agreement.commodity]] += deliver
    for offer, bought in zip(instance.spot, flows.spot_by_offer(case), strict=True):
        of(offer.country)[world.goods[offer.commodity]] += bought
    for project, run in zip(instance.projects, case.operations["run"], strict=True):
        for m, made in project.outputs.items():
            of(project.country)[world.goods[m]] += project.offtake_share * made * run
    return {
        country: case.tree.accumulate(np.where(world.calm, tonnes, 0.0))[:, world.leaves]
        for country, tonnes in entering.items()
    }
