"""Rule 10 of model.md §4: the share of what enters the reserve in calm that countries may have."""

from __future__ import annotations

import numpy as np

from models.instance import ShareRule
from optimizer.audit import flows
from optimizer.audit.arrays import Array, column
from optimizer.audit.case import Case
from optimizer.audit.effects import named_countries


def shares(case: Case) -> None:
    """From named countries ≤ max_share · all, per commodity, tonnes added up along every path."""
    if not case.instance.risk.shares:
        return
    leaves, ids = case.world.leaves, list(case.world.goods)
    everything = _along(case, _entering(case, None))
    for rule in case.instance.risk.shares:
        named = _along(case, _entering(case, rule))
        rows = [case.world.goods[m] for m in dict.fromkeys(rule.commodities or ids)]
        what = ", ".join((*rule.countries, *rule.groups)) or "all countries"

        def name(i: int, leaf: int, rows: list[int] = rows, what: str = what) -> str:
            return f"{ids[rows[i]]} · {what} · path to {case.node(int(leaves[leaf]))}"

        case.ledger.at_most(
            "shares",
            "more than max_share of what enters the reserve",
            "t",
            named[rows],
            rule.max_share * everything[rows],
            name=name,
            floor=column(list(case.world.tonnes[rows])),
        )


def _along(case: Case, entering: Array) -> Array:
    """Calm tonnes added up from root to leaf; (commodities, leaves)."""
    quiet = np.where(case.world.calm, entering, 0.0)
    return case.tree.accumulate(quiet)[:, case.world.leaves]


def _entering(case: Case, rule: ShareRule | None) -> Array:
    """Deliveries, spot and σ·outputs from or via the countries of the rule; (commodities, nodes)."""
    places = None
    if rule is not None:
        places = named_countries(case.instance, frozenset(rule.countries), frozenset(rule.groups))
    world, goods = case.world, case.world.goods
    total = np.zeros((len(goods), world.nodes))

    def counts(country: str, via: tuple[str, ...]) -> bool:
        return places is None or not places.isdisjoint({country, *via})

    for agreement, deliver in zip(case.instance.agreements, case.operations["deliver"], strict=True):
        if counts(agreement.country, agreement.via):
            total[goods[agreement.commodity]] += deliver
    for offer, bought in zip(case.instance.spot, flows.spot_by_offer(case), strict=True):
        if counts(offer.country, offer.via):
            total[goods[offer.commodity]] += bought
    share = [k.offtake_share if counts(k.country, k.via) else 0.0 for k in case.instance.projects]
    return total + flows.outputs(case, share)
