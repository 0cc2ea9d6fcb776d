"""The scenario tree of model.md §2, grown again from the instance alone.

A node is a history: the multisets of effects in force in every period up to its own. Two scenarios share a
node as long as these histories are the same. The trunk, the history without any effect, exists for all T
periods.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.instance import Effect, Instance
from optimizer.audit.arrays import Array, Ints

UNDISTURBED = ""
"""Id of the scenario that takes what probability the others leave."""

Names = frozenset[str]
Selector = tuple[str, Names, Names, Names, Names, Names, Names, Names]
"""kind, countries, groups, members, channels, commodities, materials, segments."""
Canonical = tuple[Selector, float]


def canonical(effect: Effect) -> Canonical:
    """An effect as it is compared: defaults filled, lists as sets."""
    lists = (
        effect.countries,
        effect.groups,
        effect.members,
        effect.channels,
        effect.commodities,
        effect.materials,
        effect.segments,
    )
    countries, groups, members, channels, commodities, materials, segments = (frozenset(x) for x in lists)
    return (
        (effect.kind, countries, groups, members, channels, commodities, materials, segments),
        effect.factor,
    )


@dataclass(frozen=True)
class Tree:
    """Nodes numbered period by period, parents first; the first node of a period is the trunk's."""

    period: Ints
    parent: Ints  # -1 in period 0
    probability: Array
    force: tuple[tuple[int, ...], ...]  # per node, the effects in force, as numbers of `effects`
    effects: tuple[Canonical, ...]
    through: tuple[tuple[str, ...], ...]  # per node, ids of the scenarios of the instance through it
    levels: tuple[Ints, ...]  # per period, its nodes
    leaf: dict[str, int]  # scenario (the undisturbed one included): its last node
    chance: dict[str, float]  # scenario: probability

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.period)

    @cached_property
    def trunk(self) -> frozenset[int]:
        """Nodes without any effect so far, one per period."""
        return frozenset(int(level[0]) for level in self.levels)

    def before(self, values: Array, first: Array | float) -> Array:
        """Per node the value at its parent, ``first`` in period 0; nodes are the last axis."""
        root = self.parent < 0
        result = values[..., np.maximum(self.parent, 0)]
        return np.where(root, first, result)

    def accumulate(self, flow: Array, first: Array | float = 0.0, keep: Array | float = 1.0) -> Array:
        """stock[n] = keep · stock[pa(n)] + flow[n], with ``first`` before period 0; nodes are the last axis.

        ``first`` and ``keep`` broadcast against one column of ``flow``.
        """
        stock = np.empty_like(flow)
        for nodes in self.levels:
            above = self.parent[nodes]
            old = np.broadcast_to(first, flow[..., nodes].shape) if above[0] < 0 else stock[..., above]
            stock[..., nodes] = keep * old + flow[..., nodes]
        return stock


def grow(instance: Instance) -> Tree:
    """The tree of the instance's scenarios."""
    periods = instance.horizon.periods
    number: dict[Canonical, int] = {}
    histories = []
    for scenario in instance.scenarios:
        force: list[list[int]] = [[] for _ in range(periods)]
        for event in scenario.events:
            ids = [number.setdefault(canonical(effect), len(number)) for effect in event.effects]
            for t in range(event.start, min(event.start + event.duration, periods)):
                force[t] += ids
        histories.append([tuple(sorted(f)) for f in force])

    parent: list[int] = []
    force_at: list[tuple[int, ...]] = []
    through: list[list[int]] = []
    period: list[int] = []
    levels: list[Ints] = []
    at = [-1] * len(histories)
    trunk = -1
    for t in range(periods):
        seen: dict[tuple[int, tuple[int, ...]], int] = {}
        first = len(parent)
        for s, node_key in [(-1, (trunk, ())), *((s, (at[s], h[t])) for s, h in enumerate(histories))]:
            if node_key not in seen:
                seen[node_key] = len(parent)
                parent.append(node_key[0])
                force_at.append(node_key[1])
                through.append([])
                period.append(t)
            if s >= 0:
                at[s] = seen[node_key]
                through[at[s]].append(s)
        trunk = first
        levels.append(np.arange(first, len(parent)))

    chance = np.array([s.probability for s in instance.scenarios])
    rest = max(0.0, 1.0 - float(chance.sum()))
    probability = np.array([chance[members].sum() if members else 0.0 for members in through])
    probability[[int(level[0]) for level in levels]] += rest
    names = [s.id for s in instance.scenarios]
    return Tree(
        period=np.array(period),
        parent=np.array(parent),
        probability=probability,
        force=tuple(force_at),
        effects=tuple(number),
        through=tuple(tuple(names[s] for s in members) for members in through),
        levels=tuple(levels),
        leaf={**dict(zip(names, at, strict=True)), UNDISTURBED: trunk},
        chance={**{s.id: s.probability for s in instance.scenarios}, UNDISTURBED: rest},
    )


def nodes_in_force(tree: Tree) -> dict[int, tuple[Ints, Ints]]:
    """Per effect the nodes where it is in force, and how many times over."""
    lists: defaultdict[int, list[int]] = defaultdict(list)
    for node, force in enumerate(tree.force):
        for effect in force:
            lists[effect].append(node)
    result = {}
    for effect, nodes in lists.items():
        unique, times = np.unique(np.array(nodes), return_counts=True)
        result[effect] = (unique, times)
    return result
