"""What the instance says at every node of the tree: availabilities, prices, demand, calm, and sizes.

Rows are the rows of the instance's tables, in their order; columns are the nodes of one's own tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from models.instance import Instance
from optimizer.audit.arrays import (
    Array,
    Ints,
    Mask,
    OfCommodity,
    column,
    gather,
    over_periods,
    table,
    whole_periods,
)
from optimizer.audit.effects import Multipliers, calm, multipliers
from optimizer.audit.tree import Tree


class World:
    """The instance, seen from the nodes of its tree."""

    def __init__(self, instance: Instance, tree: Tree) -> None:
        self.instance = instance
        self.tree = tree
        self.nodes = tree.size
        self.periods = instance.horizon.periods
        self.length = instance.horizon.period_years
        self.by: Multipliers = multipliers(instance, tree)
        self.calm: Mask = calm(instance, self.by)
        self.goods = {m.id: i for i, m in enumerate(instance.commodities)}
        self.price_now: Array = self.at_nodes([m.price for m in instance.commodities]) * self.by.price
        """Reference price, price effects included, USD/t; (commodities, nodes)."""
        self.demand: Array = self.at_nodes([q.quantity for q in instance.demand]) * self.by.demand
        """t/year after effects; (demand rows, nodes)."""
        self.output: Array = self.at_nodes([j.output for j in instance.industries]) * self.by.industries
        """USD/year after effects; (industries, nodes)."""
        years = np.arange(self.periods + 1, dtype=np.float64) * self.length
        discount: Array = np.power(1.0 + instance.discount_rate, -years)
        self.discount: Array = discount[tree.period]
        """δ(t) per node."""
        self.final_discount = float(discount[-1])
        """δ(T)."""

    def lead(self, years: float) -> int:
        """Years as whole periods."""
        return whole_periods(years, self.length)

    def at_nodes(self, rows: list[float | tuple[float, ...]]) -> Array:
        """Several Series as they stand at the nodes, shape (rows, nodes)."""
        return table(rows, self.periods)[:, self.tree.period]

    def series(self, row: float | tuple[float, ...]) -> Array:
        """One Series as it stands at the nodes, shape (nodes,)."""
        return over_periods(row, self.periods)[self.tree.period]

    def of(self, rows: Sequence[OfCommodity]) -> list[int]:
        """The commodity of each row, as a number."""
        return [self.goods[row.commodity] for row in rows]

    @cached_property
    def needs(self) -> Array:
        """t/year of each commodity at full output of all industries, after effects; (commodities, nodes)."""
        total = np.zeros((len(self.goods), self.nodes))
        for j, industry in enumerate(self.instance.industries):
            for commodity, quantity in industry.needs.items():
                total[self.goods[commodity]] += self.series(quantity) * self.by.industries[j]
        return total

    @cached_property
    def wanted(self) -> Array:
        """t/year of each commodity wanted by demand rows, after effects; (commodities, nodes)."""
        return gather(self.demand, self.of(self.instance.demand), len(self.goods))

    @cached_property
    def commerce_full(self) -> Array:
        """t/year that the market rows offer undisturbed; (commodities, nodes)."""
        rows = self.at_nodes([r.quantity for r in self.instance.market])
        return gather(rows, self.of(self.instance.market), len(self.goods))

    @cached_property
    def commerce(self) -> Array:
        """t/year that the market rows offer at the node; (commodities, nodes)."""
        rows = self.at_nodes([r.quantity for r in self.instance.market]) * self.by.market
        return gather(rows, self.of(self.instance.market), len(self.goods))

    @cached_property
    def opening(self) -> Array:
        """Opening stock, t; (commodities, depots)."""
        depot = {d.id: i for i, d in enumerate(self.instance.depots)}
        stock = np.zeros((len(self.goods), len(depot)))
        for row in self.instance.opening_stock:
            stock[self.goods[row.commodity], depot[row.depot]] += row.quantity
        return stock

    @cached_property
    def tonnes(self) -> Array:
        """Least size of a row in tonnes, per commodity: a tenth of what one period uses.

        Where nobody uses it: a tenth of what the market, or else all offers and projects together, can bring.
        """
        used = (self.wanted + self.needs).max(axis=1, initial=0.0)
        sold = self.commerce_full.max(axis=1, initial=0.0)
        offered = np.zeros(len(self.goods))
        for offer in self.instance.spot:
            offered[self.goods[offer.commodity]] += sum(np.max(tier.quantity) for tier in offer.tiers)
        for agreement in self.instance.agreements:
            offered[self.goods[agreement.commodity]] += agreement.volume.max
        for project in self.instance.projects:
            most = np.max(project.existing_capacity) + (project.capacity.max if project.capacity else 0.0)
            for commodity, yields in project.outputs.items():
                offered[self.goods[commodity]] += yields * most
        size = np.where(used > 0, used, np.where(sold > 0, sold, offered)) * self.length
        return 0.1 * np.where(size > 0, size, self.opening.sum(axis=1))

    @cached_property
    def activity(self) -> Array:
        """Least size of a row in tonnes of a project's activity: that of the output it makes most of."""
        rows = [
            min((self.tonnes[self.goods[m]] / y for m, y in k.outputs.items() if y > 0), default=1.0)
            for k in self.instance.projects
        ]
        return np.array(rows)

    @cached_property
    def dollars(self) -> float:
        """Least size of a row in USD: a hundredth of what one period's use costs."""
        prices = table([m.price for m in self.instance.commodities], self.periods).max(axis=1, initial=0.0)
        return float(0.1 * np.sum(prices * self.tonnes))

    @property
    def leaves(self) -> Ints:
        """The last nodes of all paths."""
        return self.tree.levels[-1]

    def expected(self, values: Array) -> Array:
        """Σ π(n) · value(n) over the last axis."""
        return np.asarray(values @ self.tree.probability)

    def floor(self, rows: Sequence[OfCommodity]) -> Array:
        """Least size of tonnage rows of a table, as a column."""
        return column([self.tonnes[i] for i in self.of(rows)])
