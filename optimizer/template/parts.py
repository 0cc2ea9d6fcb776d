"""Which multipliers of a state a number can depend on.

The numbers of one commodity follow what concerns that commodity, those of a project its own availability and
the prices of what it uses and makes, and so on. Each such group is a *unit*; what a state says about a unit
is the unit's *part* of the state. States are many, parts are few: a ban on one metal leaves the parts of all
others as they were.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.instance import Instance
from optimizer.compile import Vector
from optimizer.states import Selector, State

TABLES = ("market", "spot", "agreements", "projects", "depots", "price", "demand", "industries", "calm")
"""Fields of a State in the order in which they follow each other in a vector."""

SHARED = 0
"""Unit of what has no commodity, project or industry: money, running sums, depots."""

Slots = NDArray[np.int64]


class Parts:
    """States as vectors, and the parts of units in them.

    ``slots[u]``: places of unit u in the vector. Availability of depots is in every unit, since any commodity
    may lie in any depot. The last unit, ``whole``, is the whole state.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.sizes = (
            len(instance.market),
            len(instance.spot),
            len(instance.agreements),
            len(instance.projects),
            len(instance.depots),
            len(instance.commodities),
            len(instance.demand),
            len(instance.industries),
            len(instance.commodities),
        )
        ends = np.cumsum(self.sizes)
        self._at = {
            table: np.arange(end - size, end)
            for table, size, end in zip(TABLES, self.sizes, ends, strict=True)
        }
        self.length = int(ends[-1])
        self.unit_of: dict[str, int] = {}
        """By id of what multipliers concern, and of what none concerns (sources, depots)."""
        self.slots: list[Slots] = [self._at["depots"]]
        sources = (instance.budget.sources or ()) if instance.budget else ()
        shared = [*(d.id for d in instance.depots), *(f.id for f in sources)]
        self.unit_of.update(dict.fromkeys(shared, SHARED))
        self._commodities()
        self._projects()
        for j, industry in enumerate(instance.industries):
            self._unit([industry.id], self._at["industries"][[j]])
        self.whole = self._unit([], np.arange(self.length))

    def _unit(self, ids: list[str], slots: Slots) -> int:
        self.slots.append(np.unique(np.concatenate([slots, self._at["depots"]])))
        unit = len(self.slots) - 1
        self.unit_of.update(dict.fromkeys(ids, unit))
        return unit

    def _commodities(self) -> None:
        i, at = self.instance, self._at
        concerns = Selector(i).concerns
        for c, commodity in enumerate(i.commodities):
            demands = [q.id for q in i.demand if q.commodity == commodity.id]
            ids = [commodity.id, *demands]
            ids += [o.id for o in i.spot if o.commodity == commodity.id]
            ids += [a.id for a in i.agreements if a.commodity == commodity.id]
            ids += [u.id for u in i.substitutions if u.demand in demands]
            found = [at[table][matrix[c]] for table, matrix in concerns.items()]
            self._unit(ids, np.concatenate([*found, at["price"][[c]], at["calm"][[c]]]))

    def _projects(self) -> None:
        i, at = self.instance, self._at
        place = {c.id: n for n, c in enumerate(i.commodities)}
        for k, project in enumerate(i.projects):
            prices = at["price"][[place[m] for m in {*project.inputs, *project.outputs}]]
            self._unit([project.id], np.concatenate([at["projects"][[k]], prices]))

    @cached_property
    def calm(self) -> Vector:
        """The vector of the state in which nothing is hit."""
        return np.ones(self.length)

    def vector(self, state: State) -> Vector:
        """The multipliers one after the other; calm as 1 or 0."""
        return np.concatenate([getattr(state, table) for table in TABLES], dtype=float)

    def state(self, vector: Vector) -> State:
        """A state from a vector."""
        factors = {table: vector[at] for table, at in self._at.items() if table != "calm"}
        return State(**factors, calm=vector[self._at["calm"]] != 0)

    @cached_property
    def _gather(self) -> tuple[Slots, list[tuple[int, int]]]:
        ends = np.cumsum([8 * len(slots) for slots in self.slots[:-1]]).tolist()
        return np.concatenate(self.slots[:-1]), list(zip([0, *ends[:-1]], ends, strict=True))

    def keys(self, vector: Vector) -> list[bytes]:
        """The part of every unit but ``whole``, in a form that can be looked up."""
        slots, spans = self._gather
        text = vector[slots].tobytes()
        return [text[start:end] for start, end in spans]

    def unit_of_index(self, index: tuple[object, ...]) -> int:
        """The unit that the ids in an index belong to: -1 if there are none, ``whole`` if to several."""
        found = {self.unit_of[item] for item in index if isinstance(item, str) and item in self.unit_of}
        found = found - {SHARED} or found
        return found.pop() if len(found) == 1 else (self.whole if found else -1)
