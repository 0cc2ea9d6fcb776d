"""Every row of the sources of the real case says where it comes from, and every table of the case is in
the ledger."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from models.files import read

CASE = Path(__file__).resolve().parents[2] / "instances" / "us-vault-2026"
TABLES = sorted((CASE / "sources").glob("*.csv"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_row_has_source_and_quality(path: Path) -> None:
    found = rows(path)
    assert found
    for line, row in enumerate(found, start=2):
        assert row["source"].strip(), f"{path.name} line {line}"
        assert row["quality"] in {"sourced", "derived", "assumed"}, f"{path.name} line {line}"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_no_row_has_a_cell_too_many_or_too_few(path: Path) -> None:
    for line, row in enumerate(rows(path), start=2):
        assert None not in row, f"{path.name} line {line}"
        assert None not in row.values(), f"{path.name} line {line}"


def test_the_ledger_names_every_row_that_is_chosen_from() -> None:
    case = read(CASE)
    ledger = {(row["table"], row["row"]) for row in rows(CASE / "sources" / "provenance.csv")}
    for table in ("agreements", "projects", "spot", "scenarios", "substitutions", "choices", "countries"):
        for row in getattr(case, table):
            assert (table, row.id) in ledger, (table, row.id)
    for row in case.commodities:
        assert ("commodities", row.id) in ledger
    for row in case.private_stock:
        assert ("private_stock", row.commodity) in ledger
    for commodity in {row.commodity for row in case.demand}:
        assert ("demand", f"{commodity}:*") in ledger
    for row in case.market:
        assert ("market", f"{row.commodity} from {row.country}") in ledger
