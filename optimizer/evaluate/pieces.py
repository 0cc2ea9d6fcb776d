"""One node of a programme with its commitments fixed: what is left to decide there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.instance import Instance
from models.plan import Commitments
from optimizer.compile import Vector
from optimizer.evaluate.fixed import fixed_values
from optimizer.evaluate.rules import AT_NODES
from optimizer.states import State
from optimizer.template import Block, Layout, Template

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
ROUNDS = 4
"""Of taking out what is decided already; more find nothing."""
ZERO = 1e-12


@dataclass(frozen=True)
class Piece:
    """What is left of a block. Columns and rows are numbered by position in ``active`` and ``rows``."""

    layout: Layout
    active: Integers
    """Columns of the layout that are still to be decided."""
    position: Integers
    """By column of the layout: position in ``active``, -1 if decided."""
    decided: Vector
    """By column of the layout: the value of what is decided, 0 elsewhere."""
    lower: Vector
    upper: Vector
    pay: Vector
    """Discounted cost by active column, money."""
    lose: Vector
    """Discounted loss by active column, money."""
    paid: float
    lost: float
    """Cost and loss of what is decided."""
    rows: Integers
    """Rows of the layout that are kept."""
    row_lower: Vector
    row_upper: Vector
    own_row: Integers
    own_column: Integers
    own: Vector
    past_row: Integers
    past_distance: Integers
    past_column: Integers
    """Column in the layout of the period so far back."""
    past: Vector
    soft: Flags
    """By kept row: a rule that may give way."""
    waits: tuple[Integers, Integers, Integers]
    """Kept rows of cover, the commodity of each, and how many calm periods it takes."""
    all_pay: Vector
    all_lose: Vector
    """Cost and loss by column of the layout."""
    weighted_row: Integers
    """Rows of the template that hold in expectation, and what each column adds to them."""
    weighted_column: Integers
    weighted: Vector
    demanded: Vector
    """By group of :class:`Groups`: all that could be short."""

    def fitted(self, x: Vector) -> Vector:
        """Values of all columns, of this layout or of what it was when less was known."""
        missing = len(self.all_pay) - len(x)
        return np.concatenate([x, np.zeros(missing)]) if missing > 0 else x


@dataclass(frozen=True)
class Groups:
    """Columns of a layout by what is missing (a demand row or an industry), and its segment."""

    column_group: Integers
    """By column: number of the demand row or industry whose shortage or cut it is; -1 for others."""
    column_segment: Integers
    """By column: number of the segment its loss belongs to; -1 for others."""
    group_segment: Integers
    industry: Flags
    """By group."""


class Pieces:
    """Pieces by period and state; each is made once."""

    def __init__(self, instance: Instance, template: Template, commitments: Commitments) -> None:
        self.instance, self.template = instance, template
        common = template.common
        values = fixed_values(instance, commitments)
        self.common = np.array([values.get(key, 0.0) for key in common.columns])
        matrix = common.matrix.tocsr()
        for i, (name, index) in enumerate(common.rows):
            if name == "falling_due":
                j = common.columns.index(("due", index))
                entries = slice(matrix.indptr[i], matrix.indptr[i + 1])
                at, coefficient = matrix.indices[entries], matrix.data[entries]
                rest = float(coefficient @ self.common[at])
                self.common[j] = (common.row_lower[i] - rest) / float(coefficient[at == j][0])
        self.due_cost = float(common.expected_cost @ self.common)
        """Commitments falling due, discounted; money."""
        self._known: dict[tuple[int, int], Piece] = {}
        self._groups: dict[tuple[int, int], Groups] = {}
        self._orders: dict[tuple[int, int, int], tuple[Integers, Integers]] = {}
        self._place = {c.id: i for i, c in enumerate(instance.commodities)}

    def forget(self) -> None:
        """Let go of all pieces."""
        self._known.clear()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, t: int, state: State, key: int) -> Piece:
        """The piece of a period and a state; ``key`` names the state."""
        piece = self._known.get((t, key))
        if piece is None:
            piece = self._known[t, key] = self._make(self.template.block(t, state))
        return piece

    def groups(self, layout: Layout) -> Groups:
        """Of a layout; layouts grow only at the end."""
        known = self._groups.get((layout.period, len(layout.columns)))
        if known is None:
            known = self._groups[layout.period, len(layout.columns)] = _groups(self.instance, layout)
        return known

    def _make(self, b: Block) -> Piece:
        layout = b.layout
        rows, columns = len(layout.rows), len(layout.columns)
        lower, upper = b.lower.copy(), b.upper.copy()
        fold = np.bincount(layout.common_row, b.common * self.common[layout.common_column], minlength=rows)
        row_lower, row_upper = b.row_lower - fold, b.row_upper - fold
        soft = np.array([name in AT_NODES for name, _ in layout.rows], dtype=bool)
        # Rows of other nodes' columns, and rules, stay as they are.
        stays = soft.copy()
        stays[layout.past_row[b.past != 0]] = True
        alive = np.isfinite(row_lower) | np.isfinite(row_upper)
        entries = (layout.own_row, layout.own_column, b.own)
        alive = reduce(entries, lower, upper, row_lower, row_upper, alive, stays)
        open_ = upper > lower
        # The order of a layout follows what was learnt when; an optimum must not.
        column_order, row_order = self._order(layout)
        active, kept = column_order[open_[column_order]], row_order[alive[row_order]]
        decided = np.where(open_, 0.0, lower)
        own_row, own_column, own = entries
        done = np.bincount(own_row, own * decided[own_column], minlength=rows)
        position, row_position = _inverse(active, columns), _inverse(kept, rows)
        mine = (own != 0) & alive[own_row] & open_[own_column]
        past = (b.past != 0) & alive[layout.past_row]
        lose = b.cost - b.expected_cost
        demanded = _demanded(self.groups(layout), b.upper)
        cover = [
            (k, *self._waits(layout.rows[i])) for k, i in enumerate(kept) if layout.rows[i][0] == "cover"
        ]
        waits = np.array(cover, dtype=np.int64).reshape(-1, 3)
        return Piece(
            layout=layout,
            active=active,
            position=position,
            decided=decided,
            lower=lower[active],
            upper=upper[active],
            pay=b.expected_cost[active],
            lose=lose[active],
            paid=float(b.expected_cost @ decided),
            lost=float(lose @ decided),
            rows=kept,
            row_lower=(row_lower - done)[kept],
            row_upper=(row_upper - done)[kept],
            own_row=row_position[own_row[mine]],
            own_column=position[own_column[mine]],
            own=own[mine],
            past_row=row_position[layout.past_row[past]],
            past_distance=layout.past_distance[past],
            past_column=layout.past_column[past],
            past=b.past[past],
            soft=soft[kept],
            waits=(waits[:, 0], waits[:, 1], waits[:, 2]),
            all_pay=b.expected_cost,
            all_lose=lose,
            weighted_row=layout.weighted_row[b.weighted != 0],
            weighted_column=layout.weighted_column[b.weighted != 0],
            weighted=b.weighted[b.weighted != 0],
            demanded=demanded,
        )

    def _order(self, layout: Layout) -> tuple[Integers, Integers]:
        size = (layout.period, len(layout.columns), len(layout.rows))
        if size not in self._orders:
            keys = ([(n, tuple(map(str, i))) for n, i in part] for part in (layout.columns, layout.rows))
            columns, rows = (
                np.array(sorted(range(len(part)), key=part.__getitem__), dtype=np.int64) for part in keys
            )
            self._orders[size] = (columns, rows)
        return self._orders[size]

    def _waits(self, row: tuple[str, tuple[object, ...]]) -> tuple[int, int]:
        rule = self.instance.risk.cover[int(str(row[1][0]))]
        return self._place[rule.commodity], rule.rebuild_periods + 1


def reduce(
    entries: tuple[Integers, Integers, Vector],
    lower: Vector,
    upper: Vector,
    row_lower: Vector,
    row_upper: Vector,
    alive: Flags,
    stays: Flags,
) -> Flags:
    """Take out rows that say something about one column or leave none a choice; bounds change in place.

    Commitments not made leave rows like ``deliver ≤ 0``, those made rows like ``run = 4``. Returns the rows
    that are left. Rows in ``stays`` are not touched.
    """
    row, column, value = entries
    count = len(row_lower)
    alive = alive.copy()
    for _ in range(ROUNDS):
        fixed = lower == upper
        live = (value != 0) & ~fixed[column]
        done = np.bincount(row, np.where(fixed[column], value * lower[column], 0.0), minlength=count)
        number = np.bincount(row[live], minlength=count)
        single = alive & ~stays & (number == 1)
        before = int(alive.sum()), int(fixed.sum())
        at = live & single[row]
        i, j, v = row[at], column[at], value[at]
        low, high = (row_lower[i] - done[i]) / v, (row_upper[i] - done[i]) / v
        low, high = np.where(v > 0, low, high), np.where(v > 0, high, low)
        np.maximum.at(lower, j, low)
        np.minimum.at(upper, j, high)
        # Rounding may leave an equality a hair apart.
        crossed = (upper < lower) & (upper >= lower - 1e-9 * np.maximum(1.0, np.abs(lower)))
        upper[crossed] = lower[crossed]
        alive &= ~single
        # A sum of columns >= 0 that may not be above 0.
        down = np.bincount(row[live], (value[live] < 0) | (lower[column[live]] != 0), minlength=count) == 0
        up = np.bincount(row[live], (value[live] > 0) | (lower[column[live]] != 0), minlength=count) == 0
        forced = alive & ~stays & (number > 1)
        forced &= (down & (np.abs(row_upper - done) <= ZERO)) | (up & (np.abs(row_lower - done) <= ZERO))
        at = live & forced[row]
        upper[column[at]] = 0.0
        alive &= ~forced
        alive &= stays | (number > 0)
        if before == (int(alive.sum()), int((lower == upper).sum())):
            break
    return alive


def _inverse(numbers: Integers, count: int) -> Integers:
    result = np.full(count, -1, dtype=np.int64)
    result[numbers] = np.arange(len(numbers))
    return result


def _groups(instance: Instance, layout: Layout) -> Groups:
    demand = {q.id: k for k, q in enumerate(instance.demand)}
    industry = {j.id: k for k, j in enumerate(instance.industries, len(demand))}
    names = list(
        dict.fromkeys([*(q.segment for q in instance.demand), *(j.segment for j in instance.industries)])
    )
    segment = {name: k for k, name in enumerate(names)}
    group_segment = [segment[q.segment] for q in instance.demand]
    group_segment += [segment[j.segment] for j in instance.industries]
    eases = {u.id: demand[u.demand] for u in instance.substitutions}
    group, of = [], []
    for name, index in layout.columns:
        row = -1
        if name == "short":
            row = demand[str(index[0])]
        elif name == "cut":
            row = industry[str(index[0])]
        group.append(row)
        if name == "substitute":
            row = eases[str(index[0])]
        of.append(group_segment[row] if row >= 0 else -1)
    return Groups(
        np.array(group, dtype=np.int64),
        np.array(of, dtype=np.int64),
        np.array(group_segment, dtype=np.int64),
        np.arange(len(group_segment)) >= len(demand),
    )


def _demanded(groups: Groups, upper: Vector) -> Vector:
    """Tiers of a demand add up to the demand; of an industry all of 1 can be cut."""
    count = len(groups.group_segment)
    mine = groups.column_group >= 0
    total = np.bincount(groups.column_group[mine], upper[mine], minlength=count)
    return np.where(groups.industry, 1.0, total)
