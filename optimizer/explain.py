"""Why an instance cannot be met, in the planner's words.

Elastic relaxation: every rule that somebody laid down may be relaxed at a price; the cheapest set of relaxations that
makes the instance feasible is the answer. Physics (balances, availability, tiers) is never relaxed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from models.faults import SolverFailed
from models.options import Options
from models.plan import Relaxation
from optimizer.compile import Arrays, Vector
from optimizer.data import Data
from optimizer.highs import Solver
from optimizer.marginals import ROWS

SECONDS = 60.0
"""Most that one elastic solve may take."""
NOTHING = 1e-7
"""Scaled relaxations below this are the solver's noise."""


@dataclass(frozen=True)
class Rule:
    """A kind of row that may give way."""

    family: str
    unit: str
    group: Callable[[Data, tuple], str]  # type: ignore[type-arg]
    """Rows of one rule give way together, by one amount."""
    per_unit: Callable[[Data, tuple], float]  # type: ignore[type-arg]
    words: str
    """With {item}, {amount}, {unit}, {when}."""
    weight: float = 1.0
    """Price of relaxing it by one scaled unit: rules of policy are cheap, money is dearer, bricks are dearest."""
    node: int | None = None


def _of(row: str, family: str, words: str, weight: float = 1.0) -> Rule:
    price = ROWS[row]
    return Rule(family, price.unit, price.item, price.per_unit, words, weight, price.node)


RULES: dict[str, Rule] = {
    "cover": _of("cover", "cover", "Cover of {item} is {amount} {unit} more than can be held{when}."),
    "service": _of("service", "service", "The service floor of {item} is {amount} {unit} a period more than can be served{when}."),
    "service_industry": _of("service_industry", "service", "The service floor of {item} asks for {amount} of output more than can be kept{when}."),
    "share": _of("share", "shares", "The share of {item} is exceeded by {amount} {unit} at least."),
    "allocation_min": _of("allocation_min", "allocations", "Allocation {item} asks for {amount} {unit} more than can be spent."),
    "allocation_max": _of("allocation_max", "allocations", "Allocation {item} allows {amount} {unit} less than must be spent."),
    "allocation_min_share": _of("allocation_min_share", "allocations", "Allocation {item}: its least share is {amount} {unit} more than can be spent."),
    "allocation_max_share": _of("allocation_max_share", "allocations", "Allocation {item}: its largest share is {amount} {unit} less than must be spent."),
    "exposure": _of("exposure", "allocations", "The exposure limit is exceeded by {amount} {unit}."),
    "cvar_limit": _of("cvar_limit", "loss", "CVaR exceeds its limit by {amount} {unit} at least."),
    "expected_loss_limit": _of("expected_loss_limit", "loss", "The expected loss exceeds its limit by {amount} {unit} at least."),
    "emissions_limit": _of("emissions_limit", "loss", "Emissions exceed their limit by {amount} {unit} at least."),
    "envelope": _of("envelope", "money", "The envelope is {amount} {unit} too small.", 2.0),
    "cash_balance": Rule("money", "USD", lambda *_: "cash", lambda d, _: d.units.money, "Money is short by {amount} {unit}{when}: sources, their timing or opening cash do not suffice.", 2.5, 0),
    "choose_min": Rule("commit", "members", lambda d, k: str(k[0]), lambda *_: 1.0, "Choice {item} asks for {amount} more than can be chosen.", 1e3),
    "choose_max": Rule("commit", "members", lambda d, k: str(k[0]), lambda *_: 1.0, "Choice {item} allows {amount} fewer than must be chosen.", 1e3),
    "depot_capacity": _of("depot_capacity", "stock", "Depot {item} is {amount} {unit} too small{when}.", 1e3),
    "depot_outturn": _of("depot_outturn", "stock", "Depot {item} cannot give out {amount} {unit} that must leave it{when}.", 1e3),
    "scrap_max": Rule("pool", "t", lambda d, k: str(k[0]), lambda d, k: d.units.tonnes[k[0]], "{amount} {unit} of {item} have nowhere to go{when}.", 5.0, 1),
    "market_max": Rule("consumers", "t", lambda d, k: str(k[0]), lambda d, k: d.units.tonnes[k[0]], "Commerce in {item} lacks {amount} {unit}{when}.", 5.0, 1),
}  # fmt: skip
"""Rows that may give way. The balances of consumers.py always can be met by shortages, unless a rule forbids them."""


