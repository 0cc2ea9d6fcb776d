"""What is in force in a period, and what it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.instance import Effect, Instance
from optimizer.states import Selector, State
from optimizer.tree import EffectKey, Signature, effect_key

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Moment:
    """What is in force in a period."""

    number: int
    """the same for the same effects"""
    state: State
    in_force: Signature

    @property
    def calm_everywhere(self) -> bool:
        """Nothing is in force."""
        return not self.in_force


class Remembering(Selector):
    """Remembers which rows each effect hits: sampled scenarios share their effects."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance)
        self._supply: dict[EffectKey, dict[str, Flags]] = {}
        self._price: dict[EffectKey, Flags] = {}
        self._demand: dict[EffectKey, tuple[Flags, Flags]] = {}

    def supply(self, effect: Effect) -> dict[str, Flags]:
        """As in Selector."""
        key = effect_key(effect)
        if key not in self._supply:
            self._supply[key] = super().supply(effect)
        return self._supply[key]

    def price(self, effect: Effect) -> Flags:
        """As in Selector."""
        key = effect_key(effect)
        if key not in self._price:
            self._price[key] = super().price(effect)
        return self._price[key]

    def demand(self, effect: Effect) -> tuple[Flags, Flags]:
        """As in Selector."""
        key = effect_key(effect)
        if key not in self._demand:
            self._demand[key] = super().demand(effect)
        return self._demand[key]
