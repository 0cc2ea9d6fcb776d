"""Drafts: what is sent is kept cell by cell, every fault has a place, mending them gives the instance."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from models import files
from models.drafts import Draft, check, edit
from models.drafts.read import draft, of_instance
from models.drafts.sheets import CELLS, Sheet
from models.faults import BadRequest, FaultyInstance, TooLarge, UnreadableFile
from models.files import json_format, xlsx_format, yaml_format
from models.instance import Instance
from tests.models.small import SMALL

CASES = Path(__file__).parents[3] / "instances"
ONE = files.read(CASES / "one-material")


def raw(**changes: Any) -> dict[str, Any]:
    return ONE.as_dict() | changes


def sent(data: dict[str, Any]) -> Draft:
    return draft(json.dumps(data).encode(), "json", "case.json")


def cell(found: Draft, table: str, row: int, column: str) -> tuple[str, str, str]:
    sheet = found.sheet(table)
    assert sheet is not None
    return table, sheet.keys[row], sheet.ids[sheet.columns.index(column)]


@pytest.mark.parametrize("case", sorted(p.parent.name for p in CASES.glob("*/instance.yaml")))
def test_an_instance_without_faults_is_the_same_as_a_draft(case: str) -> None:
    instance = files.read(CASES / case)
    for found in (
        of_instance(instance),
        draft(json_format.dumps(instance), "json", "a.json"),
        draft(yaml_format.dumps(instance), "yaml", "a.yaml"),
        draft(xlsx_format.dumps(instance), "xlsx", "a.xlsx"),
        draft(zipped(CASES / case), "zip", "a.zip"),
    ):
        again = Draft.loads(found.dumps())
        assert again == found
        checked = check(again)
        assert checked.faults == []
        assert checked.instance == instance


def zipped(folder: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        for path in folder.iterdir():
            if path.suffix in (".csv", ".yaml"):
                book.write(path, path.name)
    return file.getvalue()


def test_every_fault_stands_where_it_is_mended() -> None:
    data = raw()
    data["demand"][0]["commodity"] = "galium"
    data["countries"][1]["risk"] = -5
    data["countries"][0]["colour"] = "red"
    data["horizon"]["periods"] = "many"
    del data["name"]
    found = sent(data)
    checked = check(found)
    assert checked.instance is None
    places = {(f.kind, f.table, f.row, f.name or f.label) for f in checked.faults}
    demand, countries, instance = (found.sheet(name) for name in ("demand", "countries", "instance"))
    assert demand is not None
    assert countries is not None
    assert instance is not None
    periods = instance.keys[[row[0] for row in instance.rows].index("horizon.periods")]
    assert places == {
        ("cell", "demand", demand.keys[0], "commodity"),
        ("cell", "countries", countries.keys[1], "risk"),
        ("column", "countries", "", "colour"),
        ("cell", "instance", periods, "value"),
        ("lack", "instance", "", "name"),
    }


def test_a_row_that_is_missing_is_added_where_it_belongs() -> None:
    data = raw()
    del data["demand"][0]["shortage_cost"]
    found = sent(data)
    (fault,) = check(found).faults
    assert (fault.kind, fault.table) == ("lack", "demand.shortage_cost")
    assert fault.keys == (data["demand"][0]["id"],)
    edit.add_row(found, fault.table, {"demand": fault.keys[0], "share": "1", "cost": "9e6"})
    instance = check(found).instance
    assert instance is not None
    assert [(t.share, t.cost) for t in instance.demand[0].shortage_cost] == [(1.0, 9e6)]


def test_a_fault_of_several_rows_names_them_all() -> None:
    data = raw()
    data["demand"][0]["shortage_cost"] = [{"share": 0.5, "cost": 1}, {"share": 0.4, "cost": 2}]
    found = sent(data)
    (fault,) = check(found).faults
    sheet = found.sheet("demand.shortage_cost")
    assert sheet is not None
    assert fault.kind == "row"
    assert set(fault.rows) == set(sheet.keys[:2])
    edit.set_cells(found, [(*cell(found, "demand.shortage_cost", 1, "share"), "0.5")])
    assert check(found).instance is not None


def test_mended_cells_keep_what_stood_there_and_can_be_put_back() -> None:
    found = of_instance(ONE)
    before = found.dumps()
    place = cell(found, "demand", 0, "segment")
    assert edit.set_cells(found, [(*place, "elsewhere")]) == 1
    assert edit.set_cells(found, [(*place, "elsewhere")]) == 0
    assert found.changed() == 1
    assert edit.set_cells(found, [(*place, ONE.demand[0].segment)]) == 1
    assert found.changed() == 0
    assert found.dumps() == before


def test_a_change_to_something_that_is_gone_changes_nothing() -> None:
    found = of_instance(ONE)
    before = found.dumps()
    edit.set_cells(
        found, [("nowhere", "r0", "c0", "x"), ("demand", "r99", "c0", "x"), ("demand", "r0", "c99", "x")]
    )
    edit.remove_row(found, "demand", "r99")
    edit.restore_row(found, "demand", "r0")
    edit.drop_column(found, "demand", "c99")
    edit.dismiss(found, 3)
    assert found.dumps() == before


def test_a_row_goes_and_comes_back_to_its_place() -> None:
    found = of_instance(files.read(CASES / "us-vault-2026"))
    before = found.dumps()
    sheet = found.sheet("market")
    assert sheet is not None
    keys = list(sheet.keys)
    for key in (keys[3], keys[1], keys[-1]):
        edit.remove_row(found, "market", key)
    assert len(sheet.rows) == len(keys) - 3
    assert check(found).instance is not None
    for key in (keys[3], keys[-1], keys[1]):
        edit.restore_row(found, "market", key)
    assert found.dumps() == before


def test_a_column_is_called_what_it_was_meant_to_be() -> None:
    data = raw()
    for row in data["countries"]:
        row["grupe"] = row.pop("group")
    found = sent(data)
    column = next(f for f in check(found).faults if f.kind == "column")
    assert column.name == "grupe"
    assert "did you mean 'group'" in column.allowed
    with pytest.raises(BadRequest, match="already"):
        edit.rename_column(found, "countries", column.column, "name")
    edit.rename_column(found, "countries", column.column, "group")
    assert check(found).instance == ONE


def test_a_column_that_is_missing_is_filled_in_every_row() -> None:
    data = raw()
    groups = {row.pop("group") for row in data["countries"]}
    assert groups
    found = sent(data)
    faults = check(found).faults
    assert {(f.kind, f.name, f.column) for f in faults} == {("cell", "group", "")}
    assert edit.fill_column(found, "countries", "+group", "partner") == len(data["countries"])
    assert check(found).instance is not None


def test_an_unknown_table_is_renamed_or_left_out() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_format.dumps(ONE)))
    book["countries"].title = "Countrys"
    file = io.BytesIO()
    book.save(file)
    found = draft(file.getvalue(), "xlsx", "a.xlsx")
    assert any(f.kind == "table" and f.table == "Countrys" for f in check(found).faults)
    with pytest.raises(BadRequest, match="already"):
        edit.rename_table(found, "Countrys", "demand")
    edit.rename_table(found, "Countrys", "countries")
    assert check(found).instance == ONE
    edit.drop_table(found, "countries")
    assert check(found).instance is None


def test_an_error_in_a_workbook_is_a_fault_of_its_cell_until_something_is_typed() -> None:
    """``#REF!`` in a cell of text would otherwise be taken for its text."""
    book = openpyxl.load_workbook(io.BytesIO(xlsx_format.dumps(ONE)))
    sheet = book["demand"]
    names = [c.value for c in sheet[1]]
    sheet.cell(2, names.index("segment") + 1).value = "#REF!"
    sheet.cell(2, names.index("quantity") + 1).value = "=1+1"
    file = io.BytesIO()
    book.save(file)
    found = draft(file.getvalue(), "xlsx", "a.xlsx")
    faults = {f.name: f for f in check(found).faults}
    assert set(faults) == {"segment", "quantity"}
    assert faults["segment"].allowed == "a value, not an error"
    assert "computed value" in faults["quantity"].allowed
    edit.set_cells(found, [(*cell(found, "demand", 0, "segment"), "#REF!")])
    assert {f.name for f in check(found).faults} == {"segment", "quantity"}
    edit.set_cells(found, [(*cell(found, "demand", 0, "segment"), "general")])
    edit.set_cells(found, [(*cell(found, "demand", 0, "quantity"), "2")])
    instance = check(found).instance
    assert instance is not None
    assert instance.demand[0].quantity == 2.0


