"""LPs within second-order cones: each holds tangents, added where its solution lies outside of a cone.

A cone is |length∘x| ≤ room·x over a few columns of one LP, all of them at least 0. At a point outside,
with v = length∘x and u = v/|v|, the row (u∘length - room)·x ≤ 0 is broken, and it holds everywhere inside
(Cauchy and Schwarz). Rows are added and the LP is run again until its solution is as good as inside (Kelley).
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from models.faults import SolverFailed
from optimizer.highs.spans import Integers, positions, starts

Vector = NDArray[np.float64]

CLOSE = 1e-8
"""Distance from a cone, relative to room·x, at which a solution counts as inside: hhi is then exceeded by
2e-8 of itself, and what the simplex method allows; the audit allows 1e-6."""
NOTHING = 1e-9
"""Distance, in the units of the arrays, that is rounding."""
NOTICED = 2e-7
"""What a tangent is broken by, as a row of an LP, at the least distance that counts: above the tolerance of
the simplex method, which would otherwise end at the same point again."""
ROUNDS = 200
"""Most rounds of tangents in one run; a few dozen do from nothing, a few from where the last run ended."""
STALE, MANY = 20, 10
"""Solves after which tangents that have not held since are let go of, and how many at least at a time."""

_BASIC = highspy.HighsBasisStatus.kBasic


@dataclass(frozen=True)
class Cones:
    """The cones of LPs, LP after LP."""

    start: Integers
    """By LP: its first cone; and the end."""
    entry: Integers
    """By cone: its first entry; and the end."""
    column: NDArray[np.int32]
    """By entry: the column, counted from the first of its LP."""
    length: Vector
    """By entry: 0 where the column only makes room."""
    room: Vector

    def of(self, which: Integers) -> Cones:
        """Those of some LPs."""
        cones = positions(self.start, which)
        entries = positions(self.entry, cones)
        return Cones(
            starts(self.start, which),
            starts(self.entry, cones),
            self.column[entries],
            self.length[entries],
            self.room[entries],
        )


class Tangents:
    """The tangents of one LP, its last rows in the order in which they came."""

    def __init__(self, cones: Cones, lp: int) -> None:
        first, last = cones.start[lp : lp + 2]
        some = slice(cones.entry[first], cones.entry[last])
        self._start = cones.entry[first : last + 1] - cones.entry[first]
        self._column, self._length, self._room = cones.column[some], cones.length[some], cones.room[some]
        self._cone: list[int] = []
        self._values: list[Vector] = []
        self._idle = np.empty(0, dtype=np.int64)
        """By tangent: in how many solves it has not held since it last did."""

    def __len__(self) -> int:
        return len(self._cone)

    def separate(self, held: highspy.Highs, x: Vector) -> bool:
        """Give an LP tangents at x (its own columns come first) of the cones outside of which x lies; whether
        there are any."""
        x = np.maximum(x[self._column], 0.0)
        v, firsts = self._length * x, self._start[:-1]
        size = np.sqrt(np.add.reduceat(v * v, firsts))
        allowed = np.add.reduceat(self._room * x, firsts)
        least = np.maximum(NOTHING, CLOSE * allowed)
        outside = np.flatnonzero(size - allowed > least).tolist()
        for k in outside:
            some = self._entries(k)
            row = v[some] / size[k] * self._length[some] - self._room[some]
            self._cone.append(k)
            # A power of two: nothing is rounded.
            self._values.append(row * np.exp2(np.ceil(np.log2(NOTICED / least[k]))))
        if outside:
            self._idle = np.concatenate([self._idle, np.zeros(len(outside), dtype=np.int64)])
            self.give(held, len(self) - len(outside))
        return bool(outside)

    def give(self, held: highspy.Highs, first: int = 0) -> None:
        """Add the tangents from the first given on to an LP, at the end of its rows."""
        columns = [self._column[self._entries(k)] for k in self._cone[first:]]
        count = len(columns)
        if not count:
            return
        start = np.concatenate([[0], np.cumsum([len(some) for some in columns])])
        status = held.addRows(
            count,
            np.full(count, -np.inf),
            np.zeros(count),
            int(start[-1]),
            start[:-1].astype(np.int32),
            np.concatenate(columns).astype(np.int32),
            np.concatenate(self._values[first:]),
        )
        if status == highspy.HighsStatus.kError:
            raise SolverFailed("HiGHS could not take the tangents of a cone.")

    def tilt(self, duals: Vector, width: int) -> Vector:
        """What the multipliers of the tangents take off the costs of the LP's columns: Gᵀ·q, those of the
        wrong sign left out."""
        total = np.zeros(width)
        for t in np.flatnonzero(duals < 0).tolist():
            total[self._column[self._entries(self._cone[t])]] += duals[t] * self._values[t]
        return total

    def drop(self, held: highspy.Highs, duals: Vector, height: int) -> None:
        """Let go of tangents that have long not held, with the multipliers of a solve and the number of rows
        before them. Only of rows that are basic: the basis outlives them."""
        self._idle = np.where(duals == 0, self._idle + 1, 0)
        stale = np.flatnonzero(self._idle >= STALE)
        if len(stale) < MANY:
            return
        status = held.getBasis().row_status
        gone = [t for t in stale.tolist() if status[height + t] == _BASIC]
        if not gone:
            return
        held.deleteRows(len(gone), np.array(gone, dtype=np.int32) + np.int32(height))
        kept = np.setdiff1d(np.arange(len(self)), gone).tolist()
        self._cone, self._values = [self._cone[t] for t in kept], [self._values[t] for t in kept]
        self._idle = self._idle[kept]

    def _entries(self, cone: int) -> slice:
        return slice(self._start[cone], self._start[cone + 1])
