"""What to branch on: "signed at all" before "in which year".

A row Σ x ≤ 1 over decisions only (an agreement is signed at most once, in one of its years) is branched on as
a whole, 0 or 1, as long as its sum is fractional; then single decisions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.split import Master

INTEGRAL = 1e-6
"""Distance from an integer below which a value counts as whole."""
CANDIDATES = 6
"""Branchings compared by trials at a node, at most."""
RELIABLE = 1
"""Observations on each side after which a mean is trusted."""


@dataclass(frozen=True)
class Pack:
    """A row of the master: at most one of these decisions (positions among the decisions)."""

    row: int
    members: NDArray[np.int64]
    side: float
    """Of the row where one is taken."""


@dataclass(frozen=True)
class Branching:
    """Decision ``member``, or pack ``pack`` as a whole."""

    pack: int
    member: int
    value: float

    @property
    def key(self) -> tuple[int, int]:
        """By which it is known again."""
        return self.pack, self.member

    def moved(self, side: int) -> float:
        """How far the value moves down (0) or up (1)."""
        return max(self.value if side == 0 else 1.0 - self.value, INTEGRAL)


def packs(master: Master, integers: NDArray[np.int64]) -> list[Pack]:
    """Rows that allow at most one of several decisions that are 0 or 1."""
    place = np.full(len(master.cost), -1)
    place[integers] = np.arange(len(integers))
    binary = master.integer & (master.lower >= 0) & (master.upper <= 1)
    rows = sp.csr_array(master.matrix)
    found = []
    for i in np.flatnonzero(np.isneginf(master.row_lower) & (master.row_upper > 0)):
        columns = rows.indices[rows.indptr[i] : rows.indptr[i + 1]]
        values = rows.data[rows.indptr[i] : rows.indptr[i + 1]]
        if (
            len(columns) > 1
            and binary[columns].all()
            and np.array_equal(values, values * 0 + master.row_upper[i])
        ):
            found.append(Pack(int(i), place[columns].astype(np.int64), float(master.row_upper[i])))
    return found


def branchings(x: Vector, all_packs: list[Pack], taken: frozenset[int]) -> list[Branching]:
    """What may be branched on at a point; packs in ``taken`` already have to be 1."""
    far = np.abs(x - np.round(x))
    found, inside = [], np.zeros(len(x), dtype=bool)
    for k, pack in enumerate(all_packs):
        total = float(x[pack.members].sum())
        if k not in taken and INTEGRAL < total < 1 - INTEGRAL:
            found.append(Branching(k, -1, total))
            inside[pack.members] = True
    found += [Branching(-1, int(j), float(x[j])) for j in np.flatnonzero((far > INTEGRAL) & ~inside)]
    return found


@dataclass
class Gains:
    """Mean rise of the bound by unit by which a branching moved, down and up."""

    known: dict[tuple[int, int], list[list[float]]] = field(default_factory=dict)

    def learn(self, b: Branching, side: int, gain: float) -> None:
        """Take note."""
        self.known.setdefault(b.key, [[], []])[side].append(max(0.0, gain) / b.moved(side))

    def reliable(self, b: Branching) -> bool:
        """Whether enough has been seen on both sides."""
        seen = self.known.get(b.key)
        return seen is not None and min(len(seen[0]), len(seen[1])) >= RELIABLE

    def score(self, b: Branching) -> float:
        """Both sides should gain, so their product counts."""
        product = 1.0
        for side in (0, 1):
            seen = self.known.get(b.key, [[], []])[side]
            if not seen:
                every = [value for both in self.known.values() for value in both[side]]
                seen = every or [1.0]
            product *= max(float(np.mean(seen)) * b.moved(side), 1e-9)
        return product
