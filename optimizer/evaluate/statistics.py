"""Figures of a set of scenarios with probabilities, and how far they are from those of all scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.instance import Objective
from optimizer.compile import Vector

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Probabilities of the table of quantiles."""
FEW = 10
"""Draws in the tail below which its error is not told."""
POINTS = 200
"""Most losses in the exceedance curve."""


@dataclass(frozen=True)
class Estimate:
    """A figure and its standard error; None where the scenarios are the whole distribution."""

    value: float
    error: float | None


def quantile(losses: Vector, weights: Vector, level: float) -> float:
    """The smallest loss that at least ``level`` of the probability does not exceed; 0 without any losses."""
    if not len(losses):
        return 0.0
    order = np.argsort(losses, kind="stable")
    reached = np.cumsum(weights[order])
    at = int(np.searchsorted(reached, level * reached[-1] - 1e-12))
    return float(losses[order][min(at, len(losses) - 1)])


def cvar(losses: Vector, weights: Vector, alpha: float) -> float:
    """The mean loss of the worst 1-α of the probability (Rockafellar and Uryasev, J. of Risk 2, 2000)."""
    eta = quantile(losses, weights, alpha)
    return eta + float(weights @ np.maximum(losses - eta, 0.0)) / (1.0 - alpha) / float(weights.sum())


def mean(values: Vector, weights: Vector, drawn: int | None) -> Estimate:
    """The weighted mean; ``drawn`` is how many draws the weights stand for, None if they were not drawn.

    Weights are numbers of draws divided by ``drawn``, so the variance of one draw is their weighted variance.
    """
    weights = weights / weights.sum()
    value = float(weights @ values)
    if drawn is None:
        return Estimate(value, None)
    if drawn < 2:
        return Estimate(value, np.inf)
    spread = float(weights @ (values - value) ** 2) * drawn / (drawn - 1)
    return Estimate(value, float(np.sqrt(spread / drawn)))


def tail(losses: Vector, weights: Vector, alpha: float, drawn: int | None) -> Estimate:
    """CVaR; its error is that of the mean of η + (L-η)⁺/(1-α), with η the quantile of the sample.

    To first order the quantile's own error does not matter (Trindade et al., Journal of Banking and
    Finance 31, 2007). With fewer than FEW draws in the tail it says nothing and is left out.
    """
    eta = quantile(losses, weights, alpha)
    found = mean(eta + np.maximum(losses - eta, 0.0) / (1.0 - alpha), weights, drawn)
    return found if enough(alpha, drawn) else Estimate(found.value, None)


def enough(alpha: float, drawn: int | None) -> bool:
    """Whether the worst 1-α are enough draws to tell an error from."""
    return drawn is None or drawn * (1.0 - alpha) >= FEW - 1e-9


def values(losses: Vector, costs: Vector, goal: Objective, eta: float) -> Vector:
    """By scenario, USD: w_c·cost + w_l·((1-λ)·L + λ·(η + (L-η)⁺/(1-α))).

    With η the α-quantile of the losses their mean is the objective.
    """
    beyond = eta + np.maximum(losses - eta, 0.0) / (1.0 - goal.cvar_alpha)
    lost = (1.0 - goal.cvar_weight) * losses + goal.cvar_weight * beyond
    return goal.cost_weight * costs + goal.loss_weight * lost


def exceedance(losses: Vector, weights: Vector) -> tuple[Vector, Vector]:
    """Losses, ascending, and the probability of more; thinned to at most POINTS where there are more."""
    if not len(losses):
        return np.empty(0), np.empty(0)
    order = np.argsort(losses, kind="stable")
    at, first = np.unique(losses[order], return_index=True)
    reached = np.cumsum(weights[order]) / weights.sum()
    upto = np.append(reached[first[1:] - 1], 1.0)
    more = np.clip(1.0 - upto, 0.0, 1.0)
    if len(at) > POINTS:
        # Evenly in the logarithm of rank from the top: the tail is what the curve is read for.
        steps = np.unique(np.geomspace(1, len(at), POINTS).astype(int))
        kept = np.sort(len(at) - steps)
        at, more = at[kept], more[kept]
    return at, more
