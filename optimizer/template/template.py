"""The formulation once and for all nodes to come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from models.instance import Instance
from optimizer.compile import Arrays, Vector
from optimizer.states import State
from optimizer.template.assemble import Level, assemble
from optimizer.template.bank import Bank
from optimizer.template.cells import Catalogue, Cut, Integers, Kind, cut, decode
from optimizer.template.common import Common
from optimizer.template.components import component_of, components
from optimizer.template.layout import Block, Layout, lay_out
from optimizer.template.library import Library, Part, compile_library, pack
from optimizer.template.parts import Parts
from optimizer.template.standing import run, runs, waiting
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
        self.library_nodes = 0
        """Nodes compiled so far."""

    # ---- learning

    def learn(self, keys: Iterable[tuple[int, State]]) -> None:
        """Compile what is not known yet of (period, state); one compile for all of them."""
        wanted: dict[int, dict[bytes, Vector]] = {}
        vectors: dict[int, Vector] = {}
        held: list[State] = []  # keeps ids from being given anew
        for t, state in keys:
            vector = vectors.get(id(state))
            if vector is None:
                vector = vectors[id(state)] = self._parts.vector(state)
                held.append(state)
            wanted.setdefault(t, {})[vector.tobytes()] = vector
        while missing := self._missing(wanted):
            self._take_in(missing)

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
        self.learn([])
        return self._common.arrays(self._known.common_rows, self._known.common_columns)

    def layout(self, t: int) -> Layout:
        """Rows, columns and places of entries in period t."""
        self.learn([])
        if t not in self._layouts:
            self._layouts[t] = lay_out(t, self._banks, self._known, self._component_of, self._unlikely)
        return self._layouts[t]

    def block(self, t: int, state: State) -> Block:
        """The numbers of a node of period t; learns them if need be.

        Rows that wait for calm periods (cover) stand as if the past had been calm; see ``path``.
        """
        return self.blocks(t, [state], single=True)

    def blocks(self, t: int, states: Sequence[State], *, single: bool = False) -> Block:
        """Numbers of several nodes of period t; the first axis of each array is the state."""
        bank = self._banks[t]
        vectors = [self._parts.vector(state) for state in states]
        if not self.library_nodes or any(bank.missing(vector) for vector in vectors):
            self.learn((t, state) for state in states)
        layout = self.layout(t)
        numbers = bank.gather(np.array([bank.find(vector) for vector in vectors]))
        if single:
            numbers = numbers[0]
        return Block(layout, *(numbers[..., cells] for cells in bank.by_kind))

    def path(self, states: Sequence[State]) -> list[Block]:
        """One block per period along a path from the first period; rows of cover are free where they do not
        stand."""
        self.learn(enumerate(states))
        found, calm = [], None
        for t, state in enumerate(states):
            block = self.block(t, state)
            calm = run(state.calm, calm)
            row, commodity, needed = waiting(self.instance, block.layout.rows)
            fallen = row[calm[commodity] < needed]
            block.row_lower[fallen], block.row_upper[fallen] = -np.inf, np.inf
            found.append(block)
        return found

    def arrays(self, tree: Tree, states: Sequence[State]) -> Arrays:
        """What compile_arrays gives for the formulation on this tree with these states at its nodes.

        Trees have grown: leaves in the last period only, probabilities of a period sum to 1.
        """
        self.learn((node.period, state) for node, state in zip(tree.nodes, states, strict=True))
        calm = runs(tree, states)
        probability = np.array(tree.probability)
        levels = []
        for t, bank in enumerate(self._banks):
            nodes = np.array([node.id for node in tree.nodes if node.period == t])
            block = self.blocks(t, [states[n] for n in nodes])
            layout, weight = block.layout, probability[nodes]
            stands = np.isfinite(block.row_lower) | np.isfinite(block.row_upper)
            stands &= (weight[:, None] > 0) | ~layout.likely_rows
            row, commodity, needed = waiting(self.instance, layout.rows)
            stands[:, row] &= calm[nodes][:, commodity] >= needed
            there = np.broadcast_to((weight[:, None] > 0) | ~layout.likely_columns, block.lower.shape)
            levels.append(Level(nodes, weight, block, stands, there, bank.rows, bank.columns))
        return assemble(tree, levels, self.common, self._known)
