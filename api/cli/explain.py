"""``stockpile explain``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import Json, emit, records, say
from api.cli.progress import Line, elapsed, live

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from models.instance import Instance
    from models.options import Options
    from models.plan import Plan
    from optimizer.why import Why

NAME = "explain"


def command(
    path: Annotated[
        Path,
        typer.Argument(help="Folder that solve or batch wrote, or an instance (solved first)."),
    ],
    *,
    item: Annotated[
        str | None,
        typer.Option(
            "--item", help="One id instead of the whole plan: an option, commodity, country, source, rule."
        ),
    ] = None,
    alternatives: Annotated[
        int,
        typer.Option(
            "--alternatives", help="Plans that decide otherwise and cost little more, e.g. 3.", min=0, max=20
        ),
    ] = 0,
    within: Annotated[
        str, typer.Option("--within", help="How much more those may cost, e.g. --within 1% or 0.01.")
    ] = "1%",
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit", help="Seconds for searches (300; one item 120); intervals are told then.", min=1
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", help="Threads of the solver; 0 is all cores.", min=0)
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Random seed of the solver.", min=0)] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the page and its tables, e.g. --out out/why.")
    ] = None,
    tables: Annotated[
        str, typer.Option("--tables", help="What tables are written as: csv, parquet or both.")
    ] = "csv,parquet",
    as_json: Json = False,
) -> int:
    """Say why a plan is what it is: what binds, what each decision costs, what was not chosen and why.

    Where there is no plan: what would have to give way. Ctrl-C ends the searches and keeps what is known.

    Example: stockpile explain out/base --alternatives 3 --within 1%
    """
    from api.cli.solve import options, table_formats

    share = _share(within)
    chosen = options(threads=threads, seed=seed)
    formats = table_formats(tables)
    with live("reading the plan") as line:
        from optimizer.exits import exit_code

        instance, plan = _plan(path, chosen, time_limit, line)
        why = _stoppable(
            lambda stop: _explained(instance, plan, item, alternatives, share, chosen, time_limit, stop, line)
        )
        if out is not None:
            from optimizer.why import write_why

            write_why(why, out, formats)
    if as_json:
        emit({"text": why.text, "tables": {name: records(table) for name, table in why.tables.items()}})
    else:
        say(why.text)
        if out is not None:
            say(f"\nWritten to {out}")
    return exit_code(plan)


def _explained(
    instance: Instance,
    plan: Plan,
    item: str | None,
    alternatives: int,
    within: float,
    chosen: Options,
    seconds: float | None,
    stop: threading.Event,
    line: Line,
) -> Why:
    import time

    from optimizer.why import explain, explain_item

    began = time.monotonic()

    def tell(what: str, done: int, of: int) -> None:
        counted = f" {done:,} of {of:,}" if of else ""
        line(lambda: f"{what}{counted} · {elapsed(time.monotonic() - began)}")

    limit = {} if seconds is None else {"seconds": seconds}
    if item is not None and plan.commitments is not None:
        return explain_item(instance, plan, item, options=chosen, progress=tell, stop=stop, **limit)
    if item is not None:
        from optimizer.why.names import kind_of

        kind_of(instance, item)
    return explain(
        instance,
        plan,
        options=chosen,
        alternatives_wanted=alternatives,
        within=within,
        progress=tell,
        stop=stop,
        **limit,
    )


def _plan(path: Path, chosen: Options, seconds: float | None, line: Line) -> tuple[Instance, Plan]:
    """The plan of a folder, or of an instance that is solved for it."""
    from optimizer.results import PLAN, read_results

    if (path / PLAN).exists() or path.name == PLAN:
        return read_results(path.parent if path.name == PLAN else path)
    from api.cli.progress import Ticker
    from api.cli.solve import search
    from models import files

    instance = files.read(path)
    limited = chosen.model_copy(update={"time_limit": seconds})
    return instance, search(instance, limited, None, Ticker(line) if line.shown else None)


def _stoppable(work: Callable[[threading.Event], Why]) -> Why:
    from optimizer.interrupt import stoppable

    def note(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    return stoppable(
        work,
        signal.SIGINT,
        signal.SIGTERM,
        on_stop=lambda: note("stockpile: ending the searches; Ctrl-C again aborts."),
        on_abort=lambda: note("stockpile: aborted."),
    )


def _share(text: str) -> float:
    """``1%`` or ``0.01`` as a share. Raises BadParameter."""
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100 if text.strip().endswith("%") else 1)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no share; write 1% or 0.01.") from error
    if not 0 <= share <= 1:
        raise typer.BadParameter(f"{text!r} is not between 0 and 100 %.")
    return share
