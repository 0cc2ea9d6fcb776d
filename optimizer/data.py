"""Instance and tree as scaled numbers: the only place that scales (model.md §7).

Money is counted in ``units.money`` USD, each commodity in ``units.tonnes[m]`` tonnes, each project's activity
in ``units.activity[k]`` tonnes, so that numbers met by the solver lie near one. The units are powers of ten
that follow the instance: writing it in kg or in thousand USD changes the units and nothing else. "money",
"units of m" and "units of k" below are these. Shares, availabilities and years stay as they are. Periods
carry rates times Δ: everything here is per period unless it says "per year".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property

from models.instance import Agreement, Demand, IndexPrice, Industry, Instance, Project, Spot, at
from optimizer.states import State, states
from optimizer.tree import Tree, grow
from optimizer.units import choose_units


def positions(ids: Iterable[str]) -> dict[str, int]:
    """Where each id stands in its table."""
    return {row: i for i, row in enumerate(ids)}


class Data:
    """What the formulation reads: scaled numbers by id, period t and node n. No solver, no Pyomo."""

    def __init__(
        self, instance: Instance, tree: Tree | None = None, node_states: list[State] | None = None
    ) -> None:
        """``node_states`` stand for the effects in force at the nodes of ``tree``."""
        self.instance = instance
        self.tree = tree or grow(instance)
        self.units = choose_units(instance)
        self.states = states(instance, self.tree) if node_states is None else node_states
        self.periods = instance.horizon.periods
        self.years_per_period = instance.horizon.period_years
        self.commodities = {c.id: c for c in instance.commodities}
        self.demand_rows = {q.id: q for q in instance.demand}
        self.industries = {j.id: j for j in instance.industries}
        self.offers = {o.id: o for o in instance.spot}
        self.agreements = {a.id: a for a in instance.agreements}
        self.projects = {k.id: k for k in instance.projects}
        self.depots = {d.id: d for d in instance.depots}
        self.substitutions = {u.id: u for u in instance.substitutions}
        self.items: dict[str, Agreement | Spot | Project] = {
            **self.agreements,
            **self.offers,
            **self.projects,
        }
        """Whatever brings tonnes into the reserve and is planned spend."""
        self._markets: dict[tuple[str, int, bool], float] = {}
        self._row = {
            "price": positions(self.commodities),
            "demand": positions(self.demand_rows),
            "industries": positions(self.industries),
            "spot": positions(self.offers),
            "agreements": positions(self.agreements),
            "projects": positions(self.projects),
            "depots": positions(self.depots),
        }

    # ---- time

    @cached_property
    def nodes(self) -> list[int]:
        """All nodes, by the ids they bear in the tree."""
        return [node.id for node in self.tree.nodes]

    def period(self, n: int) -> int:
        """t(n)."""
        return self.tree.nodes[n].period

    def parent(self, n: int) -> int | None:
        """pa(n), None in the first period."""
        return self.tree.nodes[n].parent

    def probability(self, n: int) -> float:
        """π(n)."""
        return self.tree.probability[n]

    def discount(self, t: int) -> float:
        """δ(t) = (1 + discount_rate)^(-tΔ)."""
        return float((1.0 + self.instance.discount_rate) ** (-t * self.years_per_period))

    def in_periods(self, years: float) -> int:
        """Years as whole periods: ⌊years/Δ + ½⌋."""
        return math.floor(years / self.years_per_period + 0.5)

    def by_year(self, ramp: tuple[float, ...], t: int, first: int) -> float:
        """The factor of a contract or operating year in period t when year 0 begins in period ``first``."""
        year = math.floor((t - first) * self.years_per_period + 1e-9)
        return ramp[min(year, len(ramp) - 1)]

    def term(self, a: Agreement) -> int:
        """Periods an agreement lasts, at least one."""
        return max(1, self.in_periods(a.term_years))

    def lead(self, k: Project) -> int:
        """Periods from the start of building to operation."""
        return self.in_periods(k.lead_years)

    # ---- states

    def avail(self, table: str, row: str, n: int) -> float:
        """Availability of a row of spot, agreements, projects or depots."""
        return float(getattr(self.states[n], table)[self._row[table][row]])

    def calm(self, m: str, n: int) -> bool:
        """Whether nothing that concerns the commodity is hit at the node."""
        return bool(self.states[n].calm[self._row["price"][m]])

    # ---- prices, money per unit of m

    def usd(self, amount: float) -> float:
        """USD as money."""
        return amount / self.units.money

    def per_tonne(self, m: str, usd: float) -> float:
        """USD/t as money per unit of m."""
        return usd * self.units.tonnes[m] / self.units.money

    def reference(self, m: str, t: int) -> float:
        """Reference price without effects, money per unit of m."""
        return self.per_tonne(m, at(self.commodities[m].price, t))

    def price(self, m: str, n: int) -> float:
        """Reference price at a node, effects included, money per unit of m."""
        return self.reference(m, self.period(n)) * float(self.states[n].price[self._row["price"][m]])

    def unit_price(self, a: Agreement, n: int) -> float:
        """What a delivered or untaken unit costs: fixed, or the index with floor, then ceiling."""
        t = self.period(n)
        if not isinstance(a.price, IndexPrice):
            return self.per_tonne(a.commodity, at(a.price.value, t))
        price = self.price(a.commodity, n) * (1.0 + a.price.premium)
        if a.price.floor is not None:
            price = max(price, self.per_tonne(a.commodity, at(a.price.floor, t)))
        if a.price.ceiling is not None:
            price = min(price, self.per_tonne(a.commodity, at(a.price.ceiling, t)))
        return price

    def spot_price(self, o: Spot, tier: int, n: int) -> float:
        """Money per unit of the offer's commodity."""
        return self.price(o.commodity, n) * (1.0 + o.tiers[tier].premium)

    # ---- quantities, units of m per period

    def tonnes(self, m: str, quantity: float) -> float:
        """Tonnes as units of m."""
        return quantity / self.units.tonnes[m]

    def rate(self, m: str, per_year: float) -> float:
        """t/year as units of m per period."""
        return self.tonnes(m, per_year) * self.years_per_period

    def spot_limit(self, o: Spot, tier: int, n: int) -> float:
        """Most of a tier, units of m."""
        return self.rate(o.commodity, at(o.tiers[tier].quantity, self.period(n))) * self.avail(
            "spot", o.id, n
        )

    @cached_property
    def demand_of(self) -> dict[str, list[Demand]]:
        """Demand rows by commodity."""
        return {m: [q for q in self.instance.demand if q.commodity == m] for m in self.commodities}

    @cached_property
    def needing(self) -> dict[str, list[Industry]]:
        """Industries by a commodity they need."""
        return {m: [j for j in self.instance.industries if m in j.needs] for m in self.commodities}

    @cached_property
    def making(self) -> dict[str, list[Project]]:
        """Projects by a commodity they name as output."""
        return {m: [k for k in self.instance.projects if m in k.outputs] for m in self.commodities}

    @cached_property
    def market_rows(self) -> dict[str, list[int]]:
        """Rows of the market table by commodity."""
        rows: dict[str, list[int]] = {m: [] for m in self.commodities}
        for i, row in enumerate(self.instance.market):
            rows[row.commodity].append(i)
        return rows

    def market(self, m: str, n: int, hit: bool = True) -> float:
        """What commerce supplies, units of m; before effects if not ``hit``."""
        known = self._markets.get((m, n, hit))
        if known is None:
            t, state = self.period(n), self.states[n]
            rows = ((i, self.instance.market[i]) for i in self.market_rows[m])
            known = self._markets[m, n, hit] = sum(
                self.rate(m, at(r.quantity, t)) * (float(state.market[i]) if hit else 1.0) for i, r in rows
            )
        return known

    def market_availability(self, m: str, n: int) -> float:
        """μ = Σ market·avail / Σ market; 0 without market rows."""
        whole = self.market(m, n, hit=False)
        return self.market(m, n) / whole if whole > 0 else 0.0

    def demand(self, q: Demand, n: int) -> float:
        """Demand of a row after effects, units of m."""
        factor = float(self.states[n].demand[self._row["demand"][q.id]])
        return self.rate(q.commodity, at(q.quantity, self.period(n))) * factor

    def industry_factor(self, j: str, n: int) -> float:
        """Multiplier of an industry's needs and output."""
        return float(self.states[n].industries[self._row["industries"][j]])

    def needs(self, j: str, m: str, n: int) -> float:
        """Need of an industry at full output after effects, units of m."""
        return self.rate(m, at(self.industries[j].needs[m], self.period(n))) * self.industry_factor(j, n)

    def output(self, j: str, n: int) -> float:
        """Output of an industry after effects, money."""
        per_year = at(self.industries[j].output, self.period(n))
        return self.usd(per_year) * self.years_per_period * self.industry_factor(j, n)

    def consumption(self, m: str, n: int) -> float:
        """Demand and needs together after effects, units of m."""
        rows = sum(self.demand(q, n) for q in self.demand_of[m])
        return rows + sum(self.needs(j.id, m, n) for j in self.needing[m])

    def exchange(self, u: str) -> float:
        """Units of the commodity used per unit of the commodity eased."""
        s = self.substitutions[u]
        eased = self.demand_rows[s.demand].commodity
        return s.ratio * self.units.tonnes[eased] / self.units.tonnes[s.commodity]

    # ---- projects, per unit of activity

    def activity(self, k: str, quantity: float) -> float:
        """t of activity as units of k."""
        return quantity / self.units.activity[k]

    def yields(self, k: Project, m: str) -> float:
        """Units of m made per unit of k."""
        return k.outputs[m] * self.units.activity[k.id] / self.units.tonnes[m]

    def uses(self, k: Project, m: str) -> float:
        """Units of m used per unit of k."""
        return k.inputs[m] * self.units.activity[k.id] / self.units.tonnes[m]

    def per_activity(self, k: str, usd: float) -> float:
        """USD per t of activity as money per unit of k."""
        return usd * self.units.activity[k] / self.units.money

    # ---- storage

    def keep(self, m: str) -> float:
        """Share of a stock that survives a period: (1 - loss_rate)^Δ."""
        return float((1.0 - self.commodities[m].loss_rate) ** self.years_per_period)

    @cached_property
    def opening(self) -> dict[tuple[str, str], float]:
        """Opening stock, units of m, by commodity and depot."""
        stock: dict[tuple[str, str], float] = {}
        for row in self.instance.opening_stock:
            key = (row.commodity, row.depot)
            stock[key] = stock.get(key, 0.0) + self.tonnes(row.commodity, row.quantity)
        return stock

    @cached_property
    def private_stock(self) -> dict[str, float]:
        """What consumers hold themselves, units of m."""
        stock: dict[str, float] = {}
        for row in self.instance.private_stock:
            stock[row.commodity] = stock.get(row.commodity, 0.0) + self.tonnes(row.commodity, row.quantity)
        return stock