class Elastic:
    """The instance with one relaxation per rule, as arrays."""

    def __init__(self, data: Data, arrays: Arrays) -> None:
        self.groups: dict[tuple[str, str], list[int]] = defaultdict(list)
        for i, (name, key) in enumerate(arrays.rows):
            if name in RULES:
                self.groups[name, RULES[name].group(data, key)].append(i)
        entries: list[tuple[int, int, float]] = []
        for g, rows in enumerate(self.groups.values()):
            for i in rows:
                # The row is let go in the direction in which it binds; a balance of money receives.
                upward = np.isinf(arrays.row_lower[i]) or arrays.rows[i][0] == "cash_balance"
                entries.append((i, g, -1.0 if upward else 1.0))
        rows, columns, signs = (np.array(part) for part in zip(*entries, strict=True)) if entries else ((), (), ())
        slack = sp.csc_array((signs, (rows, columns)), shape=(arrays.shape[0], len(self.groups)))
        self.first = arrays.shape[1]
        count = len(self.groups)
        weights = np.array([RULES[name].weight for name, _ in self.groups])
        self.arrays = replace(
            arrays,
            matrix=sp.csc_array(sp.hstack([arrays.matrix, slack])),
            cost=np.concatenate([np.zeros(self.first), weights]),
            expected_cost=np.concatenate([arrays.expected_cost, np.zeros(count)]),
            lower=np.concatenate([arrays.lower, np.zeros(count)]),
            upper=np.concatenate([arrays.upper, np.full(count, np.inf)]),
            integer=np.concatenate([arrays.integer, np.zeros(count, dtype=bool)]),
            columns=[*arrays.columns, *(("relax", group) for group in self.groups)],
        )

    def solve(self, options: Options, allowed: set[int] | None = None) -> Vector | None:
        """The cheapest relaxations (all of x), using only the allowed groups; None if those do not suffice."""
        solver = Solver(self.arrays, threads=options.threads, seed=options.seed)
        if allowed is not None:
            closed = np.array([self.first + g for g in range(len(self.groups)) if g not in allowed], dtype=int)
            solver.fix(closed, np.zeros(len(closed)))
        outcome = solver.run(relative_gap=1e-3, time_limit=SECONDS)
        return outcome.x


def relaxations(data: Data, arrays: Arrays, options: Options) -> tuple[Relaxation, ...]:
    """The smallest weighted set of relaxations that makes an infeasible instance feasible, with amounts.

    Raises :class:`models.faults.SolverFailed` if none of the rules laid down explains it.
    """
    elastic = Elastic(data, arrays)
    x = elastic.solve(options)
    if x is None:
        raise SolverFailed("the instance is infeasible, and no relaxation of its rules was found that mends it.")
    used = _used(elastic, x)
    if not used:
        raise SolverFailed("HiGHS called an instance infeasible that it could solve with nothing relaxed.")
    for g in sorted(used, key=lambda g: x[elastic.first + g]):
        fewer = used - {g}
        lighter = elastic.solve(options, fewer) if fewer else None
        if lighter is not None:
            used, x = _used(elastic, lighter), lighter
    return tuple(_in_words(data, arrays, elastic, x, g) for g in sorted(used, key=lambda g: -x[elastic.first + g]))


def _used(elastic: Elastic, x: Vector) -> set[int]:
    return {g for g in range(len(elastic.groups)) if x[elastic.first + g] > NOTHING}


def _in_words(data: Data, arrays: Arrays, elastic: Elastic, x: Vector, g: int) -> Relaxation:
    (name, item), rows = list(elastic.groups.items())[g]
    rule = RULES[name]
    amounts = {i: x[elastic.first + g] * rule.per_unit(data, arrays.rows[i][1]) for i in rows}
    broken = _broken(arrays, x[: elastic.first], rows)
    worst = max(broken, key=lambda i: amounts[i], default=rows[0])
    years = sorted({_year(data, rule, arrays.rows[i][1]) for i in broken} - {None})
    when = f" in {', '.join(f'{year:g}' for year in years[:6])}{' …' if len(years) > 6 else ''}" if years else ""
    amount = float(amounts[worst])
    return Relaxation(
        family=rule.family,
        item=item,
        year=years[0] if years else None,
        amount=amount,
        unit=rule.unit,
        words=rule.words.format(item=item, amount=_number(amount), unit=rule.unit, when=when),
    )


def _broken(arrays: Arrays, x: Vector, rows: list[int]) -> list[int]:
    """Rows that do not hold without their relaxation."""
    activity = sp.csr_array(arrays.matrix)[np.array(rows)] @ x
    low, high = arrays.row_lower[rows] - activity, activity - arrays.row_upper[rows]
    return [i for i, violated in zip(rows, np.maximum(low, high) > NOTHING, strict=True) if violated]


def _year(data: Data, rule: Rule, key: tuple[Any, ...]) -> float | None:
    if rule.node is None:
        return None
    return data.instance.horizon.start_year + data.period(key[rule.node]) * data.years_per_period


def _number(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"
