"""Everything learnt so far: the banks of all periods and what belongs to no node."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from models.instance import Instance
from optimizer.compile import Vector
from optimizer.states import State
from optimizer.template.bank import Bank
from optimizer.template.cells import Catalogue, Cut, Integers, Kind, cut, decode
from optimizer.template.common import Common
from optimizer.template.library import Library, Part, compile_library, pack
from optimizer.template.parts import Parts


class Store:
    """Banks by period, keys met so far, and what belongs to no node; grows library by library."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.parts = Parts(instance)
        self.known = Catalogue()
        self.common = Common()
        self.banks = [Bank(t, self.parts) for t in range(instance.horizon.periods)]
        self.unlikely: tuple[set[int], set[int]] = (set(), set())
        """Rows and columns that exist only where the probability is above 0."""
        self.nodes = 0
        """Nodes compiled so far."""

    def vectors(self, keys: Iterable[tuple[int, State]]) -> dict[int, dict[bytes, Vector]]:
        """Different states by period, as vectors."""
        wanted: dict[int, dict[bytes, Vector]] = {}
        vectors: dict[int, Vector] = {}
        held: list[State] = []  # keeps ids from being given anew
        for t, state in keys:
            vector = vectors.get(id(state))
            if vector is None:
                vector = vectors[id(state)] = self.parts.vector(state)
                held.append(state)
            wanted.setdefault(t, {})[vector.tobytes()] = vector
        return wanted

    def missing(self, wanted: dict[int, dict[bytes, Vector]]) -> dict[int, list[Vector]]:
        """Vectors for library nodes by period; empty if nothing is to be compiled."""
        found: dict[int, list[Vector]] = {}
        for t, of_period in wanted.items():
            bank = self.banks[t]
            absent: dict[tuple[int, bytes], Part] = {}
            # States that hit much first: packing then needs fewer nodes.
            for vector in sorted(of_period.values(), key=lambda v: -np.count_nonzero(v != 1)):
                for unit in bank.missing(vector):
                    values = vector[self.parts.slots[unit]]
                    absent[unit, values.tobytes()] = (unit, values)
            if self.nodes:
                packed = pack(self.parts, absent.values())
            else:
                # The trunk holds what is calm.
                packed = pack(self.parts, absent.values(), self.parts.calm)[1:]
            if packed:
                found[t] = packed
        return found if found or self.nodes else {0: []}

    def take_in(self, vectors: dict[int, list[Vector]]) -> None:
        """Compile a library with these vectors and keep its numbers."""
        library = compile_library(self.instance, self.parts, vectors)
        first = self.nodes == 0
        self.nodes += len(library.tree)
        pieces = cut(library, self.known)
        if first:
            self.unlikely = self._only_likely(library, pieces)
        self.common.add(pieces.common)
        row_units, column_units = self._units(self.known.rows.keys), self._units(self.known.columns.keys)
        column_units = np.maximum(column_units, 0)
        periods = np.array([node.period for node in library.tree.nodes])
        taken = np.arange(len(periods)) != library.unlikely
        if not first:
            taken[: len(self.banks)] = False
        for t, bank in enumerate(self.banks):
            bank.integer |= {column for period, column in pieces.integer if period == t}
            nodes = np.flatnonzero(taken & (periods == t))
            if not len(nodes):
                continue
            place = np.full(len(periods), -1)
            place[nodes] = np.arange(len(nodes))
            mine = place[pieces.node] >= 0
            held = [library.vectors[n] for n in nodes]
            bank.add(held, place[pieces.node[mine]], pieces.code[mine], pieces.value[mine])
            bank.assign(row_units, column_units)
            if bank.widen(held):
                bank.assign(row_units, column_units)

    def _only_likely(self, library: Library, pieces: Cut) -> tuple[set[int], set[int]]:
        """Rows and columns of the calm leaf that a leaf of probability 0 lacks."""
        last = len(self.banks) - 1

        def at(node: int, kind: Kind) -> set[int]:
            kinds, _, row, column = decode(pieces.code[pieces.node == node])
            return set((row if kind is Kind.ROW_LOWER else column)[kinds == kind].tolist())

        rows, columns = (at(last, k) - at(library.unlikely, k) for k in (Kind.ROW_LOWER, Kind.LOWER))
        return rows, columns

    def _units(self, keys: list[tuple[str, tuple[object, ...]]]) -> Integers:
        return np.array([self.parts.unit_of_index(index) for _, index in keys], dtype=np.int64)
