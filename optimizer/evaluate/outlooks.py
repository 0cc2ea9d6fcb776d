"""What may come, as an agency sees it that knows the present."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from models.instance import Instance
from optimizer.evaluate.moments import Moment
from optimizer.evaluate.setting import Setting
from optimizer.scenarios import HazardModel
from optimizer.scenarios.paths import Regime
from optimizer.tree import effect_key, grow

BRANCHES = 8
"""Continuations that a decision looks at."""
NOTHING = Regime(in_force=(), tense=frozenset(), since=())
"""The regime in which nothing is in force and relations are calm."""


@dataclass(frozen=True)
class Outlook:
    """What may come: a path from the present period to the last, with its probability."""

    probability: float
    moments: tuple[Moment, ...]
    """[0] is the present"""


class Belief(Protocol):
    """Where outlooks come from."""

    def outlooks(self, period: int, path: Sequence[Moment], regime: Regime | None) -> list[Outlook]:
        """What may come after ``path``, whose last is ``period``."""


class FromHazards:
    """Continuations drawn from the hazards, by a seed that follows from period and regime."""

    def __init__(
        self, setting: Setting, rate: float | str | None = None, branches: int = BRANCHES, seed: int = 0
    ) -> None:
        self.setting, self.branches, self.seed = setting, branches, seed
        self.model = HazardModel(setting.instance, rate)

    def outlooks(self, period: int, path: Sequence[Moment], regime: Regime | None) -> list[Outlook]:
        """As in Belief; alike for all paths that are in the same regime."""
        assert regime is not None, "drawn scenarios come with their regimes"
        name = repr((period, regime.in_force, sorted(regime.tense)))
        seed = zlib.crc32(name.encode()) ^ self.seed
        found = []
        for c in self.model.continuations(regime, period, self.branches, seed):
            moments = [path[-1]]
            for effects in c.in_force[1:]:
                keys = [(effect_key(e), e) for e in effects]
                self.setting.effects.update((key, e) for key, e in keys)
                moments.append(self.setting.moment(tuple(sorted(key for key, _ in keys))))
            found.append(Outlook(c.probability, tuple(moments)))
        return found


class FromScenarios:
    """The scenarios of the instance that have the same past, with their conditional probabilities.

    Where there is none, what is in force stays in force.
    """

    def __init__(self, setting: Setting, instance: Instance) -> None:
        self.setting = setting
        tree = grow(instance)
        setting.effects.update(tree.effects)
        self._paths = []
        for name, leaf in tree.leaf.items():
            force = [tree.nodes[n].in_force for n in tree.path(leaf)][::-1]
            self._paths.append((tree.weight[name], force))

    def outlooks(self, period: int, path: Sequence[Moment], regime: Regime | None) -> list[Outlook]:
        """As in Belief."""
        past = [moment.in_force for moment in path]
        alike = [(p, force) for p, force in self._paths if force[: period + 1] == past and p > 0]
        total = sum(p for p, _ in alike)
        if not alike:
            return [Outlook(1.0, (path[-1],) * (self.setting.periods - period))]
        return [
            Outlook(p / total, (path[-1], *(self.setting.moment(f) for f in force[period + 1 :])))
            for p, force in alike
        ]
