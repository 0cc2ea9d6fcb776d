"""A plan as a folder: written whole or not at all, read back with its instance.

========================  ====================================================================
plan.json                 the plan; top level ``status``, ``objective`` (USD), ``bound``, ...
instance.json             the instance it is for
summary.txt               the plan in words
tables/*.csv, *.parquet   every table of :data:`optimizer.tables.DESCRIPTIONS`
plan.xlsx                 the same tables as one workbook, the long ones left to the folder
========================  ====================================================================
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from pydantic import ValidationError
from pydantic_core import to_json

from models import files
from models.cells import safe
from models.faults import UnknownFormat, UnreadableFile, UnwritableFile
from models.files.atomic import write_file
from models.instance import Instance
from models.plan import Plan
from optimizer.results.workbook import write_workbook
from optimizer.summary import summary
from optimizer.tables import plan_tables

FORMATS = ("csv", "parquet", "xlsx")
"""What tables are written as."""

PLAN, INSTANCE, SUMMARY, TABLES, WORKBOOK = "plan.json", "instance.json", "summary.txt", "tables", "plan.xlsx"


def write_results(
    instance: Instance, plan: Plan, folder: str | Path, formats: Iterable[str] = FORMATS
) -> dict[str, pd.DataFrame]:
    """Write the folder and return its tables.

    Everything is written beside its place first and then moved there, ``plan.json`` last: an earlier plan
    stays whole until the new one is there. Other files in the folder are left alone.

    Raises UnknownFormat, UnwritableFile; ValueError if the plan is for another instance.
    """
    formats = check_formats(formats)
    tables = plan_tables(instance, plan)
    folder = Path(folder)
    try:
        _write(instance, plan, tables, folder, formats)
    except OSError as error:
        raise UnwritableFile(f"{folder}: {error.strerror or error}.") from error
    return tables


def _write(
    instance: Instance, plan: Plan, tables: dict[str, pd.DataFrame], folder: Path, formats: tuple[str, ...]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".writing.", dir=folder))
    try:
        files.write(instance, staging / INSTANCE)
        write_file(staging / SUMMARY, summary(instance, plan, tables).encode())
        write_file(staging / PLAN, plan_json(plan))
        (staging / TABLES).mkdir()
        for name, table in tables.items():
            if "csv" in formats:
                (staging / TABLES / f"{name}.csv").write_bytes(csv_text(table).encode())
            if "parquet" in formats:
                table.to_parquet(staging / TABLES / f"{name}.parquet", index=False)
        if "xlsx" in formats:
            write_workbook(tables, staging / WORKBOOK)
        _move(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """The formats, each once. Raises UnknownFormat."""
    chosen = tuple(dict.fromkeys(formats))
    unknown = [name for name in chosen if name not in FORMATS]
    if unknown:
        raise UnknownFormat(f"Tables are written as {', '.join(FORMATS)}, not {', '.join(unknown)}.")
    return chosen


def _move(staging: Path, folder: Path) -> None:
    """Everything from one folder into another on the same disk; what was there of the same name goes."""
    if (folder / TABLES).exists():
        (folder / TABLES).rename(staging / "earlier")
    (staging / TABLES).rename(folder / TABLES)
    if not (staging / WORKBOOK).exists():
        (folder / WORKBOOK).unlink(missing_ok=True)
    for name in (WORKBOOK, SUMMARY, INSTANCE, PLAN):
        if (staging / name).exists():
            (staging / name).replace(folder / name)


def plan_json(plan: Plan) -> bytes:
    """The plan as JSON, one top-level field after the other; long tables stay on one line per field."""
    fields = []
    for name in type(plan).model_fields:
        compact = name in ("operations", "tree")
        value = to_json(getattr(plan, name), indent=None if compact else 1)
        fields.append(b' "%s": %s' % (name.encode(), value.replace(b"\n", b"\n ")))
    return b"{\n" + b",\n".join(fields) + b"\n}\n"


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV; text cells never start a formula."""
    text = table.select_dtypes(include=["str", "object"]).columns
    safe_cells = table.assign(**{column: table[column].map(safe) for column in text})
    return str(safe_cells.to_csv(index=False, lineterminator="\n"))


def read_plan(path: str | Path) -> Plan:
    """A plan from ``plan.json`` or the folder that holds it. Raises UnreadableFile."""
    path = Path(path)
    path = path / PLAN if path.is_dir() else path
    try:
        return Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(
            f"{path}: {error.strerror or error}. A folder written by solve holds it."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise UnreadableFile(f"{path} is not a plan: {where}: {first['msg']}.") from error


def read_results(folder: str | Path) -> tuple[Instance, Plan]:
    """The instance and the plan of a folder that :func:`write_results` wrote.

    Raises UnreadableFile, FaultyInstance and whatever else :func:`models.files.read` does.
    """
    folder = Path(folder)
    plan = read_plan(folder)
    path = folder / INSTANCE
    instance = files.read(path)
    if plan.fingerprint != instance.fingerprint():
        raise UnreadableFile(
            f"{path} is not the instance that {folder / PLAN} is for: one of them was changed."
        )
    return instance, plan
