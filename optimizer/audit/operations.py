"""The plan's operations as arrays: one row per thing, one column per node of one's own tree.

An id, node or tier that the instance does not have, a value given twice, a negative value: all are found
here, in the family ``bounds``. What the plan does not list is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from models.plan import Plan
from optimizer.audit.arrays import Array, column
from optimizer.audit.ledger import Ledger
from optimizer.audit.match import Matched
from optimizer.audit.world import World

HUGE = 1e20
"""Nothing in the world is larger; a larger value is a fault and counts as zero."""

ENVELOPE = "envelope"
"""Stands for the one source that an envelope without sources is, unless the plan gives it another id."""


@dataclass(frozen=True)
class Shape:
    """What a variable of model.md §3 is indexed by, apart from the node."""

    columns: tuple[str, ...]
    rows: Sequence[Hashable]  # an id, or a tuple of them
    unit: str
    floor: Array  # least size of a value, one per row


class Operations:
    """``self[variable]`` is an array of shape (rows, nodes); ``names(variable)`` names its rows."""

    def __init__(self, shapes: dict[str, Shape], nodes: int) -> None:
        self.shapes = shapes
        self._values = {name: np.zeros((len(shape.rows), nodes)) for name, shape in shapes.items()}

    def __getitem__(self, variable: str) -> Array:
        return self._values[variable]

    def name(self, variable: str, row: int) -> str:
        """A row in words: ``ga-aus · tier 1``."""
        key = self.shapes[variable].rows[row]
        parts = key if isinstance(key, tuple) else (key,)
        names = zip(self.shapes[variable].columns, parts, strict=True)
        return " · ".join(f"tier {part}" if column == "tier" else str(part) for column, part in names)


def sources_of(world: World, plan: Plan) -> list[str]:
    """Ids of the sources of money; an envelope without sources is one, under the id the plan gives it."""
    budget = world.instance.budget
    if budget is None:
        return []
    if budget.sources is not None:
        return [f.id for f in budget.sources]
    if budget.envelope is None:
        return []
    used = (plan.operations.get(v, {}).get("source", []) for v in ("draw", "drawn"))
    return [str(next((f for ids in used for f in ids), ENVELOPE))]


def shapes(world: World, plan: Plan) -> dict[str, Shape]:
    """The variables of model.md §3 and their indices in this instance."""
    case = world.instance
    tonnes, dollars = world.tonnes, world.dollars
    goods = list(world.goods)
    agreements = [a.id for a in case.agreements]
    projects = [k.id for k in case.projects]
    places = [(m, d.id) for m in goods for d in case.depots]
    sources = sources_of(world, plan)
    per_agreement = tonnes[world.of(case.agreements)]
    per_place = np.repeat(tonnes, len(case.depots))
    tiers = [(o.id, i) for o in case.spot for i in range(len(o.tiers))]
    per_tier = np.array([tonnes[world.goods[o.commodity]] for o in case.spot for _ in o.tiers])
    short = [(q.id, i) for q in case.demand for i in range(len(q.shortage_cost))]
    per_short = np.array([tonnes[world.goods[q.commodity]] for q in case.demand for _ in q.shortage_cost])
    demand = {q.id: q.commodity for q in case.demand}
    per_eased = np.array([tonnes[world.goods[demand[u.demand]]] for u in case.substitutions])
    cut = [(j.id, i) for j in case.industries for i in range(len(j.loss))]
    result = {
        "deliver": Shape(("agreement",), agreements, "t", per_agreement),
        "untaken": Shape(("agreement",), agreements, "t", per_agreement),
        "spot": Shape(("offer", "tier"), tiers, "t", per_tier),
        "run": Shape(("project",), projects, "t", world.activity),
        "upside": Shape(("project",), projects, "USD", np.full(len(projects), dollars)),
        "substitute": Shape(("substitution",), [u.id for u in case.substitutions], "t", per_eased),
        "short": Shape(("demand", "tier"), short, "t", per_short),
        "cut": Shape(("industry", "tier"), cut, "of output", np.ones(len(cut))),
        "cash": Shape((), [()] if case.budget is not None else [], "USD", np.full(1, dollars)),
    }
    for name in ("bought", "release", "private", "sale", "scrap"):
        result[name] = Shape(("commodity",), goods, "t", tonnes)
    for name in ("inject", "withdraw", "stock"):
        result[name] = Shape(("commodity", "depot"), places, "t", per_place)
    for name in ("draw", "repay", "owed", "drawn"):
        result[name] = Shape(("source",), sources, "USD", np.full(len(sources), dollars))
    return result


def read(world: World, plan: Plan, matched: Matched, ledger: Ledger) -> Operations:
    """All operations of the plan; what cannot be placed goes to the ledger."""
    operations = Operations(shapes(world, plan), world.nodes)
    for variable, columns in plan.operations.items():
        if variable not in operations.shapes:
            ledger.fault("bounds", variable, "no such variable")
        else:
            _fill(operations, variable, columns, matched, ledger)
    for variable, shape in operations.shapes.items():
        ledger.at_most(
            "bounds",
            "negative",
            shape.unit,
            -operations[variable],
            0.0,
            name=_namer(operations, variable, matched),
            floor=column(list(shape.floor)) if len(shape.rows) else 0.0,
        )
    return operations


def _namer(operations: Operations, variable: str, matched: Matched) -> Callable[[int, int], str]:
    def name(row: int, node: int) -> str:
        return " · ".join(p for p in (variable, operations.name(variable, row), matched.name(node)) if p)

    return name


def _fill(
    operations: Operations,
    variable: str,
    columns: dict[str, list[str | int | float]],
    matched: Matched,
    ledger: Ledger,
) -> None:
    shape = operations.shapes[variable]
    wanted = (*shape.columns, "node", "value")
    lengths = {len(values) for values in columns.values()}
    if set(columns) != set(wanted) or len(lengths) > 1:
        ledger.fault(
            "bounds", variable, f"columns {', '.join(columns)}; wanted: {', '.join(wanted)}, equally long"
        )
        return
    position: dict[Hashable, int] = {key: i for i, key in enumerate(shape.rows)}
    keys: list[Hashable]
    if len(shape.columns) == 1:
        keys = list(columns[shape.columns[0]])
    else:
        keys = (
            list(zip(*(columns[c] for c in shape.columns), strict=True))
            if shape.columns
            else [()] * max(lengths)
        )
    rows = np.array([position.get(key, -1) for key in keys], dtype=np.int64)
    own: dict[Hashable, int] = dict(matched.own.items())
    nodes = np.array([own.get(node, -1) for node in columns["node"]], dtype=np.int64)
    numbers = [v if isinstance(v, int | float) and abs(v) <= HUGE else np.nan for v in columns["value"]]
    value = np.array(numbers, dtype=np.float64)
    bad = (rows < 0) | (nodes < 0) | np.isnan(value)
    flat = rows * operations[variable].shape[1] + nodes
    _, first = np.unique(flat, return_index=True)
    twice = np.ones(len(flat), dtype=bool)
    twice[first] = False
    for i in np.flatnonzero(bad | twice)[:10]:
        what = "given twice" if twice[i] and not bad[i] else "no such index, or not a value"
        entry = ", ".join(f"{name} {columns[name][i]}" for name in wanted)
        ledger.fault("bounds", f"{variable} · {entry}", what)
    good = ~bad & ~twice
    operations[variable][rows[good], nodes[good]] = value[good]
