"""What every family is checked with: the instance at its nodes, the plan's operations, and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from models.instance import Instance
from optimizer.audit.commitments import Committed
from optimizer.audit.ledger import Ledger
from optimizer.audit.match import Matched
from optimizer.audit.operations import Operations
from optimizer.audit.tree import Tree
from optimizer.audit.world import World


class Named(Protocol):
    """A row with an id."""

    @property
    def id(self) -> str:
        """Id, unique over the instance."""


@dataclass(frozen=True)
class Case:
    """One plan under audit."""

    instance: Instance
    tree: Tree
    world: World
    committed: Committed
    operations: Operations
    matched: Matched
    ledger: Ledger

    def rows(self, table: Sequence[Named]) -> Callable[[int, int], str]:
        """Names elements of an array (rows of the table, nodes)."""
        return lambda i, n: f"{table[i].id} · {self.matched.name(n)}"

    def entries(self, variable: str) -> Callable[[int, int], str]:
        """Names elements of the array of a variable."""
        return lambda i, n: f"{self.operations.name(variable, i)} · {self.matched.name(n)}"

    def node(self, n: int) -> str:
        """Name of a node, for an array with one element per node."""
        return self.matched.name(n)
