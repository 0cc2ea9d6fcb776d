"""The tables as one workbook, for people who read in a spreadsheet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from models.cells import safe
from optimizer.summary.words import printable
from optimizer.tables import DESCRIPTIONS

MOST_ROWS = 2_000
"""A longer table is left to the CSV and Parquet files: nobody scrolls that far, and writing it is slow."""

FORMAT = {"_t": "#,##0.0##", "_usd": "#,##0", "_days": "#,##0.0", "_share": "0.0%"}
"""Number formats by the unit in a column's name."""


def write_workbook(
    tables: Mapping[str, pd.DataFrame], path: Path | IO[bytes], about: Mapping[str, str] = DESCRIPTIONS
) -> None:
    """One sheet of contents, then one per table that is neither empty nor too long.

    ``about``: a line on each table; those of a plan if nothing is said.
    """
    book = Workbook(write_only=True)
    contents = book.create_sheet("contents")
    contents.column_dimensions["A"].width, contents.column_dimensions["C"].width = 20, 90
    contents.append([_bold(contents, title) for title in ("table", "rows", "what it holds")])
    for name, table in tables.items():
        where = f" (tables/{name}.csv or .parquet only)" if len(table) > MOST_ROWS else ""
        contents.append([name, len(table), about[name] + where])
    for name, table in tables.items():
        if 0 < len(table) <= MOST_ROWS:
            _sheet(book, name, table)
    book.save(path)


def _sheet(book: Workbook, name: str, table: pd.DataFrame) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    styles = [next((f for end, f in FORMAT.items() if str(c).endswith(end)), None) for c in table.columns]
    for number, column in enumerate(table.columns, start=1):
        longest = table[column].astype("str").str.len().max() if table[column].dtype == "str" else 12
        sheet.column_dimensions[get_column_letter(number)].width = min(
            60, max(len(str(column)), int(longest)) + 2
        )
    sheet.append([_bold(sheet, str(column)) for column in table.columns])
    for row in table.itertuples(index=False, name=None):
        sheet.append([_cell(sheet, value, style) for value, style in zip(row, styles, strict=True)])


def _bold(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: Any, style: str | None) -> Any:
    if isinstance(value, str):
        return printable(str(safe(value)))
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if style is None:
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = style
    return cell
