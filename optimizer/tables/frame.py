"""What every table is joined from: nodes with years and probabilities, prices, quantities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.instance import Instance, Project, at
from models.plan import Plan
from optimizer.states import State, states
from optimizer.tree import Tree, grow

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
"""Positions of nodes or rows."""

INDEX: dict[str, tuple[str, ...]] = {
    "deliver": ("agreement", "node"),
    "untaken": ("agreement", "node"),
    "spot": ("offer", "tier", "node"),
    "run": ("project", "node"),
    "upside": ("project", "node"),
    "bought": ("commodity", "node"),
    "release": ("commodity", "node"),
    "private": ("commodity", "node"),
    "sale": ("commodity", "node"),
    "scrap": ("commodity", "node"),
    "inject": ("commodity", "depot", "node"),
    "withdraw": ("commodity", "depot", "node"),
    "stock": ("commodity", "depot", "node"),
    "substitute": ("substitution", "node"),
    "short": ("demand", "tier", "node"),
    "cut": ("industry", "tier", "node"),
    "draw": ("source", "node"),
    "repay": ("source", "node"),
    "owed": ("source", "node"),
    "drawn": ("source", "node"),
    "cash": ("node",),
}
"""Index columns of every operation of model.md §3, as :attr:`models.plan.Plan.operations` holds them."""

NUMBERS = {"node", "tier", "period"}
ENVELOPE = "envelope"
"""Id of the appropriation that stands for a budget without sources."""


class Frame:
    """An instance and a plan for it, side by side. Arrays are indexed [node, row of the instance's table]."""

    def __init__(self, instance: Instance, plan: Plan) -> None:
        if plan.fingerprint != instance.fingerprint():
            raise ValueError(
                f"the plan is for another instance: {plan.instance!r}, not {instance.name!r} as it stands"
            )
        self.instance = instance
        self.plan = plan
        self.tree: Tree = grow(instance)
        if [(n.period, n.parent) for n in plan.tree] not in (
            [],
            [(n.period, n.parent) for n in self.tree.nodes],
        ):
            raise ValueError("the plan's scenario tree is not that of the instance")
        self.years = instance.horizon.period_years
        self.periods = instance.horizon.periods
        self.group = {c.id: c.group for c in instance.countries}
        self.material = {c.id: c.material for c in instance.commodities}
        self.commodity = {c.id: row for row, c in enumerate(instance.commodities)}
        self._operations: dict[str, pd.DataFrame] = {}

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """One row per node: node, period, year, parent, probability."""
        nodes = self.tree.nodes
        frame = pd.DataFrame(
            {
                "node": [n.id for n in nodes],
                "period": [n.period for n in nodes],
                "parent": pd.array([n.parent for n in nodes], dtype="Int64"),
                "probability": np.asarray(self.tree.probability, dtype=float),
            }
        )
        frame.insert(2, "year", self.year(frame["period"]))
        return frame

    @cached_property
    def period(self) -> NDArray[np.int64]:
        """Period of each node."""
        return np.array([n.period for n in self.tree.nodes], dtype=np.int64)

    @cached_property
    def probability(self) -> Array:
        """π of each node."""
        return np.asarray(self.tree.probability, dtype=float)

    def year(self, period: pd.Series) -> pd.Series:
        """Calendar year of a period; whole numbers if the horizon has only whole ones."""
        year = self.instance.horizon.start_year + period * self.years
        return year.astype("int64") if float(self.years).is_integer() else year.astype("float64")

    def series(self, series: float | tuple[float, ...]) -> Array:
        """A Series of the instance by node, without effects."""
        values: Array = by_period([series], self.periods)[self.period, 0]
        return values

    @cached_property
    def states(self) -> list[State]:
        """What the effects in force do, by node."""
        return states(self.instance, self.tree)

    def by_node(self, factors: str, series: Iterable[float | tuple[float, ...]]) -> Array:
        """Series of the instance times the multipliers of its table, [node, row]."""
        base = by_period(series, self.periods)
        multiplier = np.array([getattr(state, factors) for state in self.states], dtype=float)
        product: Array = base[self.period] * multiplier.reshape(len(self.period), base.shape[1])
        return product

    @cached_property
    def price(self) -> Array:
        """Reference price with effects [node, commodity], USD/t."""
        return self.by_node("price", (c.price for c in self.instance.commodities))

    @cached_property
    def demand(self) -> Array:
        """Demand with effects [node, demand row], t per period."""
        return self.years * self.by_node("demand", (q.quantity for q in self.instance.demand))

    @cached_property
    def market(self) -> Array:
        """Market supply with effects [node, market row], t per period."""
        return self.years * self.by_node("market", (r.quantity for r in self.instance.market))

    @cached_property
    def industry_output(self) -> Array:
        """Output with effects [node, industry], USD per period."""
        return self.years * self.by_node("industries", (j.output for j in self.instance.industries))

    def need(self, industry: int, need: float | tuple[float, ...]) -> Array:
        """A need of an industry (its number) with effects, by node, t per period at full output."""
        factor = np.array([state.industries[industry] for state in self.states])
        tonnes: Array = self.years * by_period([need], self.periods)[self.period, 0] * factor
        return tonnes

    def annual_use(self, commodity: str, segments: Sequence[str] = (), *, industries: bool = False) -> Array:
        """What consumers use by period, without effects, t/year."""
        use = np.zeros(self.periods)
        for q in self.instance.demand:
            if q.commodity == commodity and (not segments or q.segment in segments):
                use += by_period([q.quantity], self.periods)[:, 0]
        for j in self.instance.industries if industries else ():
            if commodity in j.needs:
                use += by_period([j.needs[commodity]], self.periods)[:, 0]
        return use

    def operation(self, name: str) -> pd.DataFrame:
        """One variable in long form: index columns and ``value``, rows that are not 0. Not to be changed."""
        if name in self._operations:
            return self._operations[name]
        columns = (*INDEX[name], "value")
        found = self.plan.operations.get(name, {})
        if found and set(found) != set(columns):
            raise ValueError(f"operations.{name} has columns {sorted(found)}, not {sorted(columns)}")
        data = {
            column: pd.Series(
                found.get(column, []),
                dtype="float64" if column == "value" else "int64" if column in NUMBERS else "str",
            )
            for column in columns
        }
        self._operations[name] = pd.DataFrame(data)
        return self._operations[name]

    def listed(self, name: str, index: str) -> tuple[list[str], Codes, Array]:
        """One variable without pandas: ids of one of its index columns, nodes, values."""
        self.operation(name)  # checks the columns
        found = self.plan.operations.get(name, {})
        ids = [str(id) for id in found.get(index, [])]
        return (
            ids,
            np.array(found.get("node", []), dtype=np.int64),
            np.array(found.get("value", []), dtype=float),
        )

    def together(self, **names: str) -> pd.DataFrame:
        """Variables with the same index side by side: ``together(delivered_t="deliver")``; absent is 0."""
        index = list(INDEX[next(iter(names.values()))])
        frame: pd.DataFrame | None = None
        for column, name in names.items():
            part = self.operation(name).rename(columns={"value": column})
            frame = part if frame is None else frame.merge(part, on=index, how="outer")
        assert frame is not None, "at least one variable"
        return frame.fillna(dict.fromkeys(names, 0.0))

    def placed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of a table by node, with period, year and probability of the node in front."""
        order = ["node", "period", "year", "probability"]
        # A stable sort and a look-up by position: what a merge on the node does, at a tenth of its price.
        rows = frame.iloc[np.argsort(frame["node"].to_numpy(dtype=np.int64), kind="stable")]
        front = self.nodes[order].take(rows["node"].to_numpy(dtype=np.int64)).reset_index(drop=True)
        return pd.concat([front, rows.drop(columns="node").reset_index(drop=True)], axis=1)

    def expected(self, frame: pd.DataFrame, by: list[str], values: list[str]) -> pd.DataFrame:
        """Expected sums of ``values`` by period and ``by``; ``frame`` has a column ``node``."""
        weighted = frame[by].assign(period=self.period[frame["node"].to_numpy(dtype="int64")])
        weight = self.probability[frame["node"].to_numpy(dtype="int64")]
        for value in values:
            weighted[value] = frame[value] * weight
        return weighted.groupby(["period", *by], as_index=False, sort=True)[values].sum()

    def output_shares(self, project: Project) -> dict[str, Array]:
        """How a project's money is split over its outputs: by value at the reference price, effects aside."""
        worth = {
            commodity: rate
            * by_period([self.instance.commodities[self.commodity[commodity]].price], self.periods)[:, 0]
            for commodity, rate in project.outputs.items()
        }
        total = np.sum(list(worth.values()), axis=0)
        even = 1.0 / len(worth)
        return {
            c: np.divide(w, total, out=np.full(self.periods, even), where=total > 0) for c, w in worth.items()
        }


def by_period(series: Iterable[float | tuple[float, ...]], periods: int) -> Array:
    """Series as columns, [period, row]."""
    rows = [[at(s, t) for t in range(periods)] for s in series]
    return np.array(rows, dtype=float).reshape(len(rows), periods).T


def concat(parts: list[pd.DataFrame], dtypes: dict[str, str]) -> pd.DataFrame:
    """One table from several; with these columns and types even where there are none."""
    full = [part for part in parts if len(part)]
    if not full:
        return pd.DataFrame({column: pd.Series(dtype=dtype) for column, dtype in dtypes.items()})
    return pd.concat(full, ignore_index=True)[list(dtypes)].astype(dtypes)
