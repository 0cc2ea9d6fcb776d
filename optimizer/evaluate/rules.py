"""Rules that a fixed plan may be unable to keep in scenarios it was not made for.

Rules about the whole distribution (a limit on expected loss, a split of expected spend) bind no single
scenario: where they cannot be kept they are left out and their excess is told. Rules of a node (cover,
service, shares, money) give way at a price above everything else, so that as little as possible gives way,
and where and by how much is told. Nothing found with a rule broken counts as kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from optimizer.compile import Arrays, Vector
from optimizer.cones import cones
from optimizer.data import Data
from optimizer.keys import Key

COMMITMENTS = frozenset(
    {
        "sign_once",
        "volume_min",
        "volume_max",
        "build_once",
        "capacity_min",
        "capacity_max",
        "sign_requires",
        "build_requires",
        "choose_min",
        "choose_max",
    }
)
"""Rows about commitments alone. Once these are fixed the rows hold, or the plan is not one; they are left
out, because a fixed column cannot make up for the rounding between a plan's natural units and scaled ones."""
DISTRIBUTION = frozenset(
    {
        "cvar_limit",
        "expected_loss_limit",
        "emissions_limit",
        "allocation_min",
        "allocation_max",
        "allocation_min_share",
        "allocation_max_share",
        "exposure",
        "chance_reached",
    }
)
"""Rows about the whole distribution."""
AT_NODES = frozenset({"cover", "service", "service_industry", "share", "cash_balance", "envelope"})
"""Rows about one node or one path."""
PATHS = frozenset({"hhi", "even"})
"""Rows of concentration: cones along a path, which have no amount by which to give way. They are left out
where nothing else helps, and told."""
PRICE = 1e3
"""Of giving way, in the largest cost of one unit of anything."""
KEPT = 1e-6
"""Excess over a limit, relative to its size or to 1, below which a rule is kept."""

WORDS = {
    "cover": "days of cover",
    "service": "service",
    "service_industry": "service",
    "share": "shares of origin",
    "cash_balance": "money",
    "envelope": "money",
    "cvar_limit": "limit on CVaR",
    "expected_loss_limit": "limit on expected loss",
    "emissions_limit": "limit on emissions",
    "allocation_min": "allocations",
    "allocation_max": "allocations",
    "allocation_min_share": "allocations",
    "allocation_max_share": "allocations",
    "exposure": "limit on exposure",
    "chance_reached": "chance of service",
}


@dataclass(frozen=True)
class Broken:
    """A rule that is not kept at a node, or by the whole distribution (node None)."""

    rule: str
    """family of model.md §4 in words"""
    item: str
    amount: float
    unit: str
    node: int | None = None


def positions(keys: Iterable[Key], names: frozenset[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Where keys of these names stand."""
    return np.array([i for i, (name, _) in enumerate(keys) if name in names], dtype=np.int64)


def without(arrays: Arrays, names: frozenset[str]) -> Arrays:
    """The arrays without rows of these names."""
    keep = np.array([name not in names for name, _ in arrays.rows], dtype=bool)
    return replace(
        arrays,
        matrix=sp.csc_array(sp.csr_array(arrays.matrix)[keep]),
        row_lower=arrays.row_lower[keep],
        row_upper=arrays.row_upper[keep],
        rows=[key for key, kept in zip(arrays.rows, keep.tolist(), strict=True) if kept],
    )


def price_of(costs: Vector) -> float:
    """What giving way costs per unit."""
    return PRICE * max(1.0, float(np.abs(costs).max(initial=0.0)))


def soften(arrays: Arrays, names: frozenset[str] = AT_NODES) -> Arrays:
    """A way out of every rule of these names: columns ``over`` (above) and ``under`` (below), at a price."""
    at = positions(arrays.rows, names)
    over = at[np.isfinite(arrays.row_upper[at])]
    under = at[np.isfinite(arrays.row_lower[at])]
    count = len(over) + len(under)
    ways = sp.coo_array(
        (
            np.concatenate([np.full(len(over), -1.0), np.ones(len(under))]),
            (np.concatenate([over, under]), np.arange(count)),
        ),
        shape=(len(arrays.rows), count),
    )
    none = np.zeros(count)
    return replace(
        arrays,
        matrix=sp.csc_array(sp.hstack([arrays.matrix, ways], format="csc")),
        cost=np.concatenate([arrays.cost, np.full(count, price_of(arrays.cost))]),
        expected_cost=np.concatenate([arrays.expected_cost, none]),
        lower=np.concatenate([arrays.lower, none]),
        upper=np.concatenate([arrays.upper, np.full(count, np.inf)]),
        integer=np.concatenate([arrays.integer, np.zeros(count, dtype=bool)]),
        columns=[
            *arrays.columns,
            *(("over", (int(i),)) for i in over),
            *(("under", (int(i),)) for i in under),
        ],
    )


def broken_rules(data: Data, arrays: Arrays, x: Vector, names: frozenset[str]) -> list[Broken]:
    """Rules of ``arrays`` (hard, as the instance has them) that a point does not keep."""
    at = positions(arrays.rows, names)
    value = (sp.csr_array(arrays.matrix)[at] @ x[: arrays.shape[1]]).ravel() if len(at) else np.empty(0)
    keys = [arrays.rows[i] for i in at]
    found = exceeded(data, keys, value, arrays.row_lower[at], arrays.row_upper[at])
    for cone in cones(arrays):
        excess = cone.excess(x[: arrays.shape[1]])
        if excess > KEPT * max(1.0, float(cone.amounts(x).sum())):
            _, commodity, leaf = cone.key
            q = cone.amounts(x)
            index = float((q @ q) / q.sum() ** 2) - cone.factor**2
            found.append(Broken("concentration", str(commodity), index, "index", int(leaf)))
    return found


def exceeded(data: Data, keys: list[Key], value: Vector, low: Vector, high: Vector) -> list[Broken]:
    """Rows whose value lies outside of their limits, all in the units of the arrays."""
    excess = np.maximum(np.where(np.isfinite(high), value - high, -np.inf),
                        np.where(np.isfinite(low), low - value, -np.inf))  # fmt: skip
    limit = np.where(np.isfinite(high), np.abs(high), np.abs(low))
    found = []
    for i in np.flatnonzero(excess > KEPT * np.maximum(1.0, limit)).tolist():
        name, index = keys[i]
        per, unit = natural(data, name, index)
        node = int(index[-1]) if name in AT_NODES else None
        found.append(
            Broken(WORDS.get(name, name), item(data, name, index), float(excess[i]) * per, unit, node)
        )
    return found


def item(data: Data, name: str, index: tuple[object, ...]) -> str:
    """What the rule is about, as the instance calls it."""
    match name:
        case "cover":
            return data.instance.risk.cover[int(str(index[0]))].commodity
        case "cash_balance":
            return "cash"
        case "service" | "service_industry" | "share":
            return str(index[1])
        case "envelope":
            return "envelope"
    return "" if not index or index[0] == "limit" else str(index[0])


def natural(data: Data, name: str, index: tuple[object, ...]) -> tuple[float, str]:
    """What one scaled unit of a row is in natural units, and their name."""
    units = data.units
    match name:
        case "cover":
            return units.tonnes[item(data, name, index)], "t"
        case "service":
            return units.tonnes[data.demand_rows[str(index[1])].commodity], "t"
        case "share":
            return units.tonnes[str(index[1])], "t"
        case "service_industry":
            return 1.0, "share"
        case "emissions_limit":
            return units.emissions, "tCO₂e"
        case "chance_reached":
            return 1.0, "probability"
    return units.money, "USD"
