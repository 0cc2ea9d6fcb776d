"""The page of every table and field, made from the row types, and the conventions of the files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args

from models.files import limits
from models.instance import Instance
from models.instance.base import NAMED_PATTERNS, Row
from models.instance.shape import FieldShape, shapes
from models.tables.layout import SCALARS, Column, Table, scalars, tables

_UNIT = re.compile(r"\s*\[(.+)\]$")
_TYPES = {
    "text": "text",
    "number": "number",
    "whole": "whole number",
    "flag": "true or false",
    "series": "number, or one per period",
}


def meaning(description: str | None) -> tuple[str, str]:
    """What a field is, and its unit ('' if it has none)."""
    text = description or ""
    unit = _UNIT.search(text)
    return (text[: unit.start()], unit[1]) if unit else (text, "")


def reference() -> str:
    """The page of every table and field, with the conventions of the files, as Markdown."""
    parts = [_INTRODUCTION, _table_of_scalars()]
    parts += [_section(table) for table in tables().values()]
    parts.append(_FILES.format(**_figures()))
    return "\n".join(part.strip() + "\n" for part in parts)


def _figures() -> dict[str, str]:
    megabytes = {
        name: f"{getattr(limits, name) // limits.MEGABYTE} MB"
        for name in ("FILE", "FOLDER", "YAML", "UNPACKED")
    }
    counts = {name: f"{getattr(limits, name):,}" for name in ("VALUES", "YAML_VALUES", "ROWS", "DEPTH")}
    return {**megabytes, **counts}


def _table_of_scalars() -> str:
    rows = [_row(column, Instance) for column in scalars().values()]
    return _markdown(f"## {SCALARS}", "Fields that stand once, not in rows.", rows)


def _section(table: Table) -> str:
    keys = [(f"`{key}`", "id", "", "required", f"the {key} the row belongs to") for key in table.keys]
    if table.row is None:
        text, unit = meaning(table.columns[1].shape.info.description)
        kind = _TYPES[table.columns[1].kind]
        rows = [
            ("`commodity`", "id", "", "required", "id of a commodity"),
            ("`quantity`", kind, unit, "required", text.partition(": ")[2]),
        ]
        note = f"One value per commodity. In YAML and JSON: `{table.field}: {{commodity: quantity}}`."
    else:
        rows = [_row(column, table.row) for column in table.columns]
        note = " ".join((table.row.__doc__ or "").split())
    level = "###" if table.keys else "##"
    return _markdown(f"{level} {table.name}", note, [*keys, *rows])


Line = tuple[str, str, str, str, str]


def _row(column: Column, owner: type[Row]) -> Line:
    text, unit = meaning(column.shape.info.description)
    above = _above(column, owner)
    if above:
        text = f"{above}: {text}"
    return f"`{column.name}`", _type(column, owner), unit, _default(column, owner), text


def _records(column: Column, owner: type[Row]) -> Iterator[FieldShape]:
    """The records on the way to a column."""
    for part in column.path[:-1]:
        shape = shapes(owner)[part]
        yield shape
        owner = shape.rows[0]


def _above(column: Column, owner: type[Row]) -> str:
    if owner is Instance:  # its records speak for themselves
        return ""
    return ", ".join(meaning(s.info.description)[0].partition(";")[0] for s in _records(column, owner))


def _default(column: Column, owner: type[Row]) -> str:
    """``required``, or what an empty cell means."""
    records = list(_records(column, owner))
    default = column.shape.info.default
    if column.shape.required:
        optional = next((s.name for s in records if s.optional), None)
        one_of = next((s.name for s in records if len(s.rows) > 1 and column.name != f"{s.name}.kind"), None)
        return f"required with {optional}" if optional else "by kind" if one_of else "required"
    if default is None or default == "":
        return "none"
    if isinstance(default, tuple):
        return "empty" if not default else "; ".join(f"{value:g}" for value in default)
    return f"{default:g}" if isinstance(default, float) else str(default).lower()


def _type(column: Column, owner: type[Row]) -> str:
    shape = column.shape
    if shape.words:
        union = [record for record in _records(column, owner) if len(record.rows) > 1]
        found = [w for row in union[-1].rows for w in shapes(row)[shape.name].words] if union else shape.words
        words = " or ".join(f"`{word}`" for word in found)
        return f"list of {words}" if shape.kind == "list" else words
    if shape.kind == "list":
        return f"list of {_text(get_args(shape.info.annotation)[0], 'number')}s"
    return _text(Annotated[str, shape.info], _TYPES[shape.kind])


def _text(annotation: Any, otherwise: str) -> str:
    """``id`` or ``word`` for text of these kinds."""
    infos = getattr(annotation, "__metadata__", ())
    patterns = [getattr(m, "pattern", None) for info in infos for m in getattr(info, "metadata", ())]
    name = next((NAMED_PATTERNS[p][0] for p in patterns if p in NAMED_PATTERNS), "")
    return name.lower() if name in ("Id", "Word") else otherwise


def _markdown(title: str, note: str, rows: list[Line]) -> str:
    lines = [title, "", note, "", "| field | type | unit | default | meaning |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


_INTRODUCTION = """
# The instance: every table and field

