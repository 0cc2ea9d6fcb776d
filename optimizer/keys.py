"""Names of rows and columns, made when somebody asks for them.

A tree of 36,000 nodes has fifteen million rows and columns: as Python tuples their names alone take two
gigabytes, and hardly anybody reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import index
from typing import Any, Protocol, SupportsIndex

import numpy as np
from numpy.typing import NDArray

Key = tuple[str, tuple[Any, ...]]
"""(name of the variable or constraint, its index)."""


class Keys(Protocol):
    """A list of keys, or what can be read like one."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Key]: ...
    def __getitem__(self, at: SupportsIndex, /) -> Key: ...


class Listed:
    """Keys in the order of ``stems``, those of a stem by node.

    Parameters
    ----------
    stems: keys without the node; those of a name stand together.
    start: by stem where its keys begin, and the end.
    node: by key: its node, -1 for a key that is the stem itself.
    """

    def __init__(self, stems: list[Key], start: NDArray[np.int64], node: NDArray[np.int32]) -> None:
        self.stems, self.start, self.node = stems, start, node

    def __len__(self) -> int:
        return len(self.node)

    def __getitem__(self, at: SupportsIndex, /) -> Key:
        place, count = index(at), len(self)
        if not -count <= place < count:
            raise IndexError(place)
        place %= count
        stem = int(np.searchsorted(self.start, place, side="right")) - 1
        return _with(self.stems[stem], int(self.node[place]))

    def __iter__(self) -> Iterator[Key]:
        for k, stem in enumerate(self.stems):
            for node in self.node[self.start[k] : self.start[k + 1]].tolist():
                yield _with(stem, node)

    def kept(self, which: NDArray[np.bool_]) -> Listed:
        """Some of the keys."""
        before = np.concatenate([[0], np.cumsum(which)])
        return Listed(self.stems, before[self.start], self.node[which])

    def named(self, name: str) -> list[tuple[int, Key]]:
        """Positions and keys of a name."""
        found: list[tuple[int, Key]] = []
        for k, stem in enumerate(self.stems):
            if stem[0] == name:
                first, last = int(self.start[k]), int(self.start[k + 1])
                nodes = self.node[first:last].tolist()
                found += [(at, _with(stem, node)) for at, node in enumerate(nodes, first)]
        return found


def named(keys: Keys, name: str) -> list[tuple[int, Key]]:
    """Positions and keys of a name."""
    if isinstance(keys, Listed):
        return keys.named(name)
    return [(at, key) for at, key in enumerate(keys) if key[0] == name]


def _with(stem: Key, node: int) -> Key:
    return stem if node < 0 else (stem[0], (*stem[1], node))
