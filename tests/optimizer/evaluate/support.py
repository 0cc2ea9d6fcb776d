"""Two worlds whose every figure can be checked with a pencil, and an oracle that puts nothing together."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from models.faults import SolverFailed
from models.instance import Instance, Scenario
from models.options import Options
from models.plan import Plan
from optimizer.compile import compile_arrays
from optimizer.data import Data
from optimizer.evaluate.fixed import commitments_of, fix, plan_quantile
from optimizer.evaluate.information import at_quantile, path_tree
from optimizer.evaluate.rules import COMMITMENTS, DISTRIBUTION, without
from optimizer.extract import INDEX, natural_unit
from optimizer.formulation import build
from optimizer.highs import Solver
from optimizer.solve import solve
from tests.optimizer.support import case

Raw = dict[str, Any]
EXACT = Options(relative_gap=1e-9, threads=1, marginals=False)

RESERVE: Raw = {
    "schema_version": "1",
    "name": "six tonnes in a depot",
    "horizon": {"start_year": 2027, "periods": 3},
    "countries": [
        {"id": "USA", "name": "United States", "group": "domestic"},
        {"id": "CHN", "name": "China", "group": "adversary"},
    ],
    "commodities": [{"id": "ga", "name": "gallium", "material": "gallium", "stage": "metal", "price": 50.0}],
    "demand": [
        {"id": "ga:all", "commodity": "ga", "segment": "all", "quantity": 10.0,
         "shortage_cost": [{"share": 0.5, "cost": 20.0}, {"share": 0.5, "cost": 100.0}]},
    ],
    "market": [
        {"commodity": "ga", "country": "CHN", "quantity": 6.0},
        {"commodity": "ga", "country": "USA", "quantity": 4.0},
    ],
    "depots": [{"id": "vault", "country": "USA"}],
    "opening_stock": [{"commodity": "ga", "depot": "vault", "quantity": 6.0}],
    "scenarios": [],
}  # fmt: skip
"""Consumers need 10 t a year; CHN sells 6, USA 4. The first 5 t short cost 20 USD/t, the others 100. The
reserve holds 6 t. Nothing can be bought, nothing has a cost: the objective is the expected loss."""


def ban(name: str, probability: float, start: int, duration: int, factor: float = 0.0) -> Raw:
    """CHN sells a factor of what it sells otherwise."""
    effects = [{"kind": "supply", "factor": factor, "countries": ["CHN"]}]
    events = [{"id": "ban", "start": start, "duration": duration, "effects": effects}]
    return {"id": name, "probability": probability, "events": events}


BANS = [ban("short", 0.25, 1, 1), ban("long", 0.25, 1, 2)]
"""A ban of one year or of two, from 2028; half of the time there is none."""
HAZARDS = [
    {
        "id": "ban", "country": "CHN", "rate": 0.4, "ending_rate": 0.7,
        "levels": [
            {"id": "half", "probability": 0.5,
             "effects": [{"kind": "supply", "factor": 0.5, "countries": ["CHN"]}]},
            {"id": "all", "probability": 0.5,
             "effects": [{"kind": "supply", "factor": 0.0, "countries": ["CHN"]}]},
        ],
    }
]  # fmt: skip


def reserve(**changes: Any) -> Instance:
    """The six tonnes, with some tables replaced."""
    return Instance.parse({**RESERVE, **changes})


CONTRACT: Raw = {
    **RESERVE,
    "name": "one year, one contract",
    "horizon": {"start_year": 2027, "periods": 1},
    "demand": [
        {"id": "ga:all", "commodity": "ga", "segment": "all", "quantity": 10.0,
         "shortage_cost": [{"share": 1.0, "cost": 100.0}]},
    ],
    "market": [{"commodity": "ga", "country": "CHN", "quantity": 10.0}],
    "opening_stock": [],
    "agreements": [
        {"id": "offtake", "supplier": "Somebody", "country": "USA", "commodity": "ga", "term_years": 1.0,
         "volume": {"min": 0.0, "max": 10.0}, "take_or_pay": 1.0, "price": {"kind": "fixed", "value": 30.0}},
    ],
    "scenarios": [ban("ban", 0.4, 0, 1)],
}  # fmt: skip
"""Consumers buy 10 t from CHN, which is banned with 0.4. A contract for up to 10 t costs 30 USD/t, taken or
not; a tonne short costs 100 USD."""


HAIR = 1e-8
"""Leeway of an operation taken over from a plan, relative to 1 + its size."""


@cache
def solved(name: str) -> tuple[Instance, Plan]:
    """A reference case and its plan."""
    instance = case(name)
    return instance, solve(instance, EXACT)


def whole_path(instance: Instance, plan: Plan, scenario: Scenario | None, first: int) -> float | None:
    """The value of a scenario, USD, from the formulation written for its path alone: commitments fixed, the
    plan's trunk before ``first``, the tail measured from the plan's quantile. None if infeasible."""
    data = Data(instance, path_tree(instance, scenario))
    arrays = without(fix(data, compile_arrays(build(data)), commitments_of(plan)), DISTRIBUTION | COMMITMENTS)
    arrays = at_quantile(data, arrays, plan_quantile(plan))
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    done: dict[tuple[str, tuple[Any, ...]], float] = {}
    for name, table in plan.operations.items():
        for row in zip(*(table[c] for c in INDEX[name]), table["value"], strict=True):
            done[name, tuple(row[:-1])] = float(row[-1])
    known = {}
    for j, (name, index) in enumerate(arrays.columns):
        if name in INDEX and index[-1] < first:
            unit = natural_unit(data, name, index)
            assert unit is not None
            known[j] = done.get((name, index), 0.0) / unit
    # Fixed to the last digit; where rounding alone makes the rows contradict, with a hair to either side.
    for hair in (0.0, HAIR):
        for j, value in known.items():
            leeway = hair * (1 + abs(value))
            lower[j] = max(arrays.lower[j], value - leeway) if leeway else value
            upper[j] = min(arrays.upper[j], value + leeway) if leeway else value
        fixed = replace(arrays, lower=lower, upper=upper, integer=np.zeros_like(arrays.integer))
        try:
            found = Solver(fixed, threads=1).run()
        except SolverFailed:
            continue
        if found.end == "optimal":
            return found.objective * data.units.money
    return None
