"""What belongs to no node: commitments, what falls due, quantiles, and the rules on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import scipy.sparse as sp

from optimizer.compile import Arrays
from optimizer.keys import Key
from optimizer.template.cells import Names

K = TypeVar("K")
V = TypeVar("V")


def _same(old: dict[K, V], new: dict[K, V]) -> None:
    for key, value in new.items():
        if old.setdefault(key, value) != value:
            raise AssertionError(f"{key} belongs to no node and yet depends on the nodes there are")


@dataclass
class Common:
    """Numbers by key, collected from libraries; each library must tell the same."""

    columns: dict[Key, tuple[float, float, float, float, bool]] = field(default_factory=dict)
    """Lower and upper bound, cost, expected cost, whether integer."""
    rows: dict[Key, tuple[float, float]] = field(default_factory=dict)
    entries: dict[tuple[Key, Key], float] = field(default_factory=dict)
    offset: float = 0.0

    def add(self, found: Arrays) -> None:
        """Take in the part without nodes of a library."""
        matrix = sp.coo_array(found.matrix)
        sides = zip(found.row_lower.tolist(), found.row_upper.tolist(), strict=True)
        numbers = zip(
            found.lower.tolist(),
            found.upper.tolist(),
            found.cost.tolist(),
            found.expected_cost.tolist(),
            found.integer.tolist(),
            strict=True,
        )
        _same(self.columns, dict(zip(found.columns, numbers, strict=True)))
        _same(self.rows, dict(zip(found.rows, sides, strict=True)))
        places = zip(matrix.coords[0].tolist(), matrix.coords[1].tolist(), strict=True)
        keys = [(found.rows[i], found.columns[j]) for i, j in places]
        _same(self.entries, dict(zip(keys, matrix.data.tolist(), strict=True)))
        self.offset = found.offset

    def arrays(self, rows: Names, columns: Names) -> Arrays:
        """All of it, in the order in which keys were met."""
        table = np.array([self.columns[key] for key in columns.keys], dtype=float).reshape(-1, 5)
        sides = np.array([self.rows[key] for key in rows.keys], dtype=float).reshape(-1, 2)
        i = [rows.number[key] for key, _ in self.entries]
        j = [columns.number[key] for _, key in self.entries]
        shape = (len(sides), len(table))
        return Arrays(
            matrix=sp.csc_array(sp.coo_array((list(self.entries.values()), (i, j)), shape=shape)),
            cost=table[:, 2],
            expected_cost=table[:, 3],
            offset=self.offset,
            lower=table[:, 0],
            upper=table[:, 1],
            integer=table[:, 4] != 0,
            row_lower=sides[:, 0],
            row_upper=sides[:, 1],
            columns=list(columns.keys),
            rows=list(rows.keys),
        )
