"""The figures of one alternative, read off its plan."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from models.alternatives import Alternative
from models.plan import MarginalValue
from optimizer.compare.reuse import most_drawn
from optimizer.compare.sweep import Solved
from optimizer.tables import spend
from optimizer.tables.frame import Frame

DOMESTIC, ALLIED = "domestic", "ally"
"""Groups of countries that the two shares are about."""
PLANNED = ("agreement", "spot", "project")
"""Categories of planned spend (model.md §4.9)."""

Row = dict[str, Any]


class Figures:
    """One alternative and its plan; without commitments most figures are not numbers."""

    def __init__(self, alternative: Alternative, solved: Solved) -> None:
        self.name, self.alternative, self.solved = alternative.name, alternative, solved
        self.plan, self.instance = solved.plan, alternative.instance
        self.frame = Frame(self.instance, self.plan)
        self.there = self.plan.commitments is not None

    def row(self) -> Row:
        """Of the table of alternatives."""
        plan, risk = self.plan, self.plan.risk
        row: Row = {
            "alternative": self.name,
            "envelope": self.alternative.envelope,
            "status": plan.status,
            "objective": plan.objective,
            "bound": plan.bound,
            "gap": plan.gap,
            "relative_gap": plan.relative_gap,
            "expected_cost": risk.expected_cost if risk else None,
            "expected_loss": risk.expected_loss if risk else None,
            "cvar": risk.cvar if risk else None,
            "seconds": self.solved.seconds,
            "reused": self.solved.reused,
        }
        return row | (self._money() if self.there else {}) | {"marginal_dollar": self.marginal_dollar()}

    def _money(self) -> Row:
        drawn = self.frame.operation("draw")
        weight = self.frame.probability[drawn["node"].to_numpy()]
        return {
            "drawn_expected": float((drawn["value"] * weight).sum()),
            "drawn_most": most_drawn(self.plan),
            "planned_spend": float(self._planned["usd"].sum()),
            "domestic_share": self._spent_in(DOMESTIC),
            "allied_share": self._spent_in(ALLIED),
            "emissions": self._emissions(),
        }

    @cached_property
    def _planned(self) -> pd.DataFrame:
        """Expected planned spend, undiscounted, line by line."""
        lines = spend.expected(self.frame)
        return lines[lines["category"].isin(PLANNED)]

    def _spent_in(self, group: str) -> float:
        """Share of planned spend on items whose own country is of a group; not a number without spend."""
        whole = float(self._planned["usd"].sum())
        return (
            float(self._planned.loc[self._planned["group"] == group, "usd"].sum()) / whole
            if whole > 0
            else np.nan
        )

    def _emissions(self) -> float:
        """Expected, of deliveries, spot and project activity (model.md §4.13), tCO2e."""
        i = self.instance
        rows = (
            ("deliver", "agreement", i.agreements),
            ("spot", "offer", i.spot),
            ("run", "project", i.projects),
        )
        total = 0.0
        for variable, column, items in rows:
            rate = {row.id: row.emissions for row in items}
            part = self.frame.operation(variable)
            weight = self.frame.probability[part["node"].to_numpy()]
            total += float((part["value"] * part[column].map(rate).astype("float64") * weight).sum())
        return total

    def marginal_dollar(self) -> float | None:
        """What one more dollar of the envelope saves; without one, of the source where it saves most."""
        money = [v for v in self.plan.marginal_values if v.kind in ("envelope", "source")]
        envelope = [v.value for v in money if v.kind == "envelope"]
        if envelope:
            return max(envelope)
        return max((v.value for v in money), default=None)

    def binding(self) -> MarginalValue | None:
        """What money is limited by, if it is: the limit of which a dollar more saves most."""
        money = [v for v in self.plan.marginal_values if v.kind in ("envelope", "source") and v.value > 0]
        return max(money, key=lambda v: v.value, default=None)

    def shortages(self) -> Iterator[Row]:
        """By segment."""
        for segment in self.plan.risk.segments if self.plan.risk else ():
            yield {
                "alternative": self.name,
                "segment": segment.segment,
                "probability_of_shortage": segment.probability_of_shortage,
                "expected_loss": segment.expected_shortage,
            }

    def cover(self) -> Iterator[Row]:
        """By commodity: the mean over the scenarios that hit it; expected stock at the end of the horizon."""
        if not self.there:
            return
        hit: dict[str, list[tuple[float, float]]] = {}
        for s in self.plan.risk.scenarios if self.plan.risk else ():
            for commodity, days in s.days_of_cover.items():
                if s.probability > 0:
                    hit.setdefault(commodity, []).append((s.probability, days))
        held = self._held_at_end()
        for c in self.instance.commodities:
            use, met = self.frame.annual_use(c.id, industries=True)[-1], hit.get(c.id)
            at_end = 365 * held.get(c.id, 0.0) / use if use > 0 else np.nan
            if met is None and np.isnan(at_end):
                continue
            yield {
                "alternative": self.name,
                "commodity": c.id,
                "days_when_hit": sum(p * d for p, d in met) / sum(p for p, _ in met) if met else None,
                "days_at_end": at_end,
            }

    def _held_at_end(self) -> dict[str, float]:
        """Expected stock by commodity in the last period, t."""
        f, stock = self.frame, self.frame.operation("stock")
        node = stock["node"].to_numpy()
        weight = f.probability[node] * (f.period[node] == f.periods - 1)
        held = (stock["value"] * weight).groupby(stock["commodity"]).sum()
        return {str(c): float(t) for c, t in held.items()}

    def concentration(self) -> Iterator[Row]:
        """By commodity that enters the reserve: expected tonnes over the horizon, by own country."""
        entering = self._entering()
        for commodity, part in entering.groupby("commodity", sort=False):
            by_country = part.groupby("country")["t"].sum()
            whole = float(by_country.sum())
            if whole <= 0:
                continue
            shares = by_country / whole
            yield {
                "alternative": self.name,
                "commodity": commodity,
                "tonnes": whole,
                "hhi": float((shares**2).sum()),
                "largest_country": str(shares.idxmax()),
                "largest_share": float(shares.max()),
            }

    def _entering(self) -> pd.DataFrame:
        """Expected tonnes into the reserve: deliveries, spot, the agency's share of projects' outputs."""
        i, f = self.instance, self.frame
        rate = [(a.id, a.commodity, a.country, 1.0) for a in i.agreements]
        rate += [(o.id, o.commodity, o.country, 1.0) for o in i.spot]
        rate += [(k.id, c, k.country, k.offtake_share * y) for k in i.projects for c, y in k.outputs.items()]
        parts = [
            f.operation(variable).rename(columns={column: "id"})[["id", "node", "value"]]
            for variable, column in (("deliver", "agreement"), ("spot", "offer"), ("run", "project"))
        ]
        moved = pd.concat(parts, ignore_index=True)
        moved["value"] *= f.probability[moved["node"].to_numpy(dtype="int64")]
        known = pd.DataFrame(rate, columns=["id", "commodity", "country", "rate"])
        joined = moved.astype({"id": "object"}).merge(known, on="id")
        joined["t"] = joined["value"] * joined["rate"]
        order = {c.id: n for n, c in enumerate(i.commodities)}
        return joined.sort_values("commodity", key=lambda c: c.map(order), kind="stable")
