"""From arrays to pieces: scaled, cut along the tree, without columns that only name sums, within a box.

All that is done to a programme before anything is solved, and undone when a plan is found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Arrays, Vector
from optimizer.cones import cones
from optimizer.decompose.conditions import with_conditions
from optimizer.decompose.implied import Box, bounds_of, closed
from optimizer.decompose.joining import define, substitute
from optimizer.decompose.partition import SMALL, SPINE, partition
from optimizer.decompose.split import Split, split
from optimizer.keys import Keys, Listed
from optimizer.scaling import equilibrate
from optimizer.tree import Tree

BOX = 1e6
"""Least width of a column that nothing bounds, in equilibrated units."""
MANY = 200
"""Decisions at nodes (chances) beyond which the master would drown in them."""


class CannotDecompose(Exception):
    """The shape of a programme does not allow it; the message says why."""


@dataclass(frozen=True)
class Nodes:
    """The tree behind a programme, and which names of columns and rows end with a node."""

    tree: Tree
    columns: frozenset[str]
    rows: frozenset[str]

    def of_columns(self, arrays: Arrays) -> NDArray[np.int32]:
        """Node by column, -1 where there is none."""
        return _nodes(arrays.columns, self.columns)

    def of_rows(self, arrays: Arrays) -> NDArray[np.int32]:
        """Node by row, -1 where there is none."""
        return _nodes(arrays.rows, self.rows)


def _nodes(keys: Keys, at_nodes: frozenset[str]) -> NDArray[np.int32]:
    if isinstance(keys, Listed):
        return keys.node
    return np.array([index[-1] if name in at_nodes else -1 for name, index in keys], dtype=np.int32)


@dataclass(frozen=True)
class Origin:
    """The way back to the columns of the arrays."""

    original: Split
    """Without what lies within subproblems."""
    gone: NDArray[np.int64]
    scale: Vector

    def columns(self, y: Vector, x: Vector) -> Vector:
        """All columns in the units of the arrays, from those of the master and of the subproblems."""
        whole = np.empty(len(self.scale))
        whole[self.original.master_columns], whole[self.original.columns] = y, x
        return define(self.original, self.gone, whole) * self.scale


class Pieces:
    """A programme in pieces. ``parent`` as in :class:`Partition`."""

    def __init__(self, whole: Split, box: Box, parent: NDArray[np.int64], origin: Origin) -> None:
        self._whole: Split | None = whole
        self.box, self.parent, self.origin = box, parent, origin

    @property
    def whole(self) -> Split:
        """All of it, as long as nobody has taken it."""
        assert self._whole is not None, "pieces are solved once"
        return self._whole

    def take(self) -> Split:
        """All of it, held here no longer: of a large programme there is no room for two."""
        whole, self._whole = self.whole, None
        return whole


def prepare(arrays: Arrays, nodes: Nodes, small: int = SMALL) -> Pieces:
    """Cut a programme. ``small``: most nodes of a subtree that is solved apart. Raises CannotDecompose."""
    if cones(arrays):
        raise CannotDecompose("a rule on concentration is a cone along each path")
    part = partition(nodes.tree, small)
    if not part.count:
        raise CannotDecompose("the tree has one node")
    own = np.append(part.owner, SPINE)
    at_columns = nodes.of_columns(arrays)
    if np.count_nonzero(arrays.integer & (at_columns >= 0)) > MANY:
        raise CannotDecompose("a rule on chances has too many scenarios to decide on")
    scaled, scales = equilibrate(arrays)
    original = split(scaled, own[nodes.of_rows(arrays)], own[at_columns], part.probability)
    del scaled
    whole, gone = substitute(original)
    bounds = bounds_of(whole)
    whole = with_conditions(whole, bounds)
    box = closed(whole, bounds, BOX)
    return Pieces(whole, box, part.parent, Origin(_outline(original), gone, scales.columns))


def _outline(whole: Split) -> Split:
    """A programme without what lies within its subproblems."""
    s = whole.subproblems
    matrix, linking = sp.csc_array(s.matrix.shape), sp.csr_array(s.linking.shape)
    return replace(whole, subproblems=replace(s, matrix=matrix, linking=linking))
