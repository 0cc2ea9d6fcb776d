"""``stockpile report``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import Json, emit, say
from api.cli.progress import live

NAME = "report"


class Format(StrEnum):
    """What a report is written as."""

    html = "html"
    png = "png"
    svg = "svg"


def command(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder that solve, compare or evaluate wrote, or a folder that holds such folders."
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The file, e.g. --out report.html; for png and svg a folder. Default: inside FOLDER.",
        ),
    ] = None,
    format: Annotated[
        Format,
        typer.Option("--format", help="One HTML file, or a file for each picture, e.g. --format png."),
    ] = Format.html,
    title: Annotated[
        str | None, typer.Option("--title", help="Title of the report, e.g. --title 'Reserve 2027-2036'.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Write a report: one HTML file with figures, tables and pictures that opens without a network.

    With --format png or svg only the pictures are written, one file each.

    Example: stockpile report out/base --out report.html
    """
    with live("reading the results") as line:
        from optimizer.report import read_parts, write_html, write_pictures

        parts = read_parts(folder)
        line("drawing")
        if format is Format.html:
            target = folder / "report.html" if out is None else out
            files = [write_html(parts, target, title)]
        else:
            target = folder / "pictures" if out is None else out
            files = write_pictures(parts, target, "png" if format is Format.png else "svg")
    if as_json:
        emit(
            {
                "files": [str(file) for file in files],
                "bytes": sum(file.stat().st_size for file in files),
                "parts": [
                    {"kind": part.kind, "name": part.name, "folder": str(part.folder)} for part in parts
                ],
            }
        )
    else:
        what = "report" if format is Format.html else f"{len(files)} pictures"
        say(f"{parts[0].name}: {what} written to {target}")
    return 0
