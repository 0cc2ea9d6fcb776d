"""What a plan does while nothing happens, as values of columns."""

from __future__ import annotations

import numpy as np

from models.plan import Plan
from optimizer.compile import Vector
from optimizer.data import Data
from optimizer.extract import INDEX, natural_unit
from optimizer.states import State
from optimizer.template import Template


def trunk_of(plan: Plan, data: Data, template: Template, calm: State, common: Vector) -> list[Vector]:
    """Operations of the plan at the nodes of the trunk, and the running sums that follow from them."""
    periods = data.periods
    given: list[dict[tuple[str, tuple[object, ...]], float]] = [{} for _ in range(periods)]
    for name, table in plan.operations.items():
        columns = [table[column] for column in INDEX[name]]
        for *index, value in zip(*columns, table["value"], strict=True):
            n = int(index[-1])
            if n < periods:
                unit = natural_unit(data, name, tuple(index))
                if unit is not None:
                    given[n][name, tuple(index[:-1])] = float(value) / unit
    past: list[Vector] = []
    for t in range(periods):
        layout = template.layout(t)
        x = np.array([given[t].get(key, 0.0) for key in layout.columns])
        past.append(x)
        sum_up(template, t, calm, past, common)
    return past


def sum_up(template: Template, t: int, state: State, past: list[Vector], common: Vector) -> None:
    """Fill the running sums that are not operations (imbalances) in the last of ``past``."""
    block = template.block(t, state)
    layout, x = block.layout, past[-1]
    auxiliary = {j for j, (name, _) in enumerate(layout.columns) if name not in INDEX}
    if not auxiliary:
        return
    rows = len(layout.rows)
    done = np.bincount(layout.own_row, block.own * x[layout.own_column], minlength=rows)
    fixed = block.common * common[layout.common_column]
    done += np.bincount(layout.common_row, fixed, minlength=rows)
    for back in np.unique(layout.past_distance).tolist():
        mine = layout.past_distance == back
        known = past[t - back]
        values = block.past[mine] * known[layout.past_column[mine]]
        done += np.bincount(layout.past_row[mine], values, minlength=rows)
    for i, j, value in zip(
        layout.own_row.tolist(), layout.own_column.tolist(), block.own.tolist(), strict=True
    ):
        if j in auxiliary and value != 0 and block.row_lower[i] == block.row_upper[i]:
            x[j] = (block.row_lower[i] - done[i]) / value
