"""Where a rule gives way, and what of the world stands in its way: read off the duals of the LP that relaxes it least.

A row with a dual is one without which the rule would give way less. Rows of the rule itself say when and in which
scenario; the others say what is exhausted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer.compile import Vector
from optimizer.data import Data
from optimizer.explain.elastic import Elastic
from optimizer.explain.rules import Index, Rule
from optimizer.explain.words import listed, years
from optimizer.highs import Outcome

NOISE = 1e-7
"""Duals below this share of the largest are rounding."""
TIGHT = 1e-7
"""Relative distance at which a limit counts as reached."""

EXHAUSTED: dict[str, tuple[str, int | None]] = {
    "volume_max": ("the volume of agreement {}", None),
    "capacity_max": ("the size of project {}", None),
    "run_max": ("the capacity of project {}", 1),
    "spot": ("offer {}", 2),
    "market_max": ("commerce in {}", 1),
    "private_once": ("what consumers hold of {}", None),
    "substitute": ("substitution {}", 1),
    "release_gap": ("the gap in {} that the reserve may fill", 1),
    "depot_capacity": ("room in depot {}", 1),
    "depot_outturn": ("what depot {} can give out", 1),
    "sale": ("sales of {}", 1),
}
"""Rows and upper bounds that say what is exhausted, and the position of the node in their index."""
DECISION = {"volume_max": "sign", "capacity_max": "build"}
"""Rows that say nothing where the yes/no decision is no."""


def where(elastic: Elastic, g: int, outcome: Outcome) -> list[int]:
    """The places of a rule (their positions) that force it to give way, the one that counts most first."""
    rule, duals = elastic.rules[g], outcome.row_duals
    assert duals is not None, "an LP solved to optimality has duals"
    force = {
        p: abs(duals[row] * place.step)
        for p, (place, row) in enumerate(zip(rule.places, elastic.rows_of[g], strict=True))
        if row is not None
    }
    least = NOISE * max(force.values(), default=0.0)
    return sorted((p for p in force if force[p] > least), key=lambda p: (-force[p], p))


def exhausted(data: Data, elastic: Elastic, outcome: Outcome) -> list[str]:
    """What of the world would have to be larger, in words, with the years."""
    assert outcome.x is not None, "solved to optimality"
    assert outcome.row_duals is not None, "solved to optimality"
    assert outcome.column_duals is not None, "solved to optimality"
    arrays, x = elastic.arrays, outcome.x
    decided = {key: x[j] for j, key in enumerate(arrays.columns) if arrays.integer[j]}
    found: dict[str, set[int]] = {}
    largest = max(np.abs(outcome.row_duals).max(initial=0.0), np.abs(outcome.column_duals).max(initial=0.0))

    def note(name: str, key: tuple[Any, ...]) -> None:
        words, node = EXHAUSTED[name]
        if name in DECISION and decided[DECISION[name], key] < 0.5:
            return
        found.setdefault(words.format(key[0]), set()).update([] if node is None else [key[node]])

    for i in np.flatnonzero(np.abs(outcome.row_duals) > NOISE * largest):
        if arrays.rows[i][0] in EXHAUSTED:
            note(*arrays.rows[i])
    for j in np.flatnonzero((outcome.column_duals < -NOISE * largest) & np.isfinite(arrays.upper)):
        if arrays.columns[j][0] in EXHAUSTED:
            note(*arrays.columns[j])
    return [f"{words}{years(data, nodes)}" for words, nodes in found.items()]


def short_of_cash(data: Data, index: Index, outcome: Outcome) -> int | None:
    """The last node at which cash runs out; None if the duals do not say."""
    assert outcome.row_duals is not None, "solved to optimality"
    least = NOISE * np.abs(outcome.row_duals).max(initial=0.0)
    nodes = [key[0] for i, key in index.rows("cash_balance") if abs(outcome.row_duals[i]) > least]
    return max(nodes, key=lambda n: (data.period(n), -n), default=None)


def used_up(data: Data, index: Index, rules: list[Rule], x: Vector, node: int) -> str:
    """Rules of money that are at their limit on the way to a node, in words."""
    arrays, path = index.arrays, set(data.tree.path(node))
    x = x[: arrays.shape[1]]

    def tight(rule: Rule) -> bool:
        for place in rule.places:
            if place.node in path:
                limit = arrays.upper[place.index] if place.bound else arrays.row_upper[place.index]
                value = x[place.index] if place.bound else float(arrays.matrix[[place.index]] @ x)
                if value >= limit - TIGHT * max(1.0, abs(limit)):
                    return True
        return False

    return listed([rule.name for rule in rules if rule.kind in ("envelope", "source", "availability") and tight(rule)])
