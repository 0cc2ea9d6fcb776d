"""Envelope and sources: a planner asks about them first, so each is told of, binding or not.

A dual cannot say that two limits are reached together (an envelope that is the sum of its sources): the
saving stands with one of them, though it takes both to grow. That is read off the solution and said in words.
"""

from __future__ import annotations

import numpy as np

from models.plan import MarginalValue
from optimizer.compile import Arrays, Vector
from optimizer.data import Data

TIGHT = 1e-9
"""Relative distance from a limit at which it is used up."""


def told_of_money(data: Data, arrays: Arrays, x: Vector, found: list[MarginalValue]) -> list[MarginalValue]:
    """The values found, with what else would have to grow, and the limits of money that are worth nothing."""
    budget = data.instance.budget
    if budget is None:
        return found
    limited = [f.id for f in budget.sources or () if f.amount is not None or f.available is not None]
    limits = {("source", f): f"Source {f}" for f in limited}
    if budget.envelope is not None:
        limits["envelope", "envelope"] = "The envelope"
    used, together = _used_up(data, arrays, x)
    valued = {(v.kind, v.item) for v in found}
    return [_with_caveat(v, together) for v in found] + [
        MarginalValue(kind=kind, item=item, value=0.0, unit="USD", words=_idle(name, item in used))
        for (kind, item), name in limits.items()
        if (kind, item) not in valued
    ]


def _idle(name: str, used_up: bool) -> str:
    return f"{name} {'is used up, but more of it alone saves nothing' if used_up else 'does not bind'}."


def _with_caveat(value: MarginalValue, together: bool) -> MarginalValue:
    if not together or value.year is not None or value.kind not in ("envelope", "source"):
        return value
    other = "its sources grow" if value.kind == "envelope" else "the envelope grows"
    return value.model_copy(update={"words": f"{value.words.removesuffix('.')}, if {other} with it."})


def _used_up(data: Data, arrays: Arrays, x: Vector) -> tuple[set[str], bool]:
    """Limits reached at the end of some path, and whether the envelope and all sources are at once."""
    budget = data.instance.budget
    column = {key: j for j, key in enumerate(arrays.columns) if key[0] == "drawn"}
    used: set[str] = set()
    together = False
    for leaf in data.tree.leaves():
        drawn = {f.id: column["drawn", (f.id, leaf)] for f in (budget.sources or () if budget else ())}
        full = {f for f, j in drawn.items() if x[j] >= arrays.upper[j] * (1 - TIGHT)}
        limit = np.inf if budget is None or budget.envelope is None else data.usd(budget.envelope)
        if drawn and sum(x[j] for j in drawn.values()) >= limit * (1 - TIGHT):
            together = together or len(full) == len(drawn)
            full.add("envelope")
        used |= full
    return used, together
