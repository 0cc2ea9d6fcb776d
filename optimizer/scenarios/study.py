"""A sample with all that is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from models.instance import Instance
from optimizer.scenarios.figures import announcements, undisturbed, years_hit
from optimizer.scenarios.known import known_for_certain
from optimizer.scenarios.model import HazardModel
from optimizer.scenarios.reduce import Reduction, reduce
from optimizer.scenarios.replace import with_scenarios
from optimizer.tree import grow


@dataclass(frozen=True)
class Study:
    """What was sampled. Shares are fractions; figures per path are over all simulated paths."""

    instance: Instance
    """The instance with the scenarios in place of its own."""
    paths: int
    """Simulated."""
    distinct: int
    """Of them, that differ in what is in force."""
    announcements: pd.DataFrame
    """By hazard: starts and periods in force per path."""
    years_hit: pd.DataFrame
    """By material: expected years, in the scenarios as they are written."""
    undisturbed: float
    """Probability that nothing happens."""
    nodes: int
    """Of the tree that grows from the scenarios."""
    known: float
    """Share of what is to come that is known for certain (:func:`known_for_certain`)."""
    reduction: Reduction | None
    known_before: float | None
    """The same before the reduction."""

    def document(self) -> dict[str, Any]:
        """Plain data."""
        reduced: dict[str, Any] | None = None
        if self.reduction is not None:
            reduced = {
                key: value
                for key, value in asdict(self.reduction).items()
                if key not in ("scenarios", "stands_for")
            }
            reduced["known_for_certain_before"] = self.known_before
        return {
            "instance": self.instance.name,
            "fingerprint": self.instance.fingerprint(),
            "paths": self.paths,
            "distinct": self.distinct,
            "scenarios": len(self.instance.scenarios),
            "nodes": self.nodes,
            "starts_per_path": float(self.announcements["starts"].sum()),
            "announcements": self.announcements.to_dict("records"),
            "years_hit": self.years_hit.to_dict("records"),
            "undisturbed": self.undisturbed,
            "known_for_certain": self.known,
            "reduction": reduced,
        }


def study(
    instance: Instance,
    n: int,
    seed: int,
    *,
    branching: Sequence[int] | None = None,
    rate: float | str | None = None,
    reduce_to: int | None = None,
) -> Study:
    """Sample, reduce if asked to, and measure. Raises NoHazards, UnknownRate, TooLarge, ValueError."""
    simulation = HazardModel(instance, rate).simulate(n, seed, branching)
    changed = with_scenarios(instance, simulation.scenarios)
    tree = grow(changed)
    known, known_before, reduction = known_for_certain(tree), None, None
    if reduce_to is not None:
        reduction = reduce(instance, simulation.scenarios, reduce_to)
        changed = with_scenarios(instance, reduction.scenarios)
        tree, known_before = grow(changed), known
        known = known_for_certain(tree)
    return Study(
        instance=changed,
        paths=len(simulation),
        distinct=len(simulation.scenarios),
        announcements=announcements(simulation),
        years_hit=years_hit(changed, changed.scenarios),
        undisturbed=undisturbed(changed.scenarios),
        nodes=len(tree),
        known=known,
        reduction=reduction,
        known_before=known_before,
    )
