"""Gaps, exponents and tables, by hand arithmetic."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.chart import FLOOR, SOLVED, STOPPED, draw, points
from benchmarks.rows import Limits, Row, Store, disagreements
from benchmarks.table import as_csv, as_markdown, exponent, growth

LIMITS = Limits(gap=1e-3, seconds=60.0, memory=1000.0, threads=1)
ROW = Row(
    "first-100", "bench", 100, "decompose", LIMITS, "solved",
    tree_nodes=448, reading=1.0, building=2.0, solving=7.0, relaxation=3.0, floor=0.5, cpu=11.0,
    objective=2_000_000.0, bound=1_999_000.0, peak_mb=300.0,
)  # fmt: skip


def test_exponent_of_points_on_a_line() -> None:
    # 100 times as many scenarios, 1,000 times the seconds: 3/2.
    assert exponent([(100, 2.0), (10_000, 2_000.0)]) == pytest.approx(1.5)
    assert exponent([(100, 5.0), (300, 5.0), (1_000, 5.0)]) == pytest.approx(0.0, abs=1e-12)


def test_exponent_is_the_least_squares_slope() -> None:
    # In powers of ten: x 0, 1, 2 and y 0, 2, 3. Means 1, 5/3; (-1 · -5/3 + 0 + 1 · 4/3) / (1 + 0 + 1) = 3/2.
    # The line through the ends has the same slope; so one more at x = 3, y = 3: means 3/2 and 2;
    # (-3/2 · -2 + -1/2 · 0 + 1/2 · 1 + 3/2 · 1) / (9/4 + 1/4 + 1/4 + 9/4) = 5 / 5 = 1.
    assert exponent([(1, 1), (10, 100), (100, 1_000)]) == pytest.approx(1.5)
    assert exponent([(1, 1), (10, 100), (100, 1_000), (1_000, 1_000)]) == pytest.approx(1.0)


def test_no_exponent_without_two_sizes() -> None:
    assert exponent([]) is None
    assert exponent([(100, 1.0)]) is None
    assert exponent([(100, 1.0), (100, 2.0)]) is None
    assert exponent([(100, 1.0), (1_000, 0.0)]) is None


def test_growth_takes_solved_cases_from_a_hundred_up() -> None:
    rows = [
        replace(ROW, case="first-10", scenarios=10, solving=900.0),  # too small
        ROW,  # total 10
        replace(
            ROW, case="first-1000", scenarios=1_000, solving=97.0, peak_mb=300.0, floor=None
        ),  # total 100
        replace(ROW, case="first-3000", scenarios=3_000, solving=1e9, status="time limit"),
        replace(ROW, case="first-1000", scenarios=1_000, method="pyomo", solving=1e9),
    ]
    count, told = growth(rows, "bench", "decompose")
    assert count == 2
    assert told["total"] == pytest.approx(1.0)
    assert told["memory"] == pytest.approx(0.0)
    assert told["floor"] is None, "one case alone"


def test_parts_of_a_row() -> None:
    assert ROW.total == 10.0
    assert ROW.search == 4.0
    assert ROW.gap_usd == 1_000.0
    assert ROW.gap == pytest.approx(0.0005)
    assert replace(ROW, bound=None).gap is None
    assert replace(ROW, building=None).total is None
    assert replace(ROW, bound=2_000_001.0).gap_usd == 0.0


def test_markdown_and_csv_say_what_the_rows_say() -> None:
    missing = Row("first-100", "bench", 100, "linopy", LIMITS, "not installed", "linopy")
    text = as_markdown([ROW, missing])
    assert (
        "| first-100 | 100 | 448 | decompose | solved | 1.00 | 2.00 | 7.00 | 3.00 | 4.00 | 10.00 | 11.00 "
        "| 0.0500% | 1,000 | 2,000,000 | 300 | 0.500 |"
    ) in text
    assert "| first-100 | 100 | – | linopy | not installed: linopy | – |" in text
    assert "| bench | decompose | 1 | – |" in text
    first, second = csv.DictReader(io.StringIO(as_csv([ROW, missing])))
    assert (first["total"], first["gap_usd"], first["asked_gap"]) == ("10.0", "1000.0", "0.001")
    assert (second["status"], second["total"]) == ("not installed", "")


def test_a_table_without_rows() -> None:
    assert "Nothing has been measured" in as_markdown([])
    assert as_csv([]) == "case\n"


def test_a_bound_above_another_plan_is_told() -> None:
    other = replace(ROW, method="pyomo", objective=1_998_000.0, bound=1_997_000.0)
    (sentence,) = disagreements([ROW, other])
    assert "decompose says that no plan is below USD 1,999,000" in sentence
    assert "pyomo has one of USD 1,998,000" in sentence
    assert sentence in as_markdown([ROW, other])
    assert disagreements([ROW, replace(other, objective=1_999_500.0)]) == []
    assert disagreements([ROW, replace(other, case="first-300")]) == []


def test_results_outlive_a_run_and_a_half_written_line(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    store = Store(path)
    store.add(ROW)
    store.add(replace(ROW, solving=8.0))
    store.add(replace(ROW, method="pyomo"))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"case": "first-300", "fam')
    again = Store(path)
    assert list(again.rows.values()) == [replace(ROW, solving=8.0), replace(ROW, method="pyomo")]


def test_points_of_the_chart() -> None:
    rows = [
        ROW,
        replace(ROW, method="pyomo", status="out of time", solving=None, floor=None),
        replace(ROW, method="linopy", status="out of memory", solving=None, floor=None, peak_mb=1_001.0),
        replace(ROW, method="highs", status="failed", floor=None),
        replace(ROW, family=""),
    ]
    table = points(rows)
    found = {(r.what, r.method): (r.value, r.end) for r in table.itertuples()}
    assert found == {
        ("seconds", "decompose"): (10.0, SOLVED),
        ("seconds", FLOOR): (0.5, SOLVED),
        ("MB", "decompose"): (300.0, SOLVED),
        ("seconds", "pyomo"): (60.0, STOPPED),
        ("MB", "pyomo"): (300.0, STOPPED),
        ("MB", "linopy"): (1_001.0, STOPPED),
    }


def test_chart_is_written(tmp_path: Path) -> None:
    png, html = draw([ROW, replace(ROW, case="first-1000", scenarios=1_000, solving=97.0)], tmp_path)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "first" not in png.name
    assert 'src="http' not in html.read_text(encoding="utf-8"), "nothing comes from elsewhere"
    assert draw([], tmp_path / "none") == []
