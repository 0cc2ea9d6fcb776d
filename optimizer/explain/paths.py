"""Rules about whole paths that may give way: concentration, and chances of service."""

from __future__ import annotations

from collections.abc import Iterator

from models.instance import ChanceRule
from optimizer.compile import Vector
from optimizer.cones import COLUMN, ROW
from optimizer.data import Data
from optimizer.explain.rules import SMALL, Index, Rule, Yardsticks
from optimizer.summary.words import figures, percent


def paths(data: Data, index: Index) -> list[Rule]:
    """Rules about whole paths."""
    sizes = Yardsticks(data)
    found = [*concentrations(data, index, sizes), *chances(data, index)]
    return [rule for rule in found if rule.places]


def called_concentration(commodity: str, limit: float) -> str:
    """As in: ga (index at most 0.4)."""
    return f"{commodity} (index at most {figures(limit, 3)})"


def called_chance(rule: ChanceRule) -> str:
    """As in: defense in ga + ge (at least 90 % with a probability of 95 %)."""
    of = f" in {' + '.join(rule.commodities)}" if rule.commodities else ""
    part = "all" if rule.min_fraction == 1 else f"at least {percent(rule.min_fraction)}"
    return f"{rule.segment}{of} ({part} with a probability of {percent(rule.probability)})"


def concentrations(data: Data, index: Index, sizes: Yardsticks) -> Iterator[Rule]:
    """Concentration on countries: measured in a year's consumption of the commodity."""
    for r, rule in enumerate(data.instance.risk.concentration):
        for c in dict.fromkeys(rule.commodities or data.commodities):
            size, unit = sizes.tonnes(c), data.units.tonnes[c]
            places = index.places(ROW, size, unit, (r, c), 3) + index.places("even", size, unit, (r, c), 3)
            item = called_concentration(c, rule.hhi)
            yield Rule(
                "concentration", "concentration", item, f"concentration of {item}", "", rule.hhi, places
            )


def chances(data: Data, index: Index) -> Iterator[Rule]:
    """Chances of service: what gives way is the probability, its size is the one asked for."""
    for r, rule in enumerate(data.instance.risk.chance):
        places = index.places("chance_reached", max(rule.probability, SMALL), 1.0, (r,))
        item = called_chance(rule)
        name, unit = f"chance of service of {item}", "of probability"
        yield Rule("chance", "chance", item, name, unit, rule.probability, places)


def index_reached(index: Index, rule: Rule, x: Vector) -> tuple[float, int | None]:
    """The largest index of the commodity of a rule on concentration, and the leaf it is reached at."""
    commodity = index.arrays.rows[rule.places[0].index][1][1]
    length: dict[int, float] = {}
    total: dict[int, float] = {}
    for j, (m, _, leaf) in index.columns(COLUMN):
        if m == commodity and x[j] > 0:
            length[leaf] = length.get(leaf, 0.0) + float(x[j]) ** 2
            total[leaf] = total.get(leaf, 0.0) + float(x[j])
    leaves = {place.node for place in rule.places}
    reached = {
        n: length[n] / total[n] ** 2 for n in length if n in leaves and total[n] > 1e-6 * max(total.values())
    }
    worst = max(reached, key=lambda n: (reached[n], -n), default=None)
    return (0.0, None) if worst is None else (reached[worst], worst)


def left_out(data: Data, index: Index, rule: Rule, x: Vector) -> list[str]:
    """Scenarios of positive probability in which a chance of service is not kept."""
    number = index.arrays.rows[rule.places[0].index][1][0]
    broken = {n for j, (r, n) in index.columns("kept") if r == number and x[j] < 0.5}
    tree = data.tree
    return sorted(s for s, leaf in tree.leaf.items() if leaf in broken and tree.weight[s] > 0)
