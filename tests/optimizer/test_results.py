from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from models.faults import UnknownFormat, UnreadableFile
from models.instance import Instance
from models.plan import Plan
from optimizer.results import read_plan, read_results, write_results
from optimizer.results.workbook import MOST_ROWS, write_workbook
from optimizer.summary import summary
from optimizer.tables import DESCRIPTIONS, plan_tables
from tests.optimizer import handmade

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def instance() -> Instance:
    return handmade.instance()


@pytest.fixture
def plan(instance: Instance) -> Plan:
    return handmade.plan(instance)


def test_what_is_written_is_read_back(tmp_path: Path, instance: Instance, plan: Plan) -> None:
    write_results(instance, plan, tmp_path / "deep" / "out")
    assert read_results(tmp_path / "deep" / "out") == (instance, plan)
    assert read_plan(tmp_path / "deep" / "out" / "plan.json") == plan
    assert sorted(p.name for p in (tmp_path / "deep" / "out").iterdir()) == [
        "instance.json", "plan.json", "plan.xlsx", "summary.txt", "tables",
    ]  # fmt: skip
    assert (tmp_path / "deep" / "out" / "summary.txt").read_text("utf-8") == summary(instance, plan)


def test_plan_json_has_the_promised_top_level(tmp_path: Path, instance: Instance, plan: Plan) -> None:
    write_results(instance, plan, tmp_path)
    top = json.loads((tmp_path / "plan.json").read_bytes())
    assert {
        "status",
        "objective",
        "bound",
        "relative_gap",
        "nodes",
        "commitments",
        "risk",
        "certificate",
    } <= set(top)
    assert (top["status"], top["objective"], top["nodes"]) == ("optimal", 1396.125, 3)


def test_tables_are_the_same_in_every_format(tmp_path: Path, instance: Instance, plan: Plan) -> None:
    write_results(instance, plan, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", read_only=True)
    assert [row[0] for row in book["contents"].iter_rows(min_row=2, values_only=True)] == list(DESCRIPTIONS)
    for name, table in plan_tables(instance, plan).items():
        parquet = pd.read_parquet(tmp_path / "tables" / f"{name}.parquet")
        pd.testing.assert_frame_equal(parquet, table, obj=name)
        with (tmp_path / "tables" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert rows[0] == list(table.columns), name
        assert len(rows) == len(table) + 1, name
        if len(table):
            sheet = list(book[name].iter_rows(values_only=True))
            assert list(sheet[0]) == list(table.columns), name
            for column in table.select_dtypes("number").columns:
                at = rows[0].index(column)
                numbers = table[column].astype("float64").to_numpy()
                assert [float(r[at] or "nan") for r in rows[1:]] == pytest.approx(numbers, nan_ok=True), name
                # A row of the sheet ends with its last cell that is not empty.
                cells = [float("nan") if len(r) <= at or r[at] is None else r[at] for r in sheet[1:]]
                assert cells == pytest.approx(numbers, nan_ok=True), name


def test_only_the_formats_asked_for_and_none_left_from_before(
    tmp_path: Path, instance: Instance, plan: Plan
) -> None:
    write_results(instance, plan, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    write_results(instance, plan, tmp_path, ["csv"])
    assert not (tmp_path / "plan.xlsx").exists()
    assert {p.suffix for p in (tmp_path / "tables").iterdir()} == {".csv"}
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(UnknownFormat, match="csv, parquet, xlsx, not ods"):
        write_results(instance, plan, tmp_path, ["ods"])


def test_no_exported_cell_starts_a_formula(tmp_path: Path) -> None:
    evil = json.loads(json.dumps(handmade.INSTANCE))
    evil["agreements"][0]["supplier"] = '=HYPERLINK("http://x")'
    evil["commodities"][0]["material"] = "@SUM(A1)"
    evil["demand"][0]["segment"] = "-2+3"
    evil["countries"][1]["group"] = "+1"
    instance = Instance.parse(evil)
    write_results(instance, handmade.plan(instance), tmp_path)
    texts = []
    for path in (tmp_path / "tables").glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            texts += [cell for row in csv.reader(file) for cell in row]
    for sheet in openpyxl.load_workbook(tmp_path / "plan.xlsx"):
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
            texts += [cell.value for cell in row if isinstance(cell.value, str)]
    assert sum("HYPERLINK" in text for text in texts) >= 2, "in CSV and in the workbook"
    for text in texts:
        assert text[:1] not in {"=", "+", "@", "\t", "\r"}, text
        assert not text.startswith("-") or float(text) < 0, text


FILE_LIMIT = """
import resource, sys
from optimizer.results import read_results, write_results
instance, plan = read_results(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))
write_results(instance, plan.model_copy(update={"objective": 1.0}), sys.argv[1])
"""


def test_an_earlier_plan_survives_a_failed_write(tmp_path: Path, instance: Instance, plan: Plan) -> None:
    write_results(instance, plan, tmp_path)
    assert (tmp_path / "plan.xlsx").stat().st_size > 6_000, "the file on which the write breaks off"
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    child = subprocess.run(
        [sys.executable, "-c", FILE_LIMIT, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert "UnwritableFile" in child.stderr, child.stderr
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_long_table_is_left_to_the_folder(tmp_path: Path, instance: Instance, plan: Plan) -> None:
    tables = plan_tables(instance, plan)
    tables["pool"] = pd.concat([tables["pool"]] * (MOST_ROWS // 5 + 1), ignore_index=True)
    write_workbook(tables, tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", read_only=True)
    assert "pool" not in book.sheetnames
    told = {row[0]: row[2] for row in book["contents"].iter_rows(min_row=2, values_only=True)}
    assert "tables/pool.csv or .parquet only" in told["pool"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("plan.json", None, "No such file"),
        ("plan.json", b"{", "is not a plan"),
        ("plan.json", b'{"status": "splendid"}', "is not a plan"),
        ("instance.json", None, "instance.json"),
        ("instance.json", b"[1", "instance.json"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    write_results(handmade.instance(), handmade.plan(), tmp_path, [])
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        read_results(tmp_path)


def test_an_instance_that_was_changed_since_is_refused(
    tmp_path: Path, instance: Instance, plan: Plan
) -> None:
    write_results(instance, plan, tmp_path, [])
    changed = {**instance.as_dict(), "discount_rate": 0.5}
    (tmp_path / "instance.json").write_text(json.dumps(changed))
    with pytest.raises(UnreadableFile, match="one of them was changed"):
        read_results(tmp_path)


def test_a_folder_without_a_plan_to_show(tmp_path: Path, instance: Instance) -> None:
    none = handmade.no_plan(instance)
    write_results(instance, none, tmp_path)
    assert read_results(tmp_path) == (instance, none)
