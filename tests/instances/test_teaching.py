"""The teaching cases against their hand solutions; instances/<case>/README.md works each of them out.

Money in the comments is in m USD unless it says otherwise.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from models import files
from models.instance import Instance
from models.options import Options
from models.plan import Plan
from optimizer.solve import solve
from optimizer.summary import summary

INSTANCES = Path(__file__).parents[2] / "instances"
CASES = (
    "one-material",
    "newsvendor",
    "ore-without-refinery",
    "supported-plant",
    "complements",
    "unknown-length",
    "rebuild",
)
MILLION = 1e6


def solved(instance: Instance) -> Plan:
    """The optimum, proved; an audit that fails raises."""
    plan = solve(instance, Options(relative_gap=1e-9, threads=1))
    assert plan.status == "optimal"
    return plan


@cache
def plan_of(case: str) -> Plan:
    return solved(files.read(INSTANCES / case))


def changed(case: str, changes: dict[str, Any]) -> float:
    """The optimum in m USD with values replaced (path: value) or removed (path: None)."""
    raw = files.read(INSTANCES / case).as_dict()
    for path, value in changes.items():
        *above, last = (int(part) if part.isdigit() else part for part in path.split("."))
        holder: Any = raw
        for part in above:
            holder = holder[part]
        if value is None:
            del holder[last]
        else:
            holder[last] = value
    objective = solved(Instance.parse(raw)).objective
    assert objective is not None
    return objective / MILLION


def operation(plan: Plan, variable: str, year: int, scenario: str = "", **index: str) -> float:
    """The value of an operation in a year of a scenario, summed over the indices that are not named."""
    (node,) = (n.id for n in plan.tree if n.year == year and scenario in n.scenarios)
    table = plan.operations.get(variable, {"node": [], "value": []})
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    return sum(float(r["value"]) for r in rows if r["node"] == node and index.items() <= r.items())


def near(*values: float) -> Any:
    return pytest.approx(values if len(values) > 1 else values[0], rel=1e-8, abs=1e-6)


def money(plan: Plan) -> tuple[float, float, float]:
    """Objective, expected cost and expected loss, m USD."""
    assert plan.objective is not None
    assert plan.risk is not None
    return plan.objective / MILLION, plan.risk.expected_cost / MILLION, plan.risk.expected_loss / MILLION


def test_one_material() -> None:
    # Carrying a tonne: 400,000 + 20,000 + 0.8 (20,000 - 200,000) = 276,000 USD. Under the ban it saves, in
    # expectation, 0.2 · 10 m = 2 m, 0.2 · 3 m = 0.6 m (25 t each), then 0.2 · 1 m = 0.2 m: stock 50 t.
    plan = plan_of("one-material")
    assert operation(plan, "spot", 2027) == near(50)
    assert operation(plan, "release", 2028, "ban-2028") == near(50)
    assert operation(plan, "short", 2028, "ban-2028") == near(50)
    assert operation(plan, "stock", 2028) == near(50)
    # 50 · 0.276 and 0.2 · 50 · 1.
    assert money(plan) == near(23.8, 13.8, 10)


def test_newsvendor() -> None:
    # (b - c) / (b - s) = (3 - 1) / (3 - 0.5) = 0.8; P(D <= 40) = 0.75, P(D <= 60) = 0.85: stock 60 t.
    plan = plan_of("newsvendor")
    assert operation(plan, "spot", 2027) == near(60)
    for shortfall in (20, 40, 60, 80, 100):
        scenario = f"short-of-{shortfall}"
        assert operation(plan, "release", 2028, scenario) == near(min(60, shortfall))
        assert operation(plan, "short", 2028, scenario) == near(max(0, shortfall - 60))
    # Left over 60 · 0.40 + 40 · 0.20 + 20 · 0.15 = 35 t at 0.5; missing 20 · 0.10 + 40 · 0.05 = 4 t at 3.
    assert money(plan) == near(54.5, 60 - 17.5, 12)


@pytest.mark.parametrize(("stock", "expected"), [(0, 87.0), (40, 57.0), (60, 54.5), (80, 57.0), (100, 64.5)])
def test_newsvendor_away_from_the_fractile(stock: float, expected: float) -> None:
    # The table of the README. The stock is prescribed: no spot, and a contract for 2027 that must be signed.
    contract = {
        "id": "S",
        "supplier": "S",
        "country": "USA",
        "commodity": "germanium",
        "term_years": 1.0,
        "volume": {"min": stock, "max": stock},
        "take_or_pay": 1.0,
        "price": {"kind": "index"},
    }
    sign = {"id": "must-sign", "members": ["S"], "min": 1}
    changes = {"spot": None, "agreements": [contract], "choices": [sign]}
    assert changed("newsvendor", changes) == near(expected)


def test_ore_without_refinery() -> None:
    # Capacity of 1 t/year: 200,000 + 0.5 · 2 · 20,000 paid, 0.5 · 2 · 500,000 saved: gain 280,000 USD, up to
    # 100 t/year; 100 · 0.28 - 5 = 23 > 0, so it is built. 5 + 20 capex, 0.5 · 200 · 0.02 = 2 refining.
    plan = plan_of("ore-without-refinery")
    assert plan.commitments is not None
    (refinery,) = plan.commitments.projects
    assert (refinery.id, refinery.operates) == ("refinery", 2028)
    assert refinery.capacity == near(100)
    for year, left in ((2028, 300), (2029, 100)):
        assert operation(plan, "release", year, "ban-2028-29", commodity="tungsten") == near(100)
        assert operation(plan, "withdraw", year, "ban-2028-29", commodity="tungsten-ore") == near(200)
        assert operation(plan, "stock", year, "ban-2028-29", commodity="tungsten-ore") == near(left)
    assert money(plan) == near(27, 27, 0)


def test_supported_plant() -> None:
    # Capex 0.25 · 1000 · 0.2 = 50. Each year opex 400 · 0.08 = 32, 400 t released at the price.
    # 2027: support 600 · 0.04 = 24, released 24: 32. 2028: upside 0.5 · 600 · 0.01 = 3, released 44: -15.
    # 2029: upside min(0.5 · 600 · 0.06 = 18, cap 10), released 64: -42. Together 50 + 32 - 15 - 42 = 25.
    plan = plan_of("supported-plant")
    for year, upside in ((2027, 0), (2028, 3), (2029, 10)):
        assert operation(plan, "run", year) == near(1000)
        assert operation(plan, "release", year) == near(400)
        assert operation(plan, "bought", year) == near(1000)
        assert operation(plan, "upside", year) == near(upside * MILLION)
    assert money(plan) == near(25, 25, 0)


def test_complements() -> None:
    # 40 -> 70 % takes 6 t of dysprosium alone (3); the other 2 buy half a tenth: 1 t (0.5) and 15 t of NdPr.
    plan = plan_of("complements")
    assert operation(plan, "spot", 2027, offer="dy-spot") == near(7)
    assert operation(plan, "spot", 2027, offer="ndpr-spot") == near(15)
    assert operation(plan, "cut", 2028, "quotas-2028") == near(0.25)
    # 0.2 · 0.25 · 1000 · 0.5 lost.
    assert money(plan) == near(30, 5, 25)
    # A tenth of the output saves 0.2 · 0.1 · 1000 · 0.5 = 10 and costs 2 t · 0.5 + 30 t · 0.1 = 4.
    (dollar,) = (v.value for v in plan.marginal_values if v.kind in ("envelope", "source"))
    assert dollar == near(10 / 4 - 1)


def test_unknown_length() -> None:
    # 500 t for ammunition in 2028 (0.6 · 100,000 USD), 500 t kept for 2029 (0.3 · 100,000); flame retardants:
    # 0.6 · 30,000 = 18,000 < 20,000. In the embargo a tonne kept is worth 0.5 · 100,000 > 30,000.
    plan = plan_of("unknown-length")
    assert operation(plan, "spot", 2027) == near(1000)
    for scenario in ("one-year", "two-years"):
        assert operation(plan, "release", 2028, scenario) == near(500)
        assert operation(plan, "short", 2028, scenario, demand="flame-retardants") == near(500)
        assert operation(plan, "short", 2028, scenario, demand="ammunition") == near(0)
    assert operation(plan, "release", 2029, "two-years") == near(500)
    assert operation(plan, "stock", 2029, "one-year") == near(500)
    # 0.3 · 15 + 0.3 · 30 lost.
    assert money(plan) == near(33.5, 20, 13.5)


def test_value_of_perfect_information() -> None:
    # Known: nothing to buy; 1,000 t for one year; 2,000 t for two (20,000 < 30,000 USD/t). No loss in any.
    one_year = changed("unknown-length", {"scenarios.0.probability": 1.0, "scenarios.1": None})
    two_years = changed("unknown-length", {"scenarios.1.probability": 1.0, "scenarios.0": None})
    calm = changed("unknown-length", {"scenarios": None})
    assert (calm, one_year, two_years) == near(0, 20, 40)
    # 33.5 - 18, dearer by 0.4 · 20 + 0.3 · 15 + 0.3 · 10.
    wait_and_see = 0.4 * calm + 0.3 * one_year + 0.3 * two_years
    assert money(plan_of("unknown-length"))[0] - wait_and_see == near(15.5)


def test_rebuild() -> None:
    # Ban: 60 of the 100 t missing are released, 40 · 0.1 = 4 lost. Bought back 30 + 30 at 0.04 = 2.4.
    plan = plan_of("rebuild")
    for year, spot, stock in ((2027, 0, 60), (2028, 0, 0), (2029, 30, 30), (2030, 30, 60)):
        assert operation(plan, "spot", year, "ban-2028") == near(spot)
        assert operation(plan, "stock", year, "ban-2028") == near(stock)
        assert operation(plan, "stock", year) == near(60)
    assert operation(plan, "release", 2028, "ban-2028") == near(60)
    assert money(plan) == near(0.2 * 6.4, 0.2 * 2.4, 0.2 * 4)


EXERCISES: list[tuple[str, dict[str, Any], float]] = [
    # Carrying: 420,000 - 0.95 · 180,000 = 249,000 USD, break-even 249,000 / 0.05 = 4.98 m: last tier, 25 t.
    ("one-material", {"scenarios.0.probability": 0.05}, 25 * 0.249 + 0.05 * (50 * 1 + 25 * 3)),
    # Carrying: 420,000 - 0.9 · 180,000 = 258,000 USD, break-even 2.58 m: still 50 t.
    ("one-material", {"scenarios.0.probability": 0.1}, 50 * 0.258 + 0.1 * 50 * 1),
    # (3 - 1) / (3 - 0.8) = 0.909: 80 t. Left over 80·0.4 + 60·0.2 + 40·0.15 + 20·0.1 = 52 t; missing 1 t.
    ("newsvendor", {"commodities.0.terminal_factor": 0.8}, 80 - 52 * 0.8 + 1 * 3),
    # 0.5 · 2 years · 100 t · 0.5, with 500 t of ore and with 5,000 t.
    ("ore-without-refinery", {"projects": None}, 50),
    ("ore-without-refinery", {"projects": None, "opening_stock.0.quantity": 5000.0}, 50),
    # One year of help: 0.5 · 100 · 0.5 = 25 saved, 25 to build and 0.5 · 100 · 0.02 = 1 to run: not built.
    ("ore-without-refinery", {"projects.0.lead_years": 2.0}, 50),
    ("supported-plant", {"projects": None}, 3 * 1000 * 0.2),
    # 2027: 32 - 24 = 8. 2028: upside 0.5 · 600 · 0.05 = 15, cap 10: 32 - 44 - 10 = -22. 2029: -42 as before.
    ("supported-plant", {"projects.0.support.strike": 60e3}, 50 + 8 - 22 - 42),
    # Nothing that can be bought helps.
    ("complements", {"spot.1.tiers.0.quantity": 0.0}, 0.2 * 0.6 * 1000 * 0.5),
    # Kept: 0.25 · 100,000 < 30,000 USD, and 0.15 · 100,000 < 20,000: 500 t, all released in 2028.
    (
        "unknown-length",
        {"scenarios.0.probability": 0.45, "scenarios.1.probability": 0.15},
        10 + 0.45 * 15 + 0.15 * (15 + 15 + 50),
    ),
    # Back in 2029: half of it at the second tier. Back in 2031: beyond the horizon.
    ("rebuild", {"risk.cover.0.rebuild_periods": 0}, 0.2 * (4 + 30 * 0.04 + 30 * 0.06)),
    ("rebuild", {"risk.cover.0.rebuild_periods": 2}, 0.2 * 4),
]


@pytest.mark.parametrize(("case", "changes", "expected"), EXERCISES)
def test_exercise(case: str, changes: dict[str, Any], expected: float) -> None:
    assert changed(case, changes) == near(expected)


@pytest.mark.parametrize("case", CASES)
def test_readme_shows_what_is_printed(case: str) -> None:
    text = (INSTANCES / case / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```console\n\$ stockpile solve .*\n((?s:.*?))```", text)
    printed = {line.rstrip() for line in summary(files.read(INSTANCES / case), plan_of(case)).splitlines()}
    gone = [line for line in block.splitlines() if line not in printed and line != "…"]
    assert not gone, f"instances/{case}/README.md shows lines that are printed no longer: {gone}"


def test_index_names_every_case() -> None:
    index = (INSTANCES / "README.md").read_text(encoding="utf-8")
    folders = {folder.name for folder in INSTANCES.iterdir() if folder.is_dir()}
    assert folders == set(re.findall(r"\]\(([\w-]+)/", index)) == {*CASES, "us-vault-2026"}
