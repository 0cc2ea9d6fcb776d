"""What a folder holds: plans, comparisons and evaluations, read whole or refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from models.cells import original
from models.faults import UnreadableFile
from models.instance import Instance
from models.plan import Plan
from optimizer.results import read_results
from optimizer.tables import plan_tables

Kind = Literal["plan", "comparison", "evaluation"]
MARKS: dict[str, Kind] = {
    "plan.json": "plan",
    "comparison.json": "comparison",
    "evaluation.json": "evaluation",
}
"""The file that says what a folder is."""
NEEDED: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    "comparison": {
        "alternatives": ("alternative", "envelope", "status", "expected_cost", "expected_loss", "cvar"),
    },
    "evaluation": {
        "summary": ("way", "measure", "unit", "value"),
        "scenarios": ("way", "scenario", "probability", "loss"),
    },
}
"""Tables and columns without which there is nothing to report."""
TEXT = {
    "alternative", "status", "baseline", "way", "measure", "unit", "scenario", "story", "segment",
    "commodity", "kind", "id", "change", "plan_of", "judged_by", "why", "largest_country", "start",
}  # fmt: skip
"""Columns of text; an empty cell of theirs is an empty text."""


@dataclass(frozen=True)
class Part:
    """One folder of results: its kind, its tables by name, and what else was in its main file."""

    kind: Kind
    name: str
    folder: Path
    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any] = field(default_factory=dict)
    instance: Instance | None = None
    plan: Plan | None = None


def read_parts(folder: str | Path) -> list[Part]:
    """The results in a folder and in the folders right below it: plans first, then comparisons, evaluations.

    Raises UnreadableFile if there are none, or if one of them is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        found = "a file" if folder.exists() else "not there"
        raise UnreadableFile(
            f"{folder} is {found}; a folder that solve, compare or evaluate wrote is needed."
        )
    inside = sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))
    found_kinds = [
        (kind, place) for kind in MARKS.values() for place in (folder, *inside) if _is(kind, place)
    ]
    if not found_kinds:
        raise UnreadableFile(
            f"{folder} holds no results: neither it nor a folder in it has {', '.join(MARKS)}."
            " solve, compare and evaluate write them with --out."
        )
    return [_plan(place) if kind == "plan" else _tables(kind, place) for kind, place in found_kinds]


def _is(kind: Kind, folder: Path) -> bool:
    return any((folder / mark).is_file() for mark, what in MARKS.items() if what == kind)


def _plan(folder: Path) -> Part:
    return of_plan(*read_results(folder), folder)


def of_plan(instance: Instance, plan: Plan, folder: Path) -> Part:
    """The part of a plan that is at hand; ``folder`` is where it is said to lie."""
    tables = plan_tables(instance, plan)
    tables["countries"] = pd.DataFrame(
        [(c.id, c.name, c.group) for c in instance.countries], columns=["id", "name", "group"], dtype="str"
    )
    return Part("plan", plan.instance, folder, tables, instance=instance, plan=plan)


def _tables(kind: Kind, folder: Path) -> Part:
    mark = next(name for name, what in MARKS.items() if what == kind)
    try:
        facts = json.loads((folder / mark).read_bytes())
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{folder / mark}: {error}.") from error
    if not isinstance(facts, dict):
        raise UnreadableFile(f"{folder / mark} is not a JSON object.")
    tables = {}
    for path in _files(folder / "tables"):
        try:
            tables[path.stem] = _read(path)
        except (OSError, ValueError) as error:
            raise UnreadableFile(f"{path}: {error}.") from error
    return assembled(kind, facts, tables, folder)


def assembled(kind: Kind, facts: dict[str, Any], tables: dict[str, pd.DataFrame], folder: Path) -> Part:
    """A comparison or an evaluation from what its files hold; ``folder`` is what faults call it.

    Raises UnreadableFile if there is not enough for a report.
    """
    for table, columns in NEEDED[kind].items():
        if table not in tables:
            raise UnreadableFile(f"{folder / 'tables' / table} is missing; {kind}s have it. Run it again.")
        missing = [c for c in columns if c not in tables[table]]
        if missing:
            raise UnreadableFile(f"{folder / 'tables' / table} has no column {', '.join(missing)}.")
    instance = facts.get("instance", folder.name)
    if isinstance(instance, dict):
        facts = {**facts, **{key: instance[key] for key in ("fingerprint",) if key in instance}}
        instance = instance.get("name", folder.name)
    return Part(kind, str(instance), folder, tables, facts)


def _files(folder: Path) -> list[Path]:
    """One file per table; Parquet, which keeps types, where there are both."""
    by_name = {path.stem: path for suffix in ("csv", "parquet") for path in folder.glob(f"*.{suffix}")}
    return sorted(by_name.values())


def _read(path: Path) -> pd.DataFrame:
    """A table that may hold a name such as NA; only empty cells of columns of figures are missing."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    raw = pd.read_csv(path, dtype="str", keep_default_na=False)
    columns = {}
    for name in raw.columns:
        text = raw[name]
        if name in TEXT:
            columns[name] = text.map(original).astype("str")
            continue
        try:
            columns[name] = pd.to_numeric(text.where(text != "", None))
        except (ValueError, TypeError):
            columns[name] = text
    return pd.DataFrame(columns, columns=list(raw.columns))
