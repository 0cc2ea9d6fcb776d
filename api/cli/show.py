"""``stockpile show``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import Json, emit, records, say, show_table

if TYPE_CHECKING:
    import pandas as pd

NAME = "show"


def command(
    folder: Annotated[Path, typer.Argument(help="Folder that solve or batch wrote.")],
    table: Annotated[
        str | None,
        typer.Option(
            "--table", help="One table instead of the summary, e.g. --table flows; 'list' names them."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Print the summary of a plan again, or one of its tables (CSV when piped).

    Example: stockpile show out/base --table commitments
    """
    from optimizer.results import read_results
    from optimizer.tables import DESCRIPTIONS, plan_tables

    if table == "list":
        if as_json:
            emit(DESCRIPTIONS)
        else:
            width = max(map(len, DESCRIPTIONS))
            say("\n".join(f"{name:<{width}}  {what}" for name, what in DESCRIPTIONS.items()))
        return 0
    if table is not None and table not in DESCRIPTIONS:
        raise typer.BadParameter(f"no table {table!r}; there are {', '.join(DESCRIPTIONS)}.")
    instance, plan = read_results(folder)
    if table is None:
        if as_json:
            emit(plan.model_dump(mode="json", exclude={"operations", "tree"}))
        else:
            from optimizer.summary import summary

            say(summary(instance, plan))
        return 0
    frame = plan_tables(instance, plan)[table]
    if as_json:
        emit({"table": table, "rows": records(frame)})
    elif sys.stdout.isatty():
        _terminal(frame)
    else:
        from optimizer.results import csv_text

        print(csv_text(frame), end="")
    return 0


def _terminal(frame: pd.DataFrame) -> None:
    from optimizer.summary.words import figures, year

    def text(value: object, column: str) -> str:
        if value is None:
            return ""
        if column in ("year", "first_year", "end_year") and isinstance(value, int | float):
            return year(value)
        return figures(value, 4) if isinstance(value, float) else str(value)

    rows = [[text(v, str(c)) for v, c in zip(row, frame.columns, strict=True)] for row in records_of(frame)]
    numeric = [n for n, c in enumerate(frame.columns) if frame[c].dtype != "str"]
    show_table([str(c) for c in frame.columns], rows, right=numeric)
    print(f"{len(frame):,} rows")


def records_of(frame: pd.DataFrame) -> list[list[object]]:
    """The rows of a table as lists; what is missing is None."""
    return [list(row.values()) for row in records(frame)]
