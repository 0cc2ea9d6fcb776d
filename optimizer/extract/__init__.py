"""Solution to plan: scaled values become natural units under the names of model.md §3."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from models.plan import BuiltProject, Commitments, Node, OpenedDepot, SignedAgreement
from optimizer.compile import Arrays, Vector
from optimizer.data import Data
from optimizer.extract.risk import cvar, days_of_cover, losses, risk
from optimizer.extract.rules import Values

ZERO = 1e-9
"""Scaled values below this are the solver's noise."""
INDEX = {
    **dict.fromkeys(("deliver", "untaken"), ("agreement", "node")),
    "spot": ("offer", "tier", "node"),
    **dict.fromkeys(("run", "upside"), ("project", "node")),
    **dict.fromkeys(("bought", "release", "private", "sale", "scrap"), ("commodity", "node")),
    **dict.fromkeys(("inject", "withdraw", "stock"), ("commodity", "depot", "node")),
    "substitute": ("substitution", "node"),
    "short": ("demand", "tier", "node"),
    "cut": ("industry", "tier", "node"),
    **dict.fromkeys(("draw", "repay", "owed", "drawn"), ("source", "node")),
    "cash": ("node",),
}
"""Operations of model.md §3 and what their indices are."""


def natural_unit(data: Data, name: str, index: tuple[Any, ...]) -> float | None:
    """What one scaled unit of a variable is in natural units; None for auxiliary variables."""
    units = data.units
    match name:
        case "sign" | "build" | "open" | "cut":
            return 1.0
        case "volume" | "deliver" | "untaken":
            return units.tonnes[data.agreements[index[0]].commodity]
        case "capacity" | "run":
            return units.activity[index[0]]
        case "spot":
            return units.tonnes[data.offers[index[0]].commodity]
        case "bought" | "release" | "private" | "sale" | "scrap" | "inject" | "withdraw" | "stock":
            return units.tonnes[index[0]]
        case "short":
            return units.tonnes[data.demand_rows[index[0]].commodity]
        case "substitute":
            return units.tonnes[data.demand_rows[data.substitutions[index[0]].demand].commodity]
        case "upside" | "draw" | "repay" | "owed" | "drawn" | "cash":
            return units.money
        case _:
            return None


def values(data: Data, arrays: Arrays, x: Vector) -> Values:
    """A solution by variable and index, in natural units."""
    found: Values = defaultdict(dict)
    for j in np.flatnonzero(x >= ZERO).tolist():
        name, index = arrays.columns[j]
        unit = natural_unit(data, name, index)
        if unit is not None:
            found[name][index] = float(x[j]) * unit
    return found


def commitments(data: Data, found: Values) -> Commitments:
    """What is decided now."""
    first, years = data.instance.horizon.start_year, data.years_per_period
    return Commitments(
        agreements=tuple(
            SignedAgreement(id=a, start=s, year=first + s * years, volume=found["volume"].get((a, s), 0.0))
            for (a, s), yes in found["sign"].items()
            if yes > 0.5
        ),
        projects=tuple(
            BuiltProject(
                id=k,
                start=s,
                year=first + s * years,
                operates=first + (s + data.lead(data.projects[k])) * years,
                capacity=found["capacity"].get((k, s), 0.0),
            )
            for (k, s), yes in found["build"].items()
            if yes > 0.5
        ),
        depots=tuple(OpenedDepot(id=d) for (d,), yes in found["open"].items() if yes > 0.5),
    )


def operations(found: Values) -> dict[str, dict[str, list[str | int | float]]]:
    """Operations column by column."""
    tables: dict[str, dict[str, list[str | int | float]]] = {}
    for name, index in INDEX.items():
        rows = found.get(name)
        if not rows:
            continue
        columns = list(zip(*rows, strict=True))
        tables[name] = {column: list(values) for column, values in zip(index, columns, strict=True)}
        tables[name]["value"] = list(rows.values())
    return tables


def tree_rows(data: Data) -> tuple[Node, ...]:
    """The scenario tree as rows."""
    horizon, through = data.instance.horizon, data.tree.scenarios()
    return tuple(
        Node(
            id=node.id,
            period=node.period,
            year=horizon.start_year + node.period * horizon.period_years,
            parent=node.parent,
            probability=data.probability(node.id),
            scenarios=tuple(sorted(through.get(node.id, ()))),
        )
        for node in data.tree.nodes
    )


__all__ = [
    "INDEX",
    "Values",
    "commitments",
    "cvar",
    "days_of_cover",
    "losses",
    "natural_unit",
    "operations",
    "risk",
    "tree_rows",
    "values",
]
