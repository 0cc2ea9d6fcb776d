"""``stockpile convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import Json, emit, say

NAME = "convert"


def command(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="Instance to read: folder, .yaml, .json or .xlsx.")
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="Instance to write; the suffix tells the format, none is a folder."
        ),
    ],
    as_json: Json = False,
) -> int:
    """Convert an instance between a folder of CSV tables, YAML, JSON and an Excel workbook.

    Example: stockpile convert case.json case.xlsx
    """
    from models import files

    instance = files.read(source)
    files.write(instance, target)
    if as_json:
        emit({"instance": instance.name, "fingerprint": instance.fingerprint(), "written": str(target)})
    else:
        say(f"{instance.name}: written to {target}")
    return 0
