"""Programmes put together from pieces: a path, or a small tree, below a known past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from models.instance import Instance, Objective
from optimizer.compile import Vector
from optimizer.evaluate.pieces import Flags, Integers, Piece
from optimizer.highs.linear import LinearProgramme

Past = Sequence[Vector]
"""By period, values of all columns of the layout of that period, up to the period before."""


@dataclass(frozen=True)
class Spot:
    """A node of a programme."""

    piece: Piece
    parent: int
    """Position among the nodes; -1 for roots, which hang under the past."""
    probability: float
    calm: Integers
    """Calm periods in a row up to here, by commodity (optimizer.template.standing.run)."""


@dataclass(frozen=True)
class Scaling:
    """Row and column scales of the layout of one period; powers of two."""

    rows: Vector
    columns: Vector


class Scales:
    """Scales by period, 1 for what came later."""

    def __init__(self, periods: int) -> None:
        self.rows: list[Vector] = [np.ones(0) for _ in range(periods)]
        self.columns: list[Vector] = [np.ones(0) for _ in range(periods)]

    def of(self, piece: Piece) -> Scaling:
        """Of the kept rows and active columns of a piece."""
        t = piece.layout.period
        return Scaling(_at(self.rows[t], piece.rows), _at(self.columns[t], piece.active))


def _at(values: Vector, index: Integers) -> Vector:
    found = np.ones(len(index))
    known = index < len(values)
    found[known] = values[index[known]]
    return found


@dataclass
class Assembled:
    """A programme and where its nodes are in it."""

    programme: LinearProgramme
    first: list[int]
    """First column by node; its active columns, then what it has lost so far, follow."""
    first_row: list[int]
    nodes: Sequence[Spot]
    scales: list[Scaling]
    soft: Flags
    """Rows that may give way."""
    slack_rows: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """By column at the end by which a rule gives way: its row."""

    @property
    def slacks(self) -> int:
        """How many columns at the end let rules give way."""
        return len(self.slack_rows)

    def values(self, x: Vector, node: int) -> Vector:
        """All columns of the layout at a node."""
        spot = self.nodes[node]
        found = spot.piece.decided.copy()
        begin = self.first[node]
        count = len(spot.piece.active)
        found[spot.piece.active] = x[begin : begin + count] * self.scales[node].columns
        return found


def assemble(
    nodes: Sequence[Spot],
    past: Past,
    lost_before: float,
    instance: Instance,
    eta: float,
    scales: Scales,
) -> Assembled:
    """Minimise expected w_c·cost + w_l·((1-λ)·L + λ·(L-η)⁺/(1-α)) over the nodes; ``eta``, losses in money.

    Parents come before children. L is ``lost_before`` plus what is lost along the path.
    """
    goal = instance.objective
    kink = goal.loss_weight * goal.cvar_weight > 0
    scaling = [scales.of(spot.piece) for spot in nodes]
    first, first_row, leaves = _places(nodes, kink)
    parts = _Parts()
    for k in range(len(nodes)):
        _node(parts, k, nodes, past, scaling, first, first_row, goal, kink)
    columns = first[-1] if nodes else 0
    rows = first_row[-1] if nodes else 0
    if kink:
        _losses(parts, nodes, lost_before, scaling, first, first_row)
        columns, rows = _tail(parts, nodes, leaves, first, columns, rows, eta, goal)
    matrix = sp.csc_array(
        (np.concatenate(parts.value), (np.concatenate(parts.row), np.concatenate(parts.column))),
        shape=(rows, columns),
    )
    programme = LinearProgramme(
        matrix,
        np.concatenate(parts.cost),
        np.concatenate(parts.lower),
        np.concatenate(parts.upper),
        np.concatenate(parts.row_lower),
        np.concatenate(parts.row_upper),
    )
    soft = np.zeros(rows, dtype=bool)
    for k, spot in enumerate(nodes):
        soft[first_row[k] : first_row[k] + len(spot.piece.rows)] = spot.piece.soft
    return Assembled(programme, first[:-1], first_row[:-1], nodes, scaling, soft)


class _Parts:
    def __init__(self) -> None:
        self.row: list[Integers] = []
        self.column: list[Integers] = []
        self.value: list[Vector] = []
        self.cost: list[Vector] = []
        self.lower: list[Vector] = []
        self.upper: list[Vector] = []
        self.row_lower: list[Vector] = []
        self.row_upper: list[Vector] = []

    def entries(self, row: Integers, column: Integers, value: Vector) -> None:
        self.row.append(row)
        self.column.append(column)
        self.value.append(value)


def _places(nodes: Sequence[Spot], kink: bool) -> tuple[list[int], list[int], list[int]]:
    """First column and row by node (and of what follows the last), and which nodes are leaves."""
    first, first_row = [0], [0]
    inner = {spot.parent for spot in nodes}
    for spot in nodes:
        first.append(first[-1] + len(spot.piece.active) + kink)
        first_row.append(first_row[-1] + len(spot.piece.rows) + kink)
    return first, first_row, [k for k in range(len(nodes)) if k not in inner]


def _node(
    parts: _Parts,
    k: int,
    nodes: Sequence[Spot],
    past: Past,
    scaling: list[Scaling],
    first: list[int],
    first_row: list[int],
    goal: Objective,
    kink: bool,
) -> None:
    spot, piece, scale = nodes[k], nodes[k].piece, scaling[k]
    lower, upper = piece.row_lower.copy(), piece.row_upper.copy()
    row, commodity, needed = piece.waits
    fallen = row[spot.calm[commodity] < needed]
    lower[fallen], upper[fallen] = -np.inf, np.inf
    parts.entries(
        first_row[k] + piece.own_row,
        first[k] + piece.own_column,
        piece.own * scale.rows[piece.own_row] * scale.columns[piece.own_column],
    )
    for back in np.unique(piece.past_distance).tolist():
        mine = piece.past_distance == back
        at, column, value = piece.past_row[mine], piece.past_column[mine], piece.past[mine]
        ancestor = k
        steps = back
        while steps and ancestor >= 0:
            ancestor, steps = nodes[ancestor].parent, steps - 1
        if ancestor < 0:
            known = past[piece.layout.period - back]
            # What the layout has learnt since was not there then.
            given = np.where(column < len(known), known[np.minimum(column, len(known) - 1)], 0.0)
            done = value * given
        else:
            before = nodes[ancestor].piece
            done = value * before.decided[column]
            there = before.position[column] >= 0
            j = before.position[column[there]]
            parts.entries(
                first_row[k] + at[there],
                first[ancestor] + j,
                value[there] * scale.rows[at[there]] * scaling[ancestor].columns[j],
            )
        shift = np.bincount(at, done, minlength=len(lower))
        lower -= shift
        upper -= shift
    lost = (1.0 - goal.cvar_weight) * goal.loss_weight * piece.lose
    cost = spot.probability * (goal.cost_weight * piece.pay + lost) * scale.columns
    parts.cost.append(cost)
    parts.lower.append(piece.lower / scale.columns)
    parts.upper.append(piece.upper / scale.columns)
    parts.row_lower.append(lower * scale.rows)
    parts.row_upper.append(upper * scale.rows)
    if kink:
        parts.cost.append(np.zeros(1))
        parts.lower.append(np.full(1, -np.inf))
        parts.upper.append(np.full(1, np.inf))


def _losses(
    parts: _Parts,
    nodes: Sequence[Spot],
    lost_before: float,
    scaling: list[Scaling],
    first: list[int],
    first_row: list[int],
) -> None:
    """cum[n] = cum[pa(n)] + loss[n]: one row per node, its last."""
    sides = []
    for k, spot in enumerate(nodes):
        piece = spot.piece
        here = np.flatnonzero(piece.lose)
        at = first_row[k + 1] - 1
        own = first[k + 1] - 1
        parts.entries(np.full(len(here), at), first[k] + here, -piece.lose[here] * scaling[k].columns[here])
        parts.entries(np.array([at]), np.array([own]), np.ones(1))
        if spot.parent >= 0:
            parts.entries(np.array([at]), np.array([first[spot.parent + 1] - 1]), -np.ones(1))
        sides.append(piece.lost + (lost_before if spot.parent < 0 else 0.0))
    # Rows were laid down node by node: the row of losses is the last of each.
    low: list[Vector] = []
    high: list[Vector] = []
    for k in range(len(nodes)):
        low += [parts.row_lower[k], np.array([sides[k]])]
        high += [parts.row_upper[k], np.array([sides[k]])]
    parts.row_lower, parts.row_upper = low, high


def _tail(
    parts: _Parts,
    nodes: Sequence[Spot],
    leaves: list[int],
    first: list[int],
    columns: int,
    rows: int,
    eta: float,
    goal: Objective,
) -> tuple[int, int]:
    """excess[leaf] >= cum[leaf] - η; returns the numbers of columns and rows there are then."""
    count = len(leaves)
    at, excess = rows + np.arange(count), columns + np.arange(count)
    cum = np.array([first[k + 1] - 1 for k in leaves], dtype=np.int64)
    parts.entries(at, excess, np.ones(count))
    parts.entries(at, cum, -np.ones(count))
    weight = goal.loss_weight * goal.cvar_weight / (1.0 - goal.cvar_alpha)
    parts.cost.append(np.array([nodes[k].probability * weight for k in leaves]))
    parts.lower.append(np.zeros(count))
    parts.upper.append(np.full(count, np.inf))
    parts.row_lower.append(np.full(count, -eta))
    parts.row_upper.append(np.full(count, np.inf))
    return columns + count, rows + count
