"""Text, tables and JSON: with colour on a terminal, plain when piped."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from models.faults import Fault

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout instead of text.")]


def emit(document: Any) -> None:
    """One JSON document on stdout; what is not a number becomes null."""
    indent = 1 if sys.stdout.isatty() else None
    print(json.dumps(_finite(document), ensure_ascii=False, indent=indent, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain data; what is missing is None."""
    whole = table.astype(object).where(table.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in whole.to_dict("records")]


def say(text: str) -> None:
    """Text on stdout; a line underlined with dashes is a heading."""
    if not sys.stdout.isatty():
        print(text, end="" if text.endswith("\n") else "\n")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    lines = text.rstrip("\n").split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        heading = bool(below) and set(below) == {"-"} and len(below) == len(line)
        if not (line and set(line) == {"-"}):
            console.print(Text(line, style="bold cyan" if heading else ""))


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = (), error: bool = False
) -> None:
    """A table for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from optimizer.summary.words import printable

    numeric = set(right)
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(stderr=error, highlight=False).print(table)


def show_faults(faults: Sequence[Fault], title: str = "fault", *, error: bool = True) -> None:
    """Faults or warnings, a table on a terminal, a line each when piped."""
    stream = sys.stderr if error else sys.stdout
    print(f"{len(faults):,} {title}{'' if len(faults) == 1 else 's'}", file=stream)
    if not stream.isatty():
        for fault in faults:
            print(f"  {_plain(str(fault))}", file=stream)
        return
    from models.faults import shorten

    rows = [(f.table, f.row, f.field, shorten(f.value), f.allowed, f.place) for f in faults]
    filled = [c for c in range(6) if any(row[c] for row in rows)]
    names = ("table", "row", "field", "got", "allowed", "place")
    show_table([names[c] for c in filled], [[row[c] for c in filled] for row in rows], error=error)


def _plain(text: str) -> str:
    from optimizer.summary.words import printable

    return printable(text)
