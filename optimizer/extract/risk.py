"""E, CVaR, shortages and days of cover, read off a plan in natural units."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from models.instance import at
from models.plan import RiskFigures, ScenarioRisk, SegmentRisk
from optimizer.data import Data
from optimizer.extract.rules import SHORT, Values, chances, concentrations
from optimizer.tree import UNDISTURBED


@dataclass
class Losses:
    """Loss by node and segment, USD discounted, and where anything is missing."""

    by_node: dict[int, float]
    by_segment: dict[str, dict[int, float]]
    missing: dict[str, set[int]]
    """segment: nodes with a shortage or cut."""


def losses(data: Data, found: Values) -> Losses:
    """model.md §4.13, node by node."""
    by_node: dict[int, float] = defaultdict(float)
    segments = data.instance.segments()
    by_segment: dict[str, dict[int, float]] = {segment: defaultdict(float) for segment in segments}
    missing: dict[str, set[int]] = {segment: set() for segment in segments}

    def add(segment: str, n: int, usd: float) -> None:
        discounted = usd * data.discount(data.period(n))
        by_node[n] += discounted
        by_segment[segment][n] += discounted

    short: dict[tuple[str, int], float] = defaultdict(float)
    for (q, tier, n), tonnes in found["short"].items():
        row = data.demand_rows[q]
        add(row.segment, n, tonnes * at(row.shortage_cost[tier].cost, data.period(n)))
        short[q, n] += tonnes
    for (q, n), tonnes in short.items():
        row = data.demand_rows[q]
        if tonnes > SHORT * data.demand(row, n) * data.units.tonnes[row.commodity]:
            missing[row.segment].add(n)
    for (u, n), tonnes in found["substitute"].items():
        add(data.demand_rows[data.substitutions[u].demand].segment, n, tonnes * data.substitutions[u].cost)
    cut: dict[tuple[str, int], float] = defaultdict(float)
    for (j, tier, n), share in found["cut"].items():
        industry = data.industries[j]
        add(industry.segment, n, share * industry.loss[tier].factor * data.output(j, n) * data.units.money)
        cut[j, n] += share
    for (j, n), share in cut.items():
        if share > SHORT:
            missing[data.industries[j].segment].add(n)
    return Losses(by_node, by_segment, missing)


def cvar(weighted: list[tuple[float, float]], alpha: float) -> float:
    """CVaR of (loss, probability) pairs: the mean of the worst 1-α of the probability there is.

    The minimum over η of η + Σ p·(L-η)⁺/(1-α) is at the largest loss that still has more than 1-α at or above
    it (Rockafellar and Uryasev, Journal of Risk 2, 2000).
    """
    tail, taken, total = 1.0 - alpha, 0.0, 0.0
    for loss, probability in sorted(weighted, reverse=True):
        take = min(probability, tail - taken)
        if take <= 0:
            break
        total += take * loss
        taken += take
    lowest = min((loss for loss, _ in weighted), default=0.0)
    return (total + max(0.0, tail - taken) * lowest) / tail


def risk(data: Data, found: Values, expected_cost: float) -> RiskFigures:
    """E, CVaR, probability of shortage by segment, loss and cover by scenario."""
    lost = losses(data, found)
    tree, alpha = data.tree, data.instance.objective.cvar_alpha
    paths = {s: list(tree.path(leaf)) for s, leaf in tree.leaf.items()}
    loss = {s: sum(lost.by_node.get(n, 0.0) for n in path) for s, path in paths.items()}

    def missing(s: str, segment: str) -> bool:
        return not lost.missing[segment].isdisjoint(paths[s])

    segments = tuple(
        SegmentRisk(
            segment=segment,
            probability_of_shortage=min(1.0, sum(tree.weight[s] for s in paths if missing(s, segment))),
            expected_shortage=sum(data.probability(n) * usd for n, usd in by_node.items()),
        )
        for segment, by_node in lost.by_segment.items()
    )
    cover = days_of_cover(data, found)
    return RiskFigures(
        expected_loss=sum(tree.weight[s] * usd for s, usd in loss.items()),
        cvar=cvar([(usd, tree.weight[s]) for s, usd in loss.items() if tree.weight[s] > 0], alpha),
        cvar_alpha=alpha,
        expected_cost=expected_cost,
        segments=segments,
        scenarios=tuple(
            ScenarioRisk(id=s, probability=tree.weight[s], loss=usd, days_of_cover=cover.get(s, {}))
            for s, usd in sorted(loss.items(), key=lambda item: item[0] == UNDISTURBED)
        ),
        concentration=concentrations(data, found),
        chance=chances(data, found),
    )


def supply_hit(data: Data, c: str, n: int) -> bool:
    """Whether commerce in a commodity is cut at a node; what is not traded, with any of its suppliers."""
    whole = data.market(c, n, hit=False)
    if whole > 0:
        return data.market(c, n) < (1 - SHORT) * whole
    suppliers = [("spot", o.id) for o in data.instance.spot if o.commodity == c]
    suppliers += [("agreements", a.id) for a in data.instance.agreements if a.commodity == c]
    suppliers += [("projects", k.id) for k in data.instance.projects if k.outputs.get(c, 0.0) > 0]
    return any(data.avail(table, row, n) < 1 - SHORT for table, row in suppliers)


def days_of_cover(data: Data, found: Values) -> dict[str, dict[str, float]]:
    """Stock before supply is first hit, by scenario and commodity, in days of undisturbed use.

    The stock is that at the end of the period before, in the first period the opening stock. Supply is what
    commerce has; where there is no commerce, what any offer, agreement or project has.
    """
    stock: dict[tuple[str, int], float] = defaultdict(float)
    for (c, _, n), tonnes in found["stock"].items():
        stock[c, n] += tonnes
    opening: dict[str, float] = defaultdict(float)
    for (c, _), scaled in data.opening.items():
        opening[c] += scaled * data.units.tonnes[c]
    annual = {
        (c, t): sum(at(q.quantity, t) for q in data.instance.demand if q.commodity == c)
        + sum(at(j.needs[c], t) for j in data.instance.industries if c in j.needs)
        for c in data.commodities
        for t in range(data.periods)
    }
    # Nodes with the same effects in the same period are hit alike.
    known: dict[tuple[str, int, int], bool] = {}

    def hit(c: str, n: int) -> bool:
        alike = (c, id(data.states[n]), data.period(n))
        if alike not in known:
            known[alike] = supply_hit(data, c, n)
        return known[alike]

    result: dict[str, dict[str, float]] = {}
    for s, leaf in data.tree.leaf.items():
        path = list(data.tree.path(leaf))[::-1]
        for c in data.commodities:
            first = next((n for n in path if hit(c, n)), None)
            if first is None or annual[c, data.period(first)] <= 0:
                continue
            parent = data.parent(first)
            held = opening[c] if parent is None else stock[c, parent]
            result.setdefault(s, {})[c] = 365 * held / annual[c, data.period(first)]
    return result