def test_a_file_that_is_no_table_is_a_note_to_be_seen() -> None:
    file = io.BytesIO(zipped(CASES / "one-material"))
    with zipfile.ZipFile(file, "a") as book:
        book.writestr("countrys.csv", "id,name\n")
    found = draft(file.getvalue(), "zip", "a.zip")
    assert [(n.seen, "countrys.csv" in n.text) for n in found.notes] == [(False, True)]
    edit.dismiss(found, 0)
    assert found.notes[0].seen
    assert check(found).instance == ONE


@pytest.mark.parametrize(("text", "number"), [("1,5", 1.5), ("12,25", 12.25)])
def test_decimal_commas_become_numbers_once_and_what_is_typed_has_a_point(text: str, number: float) -> None:
    table = f"id;commodity;segment;quantity\nq;{ONE.commodities[0].id};general;{text}\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("demand.csv", table)
    found = draft(file.getvalue(), "zip", "a.zip")
    sheet = found.sheet("demand")
    assert sheet is not None
    assert sheet.rows[0][3] == number
    edit.set_cells(found, [(*cell(found, "demand", 0, "quantity"), "2.5")])
    assert "quantity" not in {f.name for f in check(found).faults if f.table == "demand"}


def test_thousands_or_a_fraction_is_asked() -> None:
    """1.234 in a file without any other number: nobody can tell."""
    table = "commodity;quantity\nx;1.234\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("private_stock.csv", table)
    found = draft(file.getvalue(), "zip", "a.zip")
    assert "quantity" in {f.name for f in check(found).faults if f.table == "private_stock"}
    edit.set_cells(found, [(*cell(found, "private_stock", 0, "quantity"), "1234")])
    assert "quantity" not in {f.name for f in check(found).faults if f.table == "private_stock"}


