"""What the constraint families share: the model they write into and the ledger through which they meet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pyomo.environ as pyo

from optimizer.data import Data

Term = Any
"""A linear expression in Pyomo variables."""
Relation = Any
"""An equality or inequality between such expressions."""
Index = list[Any]


class Ledger:
    """Sums to which several families contribute, as lists of terms.

    A family that buys, builds, stores or sells records here what it moves; pool, money, allocations, shares,
    loss and objective read it. So a new family needs no change in those.
    """

    def __init__(self) -> None:
        self.spend: dict[tuple[str, int], list[Term]] = defaultdict(list)
        """(item, node): planned spend on an agreement, spot offer or project, money."""
        self.due: dict[tuple[str, int], list[Term]] = defaultdict(list)
        """(item, period): commitments falling due, money."""
        self.upkeep: dict[int, list[Term]] = defaultdict(list)
        """node: storage, handling, disposal, money."""
        self.proceeds: dict[int, list[Term]] = defaultdict(list)
        """node: what comes in, money."""
        self.enters: dict[tuple[str, int], list[tuple[str, Term]]] = defaultdict(list)
        """(commodity, node): (item, what it brings into the reserve), units of m."""
        self.leaves: dict[tuple[str, int], list[Term]] = defaultdict(list)
        """(commodity, node): what leaves the reserve, units of m."""
        self.diverted: dict[tuple[str, int], list[Term]] = defaultdict(list)
        """(commodity, node): what the agency takes from commerce before μ, units of m."""
        self.owners: dict[tuple[str, int], list[Term]] = defaultdict(list)
        """(commodity, node): what project owners sell to consumers, units of m."""
        self.loss: dict[int, list[Term]] = defaultdict(list)
        """node: shortage, substitution and cut, undiscounted, money."""
        self.emissions: dict[int, list[Term]] = defaultdict(list)
        """node: scaled tCO2e."""


class Formulation(pyo.ConcreteModel):  # type: ignore[misc]  # pyomo ships no types
    """A Pyomo model with the data and the ledger it is written from."""

    def __init__(self, data: Data) -> None:
        super().__init__(name=data.instance.name)
        self.data = data
        self.ledger = Ledger()
        self.NODE = list(data.nodes)
        self.PERIOD = list(range(data.periods))
        self.COMMODITY = list(data.commodities)
        self.DEPOT = list(data.depots)
        self.nothing = pyo.Var(bounds=(0, 0))


def total(m: Formulation, terms: Iterable[Term]) -> Term:
    """The sum of terms; a variable fixed at 0 if there are none, so that no row is ever trivial.

    A row without variables would be dropped or refused by the modelling layer; a rule that cannot be met must
    reach the solver and be found infeasible there.
    """
    listed = [term for term in terms if term is not None]
    return pyo.quicksum(listed) if listed else 1.0 * m.nothing


def amounts(
    m: Formulation, name: str, index: Index, upper: Callable[..., float | None] | None = None
) -> None:
    """Declare variables >= 0, with an upper bound by index if ``upper`` gives one."""
    bounds = (lambda _, *key: (0.0, upper(*key))) if upper else (0.0, None)
    setattr(m, name, pyo.Var(index, bounds=bounds))


def decisions(m: Formulation, name: str, index: Index) -> None:
    """Declare yes/no variables."""
    setattr(m, name, pyo.Var(index, domain=pyo.Binary))


def rows(m: Formulation, name: str, index: Index, rule: Callable[..., Relation]) -> None:
    """Declare one constraint per index."""
    setattr(m, name, pyo.Constraint(index, rule=rule))
