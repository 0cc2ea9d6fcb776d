r"""Fewer scenarios with nearly the same distribution of loss.

Fast forward selection (Heitsch and Römisch, Scenario reduction algorithms in stochastic programming,
Computational Optimization and Applications 24, 2003, algorithm 2.4): scenarios are taken one by one, each
time the one that leaves the least

.. math:: D(J) = \sum_i p_i \min_{u \in J} c(i, u), \quad
          c(i, u) = |L_i - L_u| + 0.3 \sum_m |L_{i,m} - L_{u,m}| + 0.1 \sum_{t,m} |L_{i,t,m} - L_{u,t,m}|

with L the proxy loss of :mod:`optimizer.scenarios.proxy` in USD: in all, by commodity, by period besides.
What is left out gives its probability to the nearest one taken. As |L_i - L_u| ≤ c(i, u), the Wasserstein
distance between the two distributions of proxy loss, and the difference of their means, are at most D(J). The
weights put the distribution of the whole loss first: with the last term alone most paths fall to the quiet
middle, and a third of the mean loss is lost (docs/decisions/0016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from models.faults import TooLarge
from models.instance import Instance, Scenario
from optimizer.scenarios.proxy import proxy_losses
from optimizer.scenarios.states import Numbers, Reals
from optimizer.tree import NEGLIGIBLE

BY_COMMODITY, BY_PERIOD = 0.3, 0.1
"""Weights of the second and third term of c."""

MOST = 5_000
"""Scenarios that can be reduced: their distances to each other are held in memory."""


@dataclass(frozen=True)
class Reduction:
    """Scenarios taken, and what was lost. All figures in USD of proxy loss, discounted."""

    scenarios: tuple[Scenario, ...]
    """In the order of the sample, with the probabilities of those they stand for."""
    stands_for: tuple[tuple[str, ...], ...]
    """By scenario taken: ids of those it stands for, its own included."""
    distance: float
    """D(J), the Kantorovich distance between the sets."""
    wasserstein: float
    """Between the distributions of the loss, at most ``distance``."""
    mean_before: float
    mean_after: float
    cvar_before: float
    cvar_after: float
    alpha: float
    """Of the CVaR: ``objective.cvar_alpha`` of the instance."""
    mean_by_commodity: float
    """Sum over commodities of the differences of mean loss."""


def reduce(instance: Instance, scenarios: Sequence[Scenario], n: int) -> Reduction:
    """``n`` of the scenarios that keep the distribution of loss best, as far as going one by one can tell.

    What the scenarios leave of 1 counts as a scenario without events. Raises ValueError for n below 1,
    TooLarge for more than MOST scenarios.
    """
    if n < 1:
        raise ValueError(f"n = {n}: at least one scenario")
    rows = _complete(scenarios)
    if len(rows) > MOST:
        raise TooLarge(f"{len(rows):,} scenarios to be reduced; at most {MOST:,}: sample fewer paths.")
    losses = proxy_losses(instance, rows)
    by_commodity = losses.sum(axis=1)
    total, alpha = by_commodity.sum(axis=1), instance.objective.cvar_alpha
    points = np.column_stack([total, BY_COMMODITY * by_commodity, BY_PERIOD * losses.reshape(len(rows), -1)])
    p = np.array([row.probability for row in rows])
    taken, nearest, distance = select(points, p, n)
    after = np.zeros(len(rows))
    # Multiples of a power of two add up exactly, so a sample that sums to 1 still does.
    np.add.at(after, nearest, p)
    return Reduction(
        scenarios=tuple(rows[i].model_copy(update={"probability": float(after[i])}) for i in taken),
        stands_for=tuple(tuple(rows[k].id for k in np.flatnonzero(nearest == i)) for i in taken),
        distance=distance,
        wasserstein=float(wasserstein_distance(total, total[taken], p, after[taken])),
        mean_before=float(p @ total),
        mean_after=float(after @ total),
        cvar_before=cvar(total, p, alpha),
        cvar_after=cvar(total, after, alpha),
        alpha=alpha,
        mean_by_commodity=float(np.abs(after @ by_commodity - p @ by_commodity).sum()),
    )


def _complete(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """With what is left over as a scenario of its own."""
    rows = list(scenarios)
    left = 1.0 - sum(row.probability for row in rows)
    if left > NEGLIGIBLE:
        name = "undisturbed"
        while any(row.id == name for row in rows):
            name += "_"
        rows.append(Scenario(id=name, probability=left))
    return rows


def select(points: Reals, p: Reals, n: int) -> tuple[Numbers, Numbers, float]:
    """Fast forward selection of ``n`` of the ``points`` [scenario, coordinate] under the sum of differences.

    Returns the numbers taken in ascending order, for each point the nearest one taken (of several the first
    taken), and D(J). Of candidates that leave the same, the first is taken.
    """
    points = points[:, points.any(axis=0)]
    between = cdist(points, points, "cityblock") if points.shape[1] else np.zeros((len(p), len(p)))
    best = np.full(len(p), np.inf)
    nearest = np.zeros(len(p), dtype=np.intp)
    free = np.ones(len(p), dtype=bool)
    for _ in range(min(n, len(p))):
        left = np.array([p @ np.minimum(best, column) for column in between.T])
        chosen = int(np.argmin(np.where(free, left, np.inf)))
        free[chosen] = False
        closer = between[:, chosen] < best
        closer[chosen] = True  # one that is taken stands for itself
        nearest[closer], best = chosen, np.minimum(best, between[:, chosen])
    return np.flatnonzero(~free), nearest, float(p @ best)


def cvar(losses: Reals, p: Reals, alpha: float) -> float:
    """Mean of the worst 1 - α of the distribution (Rockafellar and Uryasev 2000)."""
    worst = np.argsort(-losses, kind="stable")
    tail = np.minimum(p[worst], np.maximum(0.0, (1 - alpha) - (np.cumsum(p[worst]) - p[worst])))
    return float(tail @ losses[worst] / (1 - alpha))
