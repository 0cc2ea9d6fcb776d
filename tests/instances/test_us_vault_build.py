"""The committed tables of the real case are what its builder makes from its sources."""

from __future__ import annotations

import filecmp
import subprocess
import sys
from pathlib import Path

import pytest

from models.files import read
from models.instance import Instance

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


def test_copper_comes_only_on_request_and_with_its_target(tmp_path: Path) -> None:
    build(tmp_path, "--with-copper")
    plain = {commodity.id for commodity in read(CASE).commodities}
    assert {commodity.id for commodity in read(tmp_path).commodities} - plain == {"copper"}
    assert [(row.days, row.segments) for row in read(tmp_path).risk.cover if row.commodity == "copper"] == [
        (60, ())
    ]


def test_shortage_costs_scale(tmp_path: Path) -> None:
    build(tmp_path, "--shortage-factor", "3")
    for once, thrice in zip(read(CASE).demand, read(tmp_path).demand, strict=True):
        for low, high in zip(once.shortage_cost, thrice.shortage_cost, strict=True):
            assert high.cost == pytest.approx(3 * low.cost, rel=1e-4)  # the tables hold five digits


def test_more_announcements_leave_less_undisturbed(tmp_path: Path) -> None:
    build(tmp_path, "--announcement-rate", "1.75")
    base, often = (sum(s.probability for s in read(folder).scenarios) for folder in (CASE, tmp_path))
    assert base < often <= 1


def test_more_announcements_mean_more_comprehensive_bans(tmp_path: Path) -> None:
    """Only comprehensive bans name magnesium. At rate r, 5.6 in 10 announcements bind and 15 % of those are
    bans after a first measure: P(none in n years) = exp(-0.56 r x 0.15 n). Of the paths that begin with rare
    earths in 2028 (n = 5) a share of 1 - exp(-0.42 r) has one: 0.165 at 0.43, 0.520 at 1.75.
    """
    build(tmp_path, "--announcement-rate", "1.75")

    def banned(case: Instance) -> float:
        return sum(
            row.probability
            for row in case.scenarios
            if any("magnesium" in effect.materials for event in row.events for effect in event.effects)
        )

    def again(case: Instance) -> float:
        first = [row for row in case.scenarios if row.id.startswith("ree_licence_")]
        second = sum(row.probability for row in first if "_then_" in row.id)
        return second / sum(row.probability for row in first)

    assert again(read(CASE)) == pytest.approx(0.165, abs=1e-3)
    assert again(read(tmp_path)) == pytest.approx(0.520, abs=1e-3)
    assert banned(read(tmp_path)) > 2 * banned(read(CASE))


@pytest.mark.parametrize(
    "options",
    [
        ["--flat-prices"],
        ["--shortage-factor", "0.3"],
        ["--announcement-rate", "0.75"],
        ["--with-copper", "--flat-prices", "--announcement-rate", "1.75"],
        ["--set", "china_share_factor=0.7"],
        ["--set", "china_share_factor=1.3"],
        ["--set", "access_factor=0.5", "--set", "additional_factor=1.3"],
        ["--set", "project_output_factor=0.5"],
        ["--set", "span_shift=-1"],
    ],
    ids=" ".join,
)
def test_variants_build_and_validate(options: list[str], tmp_path: Path) -> None:
    build(tmp_path, *options)
    base, variant = read(CASE), read(tmp_path)  # reading validates
    assert variant.fingerprint() != base.fingerprint()
    assert [row.id for row in variant.agreements] == [row.id for row in base.agreements]
    assert [row.id for row in variant.projects] == [row.id for row in base.projects]


def test_flat_prices_stay_what_they_are(tmp_path: Path) -> None:
    build(tmp_path, "--flat-prices")
    assert not any(isinstance(commodity.price, tuple) for commodity in read(tmp_path).commodities)


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_other_chinese_shares_move_trade_but_not_shortage_costs(factor: float, tmp_path: Path) -> None:
    """Commerce brings as much as before, more or less of it through China; the calibration stays."""
    build(tmp_path, "--set", f"china_share_factor={factor}")
    base, variant = read(CASE), read(tmp_path)

    def gallium(case: Instance, *, chinese: bool) -> float:
        total = 0.0
        for row in case.market:
            if row.commodity == "gallium" and (not chinese or "CHN" in (row.country, *row.via)):
                total += row.quantity[0] if isinstance(row.quantity, tuple) else row.quantity
        return total

    assert gallium(variant, chinese=False) == pytest.approx(gallium(base, chinese=False), rel=1e-3)
    more = gallium(variant, chinese=True) > gallium(base, chinese=True)
    assert more == (factor > 1)
    assert variant.demand == base.demand


def test_an_unknown_assumption_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(CASE / "build"), "--out", str(tmp_path), "--set", "shortage=3"]
    done = subprocess.run(command, check=False, timeout=120, capture_output=True, text=True)
    assert done.returncode != 0
    assert "'shortage' is no row of assumptions.csv" in done.stderr
