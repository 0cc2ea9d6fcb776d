"""``stockpile prune``."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.output import Json, emit, say

NAME = "prune"


def command(
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Remove what the service keeps longer than its settings ask for; the service itself does so too.

    Results of finished jobs after STOCKPILE_RETENTION_DAYS, rows of jobs after STOCKPILE_FORGET_DAYS, and
    what nothing refers to. Files of what has just expired go an hour later.

    Example: stockpile prune --dry-run
    """
    from dataclasses import asdict

    from api.settings import Settings
    from api.store import documents
    from api.store.database import connect
    from api.store.retention import prune

    settings = Settings()
    engine = connect(settings)
    try:
        pruned = prune(engine, documents.blobs(settings, engine), settings, dry=dry)
    finally:
        engine.dispose()
    if as_json:
        emit({**asdict(pruned), "dry_run": dry})
        return 0
    say(
        f"{'Would be removed' if dry else 'Removed'}: results of {pruned.expired:,} jobs,"
        f" rows of {pruned.forgotten:,} jobs, {pruned.instances:,} instances, {pruned.plans:,} plans,"
        f" {pruned.derived:,} things made from them, {pruned.blobs:,} files ({pruned.bytes / 1e6:,.1f} MB)"
    )
    return 0
