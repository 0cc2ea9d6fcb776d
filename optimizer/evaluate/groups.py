"""Which columns say that something is missing, and to whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.instance import Instance
from optimizer.compile import Vector
from optimizer.template import Layout

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Groups:
    """Columns of a layout by what is missing (a demand row or an industry), and its segment."""

    column_group: Integers
    """By column: number of the demand row or industry whose shortage or cut it is; -1 for others."""
    column_segment: Integers
    """By column: number of the segment its loss belongs to; -1 for others."""
    group_segment: Integers
    industry: Flags
    """By group."""


def groups_of(instance: Instance, layout: Layout) -> Groups:
    """Those of a layout."""
    demand = {q.id: k for k, q in enumerate(instance.demand)}
    industry = {j.id: k for k, j in enumerate(instance.industries, len(demand))}
    segment = {name: k for k, name in enumerate(instance.segments())}
    group_segment = [segment[q.segment] for q in instance.demand]
    group_segment += [segment[j.segment] for j in instance.industries]
    eases = {u.id: demand[u.demand] for u in instance.substitutions}
    group, of = [], []
    for name, index in layout.columns:
        row = -1
        if name == "short":
            row = demand[str(index[0])]
        elif name == "cut":
            row = industry[str(index[0])]
        group.append(row)
        if name == "substitute":
            row = eases[str(index[0])]
        of.append(group_segment[row] if row >= 0 else -1)
    return Groups(
        np.array(group, dtype=np.int64),
        np.array(of, dtype=np.int64),
        np.array(group_segment, dtype=np.int64),
        np.arange(len(group_segment)) >= len(demand),
    )


def demanded(groups: Groups, upper: Vector) -> Vector:
    """Tiers of a demand add up to the demand; of an industry all of 1 can be cut."""
    count = len(groups.group_segment)
    mine = groups.column_group >= 0
    total = np.bincount(groups.column_group[mine], upper[mine], minlength=count)
    return np.where(groups.industry, 1.0, total)
