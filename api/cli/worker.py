"""``stockpile worker``."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.serve import Data, Slots, settings_of

NAME = "worker"


def command(
    *,
    data: Data = None,
    slots: Slots = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", help="Of the worker; the same after a restart.", show_default="name of the machine"
        ),
    ] = None,
) -> None:
    """Run one worker: on any machine that reaches the PostgreSQL database of the service.

    STOCKPILE_DATABASE_URL says where that is. Without it the worker must be on the machine of the service
    and share its data folder.

    Example: STOCKPILE_DATABASE_URL=postgresql://db/stockpile stockpile worker --slots 8
    """
    from api.jobs.place import check_place
    from api.jobs.worker import main

    settings = settings_of(data=data, slots=slots, worker_id=name)
    check_place(settings)
    main(settings)