This page is generated from the row types (`make docs`); do not edit it by hand.

Natural units everywhere: tonnes (t), US dollars (USD), years, shares from 0 to 1. A *number, or one per
period* is constant over the horizon, or a list with one value for each period. Quantities "per year" are
rates: a period of Δ years moves Δ times as much. Periods count from 0. Ids are unique over the whole
instance (those of events within their scenario). A field that is not listed here is an error.
"""

_FILES = """
## Files

An instance is read from and written to four formats, chosen by suffix: a folder (no suffix), `.yaml` or
`.yml`, `.json`, `.xlsx`. All hold the same, and reading back what was written gives an equal instance.
Fields that have their default value are left out. A `.zip` of a folder is read as well.

### Folder of tables

- `instance.yaml` holds the fields of the table `instance`, nested as in YAML. All other tables are
  `<table>.csv`: `countries.csv`, `demand.shortage_cost.csv`. A table without rows needs no file.
- Sub-folders, files whose name begins with `README`, `.` or `~`, and files that are neither `.csv` nor
  `.yaml` are ignored. Any other `.csv` or `.yaml` file is an error, as it may be a misspelt table.
- CSV is UTF-8 (with or without byte order mark), commas between cells, a header with the names of the
  columns in any order. An empty cell means the default, or absent.
- A table below another (`spot.tiers`) repeats the id of the row it belongs to in its first column (`spot`),
  below two (`scenarios.events.effects`) in its first two (`scenario`, `event`). The order of rows is kept.
- Fields of a nested record are columns with a dot: `volume.min`, `price.kind`, `where.countries`.
- A list is one cell, its entries joined with `;`: `CHN;RUS`, `0.5;1`.
- A number that may differ by period is either one number in its column (`quantity`), or one column per
  period named by the year in which the period begins: `quantity[2027]`, `quantity[2028]`, with decimals
  where periods are not whole years (`quantity[2027.5]`). A row fills the plain column, or all of the yearly
  ones.
- Numbers have a decimal point and no thousands separators: `1234.5`, `1e6`. Truth values are `true` and
  `false`.
- Text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-` or `@`) has an apostrophe
  in front: `'-2 % grade`. Reading takes the apostrophe away.
- Files in which semicolons or tabs separate the cells, as spreadsheets save them in some countries, are
  read too, with a decimal comma if the numbers of the file show one. Where `1,234` or `1.234` could be a
  fraction or thousands and nothing in the file tells, it is an error.
- Writing into a folder replaces the tables of the instance that stood there and leaves all other files as
  they are. A folder with `.csv` files that are not of an instance is not written to.

### Zip archive

The files of a folder of tables, or one folder that holds them; what is said of the folder holds here too.
Archives with a password, other archives inside, links, paths that lead outside, or two names that differ only
by upper and lower case are refused.

### Workbook

One sheet per table, named like it, the same columns; the sheet `instance` has the columns `field` and
`value` (`horizon.periods`, `budget.envelope`). Sheets whose name begins with `README` are ignored. A
formula counts with the value it had when the workbook was saved; errors (`#REF!`) and formulas never
computed are faults.

### YAML and JSON

One record with the tables as lists of rows, nested lists inside their rows. YAML is read by the core schema
of YAML 1.2 (`NO` is text, only `true` and `false` are truth values); aliases, tags and several documents
are refused. A key that stands twice in one record, NaN and infinities are refused in both.

### pandas

`Instance.tables()` gives a data frame per table, `Instance.from_tables(frames)` reads them back: the same
tables and columns as the workbook. NaN is an empty cell.

### Limits

A file has at most {FILE} ({YAML} for YAML), a folder {FOLDER}, a workbook or zip archive {UNPACKED}
unpacked; a file, or all tables of a zip archive, at most {VALUES} values ({YAML_VALUES} for YAML); a workbook
or zip archive at most {ROWS} rows; YAML at most {DEPTH} levels. More is refused before it is read.
"""
