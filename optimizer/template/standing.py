"""Rows that stand or fall with what happened before a node: cover, after a crisis."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from models.instance import Instance
from optimizer.keys import Key
from optimizer.states import State
from optimizer.template.cells import Integers
from optimizer.tree import Tree

ALWAYS = 10**9
"""Calm periods in a row where nothing was ever hit: periods before the first count as calm."""

Runs = NDArray[np.int64]


def run(calm: NDArray[np.bool_], before: Runs | None) -> Runs:
    """Calm periods in a row up to a node, by commodity, given those up to its parent (None: first period)."""
    earlier = np.full(len(calm), ALWAYS) if before is None else before
    return np.where(calm, np.minimum(earlier + 1, ALWAYS), 0)


def runs(tree: Tree, states: Iterable[State]) -> Runs:
    """Node × commodity."""
    found: list[Runs] = []
    for node, state in zip(tree.nodes, states, strict=True):
        found.append(run(state.calm, None if node.parent is None else found[node.parent]))
    return np.array(found)


def waiting(instance: Instance, rows: list[Key]) -> tuple[Integers, Integers, Integers]:
    """Rows of cover by position, the commodity of each by position, and the calm periods it waits for."""
    place = {c.id: i for i, c in enumerate(instance.commodities)}
    found = [
        (i, place[rule.commodity], rule.rebuild_periods + 1)
        for i, (name, index) in enumerate(rows)
        if name == "cover"
        for rule in (instance.risk.cover[index[0]],)
    ]
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]