def test_a_budget_of_nothing_stays_a_budget() -> None:
    for budget, envelope in (({}, None), ({"envelope": 5.0}, 5.0)):
        found = check(sent(raw(budget=budget))).instance
        assert found is not None
        assert found.budget is not None
        assert found.budget.envelope == envelope


def test_lists_of_yearly_numbers_become_columns_of_years() -> None:
    data = raw(horizon={"start_year": 2030, "periods": 2})
    data["demand"][0]["quantity"] = [3, 4, 5]
    found = sent(data)
    sheet = found.sheet("demand")
    assert sheet is not None
    assert [c for c in sheet.columns if c.startswith("quantity")][:3] == [
        "quantity[2030]", "quantity[2031]", "quantity[2032]",
    ]  # fmt: skip
    extra = next(f for f in check(found).faults if f.kind == "column")
    assert extra.name == "quantity[2032]"
    edit.drop_column(found, "demand", extra.column)
    assert not [f for f in check(found).faults if f.table == "demand"]


def test_what_no_table_can_hold_is_kept_as_text_and_told() -> None:
    found = sent(raw(surprise=[{"deep": [1, {"er": 2}]}], countries=["USA"]))
    instance = found.sheet("instance")
    assert instance is not None
    assert [row[1] for row in instance.rows if row[0] == "surprise"] == ['[{"deep": [1, {"er": 2}]}]']
    assert [f.label for f in check(found).faults if f.table == "instance"] == ["surprise"]
    countries = found.sheet("countries")
    assert countries is not None
    assert countries.rows[0][0] == "USA"


ODD = (None, "x", -1, [], {}, [1, 2], True, "12", [{"a": 1}], {"z": {"y": 1}}, 1e308)
_SAME = ("12", -1, True, 1e308)
"""Texts for numbers and the other way round: in a table they are the same."""


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_whatever_stands_anywhere_a_draft_says_what_is_wrong(odd: Any) -> None:
    """Every value of a full instance in turn replaced: what is a fault in the file is one of the draft."""
    for path in list(paths(SMALL))[:: 2 if odd == {} else 7]:
        data = copy.deepcopy(SMALL)
        place: Any = data
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = odd
        checked = check(Draft.loads(sent(data).dumps()))
        try:
            instance = Instance.parse(data)
        except FaultyInstance:
            absent = odd is None or odd == []
            assert checked.faults or odd in _SAME or absent, (path, odd)
        else:
            assert checked.instance == instance, (path, odd, checked.faults)


@pytest.mark.parametrize("text", ["[1]", '"x"', "3", "{", ""])
def test_what_is_no_record_cannot_be_mended(text: str) -> None:
    with pytest.raises(UnreadableFile):
        draft(text.encode(), "json", "a.json")


@pytest.mark.parametrize("levels", [500, 970, 990, 5_000, 100_000])
def test_a_tower_of_records_is_read_or_refused(levels: int) -> None:
    """Where the interpreter stops depends on its version: nothing but these two may come of it."""
    data = b'{"a":' * levels + b"1" + b"}" * levels
    found = None
    with contextlib.suppress(UnreadableFile):
        found = draft(data, "json", "a.json")
    assert found is None or check(found).faults
    assert found is not None or levels > 500


def test_a_draft_has_a_size() -> None:
    big = Draft("big", [Sheet("market", ["a", "b"], [[1, 2] for _ in range(CELLS // 2 + 1)])])
    with pytest.raises(TooLarge, match="cells"):
        big.dumps()


def test_a_thousand_faults_are_listed_and_the_rest_counted() -> None:
    data = raw()
    data["private_stock"] = [{"commodity": "none", "quantity": -1} for _ in range(1500)]
    checked = check(sent(data))
    assert checked.instance is None
    assert len(checked.faults) >= 1_000
    assert len(checked.faults) + checked.more == 3_000 or checked.more > 0


def test_nothing_is_written_as_a_formula() -> None:
    data = raw(name="=HYPERLINK(1)")
    instance = check(sent(data)).instance
    assert isinstance(instance, Instance)
    book = openpyxl.load_workbook(io.BytesIO(xlsx_format.dumps(instance)))
    assert "'=HYPERLINK(1)" in [c.value for row in book["instance"] for c in row]
