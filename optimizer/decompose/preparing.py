"""From arrays to pieces: scaled, cut along the tree, without columns that only name sums, within a box.

All that is done to a programme before anything is solved, and undone when a plan is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Arrays, Vector
from optimizer.cones import Cone, cones
from optimizer.decompose.conditions import with_conditions
from optimizer.decompose.implied import Box, bounds_of, closed
from optimizer.decompose.joining import define, substitute
from optimizer.decompose.partition import SPINE, partition, roomy
from optimizer.decompose.split import Split, split
from optimizer.highs.tangents import Cones
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


def prepare(arrays: Arrays, nodes: Nodes, small: int | None = None) -> Pieces:
    """Cut a programme. ``small``: most nodes of a subtree that is solved apart, by default so many that the
    master has room. Raises CannotDecompose."""
    at_rows = nodes.of_rows(arrays)
    part = partition(nodes.tree, roomy(nodes.tree, at_rows) if small is None else small)
    if not part.count:
        raise CannotDecompose("the tree has one node")
    own = np.append(part.owner, SPINE)
    at_columns = nodes.of_columns(arrays)
    if np.count_nonzero(arrays.integer & (at_columns >= 0)) > MANY:
        raise CannotDecompose("a rule on chances has too many scenarios to decide on")
    scaled, scales = equilibrate(arrays)
    original = split(scaled, own[at_rows], own[at_columns], part.probability)
    del scaled
    found = cones(arrays)
    if found:
        within = placed(found, scales.columns, original)
        original = replace(original, subproblems=replace(original.subproblems, cones=within))
    whole, gone = substitute(original)
    bounds = bounds_of(whole)
    whole = with_conditions(whole, bounds)
    box = closed(whole, bounds, BOX)
    return Pieces(whole, box, part.parent, Origin(_outline(original), gone, scales.columns))


def _outline(whole: Split) -> Split:
    """A programme without what lies within its subproblems."""
    s = whole.subproblems
    matrix, linking = sp.csc_array(s.matrix.shape), sp.csr_array(s.linking.shape)
    return replace(whole, subproblems=replace(s, matrix=matrix, linking=linking, cones=None))


def placed(found: Sequence[Cone], scale: Vector, whole: Split) -> Cones:
    """Cones of the arrays as those of subproblems, whose columns are the arrays' divided by ``scale``.

    Raises CannotDecompose: one reaches a column of the master or of two subproblems.
    """
    s = whole.subproblems
    place = np.full(len(scale), -1)
    place[whole.columns] = np.arange(len(whole.columns))
    column = np.concatenate([[*cone.columns, *(j for j, _ in cone.leeway)] for cone in found]).astype(
        np.int64
    )
    length = np.concatenate([[1.0] * len(cone.columns) + [0.0] * len(cone.leeway) for cone in found])
    room = np.concatenate(
        [[cone.factor] * len(cone.columns) + [step for _, step in cone.leeway] for cone in found]
    )
    size = np.array([len(cone.columns) + len(cone.leeway) for cone in found])
    length, room, at = length * scale[column], room * scale[column], place[column]
    owner = np.searchsorted(s.column_start, at, side="right") - 1
    first = owner[np.cumsum(size) - size]
    if (at < 0).any() or (owner != np.repeat(first, size)).any():
        raise CannotDecompose("a rule on concentration concerns a path that ends in the master")
    order = np.argsort(first, kind="stable")
    entries = np.argsort(np.repeat(first, size), kind="stable")
    return Cones(
        np.concatenate([[0], np.cumsum(np.bincount(first, minlength=s.count))]),
        np.concatenate([[0], np.cumsum(size[order])]),
        (at - s.column_start[owner])[entries].astype(np.int32),
        length[entries],
        room[entries],
    )
