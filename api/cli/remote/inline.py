"""A file of alternatives as data: what it refers to is written in the place of the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def inlined(path: Path) -> tuple[dict[str, Any], ...]:
    """The rows of a file that :func:`models.alternatives.read_alternatives` has found to be in order.

    Raises UnreadableFile, TooLarge, UnknownFormat, FaultyInstance if a file that it names has gone meanwhile.
    """
    from models.alternatives.impose import Fixed
    from models.alternatives.sources import read_commitments, read_scenarios
    from models.files.source import load
    from models.files.yaml_format import document

    raw, _ = document(load(path), path.name)
    folder = path.resolve().parent
    rows = []
    for entry in raw["alternatives"]:
        row = dict(entry)
        if isinstance(row.get("scenarios"), str):
            row["scenarios"] = read_scenarios(folder / row["scenarios"])[0]
        if isinstance(row.get("fix"), str):
            made = Fixed.of(read_commitments(folder / row["fix"]))
            row["fix"] = made.model_dump(mode="json")
        rows.append(row)
    return tuple(rows)
