"""The formulation once and for all nodes to come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from models.instance import Instance
from optimizer.compile import Arrays, Vector, no_collection
from optimizer.states import State
from optimizer.template.assemble import Level, assemble
from optimizer.template.bank import Bank
from optimizer.template.cells import Catalogue, Cut, Integers, Kind, cut, decode
from optimizer.template.common import Common
from optimizer.template.components import component_of, components
from optimizer.template.layout import Block, Layout, lay_out
from optimizer.template.library import Library, Part, compile_library, pack
from optimizer.template.parts import Parts
from optimizer.template.standing import Runs, run, runs
from optimizer.tree import Tree


class Template:
    """Numbers of the formulation at any node of any tree, without writing it for that node.

    Everything at a node follows its period and its state; every number follows a small part of the state. A
    library of few nodes holds each part once, is compiled through the one formulation there is, and blocks
    and arrays are put together from its numbers (docs/decisions/0015-template.md).

    ``learn`` everything first: what is learnt later may add rows and columns at the end of a layout.

    Parameters
    ----------
    instance: its scenarios are not read.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.components: list[frozenset[str]] = components(instance)
        """Ids of commodities, by component."""
        self._parts = Parts(instance)
        self._component_of = component_of(instance, self.components)
        self._known = Catalogue()
        self._common = Common()
        self._banks = [Bank(t, self._parts) for t in range(instance.horizon.periods)]
        self._unlikely: tuple[set[int], set[int]] = (set(), set())
        self._layouts: dict[int, Layout] = {}
        self._merged: Arrays | None = None
        self.library_nodes = 0
        """Nodes compiled so far."""

    # ---- learning

    def learn(self, keys: Iterable[tuple[int, State]]) -> None:
        """Compile what is not known yet of (period, state); one compile for all of them."""
        wanted = self._vectors(keys)
        while missing := self._missing(wanted):
            self._take_in(missing)

    def ahead(self, keys: Iterable[tuple[int, State]]) -> int:
        """How many nodes ``learn`` would compile, as far as can be told before."""
        missing = self._missing(self._vectors(keys))
        added = sum(len(vectors) for vectors in missing.values())
        return added + len(self._banks) + 1 if missing else 0

    def _vectors(self, keys: Iterable[tuple[int, State]]) -> dict[int, dict[bytes, Vector]]:
        """Different states by period."""
        wanted: dict[int, dict[bytes, Vector]] = {}
        vectors: dict[int, Vector] = {}
        held: list[State] = []  # keeps ids from being given anew
        for t, state in keys:
            vector = vectors.get(id(state))
            if vector is None:
                vector = vectors[id(state)] = self._parts.vector(state)
                held.append(state)
            wanted.setdefault(t, {})[vector.tobytes()] = vector
        return wanted

    def _missing(self, wanted: dict[int, dict[bytes, Vector]]) -> dict[int, list[Vector]]:
        """Vectors for library nodes by period; empty if nothing is to be compiled."""
        found: dict[int, list[Vector]] = {}
        for t, of_period in wanted.items():
            bank = self._banks[t]
            absent: dict[tuple[int, bytes], Part] = {}
            # States that hit much first: packing then needs fewer nodes.
            for vector in sorted(of_period.values(), key=lambda v: -np.count_nonzero(v != 1)):
                for unit in bank.missing(vector):
                    values = vector[self._parts.slots[unit]]
                    absent[unit, values.tobytes()] = (unit, values)
            if self.library_nodes:
                packed = pack(self._parts, absent.values())
            else:
                # The trunk holds what is calm.
                packed = pack(self._parts, absent.values(), self._parts.calm)[1:]
            if packed:
                found[t] = packed
        return found if found or self.library_nodes else {0: []}

    def _take_in(self, vectors: dict[int, list[Vector]]) -> None:
        library = compile_library(self.instance, self._parts, vectors)
        first = self.library_nodes == 0
        self.library_nodes += len(library.tree)
        pieces = cut(library, self._known)
        if first:
            self._unlikely = self._only_likely(library, pieces)
        self._common.add(pieces.common)
        self._layouts.clear()
        self._merged = None
        row_units, column_units = self._units(self._known.rows.keys), self._units(self._known.columns.keys)
        column_units = np.maximum(column_units, 0)
        periods = np.array([node.period for node in library.tree.nodes])
        taken = np.arange(len(periods)) != library.unlikely
        if not first:
            taken[: len(self._banks)] = False
        for t, bank in enumerate(self._banks):
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
        last = len(self._banks) - 1

        def at(node: int, kind: Kind) -> set[int]:
            kinds, _, row, column = decode(pieces.code[pieces.node == node])
            return set((row if kind is Kind.ROW_LOWER else column)[kinds == kind].tolist())

        rows, columns = (at(last, k) - at(library.unlikely, k) for k in (Kind.ROW_LOWER, Kind.LOWER))
        return rows, columns

    def _units(self, keys: list[tuple[str, tuple[object, ...]]]) -> Integers:
        return np.array([self._parts.unit_of_index(index) for _, index in keys], dtype=np.int64)

    # ---- reading

    @property
    def common(self) -> Arrays:
        """Rows and columns of no node, with their own numbers."""
        self._start()
        if self._merged is None:
            self._merged = self._common.arrays(self._known.common_rows, self._known.common_columns)
        return self._merged

    def layout(self, t: int) -> Layout:
        """Rows, columns and places of entries in period t."""
        self._start()
        if t not in self._layouts:
            self._layouts[t] = lay_out(
                self.instance, t, self._banks, self._known, self._component_of, self._unlikely
            )
        return self._layouts[t]

    def block(self, t: int, state: State) -> Block:
        """The numbers of a node of period t; learns them if need be.

        Rows that wait for calm periods (cover) stand as if the past had been calm; see ``path``.
        """
        return self._blocks(t, self._places(t, [state])[0])

    def blocks(self, t: int, states: Sequence[State]) -> Block:
        """Numbers of several nodes of period t; the first axis of each array is the state."""
        return self._blocks(t, self._places(t, states))

    def path(self, states: Sequence[State]) -> list[Block]:
        """One block per period along a path from the first period; rows of cover are free where they do not
        stand."""
        self.learn(enumerate(states))
        found, calm = [], None
        for t, state in enumerate(states):
            block, layout = self.block(t, state), self.layout(t)
            calm = run(state.calm, calm)
            fallen = layout.waiting_row[calm[layout.waiting_commodity] < layout.waiting_periods]
            block.row_lower[fallen], block.row_upper[fallen] = -np.inf, np.inf
            found.append(block)
        return found

    def arrays(self, tree: Tree, states: Sequence[State]) -> Arrays:
        """What compile_arrays gives for the formulation on this tree with these states at its nodes.

        The tree must have grown as model.md says: leaves in the last period only, probabilities of children
        sum to that of their parent, those of a period to 1.
        """
        self.learn((node.period, state) for node, state in zip(tree.nodes, states, strict=True))
        with no_collection():
            calm = runs(tree, states)
            levels = [self._level(t, tree, states, calm) for t in range(len(self._banks))]
            return assemble(tree, levels, self.common, self._known)

    def _start(self) -> None:
        if not self.library_nodes:
            self.learn([])

    def _places(self, t: int, states: Sequence[State]) -> Integers:
        """State × unit: the library node that holds the part."""
        self._start()
        bank = self._banks[t]
        vectors = {key: self._parts.vector(state) for key, state in {id(s): s for s in states}.items()}
        found = {key: bank.find(vector) for key, vector in vectors.items()}
        if None in found.values():
            self.learn((t, state) for state in states)
            found = {key: bank.find(vector) for key, vector in vectors.items()}
        places = np.array([found[id(state)] for state in states], dtype=np.int64)
        return places.reshape(len(states), len(self._parts.slots))

    def _blocks(self, t: int, places: Integers) -> Block:
        bank = self._banks[t]
        numbers = bank.gather(places)
        return Block(self.layout(t), *(numbers[..., cells] for cells in bank.by_kind))

    def _level(self, t: int, tree: Tree, states: Sequence[State], calm: Runs) -> Level:
        bank, layout = self._banks[t], self.layout(t)
        nodes = np.array([node.id for node in tree.nodes if node.period == t])
        weight = np.array(tree.probability)[nodes]
        block = self.blocks(t, [states[n] for n in nodes])
        likely = weight[:, None] > 0
        rows = np.isfinite(block.row_lower) | np.isfinite(block.row_upper)
        rows &= likely | ~layout.likely_rows
        rows[:, layout.waiting_row] &= calm[nodes][:, layout.waiting_commodity] >= layout.waiting_periods
        columns = np.broadcast_to(likely | ~layout.likely_columns, block.lower.shape)
        return Level(nodes, weight, block, rows, columns, bank.rows, bank.columns)
