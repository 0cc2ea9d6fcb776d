"""Numbers of the rows or columns of a whole programme: by name, then index, then node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.keys import Key, Listed
from optimizer.template.cells import Flags, Integers, Names


@dataclass(frozen=True)
class Numbered:
    """Rows or columns of a whole programme in their order."""

    stems: list[Key]
    """Keys without the node."""
    stands: Flags
    """Stem × node: whether it stands there. Those that belong to no node stand at the first alone."""
    no_node: Flags
    """By stem: whether it belongs to no node."""
    of_common: NDArray[np.int32]
    """Number of each that belongs to no node."""
    of_levels: list[NDArray[np.int32]]
    """By level: node × row or column; -1 where there is none."""

    @property
    def count(self) -> int:
        """How many there are."""
        return int(np.count_nonzero(self.stands))

    def keys(self) -> Listed:
        """Their names."""
        each = np.count_nonzero(self.stands, axis=1)
        start = np.concatenate([[0], np.cumsum(each)])
        node = np.nonzero(self.stands)[1].astype(np.int32)
        node[start[:-1][self.no_node]] = -1
        return Listed(self.stems, start, node)


def number(
    at_nodes: Names, common: Names, levels: list[tuple[Integers, Integers, Flags]], nodes: int
) -> Numbered:
    """Number what stands: ``levels`` are (nodes, which of ``at_nodes`` by row or column, which stand)."""
    rank = at_nodes.rank
    keys = [*at_nodes.keys, *common.keys]
    sorting = np.argsort(np.array([rank[name] for name, _ in keys], dtype=np.int64), kind="stable")
    order = np.empty(len(keys), dtype=np.int64)
    order[sorting] = np.arange(len(keys))
    of_nodes, of_common = order[: len(at_nodes.keys)], order[len(at_nodes.keys) :]
    stands = np.zeros((len(keys), max(1, nodes)), dtype=bool)
    stands[of_common, 0] = True
    for ids, which, there in levels:
        stands[of_nodes[which][:, None], ids] = there.T
    numbers = np.cumsum(stands, dtype=np.int32).reshape(stands.shape) - np.int32(1)
    numbers[~stands] = -1
    return Numbered(
        [keys[k] for k in sorting],
        stands,
        sorting >= len(at_nodes.keys),
        numbers[of_common, 0],
        [np.ascontiguousarray(numbers[of_nodes[which][:, None], ids].T) for ids, which, _ in levels],
    )
