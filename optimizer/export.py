"""The formulation as an MPS or LP file, so that any solver can check us."""

from __future__ import annotations

import csv
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

from models.instance import Instance
from models.options import Options
from optimizer.compile import names
from optimizer.cones import cones
from optimizer.data import Data
from optimizer.extract import natural_unit
from optimizer.highs import write_model
from optimizer.search import search
from optimizer.template import arrays_of

Format = Literal["mps", "lp"]


def export(instance: Instance, path: str | Path, format: Format | None = None) -> tuple[Path, Path]:
    """Write the whole model in the names of model.md §3, and beside it what its columns mean.

    The objective is in USD, so that another solver's optimum is the plan's ``objective``. Columns are in
    scaled units (model.md §7); the table beside it, ``<name>.columns.csv``, gives for each its variable, its
    index (parts between semicolons, which no id contains) and the natural amount of one unit (empty for
    auxiliary columns).

    A rule on concentration is a cone, which neither format can hold; written are the tangents of it that a
    solve to the default gap needs. So where there is such a rule the instance is solved first (the export
    takes as long), and the optimum of the file lies between the bound and the objective of that solve: the
    file's own plan may exceed the rule where no tangent was needed (docs/decisions/0014).

    Returns both paths. ``format`` by default from the suffix of ``path``.
    """
    path = Path(path)
    suffix = format or path.suffix.lstrip(".").lower()
    if suffix not in ("mps", "lp"):
        raise ValueError(f"format {suffix!r}: mps or lp")
    data = Data(instance)
    arrays = arrays_of(data)
    if cones(arrays):
        arrays = search(arrays, Options()).arrays or arrays
    money = data.units.money
    in_usd = replace(arrays, cost=arrays.cost * money, offset=arrays.offset * money)
    column_names = names(arrays.columns)

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        # HiGHS tells the format by the suffix.
        draft = Path(folder) / f"model.{suffix}"
        write_model(in_usd, column_names, names(arrays.rows), str(draft))
        legend = Path(folder) / "columns.csv"
        with legend.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(("column", "variable", "index", "natural_amount_of_one_unit"))
            for label, (name, index) in zip(column_names, arrays.columns, strict=True):
                unit = natural_unit(data, name, index)
                table.writerow((label, name, ";".join(map(str, index)), "" if unit is None else repr(unit)))
        beside = path.with_name(f"{path.stem}.columns.csv")
        os.replace(draft, path)
        os.replace(legend, beside)
    return path, beside
