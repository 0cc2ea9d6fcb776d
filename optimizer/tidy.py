"""Among equally good plans, the one that reads well.

An optimum may put tonnes into a depot and take them out in the same period, borrow what it repays at once, or
draw money years before it is needed, where none of this costs anything (or where it costs, at nodes of
probability 0). All three are undone here; nothing becomes infeasible or dearer.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from models.instance import Source
from optimizer.compile import Arrays, Vector
from optimizer.data import Data
from optimizer.keys import named

IDLE = 1e-9
"""Scaled amounts below this are rounding, not idle."""

MOVING = ("inject", "withdraw", "cash", "draw", "drawn", "owed", "repay")
"""Variables that are moved, or move with them."""

Columns = dict[tuple[str, tuple[Any, ...]], int]


def tidy(data: Data, arrays: Arrays, x: Vector) -> Vector:
    """The same plan with idle movements taken out. ``x`` in the units of ``data``."""
    ledger = _Ledger(data, arrays, x.copy())
    ledger.net_stock_movements()
    if ledger.counts_cash:
        ledger.net_loans()
        # A draw that moves on makes room for the one before it, and may meet a repayment.
        for _ in range(2 * data.periods):
            if not ledger.draw_later():
                break
            ledger.net_loans()
    return ledger.x


class _Ledger:
    """The columns of a solution that move together."""

    def __init__(self, data: Data, arrays: Arrays, x: Vector) -> None:
        self.data, self.arrays, self.x = data, arrays, x
        self.column: Columns = {key: i for name in MOVING for i, key in named(arrays.columns, name)}
        budget = data.instance.budget
        self.sources: dict[str, Source] = {f.id: f for f in (budget.sources or ())} if budget else {}
        self.drawn_at: dict[int, list[str]] = defaultdict(list)
        for name, index in self.column:
            if name == "draw":
                self.drawn_at[index[1]].append(index[0])
        self.counts_cash = any(name == "cash" for name, _ in self.column)

    def at(self, name: str, *index: Any) -> float:
        """A value, 0 where there is no such column."""
        i = self.column.get((name, index))
        return 0.0 if i is None else float(self.x[i])

    def add(self, name: str, *index: Any, amount: float) -> None:
        """Change a value."""
        self.x[self.column[name, index]] += amount

    def add_below(self, name: str, *index: Any, amount: float) -> None:
        """Change a running value (the last of the index is its node) there and at all nodes below."""
        *first, n = index
        below = [n]
        while below:
            at = below.pop()
            self.add(name, *first, at, amount=amount)
            below += self.data.tree.children.get(at, [])

    def net_stock_movements(self) -> None:
        """What goes in and out of a depot in one period stays where it is, and is not handled."""
        for name, (*where, n) in [key for key in self.column if key[0] == "inject"]:
            both = min(self.at(name, *where, n), self.at("withdraw", *where, n))
            if both <= IDLE:
                continue
            self.add("inject", *where, n, amount=-both)
            self.add("withdraw", *where, n, amount=-both)
            commodity, depot = where
            handling = self.data.per_tonne(commodity, self.data.depots[depot].handling_cost)
            if self.counts_cash and handling > 0:
                self.add_below("cash", n, amount=2 * handling * both)

    def net_loans(self) -> None:
        """What is borrowed and repaid in one period is not borrowed; its fee stays in cash."""
        for n, names in self.drawn_at.items():
            for f in names:
                both = min(self.at("draw", f, n), self.at("repay", f, n))
                if both <= IDLE:
                    continue
                self.add("draw", f, n, amount=-both)
                self.add("repay", f, n, amount=-both)
                self.add_below("drawn", f, n, amount=-both)
                if self.sources[f].fee:
                    self.add_below("cash", n, amount=self.sources[f].fee * both)

    def draw_later(self) -> bool:
        """Push idle cash of each node back into its draws, and those to its children; whether any moved.

        Interest saved on the way stays in cash.
        """
        any_moved = False
        for n in self.data.nodes:
            children = self.data.tree.children.get(n, [])
            for f in self.drawn_at[n]:
                source = self.sources.get(f)
                fee = source.fee if source else 0.0
                lent = source is not None and source.kind == "loan"
                room = min((self.room(f, child) for child in children), default=float("inf"))
                moved = min(self.at("draw", f, n), self.at("cash", n) / (1 - fee) if fee < 1 else 0.0, room)
                if lent:
                    moved = min(moved, self.at("owed", f, n))
                if moved <= IDLE:
                    continue
                any_moved = True
                for name in ("draw", "drawn", *(["owed"] if lent else [])):
                    self.add(name, f, n, amount=-moved)
                self.add("cash", n, amount=-(1 - fee) * moved)
                for child in children:
                    self.add("draw", f, child, amount=moved)
                    if source is not None and lent and source.rate:
                        saved = source.rate * self.data.years_per_period * moved
                        self.add_below("cash", child, amount=saved)
        return any_moved

    def room(self, f: str, n: int) -> float:
        """What may still be drawn from a source at a node."""
        return float(self.arrays.upper[self.column["draw", (f, n)]]) - self.at("draw", f, n)
