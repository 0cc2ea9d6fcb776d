"""Rules about the whole distribution, checked once all scenarios are done."""

from __future__ import annotations

import numpy as np

from models.instance import Instance
from optimizer.data import Data
from optimizer.evaluate import statistics as st
from optimizer.evaluate.outcomes import Outcomes
from optimizer.evaluate.rules import DISTRIBUTION, KEPT, Broken, exceeded, positions
from optimizer.evaluate.worker import Joint


def limits_broken(instance: Instance, outcomes: Outcomes, joint: Joint | None, data: Data) -> list[Broken]:
    """Limits on loss, chance, emissions, allocations and exposure that these scenarios together exceed.

    Probabilities are taken relative to those of the scenarios there are.
    """
    if not len(outcomes):
        return []
    weight, loss = outcomes.probability, outcomes.loss
    total, risk = float(weight.sum()), instance.risk
    found: list[Broken] = []

    def at_most(rule: str, value: float, limit: float | None, unit: str, item: str = "") -> None:
        if limit is not None and value > limit + KEPT * max(1.0, abs(limit)):
            found.append(Broken(rule, item, value - limit, unit))

    at_most("limit on expected loss", float(weight @ loss) / total, risk.expected_loss_limit, "USD")
    alpha = instance.objective.cvar_alpha
    at_most("limit on CVaR", st.cvar(loss, weight, alpha), risk.cvar_limit, "USD")
    for rule, kept in zip(risk.chance, outcomes.chances.tolist(), strict=False):
        short = rule.probability - kept / total
        if short > KEPT:
            found.append(Broken("chance of service", rule.segment, short, "probability"))
    if joint is not None and len(outcomes.weighted):
        found += _spending(data, joint, outcomes.weighted / total)
    return found


def _spending(
    data: Data, joint: Joint, weighted: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> list[Broken]:
    """Allocations, exposure and emissions, from the expected spend on each item."""
    arrays, x = joint.arrays, joint.values.copy()
    matrix = arrays.matrix.tocsr()
    place = {key: j for j, key in enumerate(arrays.columns)}
    # What is spent on each item follows from its row, and all that is spent from the items.
    for name, variable in (("spending", "spent"), ("spending_all", "spent_all")):
        for i in positions(arrays.rows, frozenset({name})).tolist():
            j = place[variable, arrays.rows[i][1]]
            entries = slice(matrix.indptr[i], matrix.indptr[i + 1])
            at, value = matrix.indices[entries], matrix.data[entries]
            x[j] = 0.0
            rest = float(value @ x[at]) + weighted[i]
            x[j] = (arrays.row_lower[i] - rest) / float(value[at == j][0])
    rows = positions(arrays.rows, DISTRIBUTION)
    if not len(rows):
        return []
    value = (matrix[rows] @ x).ravel() + weighted[rows]
    keys = [arrays.rows[i] for i in rows]
    return exceeded(data, keys, value, arrays.row_lower[rows], arrays.row_upper[rows])
