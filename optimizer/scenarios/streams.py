"""Random numbers that depend on the seed and on the path alone, not on how many paths there are.

Paths that shall share a beginning read the same stream for as long as they share it. With branching
(b1, b2, ...) paths come in bunches of b1·b2·...; a bunch reads one stream until the first change of what is
in force, its b1 parts each a stream of their own until the next change, and so on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


class Streams:
    """Uniform numbers for the paths ``first`` ... ``first + count - 1``; shapes [path, period, draw].

    ``seed``: the seed, and a number that keeps streams for different purposes apart.
    """

    def __init__(
        self,
        seed: tuple[int, int],
        first: int,
        count: int,
        periods: int,
        draws: int,
        branching: Sequence[int],
    ) -> None:
        self.depths = len(branching)
        paths = np.arange(first, first + count)
        self._numbers: list[Reals] = []
        self._row: list[NDArray[np.intp]] = []
        for depth in range(self.depths + 1):
            # How many paths share a stream at this depth.
            bunch = math.prod(branching[depth:])
            streams, row = np.unique(paths // bunch, return_inverse=True)
            numbers = np.empty((len(streams), periods, draws))
            for at, stream in enumerate(streams):
                source = np.random.SeedSequence(seed[0], spawn_key=(seed[1], depth, int(stream)))
                np.random.Generator(np.random.PCG64(source)).random(out=numbers[at])
            self._numbers.append(numbers)
            self._row.append(row)

    def at(self, period: int, depth: NDArray[np.intp]) -> Reals:
        """The numbers of each path in a period, from the stream of its depth: [path, draw]."""
        found: Reals = self._numbers[0][self._row[0], period]
        for d in range(1, self.depths + 1):
            deep = depth == d
            found[deep] = self._numbers[d][self._row[d][deep], period]
        return found
