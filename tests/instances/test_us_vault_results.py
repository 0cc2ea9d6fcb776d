"""The committed sensitivities are of the committed tables, and move the way they must."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

CASE = Path(__file__).resolve().parents[2] / "instances" / "us-vault-2026"
RESULTS = CASE / "results"


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, str]]:
    with (RESULTS / "sensitivity.csv").open(newline="", encoding="utf-8") as file:
        return {row["case"]: row for row in csv.DictReader(file)}


def test_they_are_of_these_tables() -> None:
    """Fails after every change of the tables that a solve reads: solve them again (build/sensitivity.py)."""
    tables = sorted(
        path
        for path in CASE.iterdir()
        if path.suffix in {".csv", ".yaml"} and not path.name.startswith(("hazard", "regimes"))
    )
    now = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in tables)).hexdigest()
    assert (RESULTS / "tables.sha256").read_text(encoding="utf-8").strip() == now


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("base", "without_agency"),
        ("base", "rate_075"),
        ("rate_075", "rate_175"),
        ("shortage_low", "base"),
        ("base", "shortage_high"),
        ("china_low", "base"),
        ("base", "china_high"),
        ("base", "access_low"),
        ("access_high", "base"),
        ("base", "impact_high"),
        ("base", "built_anyway"),
        ("base", "additional_low"),
        ("terminal_high", "terminal_low"),
        ("base", "budget_1"),
    ],
)
def test_what_makes_the_world_worse_costs_more(
    found: dict[str, dict[str, str]], better: str, worse: str
) -> None:
    """Up to the gaps to which both were solved."""
    low, high = (float(found[case]["objective_musd"]) for case in (better, worse))
    assert low * (1 - float(found[better]["gap"])) <= high + 0.1


def test_every_case_was_solved_to_its_gap(found: dict[str, dict[str, str]]) -> None:
    assert {case: row["gap"] for case, row in found.items() if float(row["gap"]) > 0.0101} == {}


def test_money_is_slack(found: dict[str, dict[str, str]]) -> None:
    """On the most expensive path of the base case a fifth of the envelope is more than enough."""
    assert float(found["base"]["most_drawn_musd"]) < 0.2 * 12_000
