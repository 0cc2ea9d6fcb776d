"""Which nodes stay in the master and which subtrees are solved apart.

The *spine* holds every node whose subtree has more than :data:`SMALL` nodes; what hangs below it are
thousands of subtrees of a few nodes each. A subproblem per subtree of the trunk would fail: a disruption that
many scenarios share makes one subtree of a fifth of the whole tree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.tree import Tree

Integers = NDArray[np.int64]

SMALL = 16
"""Most nodes of a subtree that is solved apart, where the master stays small."""
ROOM = 6_000
"""Rows of the master at nodes beyond which larger subtrees are solved apart: the more rows it has, the more
each of its iterations costs, and larger subtrees answer as fast as the same nodes in smaller ones."""
SHARE = 8
"""No subtree that is solved apart has a larger part of the tree than one in so many, if that is more."""
SPINE = -1
"""Number of the spine where others have that of their subtree."""


@dataclass(frozen=True)
class Partition:
    """The nodes of a tree, by where they are solved."""

    owner: Integers
    """By node: number of its subtree, :data:`SPINE` for what stays in the master."""
    roots: Integers
    """By subtree: its first node."""
    probability: NDArray[np.float64]
    """By subtree: that of its root."""
    parent: Integers
    """By subtree: the node above it; those without any share the number that follows the last node."""

    @property
    def count(self) -> int:
        """How many subtrees there are."""
        return len(self.roots)


def roomy(tree: Tree, rows: NDArray[np.int32]) -> int:
    """Most nodes of a subtree that is solved apart, so that the master has room. ``rows``: by row its node,
    -1 where it has none."""
    at = np.bincount(rows[rows >= 0], minlength=len(tree))
    size, small = sizes(tree), SMALL
    while 2 * small <= len(tree) // SHARE and at[size > small].sum() > ROOM:
        small *= 2
    return small


def sizes(tree: Tree) -> Integers:
    """By node: how many nodes its subtree has."""
    size = np.ones(len(tree), dtype=np.int64)
    for node in reversed(tree.nodes):
        if node.parent is not None:
            size[node.parent] += size[node.id]
    return size


def partition(tree: Tree, small: int = SMALL) -> Partition:
    """Cut a tree into its spine and the largest subtrees of at most ``small`` nodes.

    A subtree may begin in the first period: nothing but what is decided now joins it with others. The node
    of the largest tree always stays in the master.
    """
    size = sizes(tree)
    largest = max((node.id for node in tree.nodes if node.parent is None), key=lambda root: size[root])
    owner = np.full(len(tree), SPINE, dtype=np.int64)
    roots: list[int] = []
    for node in tree.nodes:
        if size[node.id] > small or node.id == largest:
            continue
        above = SPINE if node.parent is None else owner[node.parent]
        if above == SPINE:
            above = len(roots)
            roots.append(node.id)
        owner[node.id] = above
    at = np.array(roots, dtype=np.int64)
    above_all = len(tree)
    parents = [tree.nodes[root].parent for root in roots]
    parent = np.array([above_all if p is None else p for p in parents], dtype=np.int64)
    return Partition(owner, at, np.array(tree.probability)[at], parent)
