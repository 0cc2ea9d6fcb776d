"""The scenario tree of model.md §2: what is not yet known cannot be used.

Scenarios share a node as long as the effects in force have been the same in both, compared as multisets of
effects with defaults filled and lists as sets. Ids of events and durations to come are not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from models.instance import Effect, Instance, Scenario

UNDISTURBED = ""
"""Id of the scenario that takes the probability left over by the others."""

NEGLIGIBLE = 1e-12
"""A left-over probability below this is rounding, not a scenario."""

EffectKey = tuple[str, float, tuple[tuple[str, ...], ...]]
Signature = tuple[EffectKey, ...]


def effect_key(effect: Effect) -> EffectKey:
    """What makes two effects the same: kind, factor and selectors, lists taken as sets."""
    lists = (
        effect.countries,
        effect.groups,
        effect.members,
        effect.channels,
        effect.commodities,
        effect.materials,
        effect.segments,
    )
    return (effect.kind, effect.factor, tuple(tuple(sorted(set(names))) for names in lists))


@dataclass(frozen=True, slots=True)
class Node:
    """One state of knowledge in one period."""

    id: int
    period: int
    parent: int | None
    in_force: Signature
    """Effects in force in this period."""


@dataclass
class Tree:
    """Nodes in an order in which parents come before children; node t is the trunk in period t."""

    nodes: list[Node]
    probability: list[float]
    """π(n), by node."""
    effects: dict[EffectKey, Effect]
    """One representative of each effect that is ever in force."""
    leaf: dict[str, int]
    """The last node of each scenario with its probability > 0 or given in the instance."""
    weight: dict[str, float]
    """Probability of each scenario, the undisturbed one included if it has any."""
    children: dict[int, list[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.nodes)

    def path(self, node: int) -> Iterator[int]:
        """From a node back to the first period."""
        at: int | None = node
        while at is not None:
            yield at
            at = self.nodes[at].parent

    def leaves(self) -> dict[int, float]:
        """Last nodes of all paths (the trunk's too) with the probability of ending there."""
        ends = {node.id: 0.0 for node in self.nodes if not self.children.get(node.id)}
        for scenario, leaf in self.leaf.items():
            ends[leaf] += self.weight[scenario]
        return ends

    def scenarios(self) -> dict[int, list[str]]:
        """Ids of the scenarios through each node."""
        through: dict[int, list[str]] = defaultdict(list)
        for scenario, leaf in self.leaf.items():
            for node in self.path(leaf):
                through[node].append(scenario)
        return through


def grow(instance: Instance) -> Tree:
    """Scenarios to tree. Time and memory are linear in scenarios × periods."""
    periods = instance.horizon.periods
    nodes = [Node(t, t, t - 1 if t else None, ()) for t in range(periods)]
    known: dict[tuple[int | None, Signature], int] = {(node.parent, ()): node.id for node in nodes}
    effects: dict[EffectKey, Effect] = {}
    leaf: dict[str, int] = {}
    weight: dict[str, float] = {}
    probability = [0.0] * periods

    left_over = 1.0 - sum(scenario.probability for scenario in instance.scenarios)
    if left_over > NEGLIGIBLE:
        leaf[UNDISTURBED], weight[UNDISTURBED] = periods - 1, left_over
        probability = [left_over] * periods

    for scenario in instance.scenarios:
        parent: int | None = None
        for period, in_force in enumerate(unfold(scenario, periods, effects)):
            at = known.get((parent, in_force))
            if at is None:
                at = known[(parent, in_force)] = len(nodes)
                nodes.append(Node(at, period, parent, in_force))
                probability.append(0.0)
            probability[at] += scenario.probability
            parent = at
        assert parent is not None, "a horizon has at least one period"
        leaf[scenario.id], weight[scenario.id] = parent, scenario.probability

    children: dict[int, list[int]] = defaultdict(list)
    for node in nodes:
        if node.parent is not None:
            children[node.parent].append(node.id)
    return Tree(nodes, probability, effects, leaf, weight, dict(children))


def unfold(scenario: Scenario, periods: int, effects: dict[EffectKey, Effect]) -> list[Signature]:
    """The multiset of effects in force, period by period; effects met are recorded in ``effects``."""
    in_force: list[list[EffectKey]] = [[] for _ in range(periods)]
    for event in scenario.events:
        for effect in event.effects:
            key = effect_key(effect)
            effects.setdefault(key, effect)
            for period in range(event.start, min(event.start + event.duration, periods)):
                in_force[period].append(key)
    return [tuple(sorted(keys)) for keys in in_force]
