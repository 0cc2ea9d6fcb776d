"""The formulation once and for all nodes to come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from models.instance import Instance
from optimizer.compile import Arrays, no_collection
from optimizer.states import State
from optimizer.template.assemble import Level, assemble
from optimizer.template.cells import Integers, Kind
from optimizer.template.components import component_of, components
from optimizer.template.layout import Block, Layout, lay_out
from optimizer.template.standing import Runs, run, runs
from optimizer.template.store import Store
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
        self._component_of = component_of(instance, self.components)
        self._store = Store(instance)
        self._layouts: dict[int, Layout] = {}
        self._common: Arrays | None = None

    # ---- learning

    @property
    def library_nodes(self) -> int:
        """Nodes compiled so far."""
        return self._store.nodes

    def learn(self, keys: Iterable[tuple[int, State]]) -> None:
        """Compile what is not known yet of (period, state); one compile for all of them."""
        wanted = self._store.vectors(keys)
        while missing := self._store.missing(wanted):
            self._store.take_in(missing)
            self._layouts.clear()
            self._common = None

    def ahead(self, keys: Iterable[tuple[int, State]]) -> int:
        """How many nodes ``learn`` would compile, as far as can be told before."""
        missing = self._store.missing(self._store.vectors(keys))
        added = sum(len(vectors) for vectors in missing.values())
        return added + len(self._store.banks) + 1 if missing else 0

    # ---- reading

    @property
    def names_at_nodes(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names of columns and of rows whose index ends with a node."""
        self._start()
        known = self._store.known
        columns, rows = ({name for name, _ in names.keys} for names in (known.columns, known.rows))
        return frozenset(columns), frozenset(rows)

    @property
    def common(self) -> Arrays:
        """Rows and columns of no node, with their own numbers."""
        self._start()
        if self._common is None:
            known = self._store.known
            self._common = self._store.common.arrays(known.common_rows, known.common_columns)
        return self._common

    def layout(self, t: int) -> Layout:
        """Rows, columns and places of entries in period t."""
        self._start()
        if t not in self._layouts:
            self._layouts[t] = lay_out(
                self.instance,
                t,
                self._store.banks,
                self._store.known,
                self._component_of,
                self._store.unlikely,
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
            levels = [self._level(t, tree, states, calm) for t in range(len(self._store.banks))]
            return assemble(tree, levels, self.common, self._store.known)

    def _start(self) -> None:
        if not self.library_nodes:
            self.learn([])

    def _places(self, t: int, states: Sequence[State]) -> Integers:
        """State × unit: the library node that holds the part."""
        self._start()
        bank = self._store.banks[t]
        vectors = {key: self._store.parts.vector(state) for key, state in {id(s): s for s in states}.items()}
        found = {key: bank.find(vector) for key, vector in vectors.items()}
        if None in found.values():
            self.learn((t, state) for state in states)
            found = {key: bank.find(vector) for key, vector in vectors.items()}
        places = np.array([found[id(state)] for state in states], dtype=np.int64)
        return places.reshape(len(states), len(self._store.parts.slots))

    def _blocks(self, t: int, places: Integers) -> Block:
        bank = self._store.banks[t]
        numbers = bank.gather(places)
        return Block(self.layout(t), *(numbers[..., cells] for cells in bank.by_kind))

    def _level(self, t: int, tree: Tree, states: Sequence[State], calm: Runs) -> Level:
        bank, layout = self._store.banks[t], self.layout(t)
        nodes = np.array([node.id for node in tree.nodes if node.period == t])
        weight = np.array(tree.probability)[nodes]
        places = self._places(t, [states[n] for n in nodes])
        likely = weight[:, None] > 0
        rows = np.isfinite(bank.gather(places, bank.by_kind[Kind.ROW_LOWER]))
        rows |= np.isfinite(bank.gather(places, bank.by_kind[Kind.ROW_UPPER]))
        rows &= likely | ~layout.likely_rows
        rows[:, layout.waiting_row] &= calm[nodes][:, layout.waiting_commodity] >= layout.waiting_periods
        columns = np.broadcast_to(likely | ~layout.likely_columns, (len(nodes), len(layout.columns)))

        def block(some: slice) -> Block:
            return self._blocks(t, places[some])

        return Level(nodes, weight, layout, block, rows, columns, bank.rows, bank.columns)
