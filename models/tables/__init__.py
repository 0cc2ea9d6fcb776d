"""An instance as tables: one core for CSV folders, workbooks and pandas.

``to_tables`` and ``read_tables`` are the pandas form; :mod:`models.files` writes the same grids to files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.tables.grid import Grid
from models.tables.read import Reading, read_grids
from models.tables.write import grids

if TYPE_CHECKING:
    import pandas as pd

    from models.instance import Instance


def to_tables(instance: Instance) -> dict[str, pd.DataFrame]:
    """The instance as data frames by table name: those with rows, with the columns that say something.

    Units are those of the fields. Lists stand in one cell, joined with ``;``. A Series is a number in its
    column, or one column per period, ``quantity[2027]``. What has its default value is NaN, or has no column.
    """
    import pandas as pd

    frames = {}
    for grid in grids(instance):
        columns = {name: [row[i] for row in grid.rows] for i, name in enumerate(grid.columns)}
        # The column of all kinds of value would be turned into text.
        kinds: dict[str, Any] = {"value": object} if grid.name == "instance" else {}
        frames[grid.name] = pd.DataFrame(
            {name: pd.Series(cells, dtype=kinds.get(name)) for name, cells in columns.items()}
        )
    return frames


def read_tables(tables: Mapping[str, pd.DataFrame]) -> Reading:
    """The plain data of an instance from data frames; NaN and None are empty cells, the index is ignored."""
    import pandas as pd

    found = []
    for name, frame in tables.items():
        if not isinstance(frame, pd.DataFrame):
            raise TypeError(f"{name}: a pandas DataFrame is expected, got {type(frame).__name__}")
        empty = frame.isna()
        rows = [
            [None if gone else _plain(cell) for cell, gone in zip(cells, gaps, strict=True)]
            for cells, gaps in zip(
                frame.itertuples(index=False, name=None),
                empty.itertuples(index=False, name=None),
                strict=True,
            )
        ]
        found.append(Grid(str(name), [str(column) for column in frame.columns], rows))
    return read_grids(found)


def _plain(value: Any) -> Any:
    """A number of numpy as Python's own."""
    return value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value


__all__ = ["Grid", "Reading", "grids", "read_grids", "read_tables", "to_tables"]
