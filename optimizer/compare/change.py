"""What one alternative changes in a programme: right-hand sides, bounds and costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from models.alternatives import Alternative
from models.instance import at
from optimizer.compare.limits import tail_matters, weights
from optimizer.compile import Arrays, Vector
from optimizer.data import Data
from optimizer.keys import Key
from optimizer.units import Units

LOSS = ("short", "substitute", "cut")
TAIL = ("eta", "excess")
DECISIONS = ("sign", "build", "open")
SIZES = {"sign": "volume", "build": "capacity"}


class Programme(Protocol):
    """What is changed (:class:`optimizer.compare.base.Base`)."""

    @property
    def compiled(self) -> Arrays:
        """As it was compiled."""

    @property
    def units(self) -> Units:
        """Of its numbers."""

    @property
    def neutral(self) -> bool:
        """Whether its weights are 1, 1 and 1/2, or 0 without a tail."""

    @property
    def column(self) -> dict[Key, int]:
        """Where a column stands."""

    @property
    def rows(self) -> dict[str, list[tuple[tuple[Any, ...], int]]]:
        """Rows by name of their constraint: index and where they stand."""


class Change:
    """Right-hand sides, bounds and costs of one alternative."""

    def __init__(self, base: Programme, alternative: Alternative) -> None:
        self.base, self.alternative, self.rules_ = base, alternative, alternative.rules
        self.data = Data(alternative.rules)
        self.data.units = base.units
        a = base.compiled
        self.lower, self.upper = a.lower.copy(), a.upper.copy()
        self.row_lower, self.row_upper = a.row_lower.copy(), a.row_upper.copy()

    def arrays(self) -> Arrays:
        """All of it together."""
        return replace(
            self.base.compiled,
            cost=self.cost(),
            lower=self.lower,
            upper=self.upper,
            row_lower=self.row_lower,
            row_upper=self.row_upper,
        )

    def limit(self, name: str, index: tuple[Any, ...], i: int, value: float) -> None:
        """The right-hand side of an inequality."""
        side = self.row_upper if np.isfinite(self.base.compiled.row_upper[i]) else self.row_lower
        side[i] = value

    def every(self, name: str, value: float) -> None:
        """All rows of a constraint alike."""
        for index, i in self.base.rows.get(name, ()):
            self.limit(name, index, i, value)

    def money(self) -> None:
        """Envelope and sources."""
        budget, data = self.rules_.budget, self.data
        if budget is None:
            return
        if budget.envelope is not None:
            self.every("envelope", data.usd(budget.envelope))
        for name, (*first, n) in [key for key in self.base.column if key[0] in ("draw", "drawn")]:
            j = self.base.column[name, (*first, n)]
            source = next((s for s in budget.sources or () if s.id == first[0]), None)
            if source is None:
                most = budget.envelope if name == "drawn" else None
            elif name == "drawn":
                most = source.amount
            else:
                most = None if source.available is None else at(source.available, data.period(n))
            self.upper[j] = np.inf if most is None else data.usd(most)

    def rules(self) -> None:
        """Allocations and rules on risk."""
        data, risk = self.data, self.rules_.risk
        allocations = {rule.id: rule for rule in self.rules_.allocations}
        for name, field in (("allocation_min", "min"), ("allocation_max", "max")):
            for index, i in self.base.rows.get(name, ()):
                self.limit(name, index, i, data.usd(getattr(allocations[index[0]], field)))
        if risk.cvar_limit is not None:
            self.every("cvar_limit", data.usd(risk.cvar_limit))
        if risk.expected_loss_limit is not None:
            self.every("expected_loss_limit", data.usd(risk.expected_loss_limit))
        if risk.emissions_limit is not None:
            self.every("emissions_limit", risk.emissions_limit / data.units.emissions)
        for index, i in self.base.rows.get("cover", ()):
            r, n = index
            rule = risk.cover[r]
            annual = sum(
                data.tonnes(q.commodity, at(q.quantity, data.period(n)))
                for q in self.rules_.demand
                if q.commodity == rule.commodity and (not rule.segments or q.segment in rule.segments)
            )
            self.limit("cover", index, i, rule.days / 365 * annual)
        for index, i in self.base.rows.get("service", ()):
            r, q, n = index
            self.limit(
                "service", index, i, (1 - risk.service[r].min_fraction) * data.demand(data.demand_rows[q], n)
            )
        for index, i in self.base.rows.get("service_industry", ()):
            self.limit("service_industry", index, i, 1 - risk.service[index[0]].min_fraction)

    def decided(self) -> None:
        """What is forced, forbidden or fixed."""
        a, column = self.alternative, self.base.column
        for name, index in [key for key in column if key[0] in DECISIONS]:
            j = column[name, index]
            if index[0] in a.forbid:
                self.upper[j] = 0.0
            if index[0] in a.force and name == "open":
                self.lower[j] = 1.0
        for name in ("sign_once", "build_once"):
            for index, i in self.base.rows.get(name, ()):
                if index[0] in a.force:
                    self.row_lower[i] = 1.0
        if a.fix is None:
            return
        pinned = {x.id: (x.starts, x.volume.min) for x in a.instance.agreements}
        pinned |= {k.id: (k.starts, k.capacity.min) for k in a.instance.projects if k.capacity}
        named = {
            "sign": None if a.fix.agreements is None else {x.id for x in a.fix.agreements},
            "build": None if a.fix.projects is None else {k.id for k in a.fix.projects},
            "open": None if a.fix.depots is None else set(a.fix.depots),
        }
        for name, index in [key for key in column if key[0] in DECISIONS]:
            ids = named[name]
            if ids is None:
                continue
            there = index[0] in ids and (name == "open" or index[1] == pinned[index[0]][0][0])
            j = column[name, index]
            self.lower[j] = self.upper[j] = float(there)
            if there and name in SIZES:
                size = scaled_size(self.data, name, index[0], pinned[index[0]][1])
                k = column[SIZES[name], index]
                self.lower[k] = self.upper[k] = size

    def cost(self) -> Vector:
        """The objective with the weights of the alternative."""
        compiled = self.base.compiled
        if not self.base.neutral:
            return compiled.cost
        w_c, w_l, lam, _ = weights(self.alternative)
        name = np.array([key[0] for key in compiled.columns])
        half = 0.5 if tail_matters(self.rules_) else 1.0
        loss, tail = np.isin(name, LOSS), np.isin(name, TAIL)
        if compiled.expected_cost[loss | tail].any() or not np.array_equal(
            compiled.cost[~(loss | tail)], compiled.expected_cost[~(loss | tail)]
        ):
            raise AssertionError("cost and loss have no variable in common")
        cost = w_c * compiled.expected_cost
        cost[loss] = w_l * (1 - lam) * (compiled.cost[loss] / half)
        cost[tail] = w_l * lam * (compiled.cost[tail] / half)
        return cost


def scaled_size(data: Data, name: str, member: str, size: float) -> float:
    """Tonnes a year of an agreement or a project in the units of the arrays."""
    if name == "sign":
        return data.tonnes(data.agreements[member].commodity, size)
    return data.activity(member, size)
