"""Solution to plan: scaled values become natural units under the names of model.md §3."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from models.instance import at
from models.plan import (
    BuiltProject,
    Commitments,
    Node,
    OpenedDepot,
    RiskFigures,
    ScenarioRisk,
    SegmentRisk,
    SignedAgreement,
)
from optimizer.compile import Arrays, Vector
from optimizer.data import Data
from optimizer.tree import UNDISTURBED

Values = dict[str, dict[tuple, float]]  # type: ignore[type-arg]  # indices differ by variable
"""variable: index: value in natural units, zeros left out."""

ZERO = 1e-9
"""Scaled values below this are the solver's noise."""
SHORT = 1e-6
"""Share of a demand or an output below which nothing is missing."""

INDEX = {
    **dict.fromkeys(("deliver", "untaken"), ("agreement", "node")),
    "spot": ("offer", "tier", "node"),
    **dict.fromkeys(("run", "upside"), ("project", "node")),
    **dict.fromkeys(("bought", "release", "private", "sale", "scrap"), ("commodity", "node")),
    **dict.fromkeys(("inject", "withdraw", "stock"), ("commodity", "depot", "node")),
    "substitute": ("substitution", "node"),
    "short": ("demand", "tier", "node"),
    "cut": ("industry", "tier", "node"),
    **dict.fromkeys(("draw", "repay", "owed", "drawn"), ("source", "node")),
    "cash": ("node",),
}
"""Operations of model.md §3 and what their indices are."""


def natural_unit(data: Data, name: str, index: tuple) -> float | None:  # type: ignore[type-arg]
    """What one scaled unit of a variable is in natural units; None for auxiliary variables."""
    units = data.units
    match name:
        case "sign" | "build" | "open" | "cut":
            return 1.0
        case "volume" | "deliver" | "untaken":
            return units.tonnes[data.agreements[index[0]].commodity]
        case "capacity" | "run":
            return units.activity[index[0]]
        case "spot":
            return units.tonnes[data.offers[index[0]].commodity]
        case "bought" | "release" | "private" | "sale" | "scrap" | "inject" | "withdraw" | "stock":
            return units.tonnes[index[0]]
        case "short":
            return units.tonnes[data.demand_rows[index[0]].commodity]
        case "substitute":
            return units.tonnes[data.demand_rows[data.substitutions[index[0]].demand].commodity]
        case "upside" | "draw" | "repay" | "owed" | "drawn" | "cash":
            return units.money
        case _:
            return None


def values(data: Data, arrays: Arrays, x: Vector) -> Values:
    """A solution by variable and index, in natural units."""
    found: Values = defaultdict(dict)
    for (name, index), value in zip(arrays.columns, x.tolist(), strict=True):
        if value < ZERO:
            continue
        unit = natural_unit(data, name, index)
        if unit is not None:
            found[name][index] = value * unit
    return found


def commitments(data: Data, found: Values) -> Commitments:
    """What is decided now."""
    first, years = data.instance.horizon.start_year, data.years_per_period
    return Commitments(
        agreements=tuple(
            SignedAgreement(id=a, start=s, year=first + s * years, volume=found["volume"].get((a, s), 0.0))
            for (a, s), yes in found["sign"].items()
            if yes > 0.5
        ),
        projects=tuple(
            BuiltProject(
                id=k,
                start=s,
                year=first + s * years,
                operates=first + (s + data.lead(data.projects[k])) * years,
                capacity=found["capacity"].get((k, s), 0.0),
            )
            for (k, s), yes in found["build"].items()
            if yes > 0.5
        ),
        depots=tuple(OpenedDepot(id=d) for (d,), yes in found["open"].items() if yes > 0.5),
    )


def operations(found: Values) -> dict[str, dict[str, list[str | int | float]]]:
    """Operations column by column."""
    tables: dict[str, dict[str, list[str | int | float]]] = {}
    for name, index in INDEX.items():
        rows = found.get(name)
        if not rows:
            continue
        columns = list(zip(*rows, strict=True))
        tables[name] = {column: list(values) for column, values in zip(index, columns, strict=True)}
        tables[name]["value"] = list(rows.values())
    return tables


def tree_rows(data: Data) -> tuple[Node, ...]:
    """The scenario tree as rows."""
    horizon, through = data.instance.horizon, data.tree.scenarios()
    return tuple(
        Node(
            id=node.id,
            period=node.period,
            year=horizon.start_year + node.period * horizon.period_years,
            parent=node.parent,
            probability=data.probability(node.id),
            scenarios=tuple(sorted(through.get(node.id, ()))),
        )
        for node in data.tree.nodes
    )


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
    segments = dict.fromkeys([*(q.segment for q in data.instance.demand), *(j.segment for j in data.instance.industries)])
    by_segment: dict[str, dict[int, float]] = {segment: defaultdict(float) for segment in segments}
    missing: dict[str, set[int]] = {segment: set() for segment in segments}

    def add(segment: str, n: int, usd: float) -> None:
        discounted = usd * data.discount(data.period(n))
        by_node[n] += discounted
        by_segment[segment][n] += discounted

    for (q, tier, n), tonnes in found["short"].items():
        row = data.demand_rows[q]
        add(row.segment, n, tonnes * at(row.shortage_cost[tier].cost, data.period(n)))
        if tonnes > SHORT * data.demand(row, n) * data.units.tonnes[row.commodity]:
            missing[row.segment].add(n)
    for (u, n), tonnes in found["substitute"].items():
        add(data.demand_rows[data.substitutions[u].demand].segment, n, tonnes * data.substitutions[u].cost)
    for (j, tier, n), share in found["cut"].items():
        row_ = data.industries[j]
        add(row_.segment, n, share * row_.loss[tier].factor * data.output(j, n) * data.units.money)
        if share > SHORT:
            missing[row_.segment].add(n)
    return Losses(by_node, by_segment, missing)


def cvar(weighted: list[tuple[float, float]], alpha: float) -> float:
    """CVaR of (loss, probability) pairs: the mean of the worst 1-α of the probability there is.

    The minimum over η of η + Σ p·(L-η)⁺/(1-α) is at the largest loss that still has more than 1-α at or above it.
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
    segments = tuple(
        SegmentRisk(
            segment=segment,
            probability_of_shortage=min(
                1.0, sum(tree.weight[s] for s, path in paths.items() if lost.missing[segment].intersection(path))
            ),
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
    )


def days_of_cover(data: Data, found: Values) -> dict[str, dict[str, float]]:
    """scenario: commodity: stock before its market supply is first cut, in days of demand without effects."""
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
    cut = {
        (c, n)
        for c in data.commodities
        for n in data.nodes
        if data.market(c, n) < (1 - SHORT) * data.market(c, n, hit=False)
    }
    result: dict[str, dict[str, float]] = {}
    for s, leaf in data.tree.leaf.items():
        path = list(data.tree.path(leaf))[::-1]
        for c in data.commodities:
            first = next((n for n in path if (c, n) in cut), None)
            if first is None or annual[c, data.period(first)] <= 0:
                continue
            parent = data.parent(first)
            held = opening[c] if parent is None else stock[c, parent]
            result.setdefault(s, {})[c] = 365 * held / annual[c, data.period(first)]
    return result
