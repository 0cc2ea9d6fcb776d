"""A workbook: one sheet per table, the scalars in the sheet ``instance``."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from models.cells import original, safe
from models.faults import StockpileError, TooLarge, UnreadableFile
from models.files import archive
from models.files.limits import POSITIONS, ROWS, VALUES
from models.instance import Instance
from models.instance.checks import parse
from models.tables import Grid, grids, read_grids
from models.tables.read import Finding
from models.tables.values import blank, shortest


def loads(data: bytes, name: str) -> Instance:
    """An instance from the bytes of a workbook. A formula is the value it had when the file was saved."""
    found, findings = sheets(data, name)
    reading = read_grids(found)
    return parse(Instance, reading.raw, before=[*findings, *reading.findings], place=reading.place)


def sheets(data: bytes, name: str) -> tuple[list[Grid], list[Finding]]:
    """The sheets of a workbook, and what is wrong with their cells. Raises UnreadableFile, TooLarge."""
    archive.check(data, name)
    findings: list[Finding] = []
    try:
        with warnings.catch_warnings():
            # The library warns of every feature it does not keep (printer settings ...); none matters here.
            warnings.simplefilter("ignore")
            found = list(_grids(data, name, findings))
    except (StockpileError, MemoryError):
        raise
    except Exception as error:  # the library raises whatever the broken part of the file happens to cause
        raise UnreadableFile(f"{name} is not a sound workbook: {type(error).__name__}: {error}.") from error
    if not found:
        raise UnreadableFile(f"{name} has no sheet with cells.")
    return found, findings


def _grids(data: bytes, name: str, findings: list[Finding]) -> Iterator[Grid]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    filled = places = passed = 0
    try:
        for sheet in book.worksheets:
            title = str(sheet.title)
            if title.upper().startswith("README"):
                continue
            for coordinate in _uncomputed(sheet):
                allowed = "a computed value: open the workbook in a spreadsheet program and save it"
                findings.append(((title, f"cell {coordinate}"), None, allowed))
            sheet.reset_dimensions()  # the size a sheet claims is not to be believed
            rows: list[list[Any]] = []
            lines: list[int] = []
            for line, cells in enumerate(sheet.iter_rows(), start=1):
                places += len(cells)
                passed += 1
                if passed > ROWS or places > POSITIONS:
                    raise TooLarge(
                        f"{name}, sheet {title}: more than {ROWS:,} rows, or too many empty cells."
                    )
                values = [_value(cell, title, findings) for cell in cells]
                filled += sum(value is not None for value in values)
                if filled > VALUES:
                    raise TooLarge(f"{name} holds more than {VALUES:,} cells.")
                if not all(map(blank, values)):
                    rows.append(_cut(values))
                    lines.append(line)
            if rows:
                columns = ["" if blank(value) else str(value).strip() for value in rows[0]]
                yield Grid(title, columns, list(rows[1:]), f"sheet {title}", lines[1:], lines[0], cell=_name)
    finally:
        book.close()


def _value(cell: Any, title: str, findings: list[Finding]) -> Any:
    """The value of a cell; an error value (#REF!) is a finding and counts as empty."""
    if cell.data_type == "e":
        findings.append(((title, f"cell {cell.coordinate}"), cell.value, "a value, not an error"))
        return None
    return original(cell.value)


def _uncomputed(sheet: Any) -> Iterator[str]:
    """Cells with a formula and no value: a program wrote them and no spreadsheet has computed them yet."""
    with sheet._get_source() as file:  # the library has no public way to see both formula and value
        if not archive.holds(file, (b"<f", b":f")):
            return
    with sheet._get_source() as file:
        for _, element in ElementTree.iterparse(file):
            tag = element.tag.rpartition("}")[2]
            if tag == "c":
                parts = {child.tag.rpartition("}")[2]: child.text for child in element}
                if "f" in parts and not parts.get("v"):
                    yield element.get("r", "")
            elif tag == "row":
                element.clear()


def _cut(values: list[Any]) -> list[Any]:
    """Without empty cells at the end: formatting alone makes cells."""
    while values and values[-1] in (None, ""):
        values.pop()
    return values


def _name(line: int, column: int) -> str:
    return f"{get_column_letter(column + 1)}{line}"


def dumps(instance: Instance) -> bytes:
    """The bytes of a workbook."""
    book = openpyxl.Workbook(write_only=True)
    bold = Font(bold=True)
    for grid in grids(instance):
        sheet = book.create_sheet(grid.name)
        sheet.freeze_panes = "A2"
        for i, column in enumerate(grid.columns):
            width = max([len(column), *(len(str(row[i])) for row in grid.rows[:200])])
            sheet.column_dimensions[get_column_letter(i + 1)].width = min(60, width + 2)
        header = [WriteOnlyCell(sheet, column) for column in grid.columns]
        for cell in header:
            cell.font = bold
        sheet.append(header)
        for row in grid.rows:
            sheet.append([_cell(sheet, value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    """A cell whose type is said, not guessed: text is text, and a number has every digit it needs."""
    if value is None or isinstance(value, bool):
        return value
    number = isinstance(value, int | float)
    cell = WriteOnlyCell(sheet, shortest(value) if number else safe(value))
    cell.data_type = "n" if number else "s"
    return cell
