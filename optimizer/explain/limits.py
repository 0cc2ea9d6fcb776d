"""Where a rule gives way, and what of the world stands against it: the duals of the LP that relaxes it least.

A row with a dual is one without which the rule would give way less. Rows of the rule itself say when and in
which scenario; the others say what is exhausted and what is forced.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from optimizer.compile import Vector
from optimizer.data import Data
from optimizer.explain.elastic import Elastic
from optimizer.explain.rules import Index, Rule
from optimizer.explain.words import years
from optimizer.highs import Outcome

NOISE = 1e-7
"""Duals below this share of the largest are rounding."""
TIGHT = 1e-7
"""Relative distance at which a limit counts as reached."""

Table = dict[str, tuple[str, int | None]]
"""Name of rows or columns: what they are called, and the position of the node in their index."""

EXHAUSTED: Table = {
    "volume_max": ("the volume of agreement {}", None),
    "capacity_max": ("the size of project {}", None),
    "run_max": ("the capacity of project {}", 1),
    "spot": ("offer {}", 2),
    "market_max": ("commerce in {}", 1),
    "private_once": ("what consumers hold of {}", None),
    "substitute": ("substitution {}", 1),
    "depot_capacity": ("room in depot {}", 1),
    "depot_outturn": ("what depot {} can give out", 1),
}
"""Rows and upper bounds that say what is used up."""
FORCED: Table = {
    "run_must": ("project {} must run", 1),
    "volume_min": ("the least volume of agreement {}", None),
    "capacity_min": ("the least size of project {}", None),
    "take_or_pay": ("take-or-pay of agreement {}", 1),
}
"""Rows that say what has to be bought or made whether it is wanted or not."""
DECISION = {"volume_min": "sign", "capacity_min": "build", "volume_max": "sign", "capacity_max": "build"}
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


def reasons(data: Data, elastic: Elastic, outcome: Outcome, table: Table) -> list[str]:
    """Rows and upper bounds of a table that count, in words, with the years; what counts most comes first."""
    rows, columns, x = outcome.row_duals, outcome.column_duals, outcome.x
    assert rows is not None, "solved to optimality"
    assert columns is not None, "solved to optimality"
    assert x is not None, "solved to optimality"
    arrays = elastic.arrays
    decided = {key: x[j] > 0.5 for j, key in enumerate(arrays.columns) if arrays.integer[j]}
    least = NOISE * max(np.abs(rows).max(initial=0.0), np.abs(columns).max(initial=0.0))
    activity = arrays.matrix @ x
    tight_rows = np.flatnonzero(np.abs(rows) > least)
    at_limit = np.flatnonzero((columns < -least) & np.isfinite(arrays.upper))
    keys = [arrays.rows[i] for i in tight_rows] + [arrays.columns[j] for j in at_limit]
    weights = [abs(rows[i] * activity[i]) for i in tight_rows] + [abs(columns[j] * x[j]) for j in at_limit]
    nodes: dict[str, set[int]] = {}
    weight: dict[str, float] = defaultdict(float)
    for (name, key), counts in zip(keys, weights, strict=True):
        if name in table and (name not in DECISION or decided[DECISION[name], key]):
            words, node = table[name]
            called = words.format(key[0])
            nodes.setdefault(called, set()).update([] if node is None else [key[node]])
            weight[called] += counts
    return [f"{called}{years(data, nodes[called])}" for called in sorted(nodes, key=lambda c: -weight[c])]


def short_of_cash(data: Data, index: Index, outcome: Outcome) -> int | None:
    """The last node at which cash runs out; None if the duals do not say."""
    assert outcome.row_duals is not None, "solved to optimality"
    least = NOISE * np.abs(outcome.row_duals).max(initial=0.0)
    nodes = [key[0] for i, key in index.rows("cash_balance") if abs(outcome.row_duals[i]) > least]
    return max(nodes, key=lambda n: (data.period(n), -n), default=None)


def used_up(data: Data, index: Index, rules: list[Rule], x: Vector, node: int) -> list[str]:
    """Rules of money that are at their limit on the way to a node."""
    arrays, path = index.arrays, set(data.tree.path(node))
    x = x[: arrays.shape[1]]
    activity = arrays.matrix @ x

    def tight(rule: Rule) -> bool:
        for place in rule.places:
            limit = arrays.upper[place.index] if place.bound else arrays.row_upper[place.index]
            value = x[place.index] if place.bound else activity[place.index]
            if place.node in path and value >= limit - TIGHT * max(1.0, abs(limit)):
                return True
        return False

    limits = ("envelope", "source", "availability")
    return [rule.name for rule in rules if rule.kind in limits and tight(rule)]
