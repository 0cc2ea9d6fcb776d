"""The rows that each constraint family writes for an instance of two years, as text.

Worth and prices are chosen so that one unit of money is 1 USD, one unit of each commodity 1 t, one unit of
activity 1 t and one of emissions 1 tCO2e: the listings read in natural units and can be checked with a
pencil.

Nodes: 0 is 2027; 1 is 2028 undisturbed (0.75); 2 is 2028 in the crisis (0.25), which halves what passes
through CHN, doubles the price of gallium, and raises the demand of defense by half.

``python -m tests.optimizer.golden`` writes the listings anew; read the difference before committing it.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from models.instance import Instance
from optimizer.compile import compile_arrays, names
from optimizer.data import Data
from optimizer.formulation import build
from tests.optimizer.byhand.base import (
    by_hand,
    commerce,
    contract,
    cut,
    good,
    held,
    hit,
    need,
    offer,
    plant,
    vault,
)
from tests.optimizer.support import constraints

FOLDER = Path(__file__).parent

COLUMNS = {
    "commit": ("sign", "volume", "build", "capacity", "open"),
    "contracts": ("deliver", "untaken"),
    "spot": ("spot",),
    "projects": ("run", "upside"),
    "stock": ("stock", "inject", "withdraw"),
    "consumers": ("bought", "private", "short", "cut", "substitute"),
    "pool": ("release", "sale", "scrap"),
    "money": ("due", "draw", "drawn", "repay", "owed", "cash"),
    "allocations": ("spent", "spent_all"),
    "shares": ("imbalance",),
    "chance": ("kept",),
    "concentration": ("acquired",),
    "loss": ("cum", "eta", "excess"),
}
"""Variables by the family that declares them."""

INSTANCE: Instance = by_hand(
    None,
    rate=0.25,
    commodities=[
        good(
            price=[1.0, 2.0],
            storage_cost=0.1,
            loss_rate=0.1,
            stowage=3.0,
            sale_limit=50.0,
            sale_factor=0.8,
            release_factor=0.5,
            terminal_factor=0.4,
            disposal_cost=0.2,
        ),
        good("ge", price=2.0),
        good("slag", price=1.0, disposal_cost=0.3),
    ],
    demand=[
        need("vital", quantity=[1000.0, 1200.0], segment="defense")
        | {"shortage_cost": [{"share": 0.25, "cost": 5.0}, {"share": 0.75, "cost": [20.0, 30.0]}]},
        need("ge-use", "ge", 400.0, cost=8.0),
    ],
    industries=[
        {
            "id": "chips",
            "segment": "chips",
            "output": 6000.0,
            "needs": {"ga": 100.0, "ge": 200.0},
            "loss": [{"share": 0.4, "factor": 0.5}, {"share": 0.6, "factor": 2.0}],
        },
    ],
    market=[commerce(800.0), commerce(200.0, country="AUS"), commerce(500.0, "ge") | {"via": ["CHN"]}],
    spot=[
        offer(additional=0.5, emissions=3.0)
        | {"tiers": [{"quantity": 40.0, "premium": 0.1}, {"quantity": 60.0, "premium": 0.5}]},
    ],
    agreements=[
        contract(
            most=300.0,
            least=30.0,
            starts=[0, 1],
            ramp=[0.5, 1.0],
            take_or_pay=0.6,
            via=["CHN"],
            signing_cost=70.0,
            prepayment=0.4,
            additional=0.75,
            requires=["mine"],
            emissions=2.0,
        )
        | {"price": {"kind": "index", "premium": 0.1, "floor": 1.5, "ceiling": 3.0}},
    ],
    projects=[
        plant(
            "mine",
            country="AUS",
            capacity={"min": 10.0, "max": 90.0},
            existing_capacity=[20.0, 25.0],
            ramp=[0.5, 1.0],
            opex=0.7,
            must_run=True,
            offtake_share=0.4,
            emissions=4.0,
            support={"commodity": "ga", "strike": 1.8, "upside_share": 0.5, "upside_cap": 33.0},
        ),
        plant(
            "refinery",
            inputs={"ge": 1.5},
            outputs={"ga": 1.0, "slag": 0.8},
            capacity={"min": 5.0, "max": 60.0},
            starts=[0, 1],
            lead_years=1.0,
            spend_profile=[0.25, 0.75],
            capex_fixed=80.0,
            capex_per_unit=2.0,
            public_share=0.5,
            opex=0.3,
            requires=["mine"],
        ),
    ],
    choices=[{"id": "pick", "members": ["contract", "refinery", "annex"], "min": 1, "max": 2}],
    depots=[
        vault(outturn=150.0, handling_cost=0.05),
        vault("annex", capacity=600.0, optional=True, opening_cost=90.0, country="CHN"),
    ],
    opening_stock=[held(100.0)],
    private_stock=[{"commodity": "ga", "quantity": 15.0}],
    substitutions=[
        {
            "id": "ge-for-ga",
            "demand": "vital",
            "commodity": "ge",
            "ratio": 0.5,
            "max_share": 0.2,
            "cost": 1.5,
        },
    ],
    budget={
        "envelope": 900.0,
        "opening_cash": 11.0,
        "sources": [
            {"id": "grant", "kind": "appropriation", "amount": 500.0, "available": [300.0, 200.0]},
            {"id": "loan", "kind": "loan", "amount": 600.0, "rate": 0.35, "fee": 0.02},
        ],
    },
    allocations=[
        {"id": "most", "where": {"categories": ["agreement"]}, "max": 700.0, "max_share": 0.8},
        {
            "id": "least",
            "where": {"groups": ["domestic"], "commodities": ["ga"]},
            "min": 12.0,
            "min_share": 0.1,
        },
    ],
    risk={
        "shares": [{"countries": ["CHN"], "commodities": ["ga"], "max_share": 0.3}],
        "exposure_limit": 0.05,
        "cover": [{"commodity": "ga", "segments": ["defense"], "days": 36.5}],
        "service": [{"segment": "defense", "min_fraction": 0.9}, {"segment": "chips", "min_fraction": 0.3}],
        "concentration": [{"hhi": 0.64, "commodities": ["ga", "slag"]}, {"hhi": 0.5, "commodities": ["ga"]}],
        "chance": [
            {"segment": "defense", "min_fraction": 0.9, "probability": 0.7},
            {"segment": "chips", "min_fraction": 0.3, "probability": 0.2},
        ],
        "cvar_limit": 4000.0,
        "expected_loss_limit": 3000.0,
        "emissions_limit": 8000.0,
    },
    scenarios=[
        hit(
            cut(0.5, countries=["CHN"]),
            {"kind": "price", "factor": 2.0, "commodities": ["ga"]},
            {"kind": "demand", "factor": 1.5, "segments": ["defense"]},
            probability=0.25,
        ),
    ],
    objective={"cost_weight": 0.9, "loss_weight": 1.1, "cvar_weight": 0.3, "cvar_alpha": 0.8},
).instance


def listings() -> dict[str, str]:
    """The text of each family: its rows, then the bounds of its variables, then (objective) the costs."""
    data = Data(INSTANCE)
    arrays = compile_arrays(build(data))
    column, row = names(arrays.columns), names(arrays.rows)
    family_of_row = constraints()
    family_of_column = {name: family for family, found in COLUMNS.items() for name in found}

    lines: dict[str, list[str]] = defaultdict(list)
    matrix = arrays.matrix.tocsr()
    for i in sorted(range(len(row)), key=lambda i: (arrays.rows[i][0], arrays.rows[i][1])):
        entries = slice(matrix.indptr[i], matrix.indptr[i + 1])
        terms = [(column[j], x) for j, x in zip(matrix.indices[entries], matrix.data[entries], strict=True)]
        text = relation(sorted(terms), arrays.row_lower[i], arrays.row_upper[i])
        lines[family_of_row[arrays.rows[i][0]]].append(f"{row[i]}: {text}")
    for j in sorted(range(len(column)), key=lambda j: (arrays.columns[j][0], arrays.columns[j][1])):
        name = arrays.columns[j][0]
        if name in family_of_column and arrays.integer[j]:
            lines[family_of_column[name]].append(f"{column[j]} in {{0, 1}}")
        elif name in family_of_column and np.isfinite(arrays.upper[j]):
            low, high = number(arrays.lower[j]), number(arrays.upper[j])
            lines[family_of_column[name]].append(f"{low} <= {column[j]} <= {high}")
        elif name in family_of_column and not np.isfinite(arrays.lower[j]):
            lines[family_of_column[name]].append(f"{column[j]} free")
    for title, cost in (("minimise", arrays.cost), ("expected cost", arrays.expected_cost)):
        lines["objective"].append(f"{title}:")
        lines["objective"] += [f"  {number(cost[j])} {column[j]}" for j in np.argsort(column) if cost[j]]
    return {family: "\n".join(text) + "\n" for family, text in lines.items()}


def relation(terms: list[tuple[str, float]], lower: float, upper: float) -> str:
    """A row as text."""
    left = " ".join(f"{'-' if x < 0 else '+'} {times(abs(x))}{name}" for name, x in terms)
    if lower == upper:
        return f"{left} = {number(upper)}"
    return f"{left} <= {number(upper)}" if np.isfinite(upper) else f"{left} >= {number(lower)}"


def times(factor: float) -> str:
    """A coefficient, left out if it is 1."""
    return "" if factor == 1 else f"{number(factor)} "


def number(value: Any) -> str:
    """Twelve digits: more than anyone checks, fewer than rounding reaches. No minus before 0."""
    return f"{float(value) + 0.0:.12g}"
