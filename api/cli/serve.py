"""``stockpile serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import say

NAME = "serve"

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of database, documents and results.", show_default="stockpile-data"),
]
Slots = Annotated[
    int | None,
    typer.Option("--slots", help="Jobs at a time in each worker.", min=1, max=256, show_default="cores"),
]


def command(
    *,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", help="Port to listen on; 0 takes a free one.", min=0, max=65535, show_default="8642"
        ),
    ] = None,
    data: Data = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Worker processes; 0 for none.", min=0, max=64, show_default="1"),
    ] = None,
    slots: Slots = None,
) -> int:
    """Serve over HTTP: starts the web server and the workers, and starts again what dies.

    Everything else is set by environment variables, STOCKPILE_DATABASE_URL and others: see docs/service.md.
    What is given here goes before them.

    Example: stockpile serve --data /var/lib/stockpile --workers 2 --slots 4
    """
    from api import logs
    from api.jobs.supervisor import Supervisor

    settings = settings_of(host=host, port=port, data=data, workers=workers, slots=slots)
    logs.configure(settings)
    return Supervisor(settings, say).run()


def settings_of(**given: Any) -> Any:
    """Settings of the environment and of the options that were given. Raises BadSettings."""
    from pydantic import ValidationError

    from api.settings import Settings
    from models.faults import BadSettings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        lines = [f"STOCKPILE_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}." for e in error.errors()]
        raise BadSettings(" ".join(lines)) from error
