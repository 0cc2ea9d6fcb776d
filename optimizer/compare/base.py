"""One compiled programme for all alternatives of a kind, and what each changes in it.

``Base.arrays`` of an alternative equals, entry by entry, what compiling its instance gives, but for what is
forced, forbidden or fixed: compiled those are rows and ranges (:mod:`models.alternatives.impose`), here they
are bounds of columns. The tests compare both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from models.alternatives import Alternative
from models.instance import Instance, Objective
from models.plan import Commitments
from optimizer.compare.change import DECISIONS, Change
from optimizer.compare.limits import tail_matters, weights
from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.keys import Key
from optimizer.template import arrays_of
from optimizer.units import Units

Taken = dict[tuple[str, tuple[Any, ...]], float]
"""(sign, build or open; its index): tonnes a year, 1 for a depot."""


@dataclass(frozen=True)
class Base:
    """The programme of one alternative of a kind; picklable, for processes that are handed it."""

    compiled: Arrays
    units: Units
    neutral: bool
    """Compiled with weights 1, 1 and 1/2 (0 without a tail), so that any weights can be put in exactly."""

    @classmethod
    def of(cls, alternatives: Sequence[Alternative]) -> Base:
        """For alternatives of one kind."""
        rules = alternatives[0].rules
        neutral = len({weights(a) for a in alternatives}) > 1
        if neutral:
            rules = rules.model_copy(update={"objective": _neutral(rules)})
        data = Data(rules)
        arrays = arrays_of(data)
        if neutral and arrays.offset:
            raise AssertionError("an objective without constant terms")
        return cls(arrays, data.units, neutral)

    @cached_property
    def column(self) -> dict[Key, int]:
        """Where a column stands."""
        return {key: j for j, key in enumerate(self.compiled.columns)}

    @cached_property
    def rows(self) -> dict[str, list[tuple[tuple[Any, ...], int]]]:
        """Rows by name of their constraint: index and where they stand."""
        found: dict[str, list[tuple[tuple[Any, ...], int]]] = {}
        for i, (name, index) in enumerate(self.compiled.rows):
            found.setdefault(name, []).append((index, i))
        return found

    @cached_property
    def decisions(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Columns of sign, build and open."""
        return np.array([j for (name, _), j in self.column.items() if name in DECISIONS], dtype=np.int64)

    def data(self, alternative: Alternative) -> Data:
        """The instance of an alternative in the units of the arrays."""
        data = Data(alternative.instance)
        data.units = self.units
        return data

    def arrays(self, alternative: Alternative) -> Arrays:
        """The programme of an alternative."""
        change = Change(self, alternative)
        change.money()
        change.rules()
        change.decided()
        return change.arrays()

    def taken(self, made: Commitments) -> Taken:
        """Commitments as columns, sizes in the units of the arrays; ids that are not there are left out."""
        taken: Taken = {}
        for a in made.agreements:
            taken["sign", (a.id, a.start)] = a.volume
        for k in made.projects:
            taken["build", (k.id, k.start)] = k.capacity
        for d in made.depots:
            taken["open", (d.id,)] = 1.0
        return {key: size for key, size in taken.items() if key in self.column}


def _neutral(rules: Instance) -> Objective:
    half = 0.5 if tail_matters(rules) else 0.0
    return Objective(cvar_weight=half, cvar_alpha=rules.objective.cvar_alpha)
