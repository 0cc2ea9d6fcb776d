"""An evaluation as a folder: ``evaluation.json`` and ``tables/*.csv``, ``.parquet``."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from models.faults import UnreadableFile, UnwritableFile
from optimizer.results import csv_text

HEAD, TABLES = "evaluation.json", "tables"
VERSION = "1"


@dataclass
class Evaluation:
    """A plan on scenarios it may not have been made for."""

    instance: str
    """name"""
    fingerprint: str
    """of the instance, as in the plan"""
    ways: tuple[str, ...]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    drawn: int | None = None
    """scenarios drawn from hazards; None: given ones"""
    seed: int | None = None
    rate: float | str | None = None
    interrupted: bool = False
    """stopped early: the tables rest on fewer scenarios than asked for (summary: asked, evaluated)"""
    notes: tuple[str, ...] = ()

    def figure(self, way: str, measure: str) -> float:
        """A figure of the summary. Raises KeyError if there is none."""
        summary = self.tables["summary"]
        rows = summary[(summary["way"] == way) & (summary["measure"] == measure)]
        if rows.empty:
            raise KeyError(f"{way}: {measure}")
        return float(rows["value"].iloc[0])

    def head(self) -> dict[str, Any]:
        """Everything but the tables, as plain data."""
        return {"version": VERSION, **{k: v for k, v in vars(self).items() if k != "tables"}}


def write_evaluation(evaluation: Evaluation, folder: str | Path) -> None:
    """Write the folder, ``evaluation.json`` last. Raises UnwritableFile."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".writing.", dir=folder))
        try:
            (staging / TABLES).mkdir()
            for name, table in evaluation.tables.items():
                (staging / TABLES / f"{name}.csv").write_bytes(csv_text(table).encode())
                table.to_parquet(staging / TABLES / f"{name}.parquet", index=False)
            (staging / HEAD).write_text(json.dumps(evaluation.head(), indent=1) + "\n", encoding="utf-8")
            (folder / HEAD).unlink(missing_ok=True)
            if (folder / TABLES).exists():
                (folder / TABLES).rename(staging / "earlier")
            (staging / TABLES).rename(folder / TABLES)
            (staging / HEAD).replace(folder / HEAD)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise UnwritableFile(f"{folder}: {error.strerror or error}.") from error


def read_evaluation(folder: str | Path) -> Evaluation:
    """What :func:`write_evaluation` wrote. Raises UnreadableFile."""
    folder = Path(folder)
    try:
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        tables = {p.stem: pd.read_parquet(p) for p in sorted((folder / TABLES).glob("*.parquet"))}
    except OSError as error:
        raise UnreadableFile(f"{folder}: {error.strerror or error}. Evaluate writes it.") from error
    except ValueError as error:
        raise UnreadableFile(f"{folder / HEAD} is not an evaluation: {error}.") from error
    if not isinstance(head, dict) or head.pop("version", None) != VERSION:
        raise UnreadableFile(f"{folder / HEAD} is not an evaluation of version {VERSION}.")
    head["ways"], head["notes"] = tuple(head["ways"]), tuple(head["notes"])
    return Evaluation(**head, tables=tables)


__all__ = ["Evaluation", "read_evaluation", "write_evaluation"]
