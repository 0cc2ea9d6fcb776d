"""Workbooks as people leave them: cells that look like one thing and are another, and where a fault is."""

from __future__ import annotations

import datetime
import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart
from openpyxl.styles import Font
from openpyxl.worksheet.datavalidation import DataValidation

from models.faults import UnreadableFile
from models.files import read, read_bytes, write
from tests.models.files.support import SMALL, faults, found

Change = Callable[[Any], None]


def workbook(path: Path, change: Change) -> Path:
    """The small instance as a workbook, changed the way a person would."""
    file = path / "x.xlsx"
    write(SMALL, file)
    book = openpyxl.load_workbook(file)
    change(book)
    book.save(file)
    return file


def put(sheet: str, cell: str, value: Any) -> Change:
    def change(book: Any) -> None:
        book[sheet][cell] = value

    return change


def test_one_sheet_per_table(tmp_path: Path) -> None:
    write(SMALL, tmp_path / "x.xlsx")
    write(SMALL, tmp_path / "x")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert set(book.sheetnames) == {file.stem for file in (tmp_path / "x").iterdir()}
    assert all(len(name) <= 31 for name in book.sheetnames)
    assert [cell.value for cell in book["spot.tiers"][1]] == ["spot", "quantity", "premium"]
    assert [cell.data_type for cell in book["spot.tiers"][2]] == ["s", "n", "n"]


def test_no_cell_is_a_formula_or_an_error(tmp_path: Path) -> None:
    instance = SMALL.model_copy(update={"name": "=1+1", "description": "#REF!"})
    write(instance, tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert {cell.data_type for sheet in book for row in sheet for cell in row} <= {"s", "n", "b"}
    with zipfile.ZipFile(tmp_path / "x.xlsx") as parts:
        assert not [n for n in parts.namelist() if b"<f>" in parts.read(n) or b"<f " in parts.read(n)]
    assert read(tmp_path / "x.xlsx") == instance


def test_saved_again_by_another_program(tmp_path: Path) -> None:
    assert read(workbook(tmp_path, lambda book: None)) == SMALL


def _blank_rows(book: Any) -> None:
    book["market"].insert_rows(1, 2)
    book["market"].insert_rows(5)
    book["spot"].insert_cols(2)


def _looks(book: Any) -> None:
    for row in book["depots"].iter_rows(min_row=1, max_row=40, max_col=30):
        for cell in row:
            cell.font = Font(italic=True)  # formatting makes cells that hold nothing
    book["market"].add_data_validation(DataValidation(type="list", formula1='"ga,ge"'))
    book["market"].merge_cells("J1:K3")
    book["market"]["A1"].hyperlink = "https://example.org"
    book["countries"].sheet_state = "hidden"
    book.create_chartsheet("chart").add_chart(BarChart())
    book.create_sheet("README")["A1"] = "notes"
    book.create_sheet("readme 2")["B7"] = "=1+"
    book.create_sheet("empty")


@pytest.mark.parametrize(
    "change",
    [
        _blank_rows,
        _looks,
        put("depots", "D3", "TRUE"),
        put("depots", "C2", "100.0"),
        put("instance", "B2", 1),  # the version as a number
        put("market", "C2", "  "),
    ],
)
def test_harmless_changes(tmp_path: Path, change: Change) -> None:
    assert read(workbook(tmp_path, change)) == SMALL


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put("market", "B3", "AUST"), ("market", "2", "country", "sheet market, cell B3")),
        (put("market", "C1", "quantty"), ("market", "", "quantty", "sheet market, cell C1")),
        (put("spot.tiers", "C3", -3), ("spot", "ga-spot", "tiers[2].premium", "sheet spot.tiers, cell C3")),
        (
            put("industries.needs", "D3", "x"),
            ("industries", "chips", "needs[ge]", "sheet industries.needs, cell C3"),
        ),
        (put("instance", "B7", 0), ("horizon", "", "periods", "sheet instance, cell B7")),
        (put("instance", "A7", "periods"), ("instance", "6", "field", "sheet instance, cell A7")),
        (put("instance", "A8", "horizon.periods"), ("instance", "7", "field", "sheet instance, cell A8")),
        (
            put("depots", "C2", datetime.date(2027, 1, 1)),
            ("depots", "yard", "capacity", "sheet depots, cell C2"),
        ),
        (put("depots", "C2", True), ("depots", "yard", "capacity", "sheet depots, cell C2")),
        (put("depots", "A2", datetime.time(1)), ("depots", "1", "id", "sheet depots, cell A2")),
        (put("depots", "C2", "=1+1"), ("depots", "", "cell C2", "sheet depots")),
        (put("depots", "C2", "#DIV/0!"), ("depots", "", "cell C2", "sheet depots")),
        (put("depots", "D3", 2), ("depots", "vault", "optional", "sheet depots, cell D3")),
    ],
)
def test_where_a_fault_is(tmp_path: Path, change: Change, expected: tuple[str, ...]) -> None:
    assert expected in found(workbook(tmp_path, change))


