"""A draft from the bytes of a file that is not an instance yet, or from an instance that is to be changed."""

from __future__ import annotations

from models.drafts.flatten import flatten
from models.drafts.sheets import Draft, Note, Sheet, of_grid
from models.faults import UnknownFormat, UnreadableFile, shorten
from models.files import json_format, yaml_format, zip_format
from models.instance import Instance
from models.tables import Grid, grids
from models.tables.layout import Column, tables
from models.tables.periods import split
from models.tables.reading import Finding
from models.tables.values import SEPARATOR, blank, read_value

_NUMBER = "a number, written like 1234.5"


def draft(data: bytes, format: str, name: str) -> Draft:
    """The tables in the bytes of a YAML, JSON, xlsx or zip file, faults and all.

    Raises UnreadableFile, TooLarge, UnknownFormat: then there is nothing to mend.
    """
    if format in ("json", "yaml"):
        raw = json_format.document(data, name) if format == "json" else yaml_format.document(data, name)[0]
        if not isinstance(raw, dict):
            raise UnreadableFile(f"{name} is no record of tables and fields, but {shorten(raw)}.")
        return Draft(name, flatten(raw, name))
    if format == "xlsx":
        return _workbook(data, name)
    if format == "zip":
        return _folder(data, name)
    raise UnknownFormat(f"{format!r} cannot be mended here.")


def of_instance(instance: Instance) -> Draft:
    """An instance as a draft; its name is that of the instance."""
    return Draft(instance.name, [of_grid(grid) for grid in grids(instance)])


def _workbook(data: bytes, name: str) -> Draft:
    from openpyxl.utils.cell import coordinate_to_tuple

    from models.files import xlsx_format

    found, findings = xlsx_format.sheets(data, name)
    draft = Draft(name, [of_grid(grid) for grid in found])
    for (title, what, *_), value, allowed in findings:
        sheet = draft.sheet(str(title))
        line, column = coordinate_to_tuple(str(what).removeprefix("cell "))
        if sheet is not None and line in sheet.lines and column <= len(sheet.ids):
            at = sheet.lines.index(line)
            sheet.rows[at][column - 1] = value
            sheet.marks.setdefault(sheet.keys[at], {})[sheet.ids[column - 1]] = allowed
        else:
            draft.notes.append(_note(((title, what), value, allowed)))
    return draft


def _folder(data: bytes, name: str) -> Draft:
    found = zip_format.tables(data, name)
    head = [sheet for sheet in flatten(found.head, "instance.yaml") if sheet.rows]
    sheets = [_of_text(grid) for grid in found.grids]
    known = {sheet.name for sheet in sheets}
    notes = [_note(finding) for finding in found.findings]
    return Draft(name, [*(s for s in head if s.name not in known), *sheets], notes)


def _note(finding: Finding) -> Note:
    path, value, allowed = finding
    about = " · ".join(map(str, path))
    got = f"{shorten(value)}: " if value is not None else ""
    return Note(about, f"{got}{allowed}")


def _of_text(grid: Grid) -> Sheet:
    """A table of texts. Numbers with another mark than the point become numbers where they can be told."""
    sheet = of_grid(grid)
    if grid.mark == ".":
        return sheet
    known = {column.name: column for column in tables()[grid.name].columns}
    for at, (id, name) in enumerate(zip(sheet.ids, sheet.columns, strict=True)):
        column = known.get(name) or known.get(split(name)[0])
        if column is None or _kind(column) not in ("number", "series", "whole"):
            continue
        for key, row in zip(sheet.keys, sheet.rows, strict=True):
            cell = row[at]
            if not isinstance(cell, str) or blank(cell) or not any(mark in cell for mark in ",."):
                continue
            if column.kind == "list":
                pieces = [read_value(p, "number", "text", grid.mark) for p in cell.split(SEPARATOR)]
                if all(isinstance(piece, float) for piece in pieces):
                    row[at] = SEPARATOR.join(repr(piece) for piece in pieces)
                    continue
            else:
                value = read_value(cell, "number", "text", grid.mark)
                if isinstance(value, float):
                    row[at] = value
                    continue
            sheet.marks.setdefault(key, {})[id] = _NUMBER
    return sheet


def _kind(column: Column) -> str:
    return column.item if column.kind == "list" else column.kind
