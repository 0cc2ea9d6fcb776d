"""What an explanation hands back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from models.faults import UnwritableFile
from optimizer.results import csv_text


@dataclass(frozen=True)
class Why:
    """An explanation: tables for a program, text for people.

    ``tables``: see :data:`DESCRIPTIONS`; money in USD of the objective (with weights of 1, expected USD of
    today), prices in the unit their row names. ``text``: at most 96 columns wide.
    """

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    text: str = ""


DESCRIPTIONS = {
    "binding": "rules and limits that cost something: what one more unit is worth, and what the limit costs",
    "offers": "what one more t/year is worth of agreements, spot tiers, projects, and supply by group",
    "materials": "the limit that costs most, by material",
    "chosen": "agreements, projects and depots of the plan: what it would cost to do without",
    "not_chosen": "those not in the plan: what it would cost to have them, and the price that brings them in",
    "entry": "options bought by the tonne and not used: the price below which they are",
    "alternatives": "plans that do something else and cost little more",
    "alternative_changes": "what each alternative does instead",
    "relaxations": "what would have to give way where there is no plan",
    "facts": "of one item: everything known, as name and value",
}
"""The tables there may be; those with nothing to tell are left out."""


def write_why(why: Why, folder: str | Path, formats: tuple[str, ...] = ("csv", "parquet")) -> None:
    """The text and the tables as files: ``explanation.txt``, ``tables/<name>.csv`` and ``.parquet``.

    Raises UnwritableFile.
    """
    folder = Path(folder)
    try:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        (folder / "explanation.txt").write_text(why.text, encoding="utf-8")
        for name, table in why.tables.items():
            if "csv" in formats:
                (folder / "tables" / f"{name}.csv").write_bytes(csv_text(table).encode())
            if "parquet" in formats:
                table.to_parquet(folder / "tables" / f"{name}.parquet", index=False)
    except OSError as error:
        raise UnwritableFile(f"{folder}: {error.strerror or error}.") from error
