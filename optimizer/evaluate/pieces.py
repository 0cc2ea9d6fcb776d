"""One node of a programme with its commitments fixed: what is left to decide there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.instance import Instance
from models.plan import Commitments
from optimizer.compile import Vector
from optimizer.evaluate.fixed import fixed_values
from optimizer.evaluate.groups import Groups, demanded, groups_of
from optimizer.evaluate.reduce import reduce
from optimizer.evaluate.rules import AT_NODES
from optimizer.states import State
from optimizer.template import Block, Layout, Template

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


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
                j = list(common.columns).index(("due", index))
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
            known = self._groups[layout.period, len(layout.columns)] = groups_of(self.instance, layout)
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
        whole = demanded(self.groups(layout), b.upper)
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
            demanded=whole,
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


def _inverse(numbers: Integers, count: int) -> Integers:
    result = np.full(count, -1, dtype=np.int64)
    result[numbers] = np.arange(len(numbers))
    return result
