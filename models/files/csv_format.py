"""One CSV file: a header, then rows. Written with commas; semicolons and tabs are read as well."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from models.cells import original, safe
from models.faults import TooLarge, UnreadableFile
from models.files.limits import VALUES
from models.files.source import decode
from models.tables.grid import Grid
from models.tables.layout import tables
from models.tables.periods import split
from models.tables.values import SEPARATOR, decimal_mark, shortest

_QUOTED = re.compile(r'"[^"]*"')
_SEP = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)

# The library's own bound, 131,072 characters, is too low for a long list in one cell.
# It holds for the whole process.
csv.field_size_limit(2**20)


def read_grid(data: bytes, table: str, name: str) -> Grid:
    """The table in the bytes of a file, whatever its cells say. Raises UnreadableFile, TooLarge."""
    text = decode(data, name)
    if text.count("\n") + text.count("\r") > 2 * VALUES:
        raise TooLarge(f"{name} holds more than {2 * VALUES:,} lines.")
    skipped, told = 0, _SEP.match(text)
    if told:  # a spreadsheet's own note on the delimiter
        text, skipped = text[told.end() :], 1
    delimiter = told[1] if told else _delimiter(text)
    if text.count(delimiter) > 2 * VALUES:
        raise TooLarge(f"{name} holds more than {2 * VALUES:,} cells.")
    rows: list[Sequence[Any]] = []
    lines: list[int] = []
    columns: list[str] | None = None
    header = 1
    for line, row in _records(text, delimiter, name):
        if not any(cell.strip() for cell in row):
            continue
        if columns is None:
            columns, header = [cell.strip() for cell in row], line + skipped
        else:
            rows.append([original(cell) for cell in row])
            lines.append(line + skipped)
    if columns is None:
        raise UnreadableFile(f"{name} is empty: its first line must name the columns.")
    while columns and not columns[-1] and all(not any(map(str.strip, r[len(columns) - 1 :])) for r in rows):
        columns.pop()
    grid = Grid(table, columns, rows, source=name, lines=lines, header=header)
    grid.rows = [row[: len(columns)] if not any(map(str.strip, row[len(columns) :])) else row for row in rows]
    if delimiter != ",":
        grid.mark = decimal_mark(_numbers(grid))
    return grid


def _delimiter(text: str) -> str:
    """What separates the names in the header; names themselves hold none of these."""
    first = text.lstrip().partition("\n")[0]
    bare = _QUOTED.sub("", first)
    found = max(",;\t", key=bare.count)
    return found if bare.count(found) else ","


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(f"{name}, line {line}: {error}.") from error


def _numbers(grid: Grid) -> Iterator[str]:
    """The texts in columns of numbers."""
    table = tables().get(grid.name)
    if table is None:
        return
    kinds = {column.name: column for column in table.columns}
    for at, name in enumerate(grid.columns):
        column = kinds.get(split(name)[0])
        kind = column and (column.item if column.kind == "list" else column.kind)
        if kind not in ("number", "series", "whole"):
            continue
        for row in grid.rows:
            if at < len(row):
                yield from str(row[at]).split(SEPARATOR)


def write_grid(grid: Grid) -> bytes:
    """The bytes of a CSV file: UTF-8, commas, line feeds; numbers so that they read back the same."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(grid.columns)
    writer.writerows([[_cell(value) for value in row] for row in grid.rows])
    return file.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return shortest(value)
    return str(safe(value))