def test_misspelt_sheets(tmp_path: Path) -> None:
    def change(book: Any) -> None:
        book["market"].title = "markt"
        book.create_sheet("notes")["C4"] = "x"

    wrong = faults(workbook(tmp_path, change))
    assert [(fault.table, fault.value) for fault in wrong] == [("markt", "markt"), ("notes", "notes")]
    assert "did you mean 'market'?" in wrong[0].allowed


def test_numbers_in_columns_of_text(tmp_path: Path) -> None:
    def change(book: Any) -> None:
        book["depots"]["A2"] = 7
        for row in (2, 3):
            book["opening_stock"][f"B{row}"] = 7.0
        book["countries"]["B2"] = 1.5
        book["countries"]["B3"] = True

    instance = read(workbook(tmp_path, change))
    assert instance.depots[0].id == "7"
    assert [country.name for country in instance.countries] == ["1.5", "TRUE", "China"]


def test_formulas_count_with_their_value(tmp_path: Path) -> None:
    # A spreadsheet stores the value it computed beside the formula.
    path = workbook(tmp_path, put("depots", "C2", "=99+1"))
    path.write_bytes(rewritten(path, "<f>99+1</f><v />", "<f>99+1</f><v>100</v>", "<f>99+1</f><v></v>"))
    assert read(path) == SMALL


def rewritten(path: Path, *texts: str) -> bytes:
    """A workbook with a text in its sheets replaced by the second (the others are ways to write the
    first)."""
    first, second, *others = texts
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part).decode("utf-8", "surrogateescape")
            for text in (first, *others):
                content = content.replace(text, second)
            new.writestr(part.filename, content.encode("utf-8", "surrogateescape"))
    return out.getvalue()


def test_links_to_other_workbooks_are_not_followed(tmp_path: Path) -> None:
    path = workbook(tmp_path, put("depots", "C2", "=[1]Sheet1!A1"))
    out = io.BytesIO()
    target = "file:///etc/passwd"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == "[Content_Types].xml":
                kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"
                extra = (
                    f'<Override PartName="/xl/externalLinks/externalLink1.xml" ContentType="{kind}"/></Types>'
                )
                content = content.replace(b"</Types>", extra.encode())
            new.writestr(part.filename, content)
        new.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")
        new.writestr(
            "xl/externalLinks/_rels/externalLink1.xml.rels",
            f'<Relationships><Relationship Id="r1" Target="{target}" TargetMode="External"/></Relationships>',
        )
    path.write_bytes(out.getvalue())
    assert found(path) == [("depots", "", "cell C2", "sheet depots")]  # the formula was never computed


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"id,name\n", "not a sound workbook"),
        (b"PK\x03\x04" + b"\0" * 100, "not a sound workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "protected by a password"),
    ],
)
def test_not_a_workbook(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_bytes(data, "xlsx", "x.xlsx")
    assert words in str(caught.value)


def test_a_workbook_cut_short_or_damaged_is_unreadable(tmp_path: Path) -> None:
    write(SMALL, tmp_path / "x.xlsx")
    data = (tmp_path / "x.xlsx").read_bytes()
    with pytest.raises(UnreadableFile):
        read_bytes(data[: len(data) // 2], "xlsx")
    damaged = bytearray(data)
    for at in range(200, len(data) // 2, 97):
        damaged[at] ^= 0x55
    with pytest.raises(UnreadableFile):
        read_bytes(bytes(damaged), "xlsx")
    with pytest.raises(UnreadableFile, match="no sheet with cells"):
        read_bytes(_empty(), "xlsx")
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(UnreadableFile, match="not a sound workbook"):
        read_bytes(out.getvalue(), "xlsx")


def _empty() -> bytes:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


def test_reading_warns_of_nothing(tmp_path: Path) -> None:
    path = workbook(tmp_path, _looks)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(path)
