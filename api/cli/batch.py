"""``stockpile batch``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import Json, emit, records, say
from api.cli.progress import batch_line, live
from api.cli.remote.where import Detach, Insecure, Key, Server, where
from api.cli.solve import Gap, Seed, Tables, Threads, TimeLimit, options, table_formats

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.batch import BatchProgress

NAME = "batch"


def command(
    paths: Annotated[
        list[str],
        typer.Argument(help="Instance files, folders of instances, and globs such as 'cases/rule-*.json'."),
    ],
    *,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the results and batch.csv, e.g. --out out/sweep.")
    ],
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            help="Instances at a time, e.g. --workers 4; 1 unless told, with --server what it has.",
            min=1,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Skip what is done with the same instance, options and version.")
    ] = False,
    gap: Gap = None,
    time_limit: TimeLimit = None,
    threads: Threads = None,
    seed: Seed = None,
    memory: Annotated[
        float | None,
        typer.Option("--memory", help="GB each process may use, e.g. --memory 4; by default a fair part."),
    ] = None,
    tables: Tables = "csv,parquet,xlsx",
    as_json: Json = False,
    server: Server = None,
    key: Key = None,
    insecure: Insecure = False,
    detach: Detach = False,
) -> int:
    """Solve many instances, each in a process of its own; failures are recorded beside successes.

    Every instance gets OUT/name/ with its results and log; OUT/batch.csv and batch.parquet have a row for
    each. Ctrl-C once starts nothing more and keeps the best plans found so far; twice aborts. With --server a
    server does the work: once stops it there, twice leaves it running.

    The exit code is 0 if all have a plan, otherwise the code all others share, or 1.

    Example: stockpile batch cases --out out/cases --workers 2 --resume
    """
    chosen = options(gap=gap, time_limit=time_limit, threads=threads, seed=seed)
    formats = table_formats(tables)
    there = where(server, key, insecure, detach)
    if there is not None:
        from api.cli.remote.batch import batch_there

        if workers is not None:
            raise typer.BadParameter("--workers: with --server that is what the server decides.")
        return batch_there(
            there, paths, out, chosen, resume=resume, formats=formats, memory=memory, as_json=as_json
        )
    from optimizer.batch import run_batch
    from optimizer.interrupt import stoppable

    with live("looking for instances") as line:

        def tell(progress: BatchProgress) -> None:
            line(batch_line(progress))

        table = stoppable(
            lambda stop: run_batch(
                paths,
                out,
                workers or 1,
                chosen,
                resume=resume,
                progress=tell if line.shown else None,
                formats=formats,
                memory=memory,
                stop=stop,
            ),
            signal.SIGINT,
            signal.SIGTERM,
            on_stop=lambda: print("stockpile: stopping; Ctrl-C again aborts.", file=sys.stderr, flush=True),
        )
    return show(table, out, as_json=as_json)


def show(table: pd.DataFrame, out: Path, *, as_json: bool) -> int:
    """Print what came of a batch, and return the exit code."""
    from optimizer.batch import exit_code

    if as_json:
        emit({"folder": str(out), "exit_code": exit_code(table), "instances": records(table)})
    else:
        say(in_words(table, out))
    return exit_code(table)


def in_words(table: pd.DataFrame, out: Path) -> str:
    """A line for each instance, and how many came to what."""
    from optimizer.summary.words import columns, count, percent, usd

    rows = [
        [
            str(row["name"]),
            row["status"] or row["kind"],
            usd(row["objective_usd"]) if row["objective_usd"] is not None else "",
            percent(round(row["relative_gap"], 8)) if row["relative_gap"] is not None else "",
            "kept" if row["kept"] else f"{row['seconds']:.1f} s" if row["seconds"] is not None else "",
            row["message"],
        ]
        for row in records(table)
    ]
    head = ["instance", "status", "objective, USD", "gap", "time", "message"]
    done = table["outcome"].value_counts()
    counts = [f"{int(done.get(what, 0)):,} {words}" for what, words in
              (("plan", "with a plan"), ("no plan", "without"), ("failed", "failed"))]  # fmt: skip
    lines = columns(rows, "llrrrl", head=head, shrink=(0, 5))
    return "\n".join(
        [*lines, "", f"{count(len(table), 'instance')}: {', '.join(counts)}. Table: {out / 'batch.csv'}"]
    )
