"""Rules about whole paths that may give way: chances of service."""

from __future__ import annotations

from collections.abc import Iterator

from models.instance import ChanceRule
from optimizer.data import Data
from optimizer.explain.rules import SMALL, Index, Rule
from optimizer.summary.words import percent


def paths(data: Data, index: Index) -> list[Rule]:
    """Rules about whole paths."""
    return [rule for rule in chances(data, index) if rule.places]


def called_chance(rule: ChanceRule) -> str:
    """As in: defense in ga + ge (at least 90 % with a probability of 95 %)."""
    of = f" in {' + '.join(rule.commodities)}" if rule.commodities else ""
    asked = f"at least {percent(rule.min_fraction)} with a probability of {percent(rule.probability)}"
    return f"{rule.segment}{of} ({asked})"


def chances(data: Data, index: Index) -> Iterator[Rule]:
    """Chances of service: what gives way is the probability, its size is the one asked for."""
    for r, rule in enumerate(data.instance.risk.chance):
        places = index.places("chance_reached", max(rule.probability, SMALL), 1.0, (r,))
        item = called_chance(rule)
        name, unit = f"chance of service of {item}", "of probability"
        yield Rule("chance", "chance", item, name, unit, rule.probability, places)
