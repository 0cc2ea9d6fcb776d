"""What a folder holds is read whole or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from models.faults import UnreadableFile, UnwritableFile
from optimizer.report import read_parts, write_html, write_pictures
from optimizer.report.comparison import signed
from optimizer.report.grid import cell, grid, heading
from optimizer.report.sections import proof
from optimizer.results import write_results
from tests.optimizer import handmade
from tests.optimizer.report import made


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    instance = handmade.instance()
    write_results(instance, handmade.plan(instance), tmp_path / "plan", ["csv"])
    return tmp_path / "plan"


def test_a_folder_or_what_lies_in_it(plan: Path) -> None:
    made.write(made.evaluation(), plan / "evaluation", "evaluation.json")
    made.write(made.comparison(), plan.parent / "budgets", "comparison.json")
    assert [p.kind for p in read_parts(plan)] == ["plan", "evaluation"]
    assert [p.kind for p in read_parts(plan.parent)] == ["plan", "comparison"]
    assert [p.kind for p in read_parts(plan / "evaluation")] == ["evaluation"]


def test_parquet_is_read_where_there_is_no_csv(tmp_path: Path) -> None:
    folder = made.write(made.comparison(), tmp_path / "c", "comparison.json")
    for path in (folder / "tables").glob("*.csv"):
        pd.read_csv(path).to_parquet(path.with_suffix(".parquet"))
        path.unlink()
    assert len(read_parts(folder)[0].tables["alternatives"]) == 4


def test_names_that_look_like_nothing_stay_names(tmp_path: Path) -> None:
    folder = made.write(made.comparison("NA"), tmp_path / "c", "comparison.json")
    rows = read_parts(folder)[0].tables["alternatives"]
    assert rows["alternative"].iloc[0] == "NA"
    assert rows["expected_cost"].isna().iloc[3]


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda f: (f / "tables" / "alternatives.csv").unlink(), "alternatives is missing"),
        (
            lambda f: (f / "tables" / "alternatives.csv").write_text("alternative\nx\n"),
            "has no column envelope",
        ),
        (lambda f: (f / "tables" / "alternatives.csv").write_bytes(b""), "alternatives.csv: "),
        (lambda f: (f / "comparison.json").write_text("{"), "comparison.json: "),
        (lambda f: (f / "comparison.json").write_text("[]"), "not a JSON object"),
    ],
)
def test_damaged_folders_are_refused(tmp_path: Path, break_it: object, told: str) -> None:
    folder = made.write(made.comparison(), tmp_path / "c", "comparison.json")
    break_it(folder)  # type: ignore[operator]
    with pytest.raises(UnreadableFile, match=told):
        read_parts(folder)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="holds no results"):
        read_parts(tmp_path)
    with pytest.raises(UnreadableFile, match="is not there"):
        read_parts(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreadableFile, match="is a file"):
        read_parts(tmp_path / "file")


def test_a_changed_instance_is_refused(plan: Path) -> None:
    text = (plan / "instance.json").read_text(encoding="utf-8")
    (plan / "instance.json").write_text(text.replace("Australia", "Austria"), encoding="utf-8")
    with pytest.raises(UnreadableFile, match="one of them was changed"):
        read_parts(plan)


def test_pictures_as_files(plan: Path, tmp_path: Path) -> None:
    made.write(made.comparison(), tmp_path / "budgets", "comparison.json")
    both = read_parts(tmp_path)
    written = write_pictures(both[:1], tmp_path / "svg", "svg")
    assert {path.name for path in written} >= {"money.svg", "sourcing.svg", "reserve.svg"}
    assert all(path.read_text(encoding="utf-8").startswith("<svg") for path in written)
    written = write_pictures(both[1:], tmp_path / "png", "png")
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
    several = write_pictures(both, tmp_path / "both", "svg")
    assert {path.parent.name for path in several} == {"1-plan", "2-comparison"}


def test_targets_of_the_wrong_kind(plan: Path, tmp_path: Path) -> None:
    parts = read_parts(plan)
    with pytest.raises(UnwritableFile, match="is a folder"):
        write_html(parts, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritableFile, match="is a file"):
        write_pictures(parts, tmp_path / "file", "svg")


def test_cells_are_written_in_the_unit_of_their_column() -> None:
    assert heading("expected_loss_usd") == "expected loss, USD"
    assert heading("stock_t") == "stock, t"
    assert cell(1.5e9, "loss_usd") == "1.5 bn"
    assert cell(1234.0, "stock_t") == "1,234"
    assert cell(0.25, "probability") == "25 %"
    assert cell(2027.0, "year") == "2027"
    assert cell(float("nan"), "loss_usd") == ""
    assert cell(True, "exact") == "yes"
    assert cell("a\x1b[31mb", "name") == "a?[31mb", "what a terminal would obey"


def test_long_tables_say_what_they_leave_out() -> None:
    shown = grid(pd.DataFrame({"n": range(10)}), "Numbers", most=4, where="tables/numbers")
    assert len(shown.rows) == 4
    assert shown.note == "6 more rows in tables/numbers."


def test_gaps_and_differences_in_words() -> None:
    assert proof(0.0047) == ("within 0.47 %", "of the best possible")
    assert proof(1e-9)[0] == "optimal"
    assert signed(-0.25, "share") == "−25 %"
    assert signed(2e6, "USD") == "+2 m"
    assert signed(-1e-18, "share") == "0"
    assert signed(float("nan"), "USD") == ""
