"""Among equally good plans, the one that reads well.

An optimum may put tonnes into a depot and take them out in the same period, or draw money years before it is needed,
where neither costs anything. Both are undone here; nothing becomes infeasible or dearer.
"""

from __future__ import annotations

from collections import defaultdict

from optimizer.compile import Arrays, Vector
from optimizer.data import Data


def tidy(data: Data, arrays: Arrays, x: Vector) -> Vector:
    """The same plan with idle movements taken out. ``x`` in the units of ``data``."""
    column = {key: i for i, key in enumerate(arrays.columns)}
    x = x.copy()
    _net_stock_movements(column, x)
    _draw_late(data, arrays, column, x)
    return x


def _net_stock_movements(column: dict[tuple[str, tuple], int], x: Vector) -> None:  # type: ignore[type-arg]
    for (name, index), i in column.items():
        if name == "inject":
            j = column["withdraw", index]
            both = min(x[i], x[j])
            if both > 0:
                x[i] -= both
                x[j] -= both


def _draw_late(data: Data, arrays: Arrays, column: dict[tuple[str, tuple], int], x: Vector) -> None:  # type: ignore[type-arg]
    """Push idle cash of each node back into its draws, and those to its children.

    Parents come before children in the tree, so one pass is enough. Interest saved on the way stays in cash.
    """
    sources = {f.id: f for f in (data.instance.budget.sources or ())} if data.instance.budget else {}
    drawn_at: dict[int, list[str]] = defaultdict(list)
    for name, index in column:
        if name == "draw":
            drawn_at[index[1]].append(index[0])
    if not any(name == "cash" for name, _ in column):
        return
    for n in data.nodes:
        children = data.tree.children.get(n, [])
        for f in drawn_at[n]:
            source = sources.get(f)
            fee = source.fee if source else 0.0
            cash, draw = column["cash", (n,)], column["draw", (f, n)]
            room = min(
                (arrays.upper[column["draw", (f, c)]] - x[column["draw", (f, c)]] for c in children),
                default=float("inf"),
            )
            lent = source is not None and source.kind == "loan"
            moved = min(x[draw], x[cash] / (1 - fee) if fee < 1 else 0.0, room)
            if lent:
                moved = min(moved, x[column["owed", (f, n)]])
            if moved <= 0:
                continue
            x[draw] -= moved
            x[cash] -= (1 - fee) * moved
            x[column["drawn", (f, n)]] -= moved
            if lent:
                x[column["owed", (f, n)]] -= moved
            for child in children:
                x[column["draw", (f, child)]] += moved
                if source is not None and lent:
                    _carry_cash(data, column, x, child, source.rate * data.years_per_period * moved)


def _carry_cash(data: Data, column: dict[tuple[str, tuple], int], x: Vector, n: int, amount: float) -> None:  # type: ignore[type-arg]
    """Add cash at a node and, carried on, at all nodes below it."""
    below = [n]
    while below:
        at = below.pop()
        x[column["cash", (at,)]] += amount
        below += data.tree.children.get(at, [])
