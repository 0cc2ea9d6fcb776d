"""The committed tables of the real case are what its builder makes from its sources."""

from __future__ import annotations

import filecmp
import subprocess
import sys
from pathlib import Path

import pytest

from models.files import read

CASE = Path(__file__).resolve().parents[2] / "instances" / "us-vault-2026"


def build(out: Path, *options: str) -> None:
    subprocess.run(
        [sys.executable, str(CASE / "build"), "--out", str(out), *options], check=True, timeout=120
    )


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rebuilt")
    build(out)
    return out


def tables(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix in {".csv", ".yaml"}}


def test_every_table_is_what_the_sources_give(rebuilt: Path) -> None:
    assert tables(rebuilt) == tables(CASE)
    _, differing, unreadable = filecmp.cmpfiles(CASE, rebuilt, sorted(tables(CASE)), shallow=False)
    assert (differing, unreadable) == ([], [])


def test_the_ledger_is_up_to_date(rebuilt: Path) -> None:
    written, kept = (folder / "sources" / "provenance.csv" for folder in (rebuilt, CASE))
    assert written.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")


def test_copper_comes_only_on_request(tmp_path: Path) -> None:
    build(tmp_path, "--with-copper")
    plain = {commodity.id for commodity in read(CASE).commodities}
    assert {commodity.id for commodity in read(tmp_path).commodities} - plain == {"copper"}


def test_shortage_costs_scale(tmp_path: Path) -> None:
    build(tmp_path, "--shortage-factor", "3")
    for once, thrice in zip(read(CASE).demand, read(tmp_path).demand, strict=True):
        for low, high in zip(once.shortage_cost, thrice.shortage_cost, strict=True):
            assert high.cost == pytest.approx(3 * low.cost, rel=1e-4)  # the tables hold five digits


def test_more_announcements_leave_less_undisturbed(tmp_path: Path) -> None:
    build(tmp_path, "--announcement-rate", "1.75")
    base, often = (sum(s.probability for s in read(folder).scenarios) for folder in (CASE, tmp_path))
    assert base < often <= 1
