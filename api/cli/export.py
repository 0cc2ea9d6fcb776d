"""``stockpile export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import Json, emit, say
from api.cli.progress import live

NAME = "export"


class Format(StrEnum):
    """File formats that solvers read."""

    mps = "mps"
    lp = "lp"


def command(
    path: Annotated[Path, typer.Argument(help="Folder of CSV tables, or a .yaml, .json or .xlsx file.")],
    format_: Annotated[Format, typer.Option("--format", help="File format, e.g. --format lp.")] = Format.mps,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="File to write, e.g. --out model.mps; by default named after the instance."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Write the whole model as MPS or LP, so that any solver can check the optimum.

    The objective is in USD. A table beside it tells what each column is and how much one unit of it is.

    Example: stockpile export case.json --format lp --out case.lp
    """
    with live("writing the model"):
        from models import files
        from optimizer.export import export

        instance = files.read(path)
        named = path.resolve().name if path.is_dir() else path.stem
        target = out if out is not None else Path(f"{named}.{format_.value}")
        model, legend = export(instance, target, format_.value)
    if as_json:
        emit({"instance": instance.name, "model": str(model), "columns": str(legend)})
    else:
        say(f"{instance.name}: model in {model}, its columns in {legend}")
    return 0
