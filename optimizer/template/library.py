"""A small made-up tree that holds every part of a state at least once, compiled through the formulation.

The trunk is undisturbed; every other node hangs under the trunk. A node's state is put together from parts
of several states as long as they do not contradict each other, so a few nodes hold them all. Probabilities of
a period are powers of two that sum to 1: dividing by them is exact, and what depends on their sum comes out
as in any tree. Only nodes of the last period count as leaves, as in any tree that has grown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from models.instance import Instance
from optimizer.compile import Arrays, Vector, compile_arrays, constraint_names, no_collection
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.template.parts import Parts
from optimizer.tree import Node, Tree

Part = tuple[int, Vector]
"""A unit and what a state says about it, in the order of the unit's slots."""


class Place(int):
    """A node in an index, to be told from periods, starts and positions of rules."""


def pack(parts: Parts, wanted: Iterable[Part], first: Vector | None = None) -> list[Vector]:
    """Few vectors that hold all wanted parts; ``first`` is one of them if given.

    Each part goes into the first vector that does not contradict it, those of units with most parts first.
    What nobody asks for is calm.
    """
    wanted = list(wanted)
    count = Counter(unit for unit, _ in wanted)
    held = np.empty((0, parts.length)) if first is None else first[None, :].copy()
    for unit, values in sorted(wanted, key=lambda part: (-count[part[0]], part[0])):
        slots = parts.slots[unit]
        there = held[:, slots]
        fits = np.flatnonzero(((there == values) | np.isnan(there)).all(axis=1))
        if len(fits):
            held[fits[0], slots] = values
        else:
            added = np.full((1, parts.length), np.nan)
            added[0, slots] = values
            held = np.vstack([held, added])
    return [np.where(np.isnan(row), parts.calm, row) for row in held]


def powers_of_two(count: int) -> list[float]:
    """So many powers of two that sum to 1."""
    larger = 2 ** (count.bit_length() - 1)
    halves = 2 * (count - larger)
    return [1.0 / larger] * (count - halves) + [0.5 / larger] * halves


@dataclass(frozen=True)
class Library:
    """A compiled tree. ``vectors`` and ``sampled`` by node; trunk first, then the others."""

    tree: Tree
    vectors: list[Vector]
    unlikely: int
    """A calm leaf of probability 0."""
    arrays: Arrays
    row_names: list[str]
    """Names of all constraints in the order of declaration, those without rows included."""


def compile_library(instance: Instance, parts: Parts, vectors: Mapping[int, list[Vector]]) -> Library:
    """The trunk, one node for each vector (by period), and a calm leaf of probability 0."""
    last = instance.horizon.periods - 1
    nodes = [Node(Place(t), t, Place(t - 1) if t else None, ()) for t in range(last + 1)]
    held = [parts.calm] * (last + 1)
    for t, of_period in [*sorted(vectors.items()), (last, [parts.calm])]:
        for vector in of_period:
            nodes.append(Node(Place(len(nodes)), t, Place(t - 1) if t else None, ()))
            held.append(vector)
    unlikely = nodes[-1].id
    probability = [0.0] * len(nodes)
    for t in range(last + 1):
        at_t = [n.id for n in nodes if n.period == t and n.id != unlikely]
        for n, share in zip(at_t, powers_of_two(len(at_t)), strict=True):
            probability[n] = share
    leaves = {str(n.id): n.id for n in nodes if n.period == last}
    tree = Tree(
        nodes,
        probability,
        effects={},
        leaf=leaves,
        weight={name: probability[n] for name, n in leaves.items()},
        children={n.id: [nodes[n.period + 1].id] for n in nodes if n.period < last},
    )
    data = Data(instance, tree, [parts.state(vector) for vector in held])
    with no_collection():
        m = build(data)
        arrays = compile_arrays(m)
        names = constraint_names(m)
        del m
    return Library(tree, held, unlikely, arrays, names)
